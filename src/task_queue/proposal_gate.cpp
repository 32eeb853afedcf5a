// The gate every proposal passes: preconditions, plans, teams, merges, verdicts.
#include <algorithm>

#include "src/domain/approval.h"
#include "src/domain/delivery.h"
#include "src/domain/evidence.h"
#include "src/domain/plan.h"
#include "src/task_queue/step.h"

namespace coditect {
namespace {

std::string PreconditionFault(const MissionState& mission, const Proposal& proposal) {
  for (const Precondition& condition : proposal.preconditions) {
    const TaskState* task = mission.Find(condition.task_id);
    if (task == nullptr) return StrCat("there is no task ", condition.task_id.ToString());
    if (task->status != condition.status) {
      return StrCat("task ", condition.task_id.ToString(), " is ", EnumName(task->status), ", not ",
                    EnumName(condition.status));
    }
  }
  return "";
}

std::string PlanFault(const MissionState& mission, const Proposal& proposal) {
  if (proposal.plan_version != mission.plan_version + 1) {
    return StrCat("plan version ", proposal.plan_version, " does not follow ",
                  mission.plan_version);
  }
  std::vector<TaskSpec> tasks;
  for (const TaskState* task : TasksOfPlan(mission, proposal.plan_version)) {
    tasks.push_back(task->spec);
  }
  if (tasks.size() != proposal.task_count) {
    return StrCat(tasks.size(), " tasks were planned, ", proposal.task_count, " announced");
  }
  if (PlanDigest(tasks) != proposal.digest) return "the planned tasks are not the proposed ones";
  const auto first = static_cast<uint32_t>(mission.tasks.size() - tasks.size()) + 1;
  return Message(ValidatePlan(tasks, first));
}

std::string TeamFault(const MissionState& mission, const Proposal& proposal) {
  if (proposal.plan_version != mission.plan_version) {
    return StrCat("the team is for plan version ", proposal.plan_version);
  }
  // sdd 2.3: instances of each role that may work in parallel.
  constexpr std::array<uint32_t, kRoleCount> kMax = {0, 10, 5, 10, 1, 1};
  for (const RoleCap& cap : proposal.team) {
    if (cap.role == Role::kUnspecified || cap.agents_max == 0 ||
        cap.agents_max > kMax[static_cast<size_t>(cap.role)]) {
      return StrCat(cap.agents_max, " agents of role '", RoleName(cap.role), "' are not allowed");
    }
  }
  return "";
}

/// True when somebody other than a coder saw `tree` pass the tests of `expected_digest`.
bool HasVerdict(const MissionState& mission, const TreeId& tree,
                const std::string& expected_digest) {
  return std::any_of(mission.verdicts.begin(), mission.verdicts.end(), [&](const Verdict& v) {
    return v.tree == tree && v.expected_digest == expected_digest && v.role != Role::kCoder;
  });
}

/// Why the claims are no batch of this moment.
std::string ClaimsFault(const MissionState& mission, const Proposal& proposal) {
  const std::vector<TaskId> pending = PendingClaims(mission);
  for (size_t i = 0; i < proposal.claims.size(); ++i) {
    const TaskId id = proposal.claims[i];
    const bool waits = std::find(pending.begin(), pending.end(), id) != pending.end();
    const bool earlier = proposal.probe && i + 1 < proposal.claims.size();
    if (earlier ? mission.merge.Merged(id) == nullptr : !waits) {
      return StrCat(id.ToString(), earlier ? " is not merged" : " does not wait to be merged");
    }
    if (i > 0 && !(proposal.claims[i - 1] < id)) return "the claims are not in the plan's order";
  }
  return "";
}

std::string BatchFault(const MissionState& mission, const Proposal& proposal) {
  const MergeQueueState& merge = mission.merge;
  const TaskState* task = MergeTask(mission);
  if (task == nullptr || task->status != TaskStatus::kReady) return "no merge task is ready";
  if (merge.OpenBatch() != nullptr) return "another batch is open";
  if (proposal.old_commit != mission.tip) return "the tip has moved since";
  if (!proposal.claims.empty()) {
    // Each claim is merged or dropped after a binary search for it and one for its partner.
    constexpr size_t kBatchesPerClaim = 32;
    if (merge.batches.size() >= kBatchesPerClaim * VerifyTasks(mission).size()) {
      return StrCat(merge.batches.size(), " batches did not merge the repairs");
    }
    return ClaimsFault(mission, proposal);
  }
  const bool blamed = merge.failing.size() == 1 && merge.failing.front() == proposal.task_id;
  return blamed ? "" : StrCat(proposal.task_id.ToString(), " was not seen failing alone");
}

std::string TipFault(const MissionState& mission, const Proposal& proposal) {
  const TaskState* task = mission.Find(proposal.task_id);
  const MergeBatch* batch = mission.merge.OpenBatch();
  if (task == nullptr || task->spec.intent != "merge" || batch == nullptr ||
      batch->verdict != BatchVerdict::kPassed) {
    return StrCat(proposal.task_id.ToString(), " has no batch that passed");
  }
  if (proposal.ref != TipRef(mission.id)) return StrCat("a merge does not move ", proposal.ref);
  if (proposal.old_commit != mission.tip) return "the tip has moved since";
  if (task->result.commit != proposal.new_commit || task->result.tree != proposal.tree) {
    return "the merge produced something else";
  }
  std::vector<TaskId> together;
  for (const MergedClaim& merged : mission.merge.merged) together.push_back(merged.task_id);
  together.insert(together.end(), batch->claims.begin(), batch->claims.end());
  if (!HasVerdict(mission, proposal.tree, DigestOfClaims(mission, together))) {
    return StrCat("nobody but its coder saw tree ", proposal.tree, " pass the tests of the goal");
  }
  return "";
}

/// The run's own branch, or the ref of its patch, is made at the tip.
std::string NewRefFault(const MissionState& mission, const Proposal& proposal, DeliveryMode mode) {
  const std::string ref =
      mode == DeliveryMode::kPatch ? PatchRef(mission.id) : BranchRef(mission.id);
  if (proposal.ref != ref) return StrCat("not this run's branch: ", proposal.ref);
  if (mission.tip.empty() || proposal.new_commit != mission.tip ||
      proposal.tree != mission.tip_tree || !proposal.old_commit.empty()) {
    return "the branch is not the tip";
  }
  return "";
}

/// The base branch moves from where the tip was put onto it.
std::string FastForwardFault(const MissionState& mission, const Proposal& proposal) {
  if (proposal.ref != BaseBranchRef(mission.request.repository)) {
    return StrCat("not the run's base: ", proposal.ref);
  }
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent != "integrate" || task.status != TaskStatus::kDone) continue;
    if (proposal.old_commit.empty() || OutputOf(task, "base_at") != proposal.old_commit ||
        task.result.commit != proposal.new_commit || task.result.tree != proposal.tree) {
      return "that is not what was made of the base branch and the tip";
    }
    return "";
  }
  return "the result is not put onto the base branch yet";
}

