// Runs of the tests on one tree, and the evidence they give.
#include "src/agent/test_run.h"

#include <unistd.h>

#include <set>

#include "src/agent/changed_lines.h"
#include "src/base/sha256.h"
#include "src/domain/evidence.h"
#include "src/domain/test_integrity.h"
#include "src/domain/unstable_ids.h"

namespace coditect {

SandboxLimits SuiteLimits(const Lease& lease) {
  SandboxLimits limits;
  limits.wall = std::chrono::milliseconds(lease.mission.request().limits.suite_timeout_ms);
  const auto pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  limits.memory_bytes = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) / 4 * 3;
  return limits;
}

void CountRun(const TestReport& report, bool whole_suite, Usage* usage) {
  usage->cpu_ms += report.cpu_ms;
  usage->wall_ms += report.wall_ms;
  usage->tests += report.cases.size();
  usage->runner_starts += 1;
  usage->suite_runs += whole_suite ? 1 : 0;
}

StatusOr<std::vector<std::string>> ExpectedIds(const Baseline& baseline, const FaultReport& faults,
                                               const std::string& clusters) {
  std::vector<std::string> ids = baseline.passed;
  for (const std::string& word : Split(clusters, ' ')) {
    long long index = 0;
    const auto count = static_cast<long long>(faults.clusters.size());
    if (!ParseInt(word, 0, count - 1, &index)) {
      return InvalidArgument("there is no cluster '", EscapeForTerminal(word), "'");
    }
    const auto& tests = faults.clusters[static_cast<size_t>(index)].tests;
    ids.insert(ids.end(), tests.begin(), tests.end());
  }
  return ids;
}

StatusOr<ClaimRun> RunClaim(const Lease& lease, const Baseline& baseline, const TreeId& tree,
                            const std::vector<FileChange>& changes,
                            const std::vector<std::string>& expected, WorkspaceUse use,
                            uint64_t seed, Usage* usage) {
  if (IsBuildGoal(baseline)) {
    return RunBuildClaim(lease, baseline, tree, changes, use, seed, usage);
  }
  ASSIGN_OR_RETURN(const std::string before, lease.mission.DependencyDigest(lease.ctx));
  ASSIGN_OR_RETURN(const auto hunks, ChangedHunks(lease, tree, changes));
  ASSIGN_OR_RETURN(const auto workspace, OpenWorkspace(lease, use));
  RETURN_IF_ERROR(workspace->Apply(changes));
  TestRunRequest request;
  request.plan = baseline.harness;
  request.trace = TraceMode::kWatched;
  request.watched = WatchedLines(hunks);
  request.seed = seed;
  request.limits = SuiteLimits(lease);
  ClaimRun run;
  ASSIGN_OR_RETURN(run.report, lease.services.harness.Run(lease.ctx, *workspace, request));
  CountRun(run.report, true, usage);
  FoldUnstableIds(baseline.unstable, &run.report);
  ASSIGN_OR_RETURN(const std::string after, lease.mission.DependencyDigest(lease.ctx));
  if (before != after) {
    return Aborted("a dependency folder of the repository changed during the run");
  }
  Evidence& evidence = run.evidence;
  CompareWithExpected(expected, run.report, &evidence);
  evidence.kind = baseline.harness.runner == "command" ? "command" : "tests";
  evidence.tree = tree;
  evidence.command = run.report.command;
  evidence.command_digest = Sha256Hex(run.report.command + '\0' + after);
  evidence.changed_hunks = static_cast<uint32_t>(hunks.size());
  evidence.changed_hunks_executed = CountExecuted(hunks, run.report);
  ASSIGN_OR_RETURN(const auto* base, lease.mission.BaseFiles(lease.ctx));
  evidence.tests_fault = TestsChangedBy(changes, *base, baseline.harness.test_files);
  evidence.tests_unchanged = evidence.tests_fault.empty();
  ASSIGN_OR_RETURN(evidence.report, lease.Put(run.report));
  lease.Act("TEST_RUN", run.report.wall_ms,
            {{"tree", tree},
             {"command", run.report.command},
             {"passed", StrCat(evidence.passed, "/", evidence.expected)},
             {"fault", EvidenceFault(evidence)}});
  return run;
}

}  // namespace coditect
