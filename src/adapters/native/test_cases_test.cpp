// What programs list and report of their cases.
#include "src/adapters/native/test_cases.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

JobOutcome Ended(std::string output, std::string report, int code = 0) {
  JobOutcome outcome;
  outcome.end = JobEnd::kExit;
  outcome.code = code;
  outcome.output = std::move(output);
  outcome.report = std::move(report);
  return outcome;
}

std::vector<std::string> NamesIn(Framework framework, const JobOutcome& outcome) {
  const auto cases = ReadListing(framework, outcome);
  std::vector<std::string> names;
  if (!cases.ok()) return {"none"};
  for (const ListedCase& one : *cases) names.push_back(one.name + (one.skipped ? " off" : ""));
  return names;
}

using Names = std::vector<std::string>;
constexpr const char* kGoogleList =
    R"({"testsuites":[{"name":"Sum","testsuite":[{"name":"Small","file":"a.cpp","line":3},)"
    R"({"name":"DISABLED_Off"}]},{"name":"In/P","testsuite":[{"name":"Is/0"}]}]})";

}  // namespace

TEST_CASE("EachFrameworksListIsRead") {
  CHECK_EQ(NamesIn(Framework::kGoogleTest, Ended("", kGoogleList)),
           Names{"Sum.Small", "Sum.DISABLED_Off off", "In/P.Is/0"});
  CHECK_EQ(NamesIn(Framework::kCatch2, Ended("\na, small [one]\n\"#b\"\n", "", 2)),
           Names{"a, small [one]", "#b"});
  CHECK_EQ(NamesIn(Framework::kCatch3,
                   Ended("",
                         "<?xml version=\"1.0\"?><MatchingTests>\n<TestCase>\n<Name>a &lt; b</Name>"
                         "<ClassName/><Tags/><SourceInfo><File>x.cpp</File><Line>7</Line>"
                         "</SourceInfo></TestCase></MatchingTests>\n")),
           Names{"a < b"});
  CHECK_EQ(NamesIn(Framework::kDoctest,
                   Ended("",
                         "<doctest><TestCase name='a'/><TestCase name='a' testsuite='z'/>"
                         "<TestCase name='b' skipped='true'/></doctest>")),
           Names{"a", "b off"});
  CHECK_EQ(NamesIn(Framework::kCriterion,
                   Ended("sum: 2 tests\n├── bad\n└── off (skipped)\nx: 1 test\n`-- y\n", "")),
           Names{"sum/bad", "sum/off off", "x/y"});
}

TEST_CASE("ATreeOfBoostTestIsReadByItsIndentation") {
  const auto names = [](const char* text) {
    return NamesIn(Framework::kBoostTest, Ended(text, ""));
  };
  CHECK_EQ(names("top*\ns*\n    a*\n    b \n    dd*\n        _0*\n    tt<int>*: what it is\nz*"),
           Names{"top", "s/a", "s/b off", "s/dd/_0", "s/tt<int>", "z"});
  CHECK_EQ(names("a*\n        deep*\n"), Names{"none"});
  CHECK_EQ(names("a*\n  b*\n"), Names{"none"});
  CHECK(IsSelectable(Framework::kBoostTest, "s/tt<int>"));
  CHECK_FALSE(IsSelectable(Framework::kBoostTest, "s/a,b"));
  const Names two = {"s/a", "z"};
  CHECK_EQ(SelectingArguments(Framework::kBoostTest, two), Names{"--run_test=s/a:z"});
  CHECK_EQ(SelectedBy(Framework::kBoostTest, "--run_test=s/a").value_or(""), "s/a");
  CHECK_FALSE(SelectedBy(Framework::kBoostTest, "--run_test=s/a:z").has_value());
}

