// What an orchestrator proposes to the task queue, which accepts or refuses it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"
#include "src/domain/mission.h"
#include "src/domain/task.h"

namespace coditect {

enum class ProposalKind { kUnspecified, kPlan, kTeam, kMerge, kVerdict, kBatch };
constexpr auto EnumNames(ProposalKind) {
  return std::array<std::string_view, 6>{"PROPOSAL_UNSPECIFIED", "PROPOSAL_PLAN",
                                         "PROPOSAL_TEAM",        "PROPOSAL_MERGE",
                                         "PROPOSAL_VERDICT",     "PROPOSAL_BATCH"};
}

enum class TaskStatus {
  kPlanned,  // inert: its plan is not accepted yet
  kPending,  // waits for its dependencies
  kReady,
  kLeased,
  kDone,
  kFailed,
  kCancelled,
  kQuarantined,
};
constexpr auto EnumNames(TaskStatus) {
  return std::array<std::string_view, 8>{"TASK_PLANNED",   "TASK_PENDING",    "TASK_READY",
                                         "TASK_LEASED",    "TASK_DONE",       "TASK_FAILED",
                                         "TASK_CANCELLED", "TASK_QUARANTINED"};
}
constexpr bool IsTerminal(TaskStatus status) { return status >= TaskStatus::kDone; }

/// The proposal holds only while `task` is in `status`.
struct Precondition {
  TaskId task_id;
  TaskStatus status = TaskStatus::kPlanned;

  bool operator==(const Precondition&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "status", self.status);
  }
};

/// How many agents of a role may work on the mission at once.
struct RoleCap {
  Role role = Role::kUnspecified;
  uint32_t agents_max = 0;

  bool operator==(const RoleCap&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "role", self.role);
    visit(2, "agents_max", self.agents_max);
  }
};

/// One proposal. Only the fields of its kind are set.
struct Proposal {
  ProposalKind kind = ProposalKind::kUnspecified;
  uint32_t plan_version = 0;  // the version it builds on; kPlan: the version it would make current
  std::vector<Precondition> preconditions;
  std::string reason;
  // kPlan
  uint32_t task_count = 0;
  std::string digest;
  // kTeam
  std::vector<RoleCap> team;
  // kMerge: `ref` moves from `old_commit` ("" = is created) to `new_commit`, whose tree is `tree`
  std::string ref;
  CommitId old_commit;
  CommitId new_commit;
  TreeId tree;
  TaskId task_id;  // the merge task whose result this is
  // kVerdict
  Outcome outcome = Outcome::kUnspecified;
  // kBatch: these claims are merged onto `old_commit` and tested together; without any, the claim
  // `task_id` is dropped for `reason`
  std::vector<TaskId> claims;
  bool probe = false;

  bool operator==(const Proposal&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "kind", self.kind);
    visit(2, "plan_version", self.plan_version);
    visit(3, "preconditions", self.preconditions);
    visit(4, "reason", self.reason);
    visit(5, "task_count", self.task_count);
    visit(6, "digest", self.digest);
    visit(7, "team", self.team);
    visit(8, "ref", self.ref);
    visit(9, "old_commit", self.old_commit);
    visit(10, "new_commit", self.new_commit);
    visit(11, "tree", self.tree);
    visit(12, "task_id", self.task_id);
    visit(13, "outcome", self.outcome);
    visit(20, "claims", self.claims);
    visit(21, "probe", self.probe);
  }
};

}  // namespace coditect
