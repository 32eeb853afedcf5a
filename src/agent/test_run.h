// Runs of the tests on one tree in a clean workspace, and the evidence they give.
#pragma once

#include <string>
#include <vector>

#include "src/agent/mission_resources.h"
#include "src/domain/fault_report.h"
#include "src/domain/test_integrity.h"

namespace coditect {

/// Limits of a run of the whole suite: the mission's suite time-out, three quarters of the memory.
SandboxLimits SuiteLimits(const Lease& lease);

/// Adds what `report` cost.
void CountRun(const TestReport& report, bool whole_suite, Usage* usage);

/// The last line with text, cut to what a sentence can hold.
std::string LastLineOf(const std::string& output);

/// Ids that must be seen passing when the clusters named in `clusters` ("0 2") are mended: what
/// passed at the baseline and their tests; "" = none is to be mended. INVALID_ARGUMENT when a
/// cluster does not exist.
StatusOr<std::vector<std::string>> ExpectedIds(const Baseline& baseline, const FaultReport& faults,
                                               const std::string& clusters);

struct ClaimRun {
  Evidence evidence;
  TestReport report;
  std::string behind;  // of a build: what the tests say that can run now, as a sentence; "" = none
  std::vector<Finding> findings;  // about the change, whatever the tests say

  /// Why it proves nothing, with the first finding as what may explain it; "" when it does.
  std::string Fault() const;
};

/// Runs the whole suite in its own order on `tree` (the base with `changes`) in a fresh workspace.
/// When what judges was changed, a run with the base's tests, runner and build configuration put
/// back comes first; if that fails, the claim does, unless the lease's parameter "changed_tests" is
/// "1": then it is named in the review. The evidence also says whether each changed hunk was
/// executed. A dependency folder that changed meanwhile voids the run: ABORTED. `use` says
/// whether the build may begin with the base's: a search's first look may, a proof may not. Where
/// the goal is a build it is the build that proves (build_claim.cpp).
StatusOr<ClaimRun> RunClaim(const Lease& lease, const Baseline& baseline, const TreeId& tree,
                            const std::vector<FileChange>& changes,
                            const std::vector<std::string>& expected, WorkspaceUse use,
                            uint64_t seed, Usage* usage);

/// The same where the goal is a build: the project's own one in a workspace that only a build of
/// the base may have begun. The evidence says of each changed hunk whether its file was compiled.
StatusOr<ClaimRun> RunBuildClaim(const Lease& lease, const Baseline& baseline, const TreeId& tree,
                                 const std::vector<FileChange>& changes, WorkspaceUse use,
                                 uint64_t seed, Usage* usage);

}  // namespace coditect
