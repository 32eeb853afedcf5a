// The test of a merged tree.
#include "src/agent/merged_tree.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/agent/test_run.h"
#include "src/domain/evidence.h"
#include "src/domain/unstable_ids.h"

namespace coditect {
namespace {

constexpr size_t kFlakyTestsMax = 5;  // more failures at once are no accident
constexpr int kRepeatsAlone = 3;
constexpr size_t kErrorBytesMax = 300;

std::string FirstLine(const std::string& text) {
  std::string line(TrimWhitespace(text));
  line = line.substr(0, line.find('\n'));
  if (line.size() > kErrorBytesMax) line.resize(kErrorBytesMax);
  return ReplaceInvalidUtf8(line);
}

/// What a person should read first about a run in which `failing` did not pass.
std::string FirstError(const std::vector<std::string>& failing, const TestReport& report) {
  const std::set<std::string> wanted(failing.begin(), failing.end());
  for (const TestCase& test : report.cases) {
    if (test.status != TestStatus::kFailed || !wanted.contains(test.id)) continue;
    return test.message.empty() ? StrCat(test.id, " failed")
                                : StrCat(test.id, ": ", FirstLine(test.message));
  }
  for (const CollectionError& error : report.collection_errors) {
    return StrCat(error.file, " cannot be collected: ", FirstLine(error.message));
  }
  if (!report.normal_end) {
    const auto lines = Split(TrimWhitespace(report.output), '\n');
    return StrCat("it does not build or run to its end",
                  lines.back().empty() ? "" : ": " + FirstLine(lines.back()));
  }
  return failing.empty() ? "nothing failed" : StrCat(failing.front(), " was not seen passing");
}

class MergedTree {
 public:
  MergedTree(const Lease& lease, std::string tree, TaskResult* result)
      : lease_(lease), tree_(std::move(tree)), result_(*result) {}

  Status Load() {
    ASSIGN_OR_RETURN(baseline_, lease_.Get<Baseline>(lease_.Parameter("baseline")));
    ASSIGN_OR_RETURN(faults_, lease_.Get<FaultReport>(lease_.Parameter("faults")));
    ASSIGN_OR_RETURN(expected_, ExpectedIds(baseline_, faults_, lease_.Parameter("clusters")));
    ASSIGN_OR_RETURN(changes_, ChangesFromBase(lease_, tree_));
    if (const BlobId id = lease_.Parameter("failed_tests"); !id.empty()) {
      ASSIGN_OR_RETURN(const std::string text, lease_.services.blobs.Get(lease_.ctx, id));
      const std::set<std::string> known(expected_.begin(), expected_.end());
      for (std::string& line : Split(text, '\n')) {
        if (known.contains(line)) suspects_.push_back(std::move(line));
      }
    }
    return absl::OkStatus();
  }

  Status Probe() {
    const std::vector<std::string>& ids = suspects_.empty() ? expected_ : suspects_;
    ASSIGN_OR_RETURN(const TestReport report, RunOnly(suspects_));
    const auto failing = NotPassing(ids, report);
    if (failing.empty() && report.normal_end) return absl::OkStatus();
    return Refute(failing, report);
  }

