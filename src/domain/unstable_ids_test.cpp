// Folding of unstable test ids.
#include "src/domain/unstable_ids.h"

#include <doctest/doctest.h>

namespace coditect {
namespace {

TEST_CASE("TheFunctionOfAnIdEndsBeforeItsParameters") {
  CHECK(TestFunction("tests/test_a.py::test_x[1-a::b[c]]") == "tests/test_a.py::test_x");
  CHECK(TestFunction("tests/a[b]/test_a.py::T::test_x[1]") == "tests/a[b]/test_a.py::T::test_x");
  CHECK(TestFunction("tests/test_a.py::test_x") == "tests/test_a.py::test_x");
  CHECK(TestFunction("pkg.test.Case.test_x") == "pkg.test.Case.test_x");
}

TEST_CASE("OnlyParametrisedIdsThatDifferAreUnstable") {
  const std::vector<std::string> first = {"a.py::f[<object at 0x1>]", "a.py::f[2]", "a.py::g[1]"};
  const std::vector<std::string> second = {"a.py::f[<object at 0x9>]", "a.py::f[2]", "a.py::g[1]",
                                           "a.py::new"};
  CHECK(UnstableFunctions(first, second) == std::vector<std::string>{"a.py::f"});
}

TEST_CASE("FoldedIdsCountInTheOrderOfTheRun") {
  TestReport report;
  for (const char* id : {"a.py::f[0x1]", "a.py::g[1]", "a.py::f[0x2]"}) {
    TestCase test;
    test.id = id;
    report.cases.push_back(test);
    report.coverage.push_back({.id = id, .files = {}});
  }
  FoldUnstableIds({"a.py::f"}, &report);
  CHECK(report.cases[0].id == "a.py::f[#1]");
  CHECK(report.cases[1].id == "a.py::g[1]");
  CHECK(report.cases[2].id == "a.py::f[#2]");
  CHECK(report.coverage[2].id == "a.py::f[#2]");
}

}  // namespace
}  // namespace coditect
