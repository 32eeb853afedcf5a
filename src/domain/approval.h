// What waits for a person, and what exactly the person's word is about.
#pragma once

#include <string>
#include <string_view>

#include "src/domain/proposal.h"
#include "src/domain/state.h"

namespace coditect {

inline constexpr std::string_view kApprovePlan = "plan";
inline constexpr std::string_view kApproveMerge = "merge";

/// Why `proposal`, which is sound, must wait for a person, as a sentence; "" when it need not. A
/// repair plan waits where the mission's `approve` says so. A delivery waits where it says so, and
/// always when somebody who is no coder saw the tree pass with something to review: changed tests,
/// suspicious code, protected paths.
std::string ApprovalReason(const MissionState& mission, const Proposal& proposal);

/// What an approval of `proposal` would be about: the plan's digest, or the tree to be delivered
/// with the digest of its review.
ApprovalState NewApproval(const MissionState& mission, const Proposal& proposal);

/// The approval asked for that subject and digest, nullptr when none was.
const ApprovalState* FindApproval(const MissionState& mission, std::string_view subject,
                                  std::string_view digest);

/// The one a person is to answer, nullptr when there is none.
const ApprovalState* OpenApproval(const MissionState& mission);

}  // namespace coditect