TEST_CASE("ALogOfBoostTestTellsEachCaseByItsElements") {
  const auto cases = ReadCaseReport(
      Framework::kBoostTest,
      "<TestLog><TestSuite name='program'><TestCase name='top'><Error file='t.cpp' line='7'>"
      "<![CDATA[check f(1)==2 has failed [1 != 2]]]></Error><TestingTime>5</TestingTime></TestCase>"
      "<TestSuite name='s'><TestCase name='a'><Warning file='t.cpp' line='1'>hm</Warning>"
      "<TestingTime>3</TestingTime></TestCase><TestCase name='b' skipped='yes' reason='disabled'/>"
      "<TestCase name='c'><Exception file='unknown location' line='0'><![CDATA[E: x < y]]>"
      "<LastCheckpoint file='t.cpp' line='11'><![CDATA[in it]]></LastCheckpoint></Exception>"
      "<TestingTime>3</TestingTime></TestCase></TestSuite></TestSuite></TestLog>");
  REQUIRE(cases.ok());
  CHECK_EQ(cases->at("top").status, TestStatus::kFailed);
  CHECK_EQ(cases->at("top").message, "t.cpp:7: check f(1)==2 has failed [1 != 2]\n");
  CHECK_EQ(cases->at("s/a").status, TestStatus::kPassed);
  CHECK_EQ(cases->at("s/b").status, TestStatus::kSkipped);
  CHECK_EQ(cases->at("s/c").status, TestStatus::kFailed);
  CHECK_EQ(cases->at("s/c").message, "t.cpp:11: E: x < y\n");
  CHECK_FALSE(ReadCaseReport(Framework::kBoostTest, "<TestLog><TestSuite name='p'>").ok());
}

TEST_CASE("WhatIsNotExactlyAListIsNone") {
  const Names none = {"none"};
  CHECK_EQ(NamesIn(Framework::kGoogleTest, Ended("Sum.\n  Small\n", "")), none);
  CHECK_EQ(NamesIn(Framework::kGoogleTest, Ended("", kGoogleList, 1)), none);
  CHECK_EQ(
      NamesIn(
          Framework::kGoogleTest,
          Ended(
              "",
              R"({"testsuites":[{"name":"S","testsuite":[{"name":"a","result":"COMPLETED"}]}]})")),
      none);
  CHECK_EQ(NamesIn(Framework::kCatch2, Ended("hello\na\n", "", 1)), none);
  CHECK_EQ(NamesIn(Framework::kDoctest,
                   Ended("", "<doctest><TestSuite><TestCase name='a'/></TestSuite></doctest>")),
           none);
  CHECK_EQ(NamesIn(Framework::kCriterion, Ended("sum: 2 tests\n├── bad\n", "")), none);
  CHECK_EQ(NamesIn(Framework::kCriterion, Ended("all 2 tests passed\n", "")), none);
  JobOutcome killed = Ended("", kGoogleList);
  killed.end = JobEnd::kSignal;
  CHECK_EQ(NamesIn(Framework::kGoogleTest, killed), none);
}

TEST_CASE("NamesAreWrittenSoThatOnlyTheyAreSelected") {
  const Names two = {"a, b [c]", "d"};
  CHECK_EQ(SelectingArguments(Framework::kCatch2, two), Names{"a\\, b \\[c\\],d"});
  CHECK_EQ(SelectingArguments(Framework::kDoctest, two), Names{"--dt-test-case=a\\, b [c],d"});
  const Names plain = {"S.a", "S.b"};
  CHECK_EQ(SelectingArguments(Framework::kGoogleTest, plain), Names{"--gtest_filter=S.a:S.b"});
  CHECK_EQ(SelectingArguments(Framework::kCriterion, plain), Names{"--filter=@(S.a|S.b)"});
  CHECK(SelectingArguments(Framework::kGoogleTest, {}).empty());
  CHECK_EQ(SelectedBy(Framework::kGoogleTest, "--gtest_filter=S.a").value_or(""), "S.a");
  CHECK_FALSE(SelectedBy(Framework::kGoogleTest, "--gtest_filter=S.*").has_value());
  CHECK_EQ(SelectedBy(Framework::kCatch2, "a\\, b \\[c\\]").value_or(""), "a, b [c]");
  CHECK_EQ(SelectedBy(Framework::kDoctest, "--test-case=a\\, b").value_or(""), "a, b");
  CHECK_FALSE(IsSelectable(Framework::kGoogleTest, "S.*"));
  CHECK_FALSE(IsSelectable(Framework::kCatch2, "all*"));
}

