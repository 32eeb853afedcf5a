// A task of a plan, and the concrete action an agent is told to perform.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"

namespace coditect {

enum class Role { kUnspecified, kAnalyzer, kCoder, kTester, kPlanner, kIntegrator };
inline constexpr int kRoleCount = 6;

constexpr std::string_view RoleName(Role role) {
  constexpr std::array<std::string_view, kRoleCount> names = {"",       "Analyzer", "Coder",
                                                              "Tester", "Planner",  "Integrator"};
  return names[static_cast<size_t>(role)];
}
/// kUnspecified when `name` is no role.
constexpr Role ParseRole(std::string_view name) {
  for (int i = 1; i < kRoleCount; ++i) {
    if (RoleName(static_cast<Role>(i)) == name) return static_cast<Role>(i);
  }
  return Role::kUnspecified;
}

/// When an edge of the plan lets its task start.
enum class DependencyMode {
  kSuccess,  // the other task is done; if it cannot be, this task is cancelled
  kSettled,  // the other task has ended in whatever way
  kWinner,   // the other task is the winner of its group; if the group has none, cancelled
};
constexpr auto EnumNames(DependencyMode) {
  return std::array<std::string_view, 3>{"DEPENDENCY_SUCCESS", "DEPENDENCY_SETTLED",
                                         "DEPENDENCY_WINNER"};
}

/// A post-condition the task queue compares with the result: `predicate` must equal `value`.
/// Predicates: see task_queue/violation_detector.
struct Expectation {
  std::string predicate;
  std::string value;

  bool operator==(const Expectation&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "predicate", self.predicate);
    visit(2, "value", self.value);
  }
};

/// What the planner believes before the task runs; scored against what happened.
struct Forecast {
  uint64_t cpu_ms = 0;
  uint64_t wall_ms = 0;
  uint32_t success_permille = 0;  // 0 = no forecast
  uint64_t tests = 0;             // executions

  bool operator==(const Forecast&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "cpu_ms", self.cpu_ms);
    visit(2, "wall_ms", self.wall_ms);
    visit(3, "success_permille", self.success_permille);
    visit(4, "tests", self.tests);
  }
};

/// One node of the plan. Tasks with the same non-zero `group` are rival hypotheses for one goal:
/// the done member of the lowest `rank` below which all others have ended is the winner, the rest
/// are cancelled.
struct TaskSpec {
  TaskId task_id;
  std::string description;
  Role role = Role::kUnspecified;
  std::vector<TaskId> dependencies;
  std::map<std::string, std::string> parameters;
  std::vector<DependencyMode> dependency_modes;  // parallel to dependencies
  std::string intent;                            // "observe", "repair", …: see parametrizer
  uint32_t group = 0;
  uint32_t rank = 0;
  std::vector<Expectation> expectations;
  Forecast forecast;
  std::string skill;       // domain/experience.h SkillName, for what is learnt from it
  uint64_t tests_max = 0;  // reserved from the mission's budget of executed tests; 0 = none

  bool operator==(const TaskSpec&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "description", self.description);
    visit(3, "assigned_agent_role", self.role);
    visit(4, "dependencies", self.dependencies);
    visit(5, "parameters", self.parameters);
    visit(6, "dependency_modes", self.dependency_modes);
    visit(7, "intent", self.intent);
    visit(8, "group", self.group);
    visit(9, "rank", self.rank);
    visit(10, "expectations", self.expectations);
    visit(11, "forecast", self.forecast);
    visit(12, "tests_max", self.tests_max);
    visit(13, "skill", self.skill);
  }
};

/// The concrete action of a lease: a template's name and its parameters, filled in by the
/// parametrizer from the world model.
struct Action {
  std::string name;
  std::map<std::string, std::string> parameters;

  bool operator==(const Action&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "action", self.name);
    visit(2, "parameters", self.parameters);
  }
};

/// sdd PlanResponse; stored as the planner's blob.
struct PlanDocument {
  std::vector<TaskSpec> tasks;
  std::string reasoning;
  int64_t created_timestamp = 0;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "tasks", self.tasks);
    visit(2, "reasoning", self.reasoning);
    visit(3, "created_timestamp", self.created_timestamp);
  }
};

}  // namespace coditect
