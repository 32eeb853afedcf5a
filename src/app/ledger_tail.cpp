// Reads the ledger as it grows.
#include "src/app/ledger_tail.h"

namespace coditect {

StatusOr<std::vector<Event>> LedgerTail::Poll(const Context& ctx) {
  std::vector<Event> events;
  RETURN_IF_ERROR(reader_.Read(ctx, *log_, [&](const Event& event) {
    events.push_back(event);
    return Fold(state_, event);
  }));
  return events;
}

}  // namespace coditect
