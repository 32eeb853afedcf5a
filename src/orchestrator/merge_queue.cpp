// Merge queue.
#include "src/orchestrator/merge_queue.h"

namespace coditect {
namespace {

Proposal Move(const MissionState& mission, std::string ref) {
  Proposal proposal;
  proposal.kind = ProposalKind::kMerge;
  proposal.plan_version = mission.plan_version;
  proposal.ref = std::move(ref);
  return proposal;
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
  Proposal proposal = Move(mission, StrCat("refs/heads/coditect/", mission.id));
  proposal.new_commit = mission.tip;
  proposal.tree = mission.tip_tree;
  return proposal;
}

}  // namespace coditect
