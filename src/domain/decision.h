// Decisions: what Step made of the facts.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"
#include "src/domain/mission.h"
#include "src/domain/proposal.h"
#include "src/domain/result.h"
#include "src/domain/task.h"

namespace coditect {

enum class LeaseEnd {
  kUnspecified,
  kReported,  // its result came in
  kHostLost,  // no attempt: the work starts again with its whole budget
  kRevoked,   // stopped, cancelled or replanned; no attempt either
  kTimedOut,
};
constexpr auto EnumNames(LeaseEnd) {
  return std::array<std::string_view, 5>{"LEASE_END_UNSPECIFIED", "LEASE_END_REPORTED",
                                         "LEASE_END_HOST_LOST", "LEASE_END_REVOKED",
                                         "LEASE_END_TIMED_OUT"};
}

/// Decision. The request is a mission now.
struct MissionAccepted {
  static constexpr uint32_t kNumber = 20;
  static constexpr std::string_view kName = "mission_accepted";
  static constexpr bool kFact = false;
  std::string request_id;

  bool operator==(const MissionAccepted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "request_id", self.request_id);
  }
};

/// Decision. The request cannot be a mission.
struct MissionRefused {
  static constexpr uint32_t kNumber = 21;
  static constexpr std::string_view kName = "mission_refused";
  static constexpr bool kFact = false;
  std::string request_id;
  std::string reason;

  bool operator==(const MissionRefused&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "request_id", self.request_id);
    visit(2, "reason", self.reason);
  }
};

/// Decision. Nothing of the mission is wanted until it is resumed.
struct MissionInterrupted {
  static constexpr uint32_t kNumber = 22;
  static constexpr std::string_view kName = "mission_interrupted";
  static constexpr bool kFact = false;
  std::string reason;

  bool operator==(const MissionInterrupted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "reason", self.reason);
  }
};

/// Decision. The mission goes on from what was acknowledged.
struct MissionResumed {
  static constexpr uint32_t kNumber = 23;
  static constexpr std::string_view kName = "mission_resumed";
  static constexpr bool kFact = false;

  bool operator==(const MissionResumed&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self&, Visitor&&) {}
};

/// Decision. The mission was stopped before its end and can be resumed.
struct MissionStopped {
  static constexpr uint32_t kNumber = 24;
  static constexpr std::string_view kName = "mission_stopped";
  static constexpr bool kFact = false;
  Outcome outcome = Outcome::kUnspecified;  // stopped or limit
  std::string reason;

  bool operator==(const MissionStopped&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "outcome", self.outcome);
    visit(2, "reason", self.reason);
  }
};

/// Decision. The mission is over.
struct MissionCompleted {
  static constexpr uint32_t kNumber = 25;
  static constexpr std::string_view kName = "mission_completed";
  static constexpr bool kFact = false;
  Outcome outcome = Outcome::kUnspecified;
  std::string reason;
  std::string branch;  // "" = none
  CommitId commit;
  CommitId partial;  // tip of what was mended when not everything was

  bool operator==(const MissionCompleted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "outcome", self.outcome);
    visit(2, "reason", self.reason);
    visit(3, "branch", self.branch);
    visit(4, "commit", self.commit);
    visit(5, "partial", self.partial);
  }
};

/// Decision. The plan's tasks are live.
struct PlanAccepted {
  static constexpr uint32_t kNumber = 26;
  static constexpr std::string_view kName = "plan_accepted";
  static constexpr bool kFact = false;
  uint32_t plan_version = 0;
  uint32_t task_count = 0;
  std::string digest;

  bool operator==(const PlanAccepted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "plan_version", self.plan_version);
    visit(2, "task_count", self.task_count);
    visit(3, "digest", self.digest);
  }
};

/// Decision. The proposal does not fit the state any more.
struct ProposalRefused {
  static constexpr uint32_t kNumber = 27;
  static constexpr std::string_view kName = "proposal_refused";
  static constexpr bool kFact = false;
  ProposalKind kind = ProposalKind::kUnspecified;
  uint32_t plan_version = 0;
  std::string reason;

  bool operator==(const ProposalRefused&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "kind", self.kind);
    visit(2, "plan_version", self.plan_version);
    visit(3, "reason", self.reason);
  }
};

/// Decision. Who may work on this plan.
struct TeamAssigned {
  static constexpr uint32_t kNumber = 28;
  static constexpr std::string_view kName = "team_assigned";
  static constexpr bool kFact = false;
  uint32_t plan_version = 0;
  std::vector<RoleCap> team;

  bool operator==(const TeamAssigned&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "plan_version", self.plan_version);
    visit(2, "team", self.team);
  }
};

