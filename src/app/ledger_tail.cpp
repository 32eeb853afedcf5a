// Reads the ledger as it grows.
#include "src/app/ledger_tail.h"

#include "src/base/strings.h"
#include "src/task_queue/history.h"
#include "src/task_queue/snapshot.h"

namespace coditect {

Status ExplainLedgerError(const Status& status, const StatePaths& paths) {
  std::string message = Message(status);
  if (!message.starts_with(paths.ledger)) message = StrCat(paths.ledger, ": ", message);
  if (absl::IsDataLoss(status)) {
    return DataLoss(message, "; it is damaged: move it aside (or set CODITECT_STATE_DIR) to start ",
                    "with an empty one; branches that were delivered are not affected");
  }
  if (absl::IsResourceExhausted(status)) {
    return ResourceExhausted(message, "; free some space on the disk of ", paths.state,
                             " and try again");
  }
  if (absl::IsFailedPrecondition(status) && !Contains(message, "CODITECT_STATE_DIR")) {
    return FailedPrecondition(message, "; use that version, or set CODITECT_STATE_DIR to another ",
                              "folder");
  }
  return status;
}

StatusOr<std::vector<Event>> LedgerTail::Poll(const Context& ctx) {
  std::vector<Event> events;
  RETURN_IF_ERROR(Advance(ctx, [&](const Event& event) { events.push_back(event); }));
  return events;
}

Status LedgerTail::Advance(const Context& ctx) {
  return Advance(ctx, [](const Event&) {});
}

Status LedgerTail::Advance(const Context& ctx, const std::function<void(const Event&)>& see) {
  if (!begun_) {
    ASSIGN_OR_RETURN(restored_, RestoreState(ctx, *log_, blobs_.get(), reader_, state_));
    begun_ = true;
  }
  return reader_.Read(ctx, *log_, [&](const Event& event) {
    see(event);
    return Fold(state_, event);
  });
}

Status LedgerTail::History(const Context& ctx, const std::function<void(const Event&)>& see) {
  const LogTruncated truncated = state_.truncated;
  const Status read =
      ReadHistory(ctx, *log_, reader_.shard(), *blobs_, truncated, [&](const Event& event) {
        see(event);
        return absl::OkStatus();
      });
  if (read.ok()) return read;
  // What looks like a gap may be what a gc has just moved away.
  RETURN_IF_ERROR(Advance(ctx));
  return state_.truncated == truncated ? read
                                       : Unavailable("a gc moved the log's beginning; try again");
}

}  // namespace coditect
