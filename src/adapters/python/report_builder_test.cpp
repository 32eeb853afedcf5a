// The fold from messages to a report.
#include "src/adapters/python/report_builder.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::python {
namespace {

TestCase Case(const std::string& id, TestStatus status) {
  TestCase test;
  test.id = id;
  test.status = status;
  return test;
}

TEST_CASE("TheSameIdTwiceIsOneCaseAndAFailureCounts") {
  ReportBuilder builder(nullptr);
  CHECK(builder.Add(Case("a", TestStatus::kFailed)).ok());
  CHECK(builder.Add(Case("b", TestStatus::kPassed)).ok());
  CHECK(builder.Add(Case("a", TestStatus::kPassed)).ok());
  CHECK(builder.Add(Case("b", TestStatus::kFailed)).ok());
  CHECK(builder.Add(Done{1, true}).ok());
  const TestReport report = builder.Finish({});
  REQUIRE(report.cases.size() == 2);
  CHECK(report.cases[0].status == TestStatus::kFailed);
  CHECK(report.cases[1].status == TestStatus::kFailed);
  CHECK(report.normal_end);
}

TEST_CASE("OnlyTheRunnersOwnEndIsANormalOne") {
  struct Row {
    bool done;
    Done end;
    EndedBy ended_by;
    bool spoil;
    bool normal;
  };
  for (const Row& row : {Row{true, {0, true}, EndedBy::kExit, false, true},
                         Row{true, {5, true}, EndedBy::kExit, false, true},
                         Row{true, {2, true}, EndedBy::kExit, false, false},
                         Row{true, {0, false}, EndedBy::kExit, false, false},
                         Row{true, {0, true}, EndedBy::kWall, false, false},
                         Row{true, {0, true}, EndedBy::kExit, true, false},
                         Row{false, {0, true}, EndedBy::kExit, false, false}}) {
    ReportBuilder builder(nullptr);
    if (row.done) CHECK(builder.Add(row.end).ok());
    if (row.spoil) builder.Spoil("bad line");
    SandboxResult result;
    result.ended_by = row.ended_by;
    CHECK(builder.Finish(result).normal_end == row.normal);
  }
}

TEST_CASE("TheTestThatRanWhenTheProcessEndedHasFailed") {
  ReportBuilder builder(nullptr);
  CHECK(builder.Add(Started{"a"}).ok());
  CHECK(builder.Add(Case("a", TestStatus::kPassed)).ok());
  CHECK(builder.Add(Started{"b"}).ok());
  SandboxResult result;
  result.ended_by = EndedBy::kMemory;
  const TestReport report = builder.Finish(result);
  REQUIRE(report.cases.size() == 2);
  CHECK(report.cases[1].id == "b");
  CHECK(report.cases[1].status == TestStatus::kFailed);
  CHECK(report.cases[1].error_type == "memory");
}

TEST_CASE("LinesBelongToTestsOrToWhatWasWatched") {
  ReportBuilder builder(nullptr);
  CHECK(builder.Add(FileName{0, "a.py"}).ok());
  CHECK(builder.Add(Lines{false, "t", {{0, {1, 2}}}}).ok());
  CHECK(builder.Add(Lines{true, "t", {{0, {5}}}}).ok());
  CHECK(builder.Add(Lines{true, "u", {{0, {3, 5}}}}).ok());
  CHECK(!builder.Add(Lines{false, "t", {{7, {1}}}}).ok());
  const TestReport report = builder.Finish({});
  REQUIRE(report.coverage.size() == 1);
  CHECK(report.coverage[0].files[0].lines == std::vector<uint32_t>{1, 2});
  REQUIRE(report.executed.size() == 1);
  CHECK(report.executed[0].lines == std::vector<uint32_t>{3, 5});
}

TEST_CASE("AReportIsBounded") {
  ReportBuilder builder(nullptr);
  CHECK(builder.Add(FileName{0, "a.py"}).ok());
  std::vector<uint32_t> lines(2'000'000);
  for (size_t i = 0; i < lines.size(); ++i) lines[i] = static_cast<uint32_t>(i + 1);
  Status status;
  for (int i = 0; i < 20 && status.ok(); ++i) {
    status = builder.Add(Lines{false, std::to_string(i), {{0, lines}}});
  }
  CHECK(absl::IsResourceExhausted(status));
  for (int i = 0; i < 100; ++i) builder.Warn("w");
  CHECK(builder.Finish({}).warnings.size() == ReportBuilder::kWarningsMax);
}

TEST_CASE("AMissingModuleIsToldWithItsPackage") {
  ReportBuilder builder(nullptr);
  CollectionError error;
  error.missing_module = "yaml";
  CHECK(builder.Add(error).ok());
  CHECK(builder.Finish({}).collection_errors[0].package == "PyYAML");
}

}  // namespace
}  // namespace coditect::python
