// Reads the ledger as it grows, without owning it, and folds it.
#pragma once

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

/// One reader. Not thread-safe.
class LedgerTail {
 public:
  explicit LedgerTail(std::unique_ptr<EventLog> log) : log_(std::move(log)) {}

  /// Folds what was stored since the last call and returns it. DATA_LOSS when the chain breaks,
  /// FAILED_PRECONDITION when a newer build wrote it.
  StatusOr<std::vector<Event>> Poll(const Context& ctx);

  const ShardState& state() const { return state_; }

 private:
  const std::unique_ptr<EventLog> log_;
  ChainReader reader_{0};
  ShardState state_;
};

}  // namespace coditect