/// Decision. One attempt at a task, by one agent.
struct LeaseGranted {
  static constexpr uint32_t kNumber = 29;
  static constexpr std::string_view kName = "lease_granted";
  static constexpr bool kFact = false;
  TaskId task_id;
  Epoch epoch;
  HostId host_id;
  AgentId agent_id;
  Action action;
  uint32_t attempt = 0;  // from 1
  uint64_t tests_reserved = 0;
  uint64_t wall_ms_max = 0;

  bool operator==(const LeaseGranted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "host_id", self.host_id);
    visit(4, "agent_id", self.agent_id);
    visit(5, "action", self.action);
    visit(6, "attempt", self.attempt);
    visit(7, "tests_reserved", self.tests_reserved);
    visit(8, "wall_ms_max", self.wall_ms_max);
  }
};

/// Decision. The lease has no effect any more.
struct LeaseEnded {
  static constexpr uint32_t kNumber = 30;
  static constexpr std::string_view kName = "lease_ended";
  static constexpr bool kFact = false;
  TaskId task_id;
  Epoch epoch;
  LeaseEnd cause = LeaseEnd::kUnspecified;

  bool operator==(const LeaseEnded&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "cause", self.cause);
  }
};

/// Decision. What the lease used of what was reserved for it.
struct BudgetSettled {
  static constexpr uint32_t kNumber = 31;
  static constexpr std::string_view kName = "budget_settled";
  static constexpr bool kFact = false;
  TaskId task_id;
  Epoch epoch;
  uint64_t tests_reserved = 0;
  uint64_t tests_used = 0;

  bool operator==(const BudgetSettled&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "tests_reserved", self.tests_reserved);
    visit(4, "tests_used", self.tests_used);
  }
};

/// Decision. The result is the task's result.
struct ResultAccepted {
  static constexpr uint32_t kNumber = 32;
  static constexpr std::string_view kName = "result_accepted";
  static constexpr bool kFact = false;
  TaskId task_id;
  Epoch epoch;

  bool operator==(const ResultAccepted&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
  }
};

/// Decision. The result does not hold.
struct ResultRefused {
  static constexpr uint32_t kNumber = 33;
  static constexpr std::string_view kName = "result_refused";
  static constexpr bool kFact = false;
  TaskId task_id;
  Epoch epoch;
  std::string reason;

  bool operator==(const ResultRefused&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "reason", self.reason);
  }
};

/// Decision. The lease was over already; the commit stays pinned.
struct ResultLate {
  static constexpr uint32_t kNumber = 34;
  static constexpr std::string_view kName = "result_late";
  static constexpr bool kFact = false;
  TaskId task_id;
  Epoch epoch;
  CommitId commit;

  bool operator==(const ResultLate&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "commit", self.commit);
  }
};

/// Decision. The task met its expectations.
struct TaskDone {
  static constexpr uint32_t kNumber = 35;
  static constexpr std::string_view kName = "task_done";
  static constexpr bool kFact = false;
  TaskId task_id;

  bool operator==(const TaskDone&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
  }
};

/// Decision. The task is over without success.
struct TaskFailed {
  static constexpr uint32_t kNumber = 36;
  static constexpr std::string_view kName = "task_failed";
  static constexpr bool kFact = false;
  TaskId task_id;
  std::string reason;

  bool operator==(const TaskFailed&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "reason", self.reason);
  }
};

/// Decision. The task is not needed or not possible any more.
struct TaskCancelled {
  static constexpr uint32_t kNumber = 37;
  static constexpr std::string_view kName = "task_cancelled";
  static constexpr bool kFact = false;
  TaskId task_id;
  std::string reason;

  bool operator==(const TaskCancelled&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "reason", self.reason);
  }
};

/// Decision. The task is tried again, by another hypothesis when a tree is excluded.
struct TaskRetried {
  static constexpr uint32_t kNumber = 38;
  static constexpr std::string_view kName = "task_retried";
  static constexpr bool kFact = false;
  TaskId task_id;
  std::string reason;
  TreeId excluded_tree;

  bool operator==(const TaskRetried&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "reason", self.reason);
    visit(3, "excluded_tree", self.excluded_tree);
  }
};

/// Decision. The task took its host down too often.
struct TaskQuarantined {
  static constexpr uint32_t kNumber = 39;
  static constexpr std::string_view kName = "task_quarantined";
  static constexpr bool kFact = false;
  TaskId task_id;
  std::string reason;

  bool operator==(const TaskQuarantined&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "reason", self.reason);
  }
};

