// Merge queue: which tested claims are merged together next, which one is to blame when they do not
// pass, which tested tree becomes the mission's tip, and when it is delivered.
#pragma once

#include <optional>

#include "src/domain/state.h"

namespace coditect {

/// The next batch, or the claim to drop. All claims that wait are one batch, in the plan's order,
/// so that the merged tree is built and tested once for all of them. When it fails, halves of it
/// find the first claim that does not pass on top of those before it (a binary search over
/// prefixes: each prefix that passes is merged), then probes find the earlier one it does not get
/// along with; it is dropped, and the rest is a batch again. Source: bisection of a failed batch as
/// in Bors; the partner as in Zeller, "Yesterday, my program worked", 1999.
std::optional<Proposal> ProposeBatch(const MissionState& mission);

/// The next move of a ref: the tip to the batch that passed; when every claim is in it, the branch.
std::optional<Proposal> ProposeMerge(const MissionState& mission);

}  // namespace coditect
