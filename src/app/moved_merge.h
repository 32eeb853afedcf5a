// What a merge into a branch that moved would make, tested before anything is merged.
#pragma once

#include <string>

#include "src/agent/moved_base.h"
#include "src/app/paths.h"
#include "src/domain/delivery.h"
#include "src/domain/state.h"

namespace coditect {

/// Merges what `mission` delivered into the commit `standing.base_at` without a trace in the
/// repository, and runs every test the mission promised on the tree that this makes, in a clean
/// workspace. `standing`: merges cleanly. `kept`: the person's state, where evidence and telemetry
/// go. CANCELLED when `ctx` ends before.
StatusOr<MergeTested> TestMerge(const Context& ctx, const StatePaths& kept,
                                const MissionState& mission, const Delivered& delivered,
                                const Standing& standing);

}  // namespace coditect
