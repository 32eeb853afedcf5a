// Snapshots of a shard's state in the ObjectStore, and the state restored from the newest good one.
//
// A block's header names the last SnapshotTaken event in front of it, so the end of the log leads
// to the newest snapshot, and the block of that event to the one before (docs/adr/0009).
#pragma once

#include <string>

#include "src/domain/snapshot.h"
#include "src/ports/event_log.h"
#include "src/ports/object_store.h"
#include "src/task_queue/ledger.h"

namespace coditect {

/// Missions accepted within so many events of each other share a blob: what did not change since
/// the last snapshot is the same blob again.
inline constexpr uint64_t kChunkEvents = 8192;

/// Stores `state`, which is folded up to the end of a block with `chain_hash`, durably. The fact
/// that tells of it is the caller's to record.
StatusOr<SnapshotTaken> StoreSnapshot(const Context& ctx, ObjectStore& store, uint32_t shard,
                                      const ShardState& state, const std::string& chain_hash);

/// The state that `taken` tells of. NOT_FOUND, DATA_LOSS (damaged, or of another place of the log),
/// FAILED_PRECONDITION (a newer build took it).
StatusOr<ShardState> LoadSnapshot(const Context& ctx, ObjectStore& store, uint32_t shard,
                                  const SnapshotTaken& taken);

/// Puts `state` and `reader` where the newest snapshot is that is whole and fits the chain, else at
/// the beginning of the log, or of the archive when the log's beginning was moved there.
/// `snapshots` nullptr: at the beginning of the log. DATA_LOSS when nothing leads to a state.
StatusOr<RestoreReport> RestoreState(const Context& ctx, EventLog& log, ObjectStore* snapshots,
                                     ChainReader& reader, ShardState& state);

/// Folds the log beside its owner and stores a snapshot of its end. ABORTED when no mission had
/// an event since the last snapshot.
StatusOr<SnapshotTaken> TakeSnapshot(const Context& ctx, EventLog& log, uint32_t shard,
                                     ObjectStore& store);

}  // namespace coditect
