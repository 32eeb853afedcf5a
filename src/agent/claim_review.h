// What a claim does to what judges it, and what about it a person must see.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "src/agent/mission_resources.h"
#include "src/domain/test_integrity.h"
#include "src/domain/test_report.h"

namespace coditect {

/// The findings about a change of the base.
struct ClaimReview {
  std::vector<Finding> judges;  // domain/test_integrity.h: put back for the base's verdict
  std::vector<Finding> others;  // suspicious code and protected paths

  std::set<std::string> JudgePaths() const;
  /// Both, what judges first.
  std::vector<Finding> All() const;
};

/// Reads the base's versions of what `changes` touches and applies the rules of the domain.
StatusOr<ClaimReview> ReviewClaim(const Lease& lease, const Baseline& baseline,
                                  const std::vector<FileChange>& changes);

}  // namespace coditect
