// Rules every plan must keep before its tasks become live.
#pragma once

#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/domain/task.h"

namespace coditect {

inline constexpr size_t kPlanTasksMax = 100'000;

/// INVALID_ARGUMENT naming the task and what is wrong with it: an unknown role, a dependency that
/// is missing, the task itself or part of a cycle, modes that do not match, an intent nobody knows,
/// a rank without a group. `first` is the ordinal of the plan's first task: dependencies on tasks
/// of earlier versions (below `first`) are allowed.
Status ValidatePlan(const std::vector<TaskSpec>& tasks, uint32_t first);

/// Digest of the tasks in order: what was proposed is what is accepted.
std::string PlanDigest(const std::vector<TaskSpec>& tasks);

/// Intents of the offline team; parametrizer.h has a template for each.
const std::vector<std::string>& KnownIntents();

}  // namespace coditect
