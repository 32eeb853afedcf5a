// Result files of automake's harness, and the commands that run one test of it.
#include "src/adapters/native/make_check.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

std::string Printed(const std::string& file, const std::string& results, const std::string& log) {
  return StrCat("\x1e", file, "\n", results, ":copy-in-global-log: no\n\x1f", log);
}

}  // namespace

TEST_CASE("ResultFilesBecomeCases") {
  const auto cases = ParseMakeCases(StrCat(
      Printed("./tests/a.trs", ":test-result: PASS\n", "fine\n"),
      Printed("./tests/b.trs", ":test-result: PASS 1 - one\n:test-result: FAIL 2 - two\n", "no\n"),
      Printed("./c.trs", ":test-result: SKIP\n", ""),
      Printed("./d.trs", ":test-result: XPASS\n", ""),
      Printed("./e.trs", ":test-result: XFAIL\n", ""),
      Printed("./f.trs", ":test-result: ERROR - exited with status 139\n", ""),
      Printed("./nothing.trs", "", ""), Printed("./other.txt", ":test-result: PASS\n", ""),
      "\x1e./torn.trs\n:test-result: PASS\n\x1f"));
  REQUIRE_EQ(cases.size(), 6);
  CHECK_EQ(cases[0].name, "tests/a");
  CHECK_EQ(cases[0].status, TestStatus::kPassed);
  CHECK_EQ(cases[1].status, TestStatus::kFailed);  // one of its two
  CHECK_EQ(cases[1].log, "no\n");
  CHECK_EQ(cases[2].status, TestStatus::kSkipped);
  CHECK_EQ(cases[3].status, TestStatus::kFailed);
  CHECK_EQ(cases[4].status, TestStatus::kPassed);
  CHECK_EQ(cases[5].status, TestStatus::kFailed);
  CHECK(ParseMakeCases("").empty());
}

TEST_CASE("OneTestIsRunByTheSameMake") {
  const auto test = MakeCaseTest("test -f Makefile || ./configure && make -j2 check", "tests/a");
  REQUIRE(test.has_value());
  CHECK_EQ(test->id, "check:tests/a");
  CHECK(Contains(test->script, "test -f Makefile || ./configure && make && {"));
  CHECK(Contains(test->script, "name=tests/a;"));
  CHECK_FALSE(Contains(test->script, "-j2"));
  CHECK_FALSE(Contains(test->script, "\n"));  // judges read a line each
  const auto below = MakeCaseTest("cd 'src' && { ./configure && make check; }", "src/t/a");
  REQUIRE(below.has_value());
  CHECK(below->script.ends_with("; }; }"));
  for (const char* other :
       {"make test", "./check", "make checks", "gmake check", "make -C x all"}) {
    CHECK_FALSE_MESSAGE(MakeCaseTest(other, "a").has_value(), other);
  }
  const std::vector<std::string> ids = {"command:0123456789ab", "check:tests/a", "check:b"};
  CHECK_EQ(MakeCaseTests("make check", ids).size(), 2);
}

TEST_CASE("CasesThatDoNotExplainTheEndAreNoVerdict") {
  const std::vector<MakeCase> passed = {{.name = "a", .status = TestStatus::kPassed}};
  const std::vector<MakeCase> failed = {{.name = "a", .status = TestStatus::kFailed}};
  JobOutcome outcome;
  outcome.end = JobEnd::kExit;
  CHECK(Explains(passed, outcome));
  CHECK_FALSE(Explains(failed, outcome));  // somebody ignores the error
  CHECK_FALSE(Explains({}, outcome));
  outcome.code = 2;
  CHECK(Explains(failed, outcome));
  CHECK_FALSE(Explains(passed, outcome));  // something else failed
  outcome.end = JobEnd::kSignal;
  CHECK_FALSE(Explains(failed, outcome));
}

}  // namespace coditect::native
