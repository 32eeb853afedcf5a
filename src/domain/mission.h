// A mission: what a person asked for, and how it may end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"
#include "src/domain/work_tree.h"

namespace coditect {

/// How a mission ended. The exit code of `coditect run` follows from it (app/exit_code.h).
enum class Outcome {
  kUnspecified,
  kVerified,
  kNotVerified,
  kNothingToDo,
  kNeedsModel,
  kLimit,
  kStopped,
  kError,
  kNeedsApproval,  // stopped until a person approves or rejects
  kPlanned,        // the plan was all that was asked for; it can be run
};
constexpr auto EnumNames(Outcome) {
  return std::array<std::string_view, 10>{
      "OUTCOME_UNSPECIFIED",    "OUTCOME_VERIFIED", "OUTCOME_NOT_VERIFIED", "OUTCOME_NOTHING_TO_DO",
      "OUTCOME_NEEDS_MODEL",    "OUTCOME_LIMIT",    "OUTCOME_STOPPED",      "OUTCOME_ERROR",
      "OUTCOME_NEEDS_APPROVAL", "OUTCOME_PLANNED"};
}
/// "verified", "not_verified", …: the word used in reports.
constexpr std::string_view OutcomeWord(Outcome outcome) {
  constexpr std::array<std::string_view, 10> words = {
      "",      "verified", "not_verified", "nothing_to_do",  "needs_model",
      "limit", "stopped",  "error",        "needs_approval", "planned"};
  return words[static_cast<size_t>(outcome)];
}

/// The repository as the client resolved it. Paths are raw bytes.
struct RepositoryRef {
  std::string path;           // the working tree's top folder, absolute, symbolic links resolved
  std::string git_dir;        // its git folder (of a linked worktree: that worktree's)
  std::string common_dir;     // the folder that holds objects and refs
  std::string object_format;  // "sha1" or "sha256"
  CommitId base_commit;
  TreeId base_tree;
  std::string base_name;  // what the person would call the base: branch, tag, or "HEAD"

  bool operator==(const RepositoryRef&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "path", self.path);
    visit(2, "git_dir", self.git_dir);
    visit(3, "common_dir", self.common_dir);
    visit(4, "object_format", self.object_format);
    visit(5, "base_commit", self.base_commit);
    visit(6, "base_tree", self.base_tree);
    visit(7, "base_name", self.base_name);
  }
};

/// Limits of one mission. 0 = the default of the config file was resolved to "no limit".
struct MissionLimits {
  uint64_t max_time_ms = 0;
  uint32_t agents = 0;            // at work at once
  uint64_t agent_timeout_ms = 0;  // one action of an agent (AGENT_TIMEOUT_SECONDS)
  uint32_t max_retries = 0;       // attempts of a task = 1 + max_retries
  uint64_t tests_max = 0;         // test executions while searching
  uint64_t suite_timeout_ms = 0;  // one run of the whole suite

  bool operator==(const MissionLimits&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "max_time_ms", self.max_time_ms);
    visit(2, "agents", self.agents);
    visit(3, "agent_timeout_ms", self.agent_timeout_ms);
    visit(4, "max_retries", self.max_retries);
    visit(5, "tests_max", self.tests_max);
    visit(6, "suite_timeout_ms", self.suite_timeout_ms);
  }
};

/// Everything the client resolved before it asked: the owner that serves the mission takes
/// nothing from its own environment.
struct MissionRequest {
  std::string request_id;  // 32 hexadecimal digits; the same id asked twice is one mission
  std::string principal;   // who asked, set by the edge: "uid:1000"
  std::string trace_id;    // 32 hexadecimal digits
  std::string goal;
  RepositoryRef repository;
  std::string verify_command;  // "" = find the tests
  std::string brain;           // "offline" or "auto"
  std::string sandbox;         // "auto", "process" or "none"
  uint64_t seed = 0;
  MissionLimits limits;
  BlobId environment;              // blob of domain/toolchain.h Toolchain
  std::string author;              // "Name <mail>" of the commits
  std::string attribution;         // "assisted-by", "co-authored-by" or "none"
  bool check_consistency = false;  // TASK_QUEUE_CONSISTENCY_CHECK_ENABLED
  std::string violation_action;    // "escalate" or "replan"
  uint32_t repeat_flaky = 0;       // runs of a failing test at the baseline
  BlobId selection;     // blob of domain/test_selection.h; "" = every failing test is the goal
  std::string deliver;  // how the result is given: domain/delivery.h DeliveryPlan
  std::optional<WorkTreeSnapshot> snapshot;  // the base, if it is no commit of the person's
  bool plan_only = false;                    // ends with a plan, which PlanRunRequested then runs
  std::vector<CommitId> candidates;  // changes by others to be judged before anything is searched
  std::string approve;               // what waits for a person: "none", "plan", "merge" or "all"
  std::vector<std::string> protected_paths;  // globs: a change to one waits for a person

  bool operator==(const MissionRequest&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "request_id", self.request_id);
    visit(2, "principal", self.principal);
    visit(3, "trace_id", self.trace_id);
    visit(4, "user_request", self.goal);
    visit(5, "repository", self.repository);
    visit(6, "verify_command", self.verify_command);
    visit(7, "brain", self.brain);
    visit(8, "sandbox", self.sandbox);
    visit(9, "seed", self.seed);
    visit(10, "limits", self.limits);
    visit(11, "environment", self.environment);
    visit(12, "author", self.author);
    visit(13, "attribution", self.attribution);
    visit(14, "check_consistency", self.check_consistency);
    visit(15, "violation_action", self.violation_action);
    visit(16, "repeat_flaky", self.repeat_flaky);
    visit(17, "selection", self.selection);
    visit(18, "candidates", self.candidates);
    visit(19, "approve", self.approve);
    visit(20, "deliver", self.deliver);
    visit(21, "snapshot", self.snapshot);
    visit(22, "plan_only", self.plan_only);
    visit(40, "protected_paths", self.protected_paths);
  }
};

}  // namespace coditect
