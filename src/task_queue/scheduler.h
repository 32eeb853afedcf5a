// Which ready task gets which agent next.
#pragma once

#include <optional>

#include "src/domain/event.h"
#include "src/domain/state.h"

namespace coditect {

/// The next lease to grant, or the task that can never be done; nothing when all that is ready has
/// to wait. Missions with the fewest agents at work come first, within a mission the lowest rank,
/// then the plan's order; second hypotheses wait while half of a host's slots are taken. Pure: the
/// caller folds the event and asks again.
std::optional<Event> NextGrant(const ShardState& state);

}  // namespace coditect
