// Reads the ledger as it grows.
#include "src/app/ledger_tail.h"

#include "src/base/strings.h"

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
  RETURN_IF_ERROR(reader_.Read(ctx, *log_, [&](const Event& event) {
    events.push_back(event);
    return Fold(state_, event);
  }));
  return events;
}

}  // namespace coditect
