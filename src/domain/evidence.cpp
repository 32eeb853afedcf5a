// The rules of evidence.
#include "src/domain/evidence.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/base/sha256.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

/// An expected id may be a file whose tests could not be collected at the baseline. It passes when
/// every test it holds now passes.
TestStatus WorstOf(const std::vector<const TestCase*>& tests) {
  bool passed = false;
  for (const TestCase* test : tests) {
    if (test->status == TestStatus::kFailed) return TestStatus::kFailed;
    passed |= test->status == TestStatus::kPassed;
  }
  return passed ? TestStatus::kPassed : TestStatus::kSkipped;
}

/// How a report shows expected ids.
class SeenTests {
 public:
  explicit SeenTests(const TestReport& report) {
    for (const TestCase& test : report.cases) {
      seen_[test.id] = &test;
      by_file_[test.file].push_back(&test);
    }
    for (const CollectionError& error : report.collection_errors) uncollected_.insert(error.file);
  }

  /// kSkipped for what was never seen.
  TestStatus StatusOf(const std::string& id) const {
    if (const auto test = seen_.find(id); test != seen_.end()) return test->second->status;
    if (uncollected_.contains(id)) return TestStatus::kFailed;
    const auto file = by_file_.find(id);
    return file != by_file_.end() ? WorstOf(file->second) : TestStatus::kSkipped;
  }

 private:
  std::map<std::string_view, const TestCase*> seen_;
  std::map<std::string_view, std::vector<const TestCase*>> by_file_;
  std::set<std::string_view> uncollected_;
};

}  // namespace

std::string BuildId(const std::string& command) {
  return StrCat("build:", Sha256Hex(command).substr(0, 12));
}

bool IsBuildGoal(const Baseline& baseline) {
  return baseline.passed.empty() && baseline.goal.size() == 1 &&
         baseline.goal[0] == BuildId(baseline.harness.command);
}

std::string GoalKindOf(const Baseline& baseline) {
  const bool one = baseline.cases.size() <= 1;
  const bool whole =
      one && (baseline.cases.empty() || baseline.cases[0].id.starts_with("command:"));
  return baseline.harness.runner == "command" && whole ? "command" : "tests";
}

std::string ExpectedDigest(std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  std::string text;
  for (const std::string& id : ids) {
    text += id;
    text += '\0';
  }
  return Sha256Hex(text);
}

std::string UnionDigest(std::vector<std::string> digests) {
  std::sort(digests.begin(), digests.end());
  std::string text = "union";
  for (const std::string& digest : digests) text += '\0' + digest;
  return Sha256Hex(text);
}

std::string EvidenceFault(const Evidence& evidence) {
  const bool build = evidence.kind == "build";
  if (evidence.base_failed > 0 && evidence.review.empty()) {
    return StrCat(Counted(evidence.base_failed, "expected test"),
                  " did not pass with the base's tests in place: ", evidence.tests_fault);
  }
  if (!evidence.normal_end) {
    return StrCat("the ", build ? "build" : "test run", " did not reach its normal end");
  }
  if (build && evidence.failed > 0) return "the build fails";
  if (evidence.failed > 0) return StrCat(Counted(evidence.failed, "expected test"), " failed");
  if (evidence.missing > 0) return StrCat(Counted(evidence.missing, "expected test"), " not seen");
  if (evidence.expected == 0 || evidence.passed != evidence.expected) {
    return StrCat(evidence.passed, " of ", evidence.expected, " expected tests passed");
  }
  if (evidence.new_failed > 0) {
    return StrCat(Counted(evidence.new_failed, "new test"), " failed: ", evidence.tests_fault);
  }
  if (evidence.changed_hunks_executed < evidence.changed_hunks) {
    return StrCat("only ", evidence.changed_hunks_executed, " of ", evidence.changed_hunks,
                  " changed hunks were ", build ? "compiled" : "executed",
                  evidence.unexecuted.empty() ? "" : ": no test reaches ", evidence.unexecuted);
  }
  if (!evidence.tests_unchanged && evidence.review.empty()) {
    return StrCat(
        "the ", build ? "build is not that" : "tests are not those", " of the base: ",
        evidence.tests_fault.empty() ? "existing tests were changed" : evidence.tests_fault);
  }
  return "";
}

std::string EvidenceFaultFor(const Evidence& evidence, std::string_view tree,
                             std::string_view expected_digest) {
  if (evidence.tree != tree) {
    return StrCat("the evidence is about tree ", evidence.tree, ", not ", tree);
  }
  if (evidence.expected_digest != expected_digest) {
    return "the evidence is about other tests than the goal's";
  }
  return EvidenceFault(evidence);
}

std::vector<std::string> NotPassing(const std::vector<std::string>& expected,
                                    const TestReport& report) {
  const SeenTests seen(report);
  std::vector<std::string> ids;
  for (const std::string& id : expected) {
    if (seen.StatusOf(id) != TestStatus::kPassed) ids.push_back(id);
  }
  return ids;
}

void CompareWithExpected(const std::vector<std::string>& expected, const TestReport& report,
                         Evidence* evidence) {
  const SeenTests seen(report);
  evidence->expected = static_cast<uint32_t>(expected.size());
  evidence->passed = evidence->failed = evidence->missing = 0;
  for (const std::string& id : expected) {
    const TestStatus status = seen.StatusOf(id);
    evidence->passed += status == TestStatus::kPassed ? 1 : 0;
    evidence->failed += status == TestStatus::kFailed ? 1 : 0;
    evidence->missing += status == TestStatus::kPassed || status == TestStatus::kFailed ? 0 : 1;
  }
  evidence->expected_digest = ExpectedDigest(expected);
  evidence->normal_end = report.normal_end;
  evidence->wall_ms = report.wall_ms;
}

std::vector<std::string> NewFailures(const Baseline& baseline, const TestReport& report) {
  std::set<std::string_view> known;
  for (const TestCase& test : baseline.cases) known.insert(test.id);
  std::vector<std::string> failures;
  for (const TestCase& test : report.cases) {
    if (test.status == TestStatus::kFailed && !known.contains(test.id)) failures.push_back(test.id);
  }
  for (const CollectionError& error : report.collection_errors) {
    if (!known.contains(error.file)) failures.push_back(error.file);
  }
  return failures;
}

}  // namespace coditect
