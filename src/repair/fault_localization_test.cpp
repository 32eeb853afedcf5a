// Suspiciousness by hand, and what raises it.
#include "src/repair/fault_localization.h"

#include <doctest/doctest.h>

#include <cmath>

#include "src/base/strings.h"

namespace coditect::repair {
namespace {

constexpr char kCode[] =
    "LIMIT = 3\n"            // 1
    "OTHER = 4\n"            // 2
    "def f(a, b=LIMIT):\n"   // 3
    "    if a:\n"            // 4
    "        return (a +\n"  // 5
    "                b)\n"   // 6
    "    return LIMIT\n"     // 7
    "def g():\n"             // 8
    "    return f(1)\n";     // 9

TestCoverage Covers(std::string id, std::vector<uint32_t> lines) {
  return {.id = std::move(id), .files = {{"a.py", std::move(lines)}}};
}

double ScoreOf(const std::vector<SuspiciousLine>& lines, uint32_t line) {
  for (const SuspiciousLine& entry : lines) {
    if (entry.line == line) return entry.score;
  }
  return 0;
}

LocalizationRequest Request() {
  LocalizationRequest request;
  request.files = {{"a.py", kCode}};
  request.failing = {{.id = "t1"}, {.id = "t2"}};
  request.passing = {"p1", "p2"};
  request.coverage = {Covers("t1", {4, 5, 6}), Covers("t2", {4, 5, 9}), Covers("p1", {4, 7}),
                      Covers("p2", {9, 4, 7}), Covers("elsewhere", {5})};
  return request;
}

}  // namespace

TEST_CASE("WhereAllIsExecutedTheCallsFromTheFailingTestTellLinesApart") {
  LocalizationRequest request;
  std::string text;
  std::vector<uint32_t> lines;
  for (int i = 0; i < 250; ++i) {
    text += StrCat("int f", i, "(int a) { return ", i == 7 ? "f42(a)" : "a", "; }\n");
    lines.push_back(static_cast<uint32_t>(i) + 1);
  }
  request.files = {{"a.c", text}};
  request.failing = {{.id = "all"}};
  request.coverage = {{.id = "all", .files = {{"a.c", lines}}}};
  request.called = {"f7"};
  const auto ranked = Localize(request);
  REQUIRE(ranked.ok());
  CHECK_EQ((*ranked)[0].function, "f7");
  CHECK_EQ((*ranked)[1].function, "f42");
  CHECK(ScoreOf(*ranked, 1) < (*ranked)[1].score);
  request.coverage[0].files[0].lines = {1, 8, 43};  // few enough to be searched one by one
  const auto few = Localize(request);
  REQUIRE(few.ok());
  CHECK_EQ(ScoreOf(*few, 1), ScoreOf(*few, 43));
}

TEST_CASE("LinesOfCppMapToStatementsAndFunctions") {
  LocalizationRequest request;
  request.files = {{"a.cpp",
                    "#include <vector>\n"         // 1
                    "namespace n {\n"             // 2
                    "int Box::sum(int a) {\n"     // 3
                    "  int b = 0;\n"              // 4
                    "  for (int i = 0; i < a;\n"  // 5
                    "       i++)\n"               // 6
                    "    b += i;\n"               // 7
                    "  if (b > 3) return 1;\n"    // 8
                    "  return b;\n"               // 9
                    "}\n"                         // 10
                    "}\n"}};
  auto covers = [](std::string id, std::vector<uint32_t> lines) {
    return TestCoverage{.id = std::move(id), .files = {{"a.cpp", std::move(lines)}}};
  };
  request.failing = {{.id = "t1"}};
  request.passing = {"p1"};
  request.coverage = {covers("t1", {3, 4, 5, 6, 7, 8, 9, 10}), covers("p1", {3, 4, 5, 8, 10})};
  auto lines = Localize(request);
  REQUIRE(lines.ok());
  CHECK_EQ(ScoreOf(*lines, 7), doctest::Approx(1.0));
  CHECK_EQ(ScoreOf(*lines, 9), doctest::Approx(1.0));
  CHECK_EQ(ScoreOf(*lines, 5), doctest::Approx(std::sqrt(0.5)));
  CHECK_EQ(ScoreOf(*lines, 6), 0);   // the statement of line 5
  CHECK_EQ(ScoreOf(*lines, 10), 0);  // no statement
  CHECK_EQ((*lines)[0].function, "Box.sum");
}

TEST_CASE("WhatSanitizersReportIsAboveWhatTheFailingTestsExecute") {
  LocalizationRequest request = Request();
  SanitizerFinding finding{.id = "t1",
                           .kind = "heap-buffer-overflow",
                           .message = "",
                           .stack = {},
                           .involved = {{"a.py", 9, "g"}}};
  finding.stack = {{"test_a.py", 3, "test"}, {"a.py", 4, "f"}, {"a.py", 7, "f"}};
  request.findings = {finding};
  const auto lines = Localize(request);
  REQUIRE(lines.ok());
  CHECK_EQ(ScoreOf(*lines, 7), doctest::Approx(0.9));  // no failing test is known to execute it
  const double caller = std::sqrt(0.5);
  CHECK_EQ(ScoreOf(*lines, 4), doctest::Approx(caller + (1 - caller) * 0.6));
  const double owner = 0.5;  // 1 / sqrt(2 * 2)
  CHECK_EQ(ScoreOf(*lines, 9), doctest::Approx(owner + (1 - owner) * 0.6));
  CHECK_EQ(ScoreOf(*lines, 5), doctest::Approx(0.9));  // of the function that is reported
  request.findings[0].stack = {{"a.py", 9, "g"}};
  request.findings[0].involved.clear();
  CHECK_EQ(ScoreOf(*Localize(request), 5), doctest::Approx(0.7));
}

TEST_CASE("LinesOfASearchAreRaisedByWhatIsReportedLater") {
  std::vector<SuspiciousLine> lines = {
      {"a.c", 8, 0.8, "f", 1, 0}, {"a.c", 3, 0.5, "f", 1, 1}, {"b.c", 5, 0.2, "g", 1, 4}};
  SanitizerFinding finding;
  finding.stack = {{"t.c", 1, "main"}, {"b.c", 5, "g"}, {"a.c", 4, "f"}};
  RaiseReported({finding}, &lines);
  REQUIRE_EQ(lines.size(), 3);
  CHECK_EQ(lines[0].line, 3);  // the statement of line 4
  CHECK_EQ(lines[0].score, doctest::Approx(0.95));
  CHECK_EQ(lines[1].line, 8);  // of the same function
  CHECK_EQ(lines[1].score, doctest::Approx(0.9 * 0.88));
  CHECK_EQ(lines[2].score, doctest::Approx(0.68));
}

TEST_CASE("OchiaiMatchesHandComputedNumbers") {
  CHECK_EQ(Ochiai(2, 2, 0), doctest::Approx(1.0));
  CHECK_EQ(Ochiai(1, 4, 3), doctest::Approx(0.25));            // 1 / sqrt(4 * 4)
  CHECK_EQ(Ochiai(2, 2, 2), doctest::Approx(std::sqrt(0.5)));  // 2 / sqrt(2 * 4)
  CHECK_EQ(Ochiai(0, 2, 5), 0);
  CHECK_EQ(Ochiai(0, 0, 0), 0);
}

TEST_CASE("StatementsAreRankedByOchiaiAndCountedOncePerTest") {
  auto lines = Localize(Request());
  REQUIRE(lines.ok());
  CHECK_EQ((*lines)[0].line, 5);  // both failing tests, no passing one, two lines of one statement
  CHECK_EQ((*lines)[0].score, doctest::Approx(1.0));
  CHECK_EQ((*lines)[0].failed, 2);
  CHECK_EQ(ScoreOf(*lines, 4), doctest::Approx(std::sqrt(0.5)));
  CHECK_EQ(ScoreOf(*lines, 9), doctest::Approx(1 / std::sqrt(2.0 * 2)));
  CHECK_EQ(ScoreOf(*lines, 7), 0);  // no failing test was there
}

TEST_CASE("DefinitionsOfSuspiciousFunctionsGetAShare") {
  auto lines = Localize(Request());
  REQUIRE(lines.ok());
  CHECK_GT(ScoreOf(*lines, 1), 0);  // LIMIT is used by f
  CHECK_GT(ScoreOf(*lines, 3), 0);  // the default of b
  CHECK_LT(ScoreOf(*lines, 1), ScoreOf(*lines, 5));
  CHECK_EQ(ScoreOf(*lines, 2), 0);  // OTHER is used by nobody
}

TEST_CASE("StackFramesAndCalledFunctionsRaiseTheScore") {
  auto request = Request();
  double before = ScoreOf(*Localize(request), 9);
  request.called = {"g"};
  double called = ScoreOf(*Localize(request), 9);
  CHECK_GT(called, before);
  request.failing[0].stack = {{"t.py", 1, "t1"}, {"a.py", 4, "f"}, {"a.py", 9, "g"}};
  auto lines = Localize(request);
  CHECK_GT(ScoreOf(*lines, 9), called);
  CHECK_GT(ScoreOf(*lines, 4), std::sqrt(0.5));
}

TEST_CASE("ACollectionErrorIsLocalizedByItsStack") {
  LocalizationRequest request;
  request.files = {{"a.py", kCode}};
  request.errors = {{.file = "t.py", .stack = {{"t.py", 1, ""}, {"a.py", 2, ""}}}};
  auto lines = Localize(request);
  REQUIRE(lines.ok());
  REQUIRE_FALSE(lines->empty());
  CHECK_EQ((*lines)[0].line, 2);
}

TEST_CASE("WithoutAnyTraceTheCalledFunctionsAreSuspected") {
  LocalizationRequest request;
  request.files = {{"a.py", kCode}};
  request.failing = {{.id = "t1"}};
  request.called = {"g"};
  auto lines = Localize(request);
  REQUIRE(lines.ok());
  for (const SuspiciousLine& line : *lines) CHECK_EQ(line.function, "g");
  CHECK_GT(ScoreOf(*lines, 9), 0);
}

constexpr char kTableCode[] =
    "import os\n"                                // 1
    "def step(n):\n"                             // 2
    "    return n - 1\n"                         // 3
    "def build():\n"                             // 4
    "    return {n: step(n) for n in (1, 2)}\n"  // 5
    "def idle():\n"                              // 6
    "    return 1\n"                             // 7
    "TABLE = build()\n"                          // 8
    "IDLE = idle()\n"                            // 9
    "def look(n):\n"                             // 10
    "    return TABLE[n]\n";                     // 11

LocalizationRequest TableRequest() {
  LocalizationRequest request;
  request.files = {{"a.py", kTableCode}};
  request.failing = {{.id = "t1"}};
  request.coverage = {Covers("", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), Covers("t1", {11})};
  request.importers = {{"a.py", {.failed = 1}}};
  return request;
}

TEST_CASE("WhatRanOnlyAtImportIsSuspectedLast") {
  auto lines = Localize(TableRequest());
  REQUIRE(lines.ok());
  CHECK_EQ((*lines)[0].line, 11);
  CHECK_EQ((*lines)[1].line, 8);                     // TABLE, which it uses
  CHECK_GT(ScoreOf(*lines, 5), ScoreOf(*lines, 7));  // build makes TABLE
  CHECK_GT(ScoreOf(*lines, 3), ScoreOf(*lines, 7));  // step is called by build
  CHECK_GT(ScoreOf(*lines, 8), ScoreOf(*lines, 5));
  CHECK_GT(ScoreOf(*lines, 7), 0);
  CHECK_LT(ScoreOf(*lines, 7), 0.2);
  CHECK_EQ(ScoreOf(*lines, 1), 0);  // an import is no place for a repair
}

TEST_CASE("MoreImportersThatPassMakeImportTimeCodeLessSuspicious") {
  auto request = TableRequest();
  double before = ScoreOf(*Localize(request), 7);
  request.importers["a.py"].passed = 8;
  double with_passing = ScoreOf(*Localize(request), 7);
  CHECK_LT(with_passing, before);
  request.importers.clear();  // it was imported in a way that nobody sees
  CHECK_LT(ScoreOf(*Localize(request), 7), with_passing);
  CHECK_GT(ScoreOf(*Localize(request), 7), 0);
}

TEST_CASE("ImportTimeCodeKeepsItsPlacesAmongManyLines") {
  auto request = TableRequest();
  std::string code = "def long():\n";
  std::vector<uint32_t> executed;
  for (uint32_t line = 2; line < 2 * kSuspiciousLinesMax; ++line) {
    code += "    x = 1\n";
    executed.push_back(line);
  }
  request.files.push_back({"b.py", code});
  request.coverage.push_back({.id = "t1", .files = {{"b.py", executed}}});
  auto lines = Localize(request);
  REQUIRE(lines.ok());
  CHECK_EQ(lines->size(), kSuspiciousLinesMax);
  CHECK_GT(ScoreOf(*lines, 7), 0);
}

TEST_CASE("NothingFailedIsAnError") {
  CHECK(absl::IsInvalidArgument(Localize({.files = {{"a.py", kCode}}}).status()));
}

TEST_CASE("EqualScoresAreOrderedByFileAndLine") {
  auto request = Request();
  request.coverage = {Covers("t1", {9, 7, 4}), Covers("t2", {4, 7, 9})};
  auto lines = Localize(request);
  REQUIRE(lines.ok());
  CHECK_EQ((*lines)[0].line, 4);
  CHECK_EQ((*lines)[1].line, 7);
  CHECK_EQ((*lines)[2].line, 9);
}

}  // namespace coditect::repair
