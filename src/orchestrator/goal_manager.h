// Goal manager (sdd 2.1.2): is the mission over, and how?
#pragma once

#include <optional>

#include "src/domain/state.h"

namespace coditect {

/// A verdict when the mission can end: the goal is met on evidence, cannot be met here, or nothing
/// is left to try.
std::optional<Proposal> ProposeVerdict(const MissionState& mission);

}  // namespace coditect
