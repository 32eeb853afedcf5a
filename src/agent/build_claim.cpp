// A build on one tree as evidence, and what the tests behind it say.
#include <algorithm>

#include "src/agent/claim_review.h"
#include "src/agent/test_run.h"
#include "src/base/sha256.h"
#include "src/domain/evidence.h"
#include "src/repair/compile_guard.h"

namespace coditect {
namespace {

StatusOr<std::vector<Hunk>> HunksOf(const Lease& lease, const TreeId& tree) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  ASSIGN_OR_RETURN(const std::string diff,
                   git->Diff(lease.ctx, lease.mission.request().repository.base_commit, tree));
  return ParseUnifiedDiff(diff);
}

/// Why the change is no repair of a build; "" when it is one.
StatusOr<std::string> BuildChangeFault(const Lease& lease, const ClaimReview& review,
                                       const std::vector<FileChange>& changes) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  ASSIGN_OR_RETURN(const auto* base, lease.mission.BaseFiles(lease.ctx));
  if (!review.judges.empty()) return ReviewText(review.judges);
  for (const FileChange& change : changes) {
    const auto entry = base->find(change.path);
    if (entry == base->end() || change.kind != FileChange::Kind::kWrite) {
      return StrCat(EscapeForTerminal(change.path), " was added, deleted or replaced");
    }
    ASSIGN_OR_RETURN(const auto blobs, git->ReadBlobs(lease.ctx, {entry->second.object_id}));
    const auto blob = blobs.find(entry->second.object_id);
    if (blob == blobs.end()) return DataLoss("git has no object ", entry->second.object_id);
    const std::string removed = repair::RemovedBy(blob->second, change.content);
    if (!removed.empty()) {
      return StrCat("the change of ", EscapeForTerminal(change.path), " ", removed);
    }
  }
  return std::string();
}

/// What a person wants to know of the tests that can run now.
std::string TestsBehind(const TestReport& tests) {
  const auto failed =
      static_cast<size_t>(std::ranges::count(tests.cases, TestStatus::kFailed, &TestCase::status));
  if (tests.cases.empty()) return "";
  if (!tests.normal_end) {
    return StrCat("its tests did not come to their end (", tests.ended_by, ")");
  }
  if (failed == 0) return "";
  if (tests.cases.size() == 1) return StrCat("`", tests.command, "` fails");
  return StrCat(failed, " of ", Counted(tests.cases.size(), "test"), " fail",
                failed == 1 ? "s" : "");
}

}  // namespace

StatusOr<ClaimRun> RunBuildClaim(const Lease& lease, const Baseline& baseline, const TreeId& tree,
                                 const std::vector<FileChange>& changes, WorkspaceUse use,
                                 uint64_t seed, Usage* usage) {
  ASSIGN_OR_RETURN(const std::string before, lease.mission.DependencyDigest(lease.ctx));
  ASSIGN_OR_RETURN(const auto hunks, HunksOf(lease, tree));
  ASSIGN_OR_RETURN(const auto workspace, OpenWorkspace(lease, use));
  RETURN_IF_ERROR(workspace->Apply(changes));
  BuildRequest request;
  request.plan = baseline.harness;
  request.mode = BuildMode::kProof;
  for (const FileChange& change : changes) request.changed.push_back(change.path);
  request.limits = SuiteLimits(lease);
  ASSIGN_OR_RETURN(const BuildReport built,
                   lease.services.harness.Build(lease.ctx, *workspace, request));
  ClaimRun run;
  if (built.passed) {
    TestRunRequest tests;
    tests.plan = baseline.harness;
    tests.seed = seed;
    tests.limits = SuiteLimits(lease);
    ASSIGN_OR_RETURN(run.report, lease.services.harness.Run(lease.ctx, *workspace, tests));
    run.behind = TestsBehind(run.report);
    CountRun(run.report, true, usage);
  }
  ASSIGN_OR_RETURN(const std::string after, lease.mission.DependencyDigest(lease.ctx));
  if (before != after) {
    return Aborted("a dependency folder of the repository changed during the build");
  }
  usage->cpu_ms += built.cpu_ms;
  usage->wall_ms += built.wall_ms;
  const std::string id = BuildId(baseline.harness.command);
  TestCase build{.id = id, .status = built.passed ? TestStatus::kPassed : TestStatus::kFailed};
  build.message = built.error;
  run.report.cases.insert(run.report.cases.begin(), std::move(build));
  run.report.normal_end = built.ended_by == "exit";
  Evidence& evidence = run.evidence;
  CompareWithExpected({id}, run.report, &evidence);
  evidence.kind = "build";
  evidence.tree = tree;
  evidence.command = built.command;
  evidence.command_digest = Sha256Hex(built.command + '\0' + after);
  evidence.wall_ms = built.wall_ms;
  evidence.changed_hunks = static_cast<uint32_t>(hunks.size());
  evidence.changed_hunks_executed =
      static_cast<uint32_t>(std::ranges::count_if(hunks, [&](const Hunk& hunk) {
        return std::ranges::binary_search(built.compiled, hunk.file);
      }));
  ASSIGN_OR_RETURN(const ClaimReview review, ReviewClaim(lease, baseline, changes));
  ASSIGN_OR_RETURN(evidence.tests_fault, BuildChangeFault(lease, review, changes));
  evidence.tests_unchanged = evidence.tests_fault.empty();
  run.findings = review.All();
  if (evidence.tests_unchanged && !run.findings.empty()) {  // what a person must see
    ASSIGN_OR_RETURN(evidence.review, lease.Put(Review{run.findings}));
    evidence.review_reason = ReviewText(run.findings);
  }
  ASSIGN_OR_RETURN(evidence.report, lease.Put(run.report));
  lease.Act("BUILD", built.wall_ms,
            {{"tree", tree},
             {"command", built.command},
             {"passed", built.passed ? "true" : "false"},
             {"behind", run.behind},
             {"fault", EvidenceFault(evidence)}});
  return run;
}

}  // namespace coditect
