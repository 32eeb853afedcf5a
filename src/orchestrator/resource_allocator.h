// Resource allocator (sdd 2.1.3): how many agents of each role a plan may use at once.
#pragma once

#include <optional>

#include "src/domain/state.h"

namespace coditect {

/// The team for the current plan, when it has none yet. A role gets as many agents as it has tasks,
/// at most what sdd 2.3 allows: 10 analyzers, 5 coders a goal, 10 testers.
std::optional<Proposal> ProposeTeam(const MissionState& mission);

}  // namespace coditect
