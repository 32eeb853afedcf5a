// The log's older part in the ObjectStore, and everything that happened, from both.
#pragma once

#include <functional>

#include "src/domain/snapshot.h"
#include "src/ports/event_log.h"
#include "src/ports/object_store.h"
#include "src/task_queue/ledger.h"

namespace coditect {

/// Which part of the log is to go where.
struct ArchivePlan {
  uint64_t before = 0;         // the log will begin there; begins a block
  int64_t keep_wall_ms = 0;    // what is older than that is not kept,
  uint64_t keep_sequence = 0;  // but for what comes from this event on
};

/// Stores the blocks in front of `plan.before` as segments, durably, and forgets segments whose
/// time is over. The fact that says so is the caller's to record; the blocks are deleted after it.
StatusOr<LogTruncated> ArchiveLog(const Context& ctx, EventLog& log, uint32_t shard,
                                  ObjectStore& store, const LogTruncated& before,
                                  const ArchivePlan& plan);

/// "" for nothing.
StatusOr<ArchiveIndex> LoadArchive(const Context& ctx, ObjectStore& store,
                                   const LogTruncated& truncated);

/// Walks the archive from its beginning to where the log begins; `reader` stands there afterwards.
/// DATA_LOSS names the event at which the chain breaks.
Status ReadArchive(const Context& ctx, ObjectStore& store, const LogTruncated& truncated,
                   ChainReader& reader, const std::function<Status(const Event&)>& visit);

/// Every event that archive and log still have, in order.
Status ReadHistory(const Context& ctx, EventLog& log, uint32_t shard, ObjectStore& store,
                   const LogTruncated& truncated, const std::function<Status(const Event&)>& visit);

}  // namespace coditect