TEST_CASE("ReportsTellEachCaseWithItsPosition") {
  const auto google = ReadCaseReport(Framework::kGoogleTest,
                                     R"({"testsuites":[{"name":"S","testsuite":[
        {"name":"a","status":"RUN","result":"COMPLETED"},
        {"name":"b","status":"RUN","result":"COMPLETED","failures":[{"failure":"x.cpp:3\nno"}]},
        {"name":"c","status":"RUN","result":"SKIPPED"},{"name":"d","status":"NOTRUN"}]}]})");
  REQUIRE(google.ok());
  CHECK_EQ(google->at("S.a").status, TestStatus::kPassed);
  CHECK_EQ(google->at("S.b").status, TestStatus::kFailed);
  CHECK_EQ(google->at("S.b").message, "x.cpp:3\nno");
  CHECK_EQ(google->at("S.c").status, TestStatus::kSkipped);
  CHECK_EQ(google->at("S.d").status, TestStatus::kSkipped);
  constexpr const char* kCatch =
      "<Catch name='c'><Group><TestCase name='a'><OverallResult success='true'/></TestCase>"
      "<TestCase name='b'><Section name='s' filename='x.cpp' line='1'><Expression success='false'"
      " type='CHECK' filename='x.cpp' line='9'><Original>\n f(1) == 3\n</Original><Expanded>\n"
      " 2 == 3\n</Expanded></Expression></Section><OverallResult success='false'/></TestCase>"
      "<TestCase name='c'></TestCase></Group></Catch>";
  const auto catch2 = ReadCaseReport(Framework::kCatch2, kCatch);
  REQUIRE(catch2.ok());
  CHECK_EQ(catch2->at("a").status, TestStatus::kPassed);
  CHECK_EQ(catch2->at("b").message, "x.cpp:9: Expression CHECK: f(1) == 3; 2 == 3\n");
  CHECK_EQ(catch2->at("c").status, TestStatus::kFailed);  // no verdict is no pass
  const auto doctest = ReadCaseReport(
      Framework::kDoctest,
      "<doctest><TestSuite><TestCase name='a'><OverallResultsAsserts failures='1'"
      " test_case_success='true'/></TestCase><TestCase name='b'><OverallResultsAsserts"
      " failures='0' test_case_success='true'/></TestCase></TestSuite><TestSuite><TestCase "
      "name='b'>"
      "<OverallResultsAsserts failures='1' test_case_success='false'/></TestCase>"
      "<TestCase name='d' skipped='true'/></TestSuite></doctest>");
  REQUIRE(doctest.ok());
  CHECK_EQ(doctest->at("a").status, TestStatus::kPassed);
  CHECK_EQ(doctest->at("b").status, TestStatus::kFailed);  // one of two of that name
  CHECK_EQ(doctest->at("d").status, TestStatus::kSkipped);
  const auto criterion =
      ReadCaseReport(Framework::kCriterion,
                     R"({"test_suites":[{"name":"s","tests":[{"name":"a","status":"PASSED"},
        {"name":"b","status":"ERRORED","messages":["The test crashed."]}]}]})");
  REQUIRE(criterion.ok());
  CHECK_EQ(criterion->at("s/a").status, TestStatus::kPassed);
  CHECK_EQ(criterion->at("s/b").status, TestStatus::kFailed);
  for (const Framework any : {Framework::kGoogleTest, Framework::kCatch2, Framework::kDoctest}) {
    CHECK_FALSE(ReadCaseReport(any, "<Catch><TestCase name='a'>").ok());
  }
}

}  // namespace coditect::native