  Status Test() {
    if (!suspects_.empty()) {
      RETURN_IF_ERROR(Probe());
      if (result_.outcome != ResultOutcome::kSuccess) return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(ClaimRun run, RunSuite());
    auto failing = NotPassing(expected_, run.report);
    if (!failing.empty() && run.evidence.normal_end) {
      ASSIGN_OR_RETURN(const bool flaky, AreFlaky(failing, run.report));
      if (flaky) {
        result_.outputs["flaky"] = Join(failing, "\n");
        lease_.Act("FLAKY", 0, {{"tests", Join(failing, " ")}, {"tree", tree_}});
        ASSIGN_OR_RETURN(run, RunSuite());
        const auto again = NotPassing(expected_, run.report);
        ASSIGN_OR_RETURN(const bool as_well, AreFlaky(again, run.report));
        if (!again.empty() && run.evidence.normal_end && as_well) {
          result_.outcome = ResultOutcome::kBlocked;
          result_.reason =
              StrCat("not_verified: the merged suite failed twice, in tests that the ",
                     "change does not reach and that pass alone (flaky): ", Join(again, ", "));
          return absl::OkStatus();
        }
        failing = again;
      }
    }
    result_.evidence = run.evidence;
    if (const std::string fault = run.Fault(); !fault.empty()) {
      if (!failing.empty()) return Refute(failing, run.report);
      result_.outcome = ResultOutcome::kRefuted;
      result_.reason = fault;
    }
    return absl::OkStatus();
  }

 private:
  StatusOr<ClaimRun> RunSuite() {
    ASSIGN_OR_RETURN(ClaimRun run,
                     RunClaim(lease_, baseline_, tree_, changes_, expected_, WorkspaceUse::kProof,
                              lease_.IntParameter("seed"), &result_.usage));
    ASSIGN_OR_RETURN(run.evidence.expected_digest, Digest());
    return run;
  }

  /// What the merge queue calls this set of clusters.
  StatusOr<std::string> Digest() const {
    const auto clusters = Split(lease_.Parameter("clusters"), ' ');
    if (clusters.size() == faults_.clusters.size()) return ExpectedDigest(expected_);
    std::vector<std::string> digests;
    for (const std::string& cluster : clusters) {
      ASSIGN_OR_RETURN(auto ids, ExpectedIds(baseline_, faults_, cluster));
      digests.push_back(ExpectedDigest(std::move(ids)));
    }
    return digests.size() == 1 ? digests.front() : UnionDigest(std::move(digests));
  }

  /// Proves nothing: the build may begin with the base's. No ids = the whole suite.
  StatusOr<TestReport> RunOnly(const std::vector<std::string>& ids) {
    ASSIGN_OR_RETURN(const auto workspace, OpenWorkspace(lease_, WorkspaceUse::kSearch));
    RETURN_IF_ERROR(workspace->Apply(changes_));
    TestRunRequest request;
    request.plan = baseline_.harness;
    request.ids = ids;
    request.seed = lease_.IntParameter("seed");
    request.limits = SuiteLimits(lease_);
    ASSIGN_OR_RETURN(TestReport report,
                     lease_.services.harness.Run(lease_.ctx, *workspace, request));
    CountRun(report, ids.empty(), &result_.usage);
    FoldUnstableIds(baseline_.unstable, &report);
    return report;
  }

  Status Refute(const std::vector<std::string>& failing, const TestReport& report) {
    result_.outcome = ResultOutcome::kRefuted;
    result_.reason = FirstError(failing, report);
    if (failing.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(result_.outputs["failed_tests"],
                     lease_.services.blobs.Put(lease_.ctx, Join(failing, "\n")));
    return absl::OkStatus();
  }

  /// True when every one of `failing` has nothing to do with the change and passes alone.
  StatusOr<bool> AreFlaky(const std::vector<std::string>& failing, const TestReport& report) {
    if (failing.empty() || failing.size() > kFlakyTestsMax) return false;
    ASSIGN_OR_RETURN(const bool reached, AnyReached(failing));
    if (reached || !report.collection_errors.empty()) return false;
    for (const std::string& id : failing) {
      bool passed = false;
      for (int i = 0; i < kRepeatsAlone && !passed; ++i) {
        ASSIGN_OR_RETURN(const TestReport alone, RunOnly({id}));
        passed = alone.normal_end && NotPassing({id}, alone).empty();
      }
      if (!passed) return false;
    }
    return true;
  }

  /// True when one of the tests executed a changed file at the base, or was not traced there.
  StatusOr<bool> AnyReached(const std::vector<std::string>& ids) {
    ASSIGN_OR_RETURN(const auto traced, lease_.Get<TestReport>(lease_.Parameter("coverage")));
    std::set<std::string> changed;
    for (const FileChange& change : changes_) changed.insert(change.path);
    std::set<std::string> reached;
    for (const TestCoverage& coverage : traced.coverage) {
      if (std::any_of(coverage.files.begin(), coverage.files.end(),
                      [&](const FileLines& file) { return changed.contains(file.file); })) {
        reached.insert(coverage.id);
      }
    }
    std::set<std::string> seen;
    for (const TestCase& test : traced.cases) seen.insert(test.id);
    return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) {
      return !seen.contains(id) || reached.contains(id);
    });
  }

  const Lease& lease_;
  const std::string tree_;
  TaskResult& result_;
  Baseline baseline_;
  FaultReport faults_;
  std::vector<std::string> expected_;
  std::vector<std::string> suspects_;  // of the expected ids, those that failed before
  std::vector<FileChange> changes_;
};

}  // namespace

Status TestMerged(const Lease& lease, const std::string& tree, TaskResult* result) {
  MergedTree merged(lease, tree, result);
  RETURN_IF_ERROR(merged.Load());
  return merged.Test();
}

Status ProbeMerged(const Lease& lease, const std::string& tree, TaskResult* result) {
  MergedTree merged(lease, tree, result);
  RETURN_IF_ERROR(merged.Load());
  return merged.Probe();
}

}  // namespace coditect
