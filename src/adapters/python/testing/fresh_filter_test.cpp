// Candidates judged by a process each: commands, and tests that no loaded process can run.
#include <doctest/doctest.h>

#include <algorithm>

#include "src/adapters/python/testing/project.h"
#include "src/base/status.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

using enum CandidateVerdict;

const Files kCalc = {{"calc.py", "def add(a, b):\n    return a - b\n"},
                     {"check.sh", "python3 -c 'from calc import add; assert add(2, 2) == 4'\n"}};

/// The request of a filter for `sh check.sh`.
FilterRequest RequestOf(Project& project, std::chrono::seconds wall) {
  FilterRequest request;
  request.plan = *project.Detect("sh check.sh");
  TestRunRequest run;
  run.plan = request.plan;
  const auto baseline = project.RunWith(run);
  REQUIRE(baseline.ok());
  request.failing = {baseline->cases.front().id};
  request.files = {"calc.py"};
  request.limits.wall = wall;
  return request;
}

/// Judges each replacement of `a - b` in calc.py.
std::vector<JudgedCandidate> JudgeEach(Project& project, CandidateFilter& filter,
                                       const std::vector<std::string>& replacements) {
  std::vector<Candidate> candidates;
  for (const std::string& text : replacements) {
    candidates.push_back(project.Replace("calc.py", "a - b", text));
    candidates.back().number = candidates.size();
  }
  auto judged = filter.Judge({}, candidates);
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  REQUIRE(judged->size() == replacements.size());
  return *std::move(judged);
}

TEST_CASE("ACommandJudgesEachCandidateInAProcessOfItsOwn") {
  Project project(kCalc);
  FilterRequest request = RequestOf(project, std::chrono::seconds(20));
  request.passing = {"nothing of a command's"};
  const auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  CHECK((*filter)->candidates_max() > 0);
  CHECK((*filter)->Observe({})->empty());
  const auto judged =
      JudgeEach(project, **filter, {"a + b", "a *", "a / b", "__import__('os')._exit(0)", "a * b"});
  const std::vector<CandidateVerdict> wanted = {kSurvives, kFails, kFails, kFails, kSurvives};
  for (size_t i = 0; i < wanted.size(); ++i) {
    CAPTURE(i);
    CHECK(static_cast<int>(judged[i].verdict) == static_cast<int>(wanted[i]));
    CHECK(judged[i].tests == 1);
  }
  CHECK(project.text("calc.py") == "def add(a, b):\n    return a - b\n");
  CHECK((*filter)->usage().candidates == 5);
  CHECK((*filter)->usage().runner_starts == 6);
}

TEST_CASE("ACandidateThatNeverEndsIsEndedByItsShareOfProcessorTime") {
  Project project(kCalc);
  const FilterRequest request = RequestOf(project, std::chrono::seconds(3));
  const auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE(filter.ok());
  const auto judged = JudgeEach(project, **filter, {"[0 for _ in iter(int, 1)]", "a + b"});
  CHECK(judged[0].verdict != kSurvives);
  CHECK(static_cast<int>(judged[1].verdict) == static_cast<int>(kSurvives));
}

TEST_CASE("TheFileThatACommandRunsIsOneOfItsTests") {
  Project project(Files{{"calc.py", "x = 1\n"}, {"check.py", "import calc\n"}});
  const auto judges = [&](const std::string& command) {
    const auto plan = project.Detect(command);
    const auto& tests = plan->test_files;
    return std::find(tests.begin(), tests.end(), "check.py") != tests.end();
  };
  CHECK(judges("python3 check.py --quick"));
  CHECK(judges("./check.py"));
  CHECK(judges("env X=1 python3 -B check.py"));
  CHECK_FALSE(judges("python3 -m doctest check.py"));
  CHECK_FALSE(judges("python3 -c 'import check'"));
}

}  // namespace
}  // namespace coditect::python
