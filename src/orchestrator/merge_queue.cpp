// Merge queue.
#include "src/orchestrator/merge_queue.h"

#include "src/domain/delivery.h"

namespace coditect {
namespace {

Proposal Move(const MissionState& mission, std::string ref) {
  Proposal proposal;
  proposal.kind = ProposalKind::kMerge;
  proposal.plan_version = mission.plan_version;
  proposal.ref = std::move(ref);
  return proposal;
}

/// Where the ref of what is delivered is to be; nothing as long as that is not known.
std::optional<Proposal> ProposeDelivery(const MissionState& mission) {
  const DeliveryMode mode = ParseDelivery(mission.request.deliver).mode;
  if (mode != DeliveryMode::kFastForward) {
    Proposal proposal =
        Move(mission, mode == DeliveryMode::kPatch ? StrCat("refs/coditect/", mission.id, "/patch")
                                                   : StrCat("refs/heads/coditect/", mission.id));
    proposal.new_commit = mission.tip;
    proposal.tree = mission.tip_tree;
    return proposal;
  }
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent != "integrate" || task.status != TaskStatus::kDone) continue;
    Proposal proposal = Move(mission, BaseBranchRef(mission.request.repository));
    proposal.old_commit = OutputOf(task, "base_at");
    proposal.new_commit = task.result.commit;
    proposal.tree = task.result.tree;
    proposal.preconditions = {{task.spec.task_id, TaskStatus::kDone}};
    return proposal;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Proposal> ProposeMerge(const MissionState& mission) {
  bool deliverable = false;
  for (const TaskState& task : mission.tasks) {
    if (task.spec.intent == "merge" && task.status == TaskStatus::kDone &&
        !mission.merged.contains(task.spec.task_id)) {
      Proposal proposal = Move(mission, StrCat("refs/coditect/", mission.id, "/tip"));
      proposal.old_commit = mission.tip;
      proposal.new_commit = task.result.commit;
      proposal.tree = task.result.tree;
      proposal.task_id = task.spec.task_id;
      proposal.preconditions = {{task.spec.task_id, TaskStatus::kDone}};
      return proposal;
    }
    deliverable |= task.spec.intent == "deliver" && task.status == TaskStatus::kReady;
  }
  if (!deliverable || !mission.branch.empty() || mission.tip.empty()) return std::nullopt;
  return ProposeDelivery(mission);
}

}  // namespace coditect
