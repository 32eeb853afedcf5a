// The tester: another identity than the coder's, a clean workspace, the whole suite.
#include <algorithm>

#include "src/agent/lease.h"
#include "src/agent/test_run.h"
#include "src/domain/evidence.h"

namespace coditect {
namespace {

/// Clusters beside those of the claim whose tests all passed in the run, as "0 2".
std::string AlsoMended(const Lease& lease, const FaultReport& faults, const TestReport& report) {
  std::vector<std::string> mended;
  const auto own = Split(lease.Parameter("clusters"), ' ');
  for (size_t i = 0; i < faults.clusters.size(); ++i) {
    const std::string cluster = std::to_string(i);
    if (std::ranges::count(own, cluster) > 0) continue;
    if (NotPassing(faults.clusters[i].tests, report).empty()) mended.push_back(cluster);
  }
  return Join(mended, " ");
}

}  // namespace

StatusOr<Work> Verify(const Lease& lease) {
  ASSIGN_OR_RETURN(const Baseline baseline, lease.Get<Baseline>(lease.Parameter("baseline")));
  ASSIGN_OR_RETURN(const FaultReport faults, lease.Get<FaultReport>(lease.Parameter("faults")));
  ASSIGN_OR_RETURN(const auto expected, ExpectedIds(baseline, faults, lease.Parameter("clusters")));
  const std::string tree = lease.Parameter("tree");
  // From the objects in git, not from anything the coder left in a folder.
  ASSIGN_OR_RETURN(const auto changes, ChangesFromBase(lease, tree));
  Work work;
  work.result = lease.NewResult(ResultOutcome::kSuccess);
  // Another hash seed than the coder's: what only passes under one of them is not mended.
  constexpr uint64_t kTesterSeed = 1'000'003;
  const auto claim = RunClaim(lease, baseline, tree, changes, expected, WorkspaceUse::kProof,
                              lease.IntParameter("seed") + kTesterSeed, &work.result.usage);
  if (!claim.ok()) {
    lease.Spend(work.result.usage);
    return claim.status();
  }
  const ClaimRun& run = *claim;
  work.result.commit = lease.Parameter("commit");
  work.result.tree = tree;
  work.result.evidence = run.evidence;
  if (!run.behind.empty()) work.result.outputs["behind"] = run.behind;
  if (const std::string fault = run.Fault(); !fault.empty()) {
    work.result.outcome = ResultOutcome::kRefuted;
    work.result.reason = fault;
    return work;
  }
  const std::string mended = AlsoMended(lease, faults, run.report);
  if (!mended.empty()) work.result.outputs["mends"] = mended;
  return work;
}

}  // namespace coditect