std::string BranchFault(const MissionState& mission, const Proposal& proposal) {
  if (!mission.branch.empty()) return "the branch is decided already";
  const DeliveryMode mode = ParseDelivery(mission.request.deliver).mode;
  const std::string fault = mode == DeliveryMode::kFastForward
                                ? FastForwardFault(mission, proposal)
                                : NewRefFault(mission, proposal, mode);
  if (!fault.empty()) return fault;
  if (!mission.baseline.has_value() ||
      !HasVerdict(mission, proposal.tree, mission.baseline->expected_digest)) {
    return StrCat("tree ", proposal.tree, " was not seen passing all tests of the goal");
  }
  return "";
}

std::string VerdictFault(const MissionState& mission, const Proposal& proposal) {
  if (proposal.outcome == Outcome::kVerified) {
    const bool delivered =
        std::any_of(mission.tasks.begin(), mission.tasks.end(), [](const TaskState& task) {
          return task.spec.intent == "deliver" && task.status == TaskStatus::kDone;
        });
    if (mission.branch.empty() || !delivered) return "no branch was delivered";
  }
  if (proposal.outcome == Outcome::kPlanned &&
      (!mission.request.plan_only || mission.plan_released || mission.plan_version < 2)) {
    return "no plan was asked for, or there is none";
  }
  if (proposal.outcome == Outcome::kNothingToDo &&
      (!mission.baseline.has_value() || mission.baseline->failing > 0)) {
    return mission.baseline.has_value() && mission.baseline->kind == "build"
               ? "the base does not build"
               : "the baseline has failing tests";
  }
  return proposal.outcome == Outcome::kUnspecified ? "no outcome" : "";
}

}  // namespace

std::string TipRef(const MissionId& id) { return StrCat("refs/coditect/", id, "/tip"); }
std::string BranchRef(const MissionId& id) { return StrCat("refs/heads/coditect/", id); }
std::string PatchRef(const MissionId& id) { return StrCat("refs/coditect/", id, "/patch"); }

bool AllowsMerge(const MissionState& mission, const MergeTested& tested) {
  const bool verified = mission.status == MissionStatus::kCompleted &&
                        mission.outcome == Outcome::kVerified && mission.baseline.has_value();
  if (!verified || !tested.fault.empty()) return false;
  const Evidence& evidence = tested.evidence;
  if (!EvidenceFaultFor(evidence, tested.tree, mission.baseline->expected_digest).empty()) {
    return false;
  }
  return evidence.review.empty() ||
         std::ranges::any_of(mission.approvals, [](const auto& approval) {
           return approval.subject == kApproveMerge && approval.status == ApprovalStatus::kApproved;
         });
}

std::string ProposalFault(const MissionState& mission, const Proposal& proposal) {
  if (!mission.running()) return "the run is not active";
  if (std::string fault = PreconditionFault(mission, proposal); !fault.empty()) return fault;
  switch (proposal.kind) {
    case ProposalKind::kPlan:
      return PlanFault(mission, proposal);
    case ProposalKind::kTeam:
      return TeamFault(mission, proposal);
    case ProposalKind::kMerge:
      return proposal.task_id ? TipFault(mission, proposal) : BranchFault(mission, proposal);
    case ProposalKind::kBatch:
      return BatchFault(mission, proposal);
    case ProposalKind::kVerdict:
      return VerdictFault(mission, proposal);
    case ProposalKind::kUnspecified:
      break;
  }
  return "a proposal of no kind";
}

}  // namespace coditect
