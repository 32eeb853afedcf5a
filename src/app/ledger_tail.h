// Reads the ledger as it grows, without owning it, and folds it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "src/app/paths.h"
#include "src/domain/state.h"
#include "src/ports/event_log.h"
#include "src/task_queue/ledger.h"

namespace coditect {

/// What went wrong with the ledger, with its file and what the person can do about it.
Status ExplainLedgerError(const Status& status, const StatePaths& paths);

/// One reader: begins at the newest snapshot of the state. Not thread-safe.
class LedgerTail {
 public:
  LedgerTail(std::unique_ptr<EventLog> log, std::unique_ptr<ObjectStore> blobs)
      : log_(std::move(log)), blobs_(std::move(blobs)) {}

  /// Folds what was stored since the last call and returns it; the first call, what followed the
  /// snapshot. DATA_LOSS when the chain breaks, FAILED_PRECONDITION when a newer build wrote it.
  StatusOr<std::vector<Event>> Poll(const Context& ctx);

  /// The same without keeping the events.
  Status Advance(const Context& ctx);

  /// Every event that log and archive still have up to now, in order; in time that grows with
  /// them. After Advance or Poll.
  Status History(const Context& ctx, const std::function<void(const Event&)>& see);

  const ShardState& state() const { return state_; }
  const RestoreReport& restored() const { return restored_; }
  EventLog& log() { return *log_; }
  ObjectStore& blobs() { return *blobs_; }

 private:
  Status Advance(const Context& ctx, const std::function<void(const Event&)>& see);

  const std::unique_ptr<EventLog> log_;
  const std::unique_ptr<ObjectStore> blobs_;
  ChainReader reader_{0};
  bool begun_ = false;
  RestoreReport restored_;
  ShardState state_;
};

}  // namespace coditect
