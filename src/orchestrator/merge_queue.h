// Merge queue: which tested result becomes part of the mission's tip next, and when it is
// delivered.
#pragma once

#include <optional>

#include "src/domain/state.h"

namespace coditect {

/// The next move of a ref: the first finished merge, in the plan's order, that the tip does not
/// hold yet; when the tip holds them all, the branch.
std::optional<Proposal> ProposeMerge(const MissionState& mission);

}  // namespace coditect
