// Runs of the tests on one tree, and the evidence they give.
#include "src/agent/test_run.h"

#include <unistd.h>

#include <set>

#include "src/agent/changed_lines.h"
#include "src/agent/claim_review.h"
#include "src/base/sha256.h"
#include "src/domain/evidence.h"
#include "src/domain/unstable_ids.h"

namespace coditect {

SandboxLimits SuiteLimits(const Lease& lease) {
  SandboxLimits limits;
  limits.wall = std::chrono::milliseconds(lease.mission.request().limits.suite_timeout_ms);
  const auto pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  limits.memory_bytes = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) / 4 * 3;
  return limits;
}

std::string LastLineOf(const std::string& output) {
  constexpr size_t kShownMax = 500;
  std::string_view text = TrimWhitespace(output);
  const size_t start = text.rfind('\n');
  if (start != std::string_view::npos) text.remove_prefix(start + 1);
  return ReplaceInvalidUtf8(std::string(text.substr(0, kShownMax)));
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
  if (clusters.empty()) return ids;
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

namespace {

/// One claim at its runs of the suite.
class ClaimTrial {
 public:
  ClaimTrial(const Lease& lease, const Baseline& baseline, const std::vector<std::string>& expected,
             WorkspaceUse use, uint64_t seed, Usage* usage)
      : lease_(lease),
        baseline_(baseline),
        expected_(expected),
        use_(use),
        seed_(seed),
        usage_(usage) {}

  StatusOr<ClaimRun> Run(const TreeId& tree, const std::vector<FileChange>& changes) {
    ASSIGN_OR_RETURN(hunks_, ChangedHunks(lease_, tree, changes));
    ASSIGN_OR_RETURN(review_, ReviewClaim(lease_, baseline_, changes));
    const std::set<std::string> judges = review_.JudgePaths();
    // Whether tests and configuration were executed says nothing about what they judge.
    std::erase_if(hunks_, [&](const WatchedHunk& hunk) { return judges.contains(hunk.file); });
    ClaimRun run;
    run.findings = review_.All();
    Evidence& evidence = run.evidence;
    evidence.tests_unchanged = judges.empty();
    if (!judges.empty()) {
      std::vector<FileChange> others = changes;
      std::erase_if(others, [&](const FileChange& one) { return judges.contains(one.path); });
      ASSIGN_OR_RETURN(run.report, RunSuite(others));
      RETURN_IF_ERROR(NoteBaseRun(&run));
      if (evidence.base_failed > 0 && lease_.Parameter("changed_tests") != "1") {
        evidence.tests_fault = ReviewText(review_.judges);
        RETURN_IF_ERROR(Fill(tree, &run));
        return run;
      }
    }
    ASSIGN_OR_RETURN(run.report, RunSuite(changes));
    RETURN_IF_ERROR(Fill(tree, &run));
    if (!judges.empty()) NoteNewFailures(&run);
    if (!run.findings.empty()) {
      ASSIGN_OR_RETURN(evidence.review, lease_.Put(Review{run.findings}));
      evidence.review_reason = Shortened(ReviewText(run.findings));
    }
    return run;
  }

 private:
  StatusOr<TestReport> RunSuite(const std::vector<FileChange>& changes) {
    ASSIGN_OR_RETURN(const auto workspace, OpenWorkspace(lease_, use_));
    RETURN_IF_ERROR(workspace->Apply(changes));
    TestRunRequest request;
    request.plan = baseline_.harness;
    request.trace = TraceMode::kWatched;
    request.watched = WatchedLines(hunks_);
    request.seed = seed_;
    request.limits = SuiteLimits(lease_);
    ASSIGN_OR_RETURN(TestReport report,
                     lease_.services.harness.Run(lease_.ctx, *workspace, request));
    CountRun(report, true, usage_);
    FoldUnstableIds(baseline_.unstable, &report);
    return report;
  }

  Status NoteBaseRun(ClaimRun* run) {
    Evidence base;
    CompareWithExpected(expected_, run->report, &base);
    uint32_t& failed = run->evidence.base_failed;
    failed = base.failed + base.missing;
    if (failed == 0 && !base.normal_end) failed = 1;  // whoever ended it ended before the last test
    ASSIGN_OR_RETURN(run->evidence.base_report, lease_.Put(run->report));
    if (failed > 0) {
      run->findings.insert(run->findings.begin(),
                           {.path = "",
                            .kind = std::string(kBaseTestsFail),
                            .rule = StrCat(Counted(failed, "expected test"),
                                           " did not pass with the base's tests in place: ",
                                           ReviewText(review_.judges))});
    }
    return absl::OkStatus();
  }

  void NoteNewFailures(ClaimRun* run) {
    const std::vector<std::string> failures = NewFailures(baseline_, run->report);
    run->evidence.new_failed = static_cast<uint32_t>(failures.size());
    if (!failures.empty()) {
      run->evidence.tests_fault = Shortened(EscapeForTerminal(failures.front()));
    }
  }

  /// What the last run says about the tree.
  Status Fill(const TreeId& tree, ClaimRun* run) {
    Evidence& evidence = run->evidence;
    CompareWithExpected(expected_, run->report, &evidence);
    evidence.kind = GoalKindOf(baseline_);
    evidence.tree = tree;
    evidence.command = run->report.command;
    const std::vector<WatchedHunk> unexecuted = UnexecutedHunks(hunks_, run->report);
    evidence.changed_hunks = static_cast<uint32_t>(hunks_.size());
    evidence.changed_hunks_executed = static_cast<uint32_t>(hunks_.size() - unexecuted.size());
    if (!unexecuted.empty()) {
      evidence.unexecuted =
          EscapeForTerminal(StrCat(unexecuted.front().file, ":", unexecuted.front().lines.front()));
    }
    ASSIGN_OR_RETURN(evidence.report, lease_.Put(run->report));
    return absl::OkStatus();
  }

  static std::string Shortened(std::string text) {
    constexpr size_t kBytesMax = 512;
    if (text.size() > kBytesMax) text.resize(kBytesMax);
    return ReplaceInvalidUtf8(text);
  }

  const Lease& lease_;
  const Baseline& baseline_;
  const std::vector<std::string>& expected_;
  const WorkspaceUse use_;
  const uint64_t seed_;
  Usage* const usage_;
  std::vector<WatchedHunk> hunks_;
  ClaimReview review_;
};

}  // namespace

std::string ClaimRun::Fault() const {
  const std::string fault = EvidenceFault(evidence);
  if (fault.empty() || findings.empty() || evidence.base_failed > 0) return fault;
  return StrCat(fault, "; ", ReviewText(findings));
}

StatusOr<ClaimRun> RunClaim(const Lease& lease, const Baseline& baseline, const TreeId& tree,
                            const std::vector<FileChange>& changes,
                            const std::vector<std::string>& expected, WorkspaceUse use,
                            uint64_t seed, Usage* usage) {
  if (IsBuildGoal(baseline)) {
    return RunBuildClaim(lease, baseline, tree, changes, use, seed, usage);
  }
  ASSIGN_OR_RETURN(const std::string before, lease.mission.DependencyDigest(lease.ctx));
  ASSIGN_OR_RETURN(ClaimRun run,
                   ClaimTrial(lease, baseline, expected, use, seed, usage).Run(tree, changes));
  ASSIGN_OR_RETURN(const std::string after, lease.mission.DependencyDigest(lease.ctx));
  if (before != after) {
    return Aborted("a dependency folder of the repository changed during the run");
  }
  run.evidence.command_digest = Sha256Hex(run.report.command + '\0' + after);
  lease.Act("TEST_RUN", run.report.wall_ms,
            {{"tree", tree},
             {"command", run.report.command},
             {"passed", StrCat(run.evidence.passed, "/", run.evidence.expected)},
             {"fault", EvidenceFault(run.evidence)}});
  return run;
}

}  // namespace coditect
