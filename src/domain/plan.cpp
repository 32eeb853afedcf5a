// Rules every plan must keep.
#include "src/domain/plan.h"

#include <algorithm>

#include "src/base/sha256.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

void AppendText(std::string& out, std::string_view text) {
  StrAppend(out, text.size(), ':', text, ';');
}

Status ValidateTask(const TaskSpec& task, uint32_t expected_ordinal) {
  const std::string name = task.task_id.ToString();
  if (task.task_id.ordinal != expected_ordinal) {
    return InvalidArgument("task ", name, ": expected t-", expected_ordinal, " here");
  }
  if (task.role == Role::kUnspecified) return InvalidArgument("task ", name, ": unknown role");
  const auto& intents = KnownIntents();
  if (std::find(intents.begin(), intents.end(), task.intent) == intents.end()) {
    return InvalidArgument("task ", name, ": unknown intent '", EscapeForTerminal(task.intent),
                           "'");
  }
  if (task.dependencies.size() != task.dependency_modes.size()) {
    return InvalidArgument("task ", name, ": ", task.dependencies.size(), " dependencies but ",
                           task.dependency_modes.size(), " modes");
  }
  if (task.rank != 0 && task.group == 0) {
    return InvalidArgument("task ", name, ": has a rank but no group");
  }
  for (const TaskId dependency : task.dependencies) {
    if (dependency == task.task_id) {
      return InvalidArgument("task ", name, ": depends on itself");
    }
    // Tasks are numbered in an order that respects their dependencies, so a forward edge is either
    // a missing task or part of a cycle.
    if (dependency.ordinal == 0 || dependency.ordinal > task.task_id.ordinal) {
      return InvalidArgument("task ", name, ": dependency ", dependency.ToString(),
                             " does not come before it");
    }
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<std::string>& KnownIntents() {
  static const auto* intents = new std::vector<std::string>{
      "observe", "localize", "plan", "repair", "adopt", "verify", "merge", "integrate", "deliver"};
  return *intents;
}

Status ValidatePlan(const std::vector<TaskSpec>& tasks, uint32_t first) {
  if (tasks.empty()) return InvalidArgument("the plan has no task");
  if (tasks.size() > kPlanTasksMax) {
    return InvalidArgument("the plan has ", tasks.size(), " tasks, more than ", kPlanTasksMax);
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    RETURN_IF_ERROR(ValidateTask(tasks[i], first + static_cast<uint32_t>(i)));
  }
  return absl::OkStatus();
}

std::string PlanDigest(const std::vector<TaskSpec>& tasks) {
  std::string text;
  for (const TaskSpec& task : tasks) {
    AppendText(text, task.task_id.ToString());
    AppendText(text, task.description);
    AppendText(text, RoleName(task.role));
    for (size_t i = 0; i < task.dependencies.size(); ++i) {
      AppendText(text, task.dependencies[i].ToString());
      AppendText(text, EnumName(task.dependency_modes[i]));
    }
    for (const auto& [key, value] : task.parameters) {
      AppendText(text, key);
      AppendText(text, value);
    }
    AppendText(text, task.intent);
    StrAppend(text, task.group, ',', task.rank, ',', task.tests_max, ',', task.forecast.cpu_ms, ',',
              task.forecast.wall_ms, ',', task.forecast.success_permille, ';');
    for (const Expectation& expectation : task.expectations) {
      AppendText(text, expectation.predicate);
      AppendText(text, expectation.value);
    }
  }
  return Sha256Hex(text);
}

}  // namespace coditect
