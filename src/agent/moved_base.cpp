// The test of a result on a branch that moved.
#include "src/agent/moved_base.h"

#include <memory>
#include <set>

#include "src/agent/mission_resources.h"
#include "src/agent/test_run.h"
#include "src/domain/evidence.h"

namespace coditect {
namespace {

constexpr size_t kFailuresShown = 5;

/// Tests of the moved branch that fail with the repairs and that the run's base did not have:
/// nobody can say that they are not to blame.
std::vector<std::string> FailuresOfNewTests(const Baseline& baseline, const TestReport& report) {
  std::set<std::string> known;
  for (const TestCase& test : baseline.cases) known.insert(test.id);
  std::vector<std::string> failures;
  for (const TestCase& test : report.cases) {
    if (test.status == TestStatus::kFailed && !known.contains(test.id)) failures.push_back(test.id);
  }
  return failures;
}

std::string FailuresShown(std::vector<std::string> names) {
  const size_t more = names.size() > kFailuresShown ? names.size() - kFailuresShown : 0;
  names.resize(names.size() - more);
  return EscapeForTerminal(
      StrCat(Join(names, ", "), more == 0 ? "" : StrCat(" and ", more, " more")));
}

/// What the first expected test that failed says, or what kept them all from running.
std::string FirstFailure(const TestReport& report, const std::vector<std::string>& expected) {
  constexpr size_t kBytesMax = 300;
  const std::set<std::string_view> ids(expected.begin(), expected.end());
  std::string said;
  for (const TestCase& test : report.cases) {
    if (test.status != TestStatus::kFailed || !ids.contains(test.id)) continue;
    said = StrCat(test.id, ": ", test.message);
    break;
  }
  if (said.empty() && !report.collection_errors.empty()) {
    const CollectionError& error = report.collection_errors.front();
    said = StrCat(error.file, ": ", error.message);
  }
  // The runner says last what the build failed with.
  if (said.empty() && report.build_failed) said = LastLineOf(report.output);
  said = said.substr(0, said.find('\n')).substr(0, kBytesMax);
  return EscapeForTerminal(ReplaceInvalidUtf8(said));
}

}  // namespace

StatusOr<MovedClaim> TestOnMoved(const Lease& lease, const BaseBranch& branch, const TreeId& tree) {
  auto request = std::make_shared<MissionRequest>(lease.mission.request());
  request->repository.base_commit = branch.commit;
  request->repository.base_tree = branch.tree;
  MissionResources resources(lease.wanted.mission_id, request, lease.services);
  const Lease moved{.ctx = lease.ctx,
                    .wanted = lease.wanted,
                    .mission = resources,
                    .services = lease.services,
                    .meter = lease.meter};
  ASSIGN_OR_RETURN(const Baseline baseline, lease.Get<Baseline>(lease.Parameter("baseline")));
  ASSIGN_OR_RETURN(const FaultReport faults, lease.Get<FaultReport>(lease.Parameter("faults")));
  ASSIGN_OR_RETURN(const auto expected, ExpectedIds(baseline, faults, lease.Parameter("clusters")));
  ASSIGN_OR_RETURN(const auto changes, ChangesFromBase(moved, tree));
  MovedClaim claim;
  ASSIGN_OR_RETURN(const ClaimRun run,
                   RunClaim(moved, baseline, tree, changes, expected, WorkspaceUse::kProof,
                            lease.IntParameter("seed"), &claim.usage));
  claim.evidence = run.evidence;
  claim.fault = EvidenceFault(run.evidence);
  // Tests behind a build are no part of its goal, whosever they are.
  const auto failures =
      IsBuildGoal(baseline) ? std::vector<std::string>() : FailuresOfNewTests(baseline, run.report);
  if (claim.fault.empty() && !failures.empty()) {
    claim.fault = StrCat("tests that came with it fail: ", FailuresShown(failures));
  } else if (const std::string said = FirstFailure(run.report, expected);
             !claim.fault.empty() && !said.empty()) {
    claim.fault += StrCat(" (", said, ")");
  }
  return claim;
}

}  // namespace coditect
