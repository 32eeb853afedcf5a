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

/// The verdict on `tree` that has most to say: one with a review before one without.
const Verdict* ReviewedVerdict(const MissionState& mission, const TreeId& tree) {
  const Verdict* found = nullptr;
  for (const Verdict& verdict : mission.verdicts) {
    if (verdict.tree != tree || verdict.role == Role::kCoder) continue;
    if (found == nullptr || !verdict.review.empty()) found = &verdict;
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
  const Verdict* verdict = ReviewedVerdict(mission, proposal.tree);
  if (verdict != nullptr && !verdict->review.empty()) {
    return StrCat("a person must see this: ", verdict->review_reason);
  }
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
  const Verdict* verdict = ReviewedVerdict(mission, proposal.tree);
  approval.subject = kApproveMerge;
  approval.tree = proposal.tree;
  approval.review = verdict == nullptr ? "" : verdict->review;
  approval.digest = Sha256Hex(StrCat(approval.tree, '\0', approval.review));
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
