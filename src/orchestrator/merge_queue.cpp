// Merge queue.
#include "src/orchestrator/merge_queue.h"

#include <algorithm>

#include "src/base/strings.h"
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

Proposal Drop(const MissionState& mission, TaskId culprit) {
  const MergeQueueState& merge = mission.merge;
  Proposal proposal;
  proposal.task_id = culprit;
  const std::string name = RepairName(mission, culprit);
  if (merge.partner_high == 0 || merge.partner_high > merge.merged.size()) {
    proposal.reason = StrCat("the repair of ", name, " does not pass: ", merge.fault);
    return proposal;
  }
  const TaskId partner = merge.merged[merge.partner_high - 1].task_id;
  proposal.reason = StrCat("semantic conflict between ", RepairName(mission, partner), " and ",
                           name, ": ", merge.fault);
  return proposal;
}

Proposal NextBatch(const MissionState& mission, std::vector<TaskId> pending) {
  const MergeQueueState& merge = mission.merge;
  Proposal proposal;
  if (merge.failing.empty()) {
    if (merge.held.size() < pending.size()) {
      for (const TaskId id : merge.held) std::erase(pending, id);
    }
    proposal.claims = std::move(pending);
  } else if (merge.failing.size() > 1) {
    const auto half = static_cast<ptrdiff_t>(merge.failing.size() / 2);
    proposal.claims.assign(merge.failing.begin(), merge.failing.begin() + half);
  } else if (merge.partner_high > merge.partner_low + 1 &&
             merge.partner_high <= merge.merged.size()) {
    const uint32_t middle = (merge.partner_low + merge.partner_high) / 2;
    for (uint32_t i = 0; i < middle; ++i) proposal.claims.push_back(merge.merged[i].task_id);
    proposal.claims.push_back(merge.failing.front());
    proposal.probe = true;
  } else {
    return Drop(mission, merge.failing.front());
  }
  return proposal;
}

}  // namespace

std::optional<Proposal> ProposeBatch(const MissionState& mission) {
  const TaskState* task = MergeTask(mission);
  if (task == nullptr || task->status != TaskStatus::kReady) return std::nullopt;
  if (mission.merge.OpenBatch() != nullptr) return std::nullopt;
  std::vector<TaskId> pending = PendingClaims(mission);
  if (pending.empty()) return std::nullopt;
  Proposal proposal = NextBatch(mission, std::move(pending));
  proposal.kind = ProposalKind::kBatch;
  proposal.plan_version = mission.plan_version;
  proposal.old_commit = mission.tip;
  return proposal;
}

std::optional<Proposal> ProposeMerge(const MissionState& mission) {
  const TaskState* task = MergeTask(mission);
  const MergeBatch* batch = mission.merge.OpenBatch();
  if (task != nullptr && batch != nullptr && batch->verdict == BatchVerdict::kPassed) {
    Proposal proposal = Move(mission, StrCat("refs/coditect/", mission.id, "/tip"));
    proposal.old_commit = mission.tip;
    proposal.new_commit = task->result.commit;
    proposal.tree = task->result.tree;
    proposal.task_id = task->spec.task_id;
    return proposal;
  }
  const bool deliverable =
      std::any_of(mission.tasks.begin(), mission.tasks.end(), [](const TaskState& other) {
        return other.spec.intent == "deliver" && other.status == TaskStatus::kReady;
      });
  if (!deliverable || !mission.branch.empty() || mission.tip.empty()) return std::nullopt;
  return ProposeDelivery(mission);
}

}  // namespace coditect