/// Decision. What happened is not what was expected (sdd ConsistencyViolation).
struct ViolationFound {
  static constexpr uint32_t kNumber = 40;
  static constexpr std::string_view kName = "violation_found";
  static constexpr bool kFact = false;
  std::string violation_type;
  std::string expected;
  std::string actual;
  AgentId agent_id;
  std::string investigation_results;
  TaskId task_id;

  bool operator==(const ViolationFound&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "violation_type", self.violation_type);
    visit(2, "expected", self.expected);
    visit(3, "actual", self.actual);
    visit(4, "agent_id", self.agent_id);
    visit(5, "investigation_results", self.investigation_results);
    visit(6, "task_id", self.task_id);
  }
};

/// Decision. The ref moves from old to new; written before the ref moves.
struct MergeDecided {
  static constexpr uint32_t kNumber = 41;
  static constexpr std::string_view kName = "merge_decided";
  static constexpr bool kFact = false;
  std::string ref;
  CommitId old_commit;
  CommitId new_commit;
  TreeId tree;
  TaskId task_id;

  bool operator==(const MergeDecided&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "ref", self.ref);
    visit(2, "old_commit", self.old_commit);
    visit(3, "new_commit", self.new_commit);
    visit(4, "tree", self.tree);
    visit(5, "task_id", self.task_id);
  }
};

/// Decision. These claims are merged in this order and tested together, once.
struct BatchDecided {
  static constexpr uint32_t kNumber = 48;
  static constexpr std::string_view kName = "batch_decided";
  static constexpr bool kFact = false;
  TaskId task_id;       // the merge task that does it
  uint32_t number = 0;  // from 1
  std::vector<TaskId> claims;
  CommitId onto;       // what they are merged onto
  bool probe = false;  // only to find out which repairs do not get along

  bool operator==(const BatchDecided&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "number", self.number);
    visit(3, "claims", self.claims);
    visit(4, "onto", self.onto);
    visit(5, "probe", self.probe);
  }
};

/// Decision. The claim is left out of the result; its commit stays pinned.
struct ClaimDropped {
  static constexpr uint32_t kNumber = 49;
  static constexpr std::string_view kName = "claim_dropped";
  static constexpr bool kFact = false;
  TaskId task_id;  // the verify task that saw it pass alone
  std::string reason;

  bool operator==(const ClaimDropped&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "reason", self.reason);
  }
};

/// Decision. The mission goes no further before a person has answered.
struct ApprovalRequested {
  static constexpr uint32_t kNumber = 42;
  static constexpr std::string_view kName = "approval_requested";
  static constexpr bool kFact = false;
  std::string approval_id;
  std::string subject;  // "plan" or "merge"
  std::string digest;   // of what the answer is about
  std::string reason;
  uint32_t plan_version = 0;
  TreeId tree;
  BlobId review;

  bool operator==(const ApprovalRequested&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "approval_id", self.approval_id);
    visit(2, "subject", self.subject);
    visit(3, "digest", self.digest);
    visit(4, "reason", self.reason);
    visit(5, "plan_version", self.plan_version);
    visit(6, "tree", self.tree);
    visit(7, "review", self.review);
  }
};

/// Decision. The answer fits what was asked for and counts.
struct ApprovalSettled {
  static constexpr uint32_t kNumber = 43;
  static constexpr std::string_view kName = "approval_settled";
  static constexpr bool kFact = false;
  std::string approval_id;
  bool approved = false;
  std::string principal;
  std::string note;

  bool operator==(const ApprovalSettled&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "approval_id", self.approval_id);
    visit(2, "approved", self.approved);
    visit(3, "principal", self.principal);
    visit(4, "note", self.note);
  }
};

/// Decision. What was to be delivered is not: the branch is somewhere else by now. It is made anew.
struct DeliveryDropped {
  static constexpr uint32_t kNumber = 44;
  static constexpr std::string_view kName = "delivery_dropped";
  static constexpr bool kFact = false;
  std::string ref;
  CommitId commit;
  std::string reason;

  bool operator==(const DeliveryDropped&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "ref", self.ref);
    visit(2, "commit", self.commit);
    visit(3, "reason", self.reason);
  }
};

/// Decision. What was tested of the merge proves it: a person's branch may get this tree.
struct MergeAllowed {
  static constexpr uint32_t kNumber = 50;
  static constexpr std::string_view kName = "merge_allowed";
  static constexpr bool kFact = false;
  std::string branch;
  CommitId onto;
  TreeId tree;
  Evidence evidence;

  bool operator==(const MergeAllowed&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "branch", self.branch);
    visit(2, "onto", self.onto);
    visit(3, "tree", self.tree);
    visit(4, "evidence", self.evidence);
  }
};

}  // namespace coditect
