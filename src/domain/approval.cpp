// What waits for a person.
#include "src/domain/approval.h"

#include <algorithm>

#include "src/base/sha256.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

bool Asks(const MissionState& mission, std::string_view subject) {
  return mission.request.approve == "all" || mission.request.approve == subject;
}

bool IsRepairPlan(const Proposal& proposal) {
  return proposal.kind == ProposalKind::kPlan && proposal.plan_version > 1;
}

bool IsDelivery(const Proposal& proposal) {
  return proposal.kind == ProposalKind::kMerge && !proposal.task_id;
}

/// What a person must see of `tree`: the reviews of verdicts on it, and on what was mended below
/// it, each once.
std::vector<const Verdict*> Reviews(const MissionState& mission, const TreeId& tree) {
  std::vector<const Verdict*> found;
  for (const Verdict& verdict : mission.verdicts) {
    const bool below =
        std::ranges::find(mission.bases, verdict.tree, &AdvancedBase::tree) != mission.bases.end();
    const bool known = std::ranges::any_of(
        found, [&](const Verdict* other) { return other->review == verdict.review; });
    if (verdict.role == Role::kCoder || verdict.review.empty() || known) continue;
    if (below || verdict.tree == tree) found.push_back(&verdict);
  }
  return found;
}

}  // namespace

std::string ApprovalReason(const MissionState& mission, const Proposal& proposal) {
  if (IsRepairPlan(proposal)) {
    // Nothing of it runs before a person asks for just that.
    if (mission.request.plan_only && !mission.plan_released) return "";
    return Asks(mission, kApprovePlan) ? "approve.mode asks for a person before the plan" : "";
  }
  if (!IsDelivery(proposal)) return "";
  std::string reasons;
  for (const Verdict* verdict : Reviews(mission, proposal.tree)) {
    StrAppend(reasons, reasons.empty() ? "a person must see this: " : "; ", verdict->review_reason);
  }
  if (!reasons.empty()) return reasons;
  return Asks(mission, kApproveMerge) ? "approve.mode asks for a person before the delivery" : "";
}

ApprovalState NewApproval(const MissionState& mission, const Proposal& proposal) {
  ApprovalState approval;
  approval.approval_id = StrCat("a-", mission.approvals.size() + 1);
  approval.reason = ApprovalReason(mission, proposal);
  if (IsRepairPlan(proposal)) {
    approval.subject = kApprovePlan;
    approval.digest = proposal.digest;
    approval.plan_version = proposal.plan_version;
    return approval;
  }
  approval.subject = kApproveMerge;
  approval.tree = proposal.tree;
  std::string seen = approval.tree;
  for (const Verdict* verdict : Reviews(mission, proposal.tree)) {
    approval.review = verdict->review;  // the last one is shown, the others are in the reason
    seen += '\0' + verdict->review;
  }
  if (approval.review.empty()) seen += '\0';
  approval.digest = Sha256Hex(seen);
  return approval;
}

const ApprovalState* FindApproval(const MissionState& mission, std::string_view subject,
                                  std::string_view digest) {
  for (const ApprovalState& approval : mission.approvals) {
    if (approval.subject == subject && approval.digest == digest) return &approval;
  }
  return nullptr;
}

const ApprovalState* OpenApproval(const MissionState& mission) {
  if (mission.status == MissionStatus::kCompleted) return nullptr;
  for (const ApprovalState& approval : mission.approvals) {
    if (approval.status == ApprovalStatus::kOpen) return &approval;
  }
  return nullptr;
}

}  // namespace coditect
