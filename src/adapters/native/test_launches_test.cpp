// Which tests share a process, and what its end says.
#include "src/adapters/native/test_launches.h"

#include <doctest/doctest.h>

namespace coditect::native {
namespace {

ListedTest Case(const std::string& name) {
  ListedTest test;
  test.entry = "unit";
  test.id = CaseId("unit", name);
  test.command = {"/b/unit"};
  test.framework = Framework::kGoogleTest;
  test.case_name = name;
  return test;
}

const Places kPlaces = {.repository = "/r", .runner = "ctest", .test_files = {}};
constexpr const char* kBothPass =
    R"({"testsuites":[{"name":"S","testsuite":[{"name":"a","status":"RUN","result":"COMPLETED"},
       {"name":"b","status":"RUN","result":"COMPLETED"}]}]})";

JobOutcome Exit(int code, std::string report) {
  JobOutcome outcome;
  outcome.end = JobEnd::kExit;
  outcome.code = code;
  outcome.report = std::move(report);
  return outcome;
}

}  // namespace

TEST_CASE("CasesOfOneProgramShareAProcessAndOtherTestsDoNot") {
  ListedTest plain;
  plain.id = plain.entry = "plain";
  plain.command = {"/b/plain"};
  plain.by_exit_alone = true;
  ListedTest scripted = plain;
  scripted.by_exit_alone = false;
  scripted.script = "exec ctest -R plain";
  ListedTest off = Case("S.off");
  off.disabled = true;
  const std::vector<ListedTest> tests = {Case("S.a"), plain, Case("S.b"), scripted, off};
  const auto launches = PlanLaunches(tests, {});
  REQUIRE_EQ(launches.size(), 3);
  CHECK_EQ(launches[0].tests, std::vector<size_t>{0, 2});
  CHECK_EQ(launches[0].job.argv[1], "--gtest_filter=S.a:S.b");
  CHECK(launches[0].job.report);
  CHECK_EQ(launches[1].job.argv, std::vector<std::string>{"/b/plain"});
  CHECK_EQ(launches[2].job.argv[2], "exec ctest -R plain");
  CHECK_EQ(PlanLaunches(tests, {.alone = true}).size(), 4);
}

TEST_CASE("ACasePassedOnlyByItsReportAndANormalEnd") {
  const std::vector<ListedTest> tests = {Case("S.a"), Case("S.b")};
  const auto launches = PlanLaunches(tests, {});
  const auto cases = CasesOf(tests, launches[0], Exit(0, kBothPass), kPlaces);
  REQUIRE(cases.has_value());
  CHECK_EQ(cases->at(0).status, TestStatus::kPassed);
  // The program ended with an error that no case explains, crashed, or left a case out.
  CHECK_FALSE(CasesOf(tests, launches[0], Exit(3, kBothPass), kPlaces).has_value());
  JobOutcome crashed = Exit(0, kBothPass);
  crashed.end = JobEnd::kSignal;
  CHECK_FALSE(CasesOf(tests, launches[0], crashed, kPlaces).has_value());
  CHECK_FALSE(CasesOf(tests, launches[0], Exit(0, R"({"testsuites":[]})"), kPlaces).has_value());
  CHECK_FALSE(CasesOf(tests, launches[0], Exit(0, ""), kPlaces).has_value());
  CHECK_EQ(CaseOf(tests[0], Exit(0, kBothPass), kPlaces).status, TestStatus::kPassed);
  CHECK_EQ(CaseOf(tests[0], Exit(3, kBothPass), kPlaces).status, TestStatus::kFailed);
  CHECK_EQ(CaseOf(tests[0], crashed, kPlaces).status, TestStatus::kFailed);
  CHECK_EQ(CaseOf(tests[0], Exit(0, ""), kPlaces).status, TestStatus::kFailed);
}

TEST_CASE("APlainProgramPassesByItsExitAndSkipsByItsCode") {
  ListedTest plain;
  plain.id = plain.entry = "plain";
  plain.command = {"/b/plain"};
  plain.by_exit_alone = true;
  plain.skip_code = 77;
  CHECK_EQ(CaseOf(plain, Exit(0, ""), kPlaces).status, TestStatus::kPassed);
  CHECK_EQ(CaseOf(plain, Exit(77, ""), kPlaces).status, TestStatus::kSkipped);
  CHECK_EQ(CaseOf(plain, Exit(1, ""), kPlaces).message, "it ended with 1");
  JobOutcome outcome = Exit(0, "");
  outcome.output = "***Skipped";  // a test's own words decide nothing
  CHECK_EQ(CaseOf(plain, outcome, kPlaces).status, TestStatus::kPassed);
}

}  // namespace coditect::native
