// The candidate filter on real projects: verdicts, and the traps of research/repair.md 3.4.
#include <doctest/doctest.h>

#include <map>

#include "src/adapters/python/testing/project.h"
#include "src/base/status.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

using enum CandidateVerdict;

struct Change {
  std::string before;
  std::string after;
  CandidateVerdict verdict;
};

/// Judges the changes of `file` in one batch and checks the verdicts.
void CheckVerdicts(Project& project, const HarnessPlan& plan, const std::string& file,
                   const std::vector<std::string>& failing, const std::vector<std::string>& passing,
                   const std::vector<Change>& changes) {
  FilterRequest request;
  request.plan = plan;
  request.failing = failing;
  request.passing = passing;
  request.files = {file};
  CAPTURE(plan.runner);
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  std::vector<Candidate> candidates;
  for (const Change& change : changes) {
    candidates.push_back(project.Replace(file, change.before, change.after));
    candidates.back().number = candidates.size() + 100;
  }
  const auto judged = (*filter)->Judge({}, candidates);
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  REQUIRE(judged->size() == changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(changes[i].after);
    CHECK((*judged)[i].number == i + 101);
    CHECK(static_cast<int>((*judged)[i].verdict) == static_cast<int>(changes[i].verdict));
  }
}

const std::vector<std::pair<std::string, std::vector<Change>>>& Functions() {
  static const std::vector<std::pair<std::string, std::vector<Change>>> rows = {
      {"test_gen",
       {{"yield i + 1", "yield i", kSurvives},
        {"yield i + 1", "yield from [i]", kSurvives},
        {"range(n):  # gen", "iter(int, 1):", kFails}}},
      {"test_async", {{"return n + 2", "return n", kSurvives}}},
      {"test_decorated",
       {{"f(*a) + 1", "f(*a)", kSurvives},
        {"x * 2", "x * 2 - 1", kSurvives},
        {"return wrapper", "return f", kSurvives},
        {"@plus_one\ndef", "def", kSurvives},
        {"x * 2", "x * 3", kFails}}},
      {"test_table", {{"i + 1 for i", "i for i", kSurvives}, {"i + 1 for i", "0 for i", kFails}}},
      {"test_constant",
       {{"RATE = 2", "RATE = 3", kSurvives},
        {"RATE = 2", "RATE  =  2", kDuplicate},
        {"RATE = 2", "RATE = 4", kFails}}},
      {"test_default", {{"by=3", "by=2", kSurvives}, {"by=3", "by=2)", kInvalid}}},
      {"test_property",
       {{"self.LIMIT + 1", "self.LIMIT", kSurvives}, {"LIMIT = 3", "LIMIT = 2", kSurvives}}},
      {"test_static", {{"x + 20", "x + 2", kSurvives}}},
      {"test_private",
       {{"self.__v + 1", "self.__v", kSurvives}, {"self.__v = 1", "self.__v = 0", kSurvives}}},
      {"test_super", {{"super().p - 1", "super().p", kSurvives}}},
      {"test_closure",
       {{"k + 1\n        return", "k\n        return", kSurvives},
        {"nonlocal total\n", "\n", kFails}}},
      {"test_cached", {{"n - 3", "n - 2", kSurvives}, {"n - 3", "n - 1", kFails}}},
      {"test_recursion",
       {{"deep(n - 2)", "deep(n - 1)", kSurvives}, {"deep(n - 2)", "deep(n)", kFails}}},
      {"test_swallow", {{"n -= 2", "n -= 1", kSurvives}, {"n -= 2", "n -= 0", kFails}}},
      {"test_unicode", {{"s + \"ü\"", "s", kSurvives}, {"s = \"é\"", "s = \"è\"", kFails}}},
      {"test_fixture", {{"seen) + 1", "seen)", kSurvives}, {"seen) + 1", "seen) + 9", kFails}}},
      {"TestClass::test_m",
       {{"seen) + 1", "seen) + 0", kSurvives}, {"len(seen) + 1", "3", kFails}}},
      {"test_param[2-b]", {{"x + 20", "x", kSurvives}, {"x + 20", "x + 21", kFails}}},
      {"test_lazy", {{"RATE = 2", "RATE = 3", kSurvives}}},
      {"test_loop",
       {{"k += 2", "k += 1", kSurvives},
        {"k += 2", "k = k + 1", kSurvives},
        {"for _ in range(n):  # loop", "while True:", kFails}}},
  };
  return rows;
}

const Files kZoo = {{"zoo.py", R"(import functools
RATE = 2
def push(x, seen):
    seen.append(x)
    return len(seen) + 1
def swallow(n):
    while n != 0:
        try:
            n -= 2
        except:
            pass
    return n
def gen(n):
    for i in range(n):  # gen
        yield i + 1
async def later(n):
    return n + 2
def plus_one(f):
    @functools.wraps(f)
    def wrapper(*a):
        return f(*a) + 1
    return wrapper
@plus_one
def decorated(x):
    return x * 2
def make_table():
    return {i: i + 1 for i in range(3)}
TABLE = make_table()
def scale(x, by=3):
    return x * by * RATE
class A:
    LIMIT = 3
    @property
    def p(self):
        return self.LIMIT + 1
    @staticmethod
    def s(x): return x + 20
    class B:
        def __init__(self): self.__v = 1
        def get(self):
            return self.__v + 1
class C(A):
    @property
    def p(self):
        return super().p - 1
def closure(n):
    total = 0
    def add(k):
        nonlocal total
        total += k + 1
        return total
    return [add(i) for i in range(n)][-1]
@functools.lru_cache(maxsize=None)
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 3)
def deep(n):
    return 0 if n == 0 else 1 + deep(n - 2)
def written(x):
    s = "é" + x
    return s + "ü"
def looped(n):
    k = 0
    for _ in range(n):  # loop
        k += 2
    return k
)"},
                    {"test_zoo.py", R"(import asyncio, pytest
import zoo
from zoo import *
def test_swallow(): assert swallow(3) == 0
def test_gen(): assert list(gen(3)) == [0, 1, 2]
def test_async(): assert asyncio.run(later(1)) == 1
def test_decorated(): assert decorated(2) == 4
def test_table(): assert TABLE[1] == 1
def test_constant(): assert zoo.RATE == 3
def test_default(): assert scale(1) == 4
def test_property(): assert A().p == 3
def test_static(): assert A.s(1) == 3
def test_private(): assert A.B().get() == 1
def test_super(): assert C().p == 4
def test_closure(): assert closure(3) == 3
def test_cached(): assert fib(10) == 55
def test_recursion(): assert deep(5) == 5
def test_unicode(): assert written("x") == "éx"
def test_loop(): assert looped(300) == 300
def test_ok(): assert push(1, []) == 2
@pytest.fixture
def seen(): return [1]
def test_fixture(seen): assert push(2, seen) == 2
class TestClass:
    n = 0
    def setup_method(self): self.seen = []
    def test_m(self):
        self.n += 1
        assert self.n == 1
        assert push(1, self.seen) == 1
@pytest.mark.parametrize("a,b", [(1, "a"), (2, "b")])
def test_param(a, b): assert A.s(a) == a
def test_lazy():
    import zoo as late
    assert late.RATE == 3
)"}};

TEST_CASE("CandidatesOfEveryKindOfFunctionAreJudged") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kZoo, python);
    const HarnessPlan plan = *project.Detect();
    for (const auto& [test, changes] : Functions()) {
      CAPTURE(test);
      CheckVerdicts(project, plan, "zoo.py", {"test_zoo.py::" + test}, {}, changes);
    }
  }
}

TEST_CASE("CodeThatIsTheSameIsADuplicate") {
  Project project(kZoo);
  CheckVerdicts(project, *project.Detect(), "zoo.py", {"test_zoo.py::test_static"}, {},
                {{"x + 20", "x  +  20", kDuplicate},
                 {"x + 20", "(x + 20)", kDuplicate},
                 {"x + 20", "x + 2", kSurvives},
                 {"x + 20", "(x + 2)", kDuplicate},
                 {"x + 20", "x + 2.0", kSurvives},
                 {"x + 20", "x + ", kInvalid},
                 {"def scale", "def scaled", kFails}});
}

TEST_CASE("TakingTheLastLineOfAFunctionAwayNeedsNoNewImport") {
  Project project(Files{{"app.py",
                         "open('loads', 'a').write('x')\n"
                         "def grow(seen):\n    seen.append(1)\n    seen.append(2)\n"
                         "\n\nLAST = 1\n"},
                        {"test_app.py",
                         "from app import grow\ndef test_grow():\n    seen = []\n"
                         "    grow(seen)\n    assert seen == [1]\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_app.py::test_grow"};
  request.files = {"app.py"};
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  const auto judge = [&](const std::string& before, const std::string& after) {
    const Candidate candidate = project.Replace("app.py", before, after);
    const auto judged = (*filter)->Judge({}, {&candidate, 1});
    REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
    CHECK(judged->front().verdict == kSurvives);
  };
  const std::string loads = project.text("loads");
  judge("    seen.append(2)\n", "");
  CHECK(project.text("loads") == loads);
  judge("    seen.append(2)\n\n\nLAST = 1\n", "\n\nLAST = 2\n");
  CHECK(project.text("loads") == loads + "x");
}

TEST_CASE("AFilterLivesLongerThanACandidateMay") {
  Project project(Files{{"app.py", "def one():\n    return 2\n"},
                        {"test_app.py",
                         "import time\nfrom app import one\n"
                         "def test_one():\n    time.sleep(0.4)\n    assert one() == 1\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_app.py::test_one"};
  request.files = {"app.py"};
  request.limits.wall = std::chrono::seconds(2);
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  for (uint64_t number = 3; number < 9; ++number) {
    Candidate candidate = project.Replace("app.py", "return 2", StrCat("return ", number));
    const auto judged = (*filter)->Judge({}, {&candidate, 1});
    REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
    CHECK(judged->front().verdict == kFails);
  }
  CHECK((*filter)->usage().runner_starts == 1);
}

TEST_CASE("APassingTestThatACandidateBreaksFailsIt") {
  Project project(Files{{"calc.py",
                         "def add(a, b):\n    if a > 100:\n        return 0\n"
                         "    return a - b\n"},
                        {"test_calc.py",
                         "from calc import add\n"
                         "def test_a(): assert add(1, 2) == 3\n"
                         "def test_b(): assert add(2, 2) == 4\n"
                         "def test_c(): assert add(101, 2) == 0\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_calc.py::test_a", "test_calc.py::test_b", "test_calc.py::gone"};
  request.passing = {"test_calc.py::test_c"};
  request.files = {"calc.py"};
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  const std::vector<Candidate> candidates = {
      project.Replace("calc.py", "a - b", "a + b"),
      project.Replace("calc.py", "a - b", "3"),
      project.Replace("calc.py", "    if a > 100:\n        return 0\n    return a - b",
                      "    return a + b"),
      project.Replace("calc.py", "return a - b", "while b: pass"),
  };
  const auto judged = (*filter)->Judge({}, candidates);
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  CHECK((*judged)[0].verdict == kSurvives);
  CHECK((*judged)[0].tests == 3);
  CHECK((*judged)[0].passed == 3);
  CHECK((*judged)[1].verdict == kFails);
  CHECK((*judged)[1].tests == 2);
  CHECK((*judged)[1].passed == 1);
  CHECK((*judged)[2].verdict == kFails);
  CHECK((*judged)[2].passed == 2);
  CHECK((*judged)[3].verdict == kFails);
  CHECK((*judged)[3].out_of_fuel);
  CHECK((*filter)->usage().candidates == 4);
  CHECK((*filter)->usage().tests == 9);
  CHECK((*filter)->usage().runner_starts == 1);
}

TEST_CASE("TheFailingTestThatNeedsLeastComesFirst") {
  Project project(Files{{"calc.py",
                         "def total(n):\n    s = 0\n    for i in range(n):\n        s -= i\n"
                         "    return s if n > 2 else 0\n"},
                        {"test_calc.py",
                         "from calc import total\n"
                         "def test_dear(): assert total(100000) == 4999950000\n"
                         "def test_quick(): assert total(2) == 1\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_calc.py::test_dear", "test_calc.py::test_quick"};
  request.files = {"calc.py"};
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  const auto names = (*filter)->Observe({});
  REQUIRE_MESSAGE(names.ok(), Message(names.status()));
  // The return of a loop that was not looked at to its end is seen all the same.
  CHECK(std::ranges::any_of(*names, [](const ObservedName& name) {
    return name.name == "return" && std::ranges::count(name.samples, "-4999950000") == 1;
  }));
  const auto judged =
      (*filter)->Judge({}, std::vector{project.Replace("calc.py", "s -= i", "s += i")});
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  CHECK((*judged)[0].verdict == kFails);  // total(2) is still 0
  CHECK((*judged)[0].tests == 1);
}

TEST_CASE("EditsInSeveralFunctionsAndFilesAreOneCandidate") {
  Project project(
      Files{{"one.py",
             "import two\ndef f(x):\n    return two.g(x) - 1\n"
             "def h(x):\n    return x - 1\n"},
            {"two.py", "def g(x):\n    return x - 1\n"},
            {"test_f.py", "import one\ndef test_f(): assert one.f(3) + one.h(1) == 7\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_f.py::test_f"};
  request.files = {"one.py", "two.py"};
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  Candidate all = project.Replace("one.py", "g(x) - 1", "g(x) + 1");
  all.edits.push_back(project.Replace("one.py", "x - 1\n", "x + 1\n").edits[0]);
  all.edits.push_back(project.Replace("two.py", "x - 1", "x + 1").edits[0]);
  Candidate half = all;
  half.edits.pop_back();
  Candidate foreign = project.Replace("test_f.py", "== 7", "== 2");
  Candidate outside = all;
  outside.edits[0].end = 100'000;
  const auto judged = (*filter)->Judge({}, std::vector{half, all, foreign, outside});
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  CHECK((*judged)[0].verdict == kFails);
  CHECK((*judged)[1].verdict == kSurvives);
  CHECK((*judged)[2].verdict == kInvalid);  // not an editable file
  CHECK((*judged)[3].verdict == kInvalid);
}

TEST_CASE("AFileThatCouldNotBeCollectedIsJudgedByItsTests") {
  Project project(Files{{"lib.py", "LIMIT = undefined_name\ndef f(x):\n    return x + LIMIT\n"},
                        {"test_lib.py", "from lib import f\ndef test_f(): assert f(1) == 3\n"}});
  CheckVerdicts(project, *project.Detect(), "lib.py", {"test_lib.py"}, {},
                {{"undefined_name", "2", kSurvives},
                 {"undefined_name", "3", kFails},
                 {"x + LIMIT", "x", kFails},
                 {"undefined_name", "(", kInvalid}});
}

TEST_CASE("AConftestThatDoesNotImportIsJudgedByTheTestsItStandsFor") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(Files{{"lib.py", "LIMIT = undefined_name\ndef f(x):\n    return x + LIMIT\n"},
                          {"conftest.py", "import lib\n"},
                          {"test_lib.py", "import lib\ndef test_f(): assert lib.f(1) == 3\n"}},
                    python);
    CheckVerdicts(project, *project.Detect(), "lib.py", {"conftest.py"}, {},
                  {{"undefined_name", "2", kSurvives},
                   {"undefined_name", "3", kFails},
                   {"x + LIMIT", "x", kFails}});
  }
}

TEST_CASE("AUnittestFileThatDoesNotImportIsJudgedByItsTests") {
  Project project(Files{{"lib.py", "LIMIT = undefined_name\n"},
                        {"test_lib.py",
                         "import unittest, lib\nclass T(unittest.TestCase):\n"
                         "    def test_a(self): self.assertEqual(lib.LIMIT, 2)\n"}});
  CheckVerdicts(project, *project.Detect(), "lib.py", {"test_lib.py"}, {},
                {{"undefined_name", "2", kSurvives}, {"undefined_name", "3", kFails}});
}

TEST_CASE("UnittestProjectsAreFilteredToo") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(Files{{"ok.py",
                           "def g(x):\n    return x - 1\nclass P:\n    n = 2\n"
                           "    def h(self, y):\n        return self.n * y\n"},
                          {"test_u.py", R"(import unittest
from ok import g, P
class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.p = P()
    def setUp(self): self.k = 1
    def test_g(self):
        self.k += 1
        self.assertEqual(self.k, 2)
        self.assertEqual(g(1), 2)
    def test_h(self): self.assertEqual(self.p.h(2), 6)
    def test_ok(self): self.assertTrue(g(5))
)"}},
                    python);
    CheckVerdicts(project, *project.Detect(), "ok.py", {"test_u.T.test_g"}, {"test_u.T.test_ok"},
                  {{"x - 1", "x + 1", kSurvives},
                   {"x - 1", "x * 1", kFails},
                   {"x - 1", "2 if x == 1 else 0", kFails}});
    CheckVerdicts(project, *project.Detect(), "ok.py", {"test_u.T.test_h"}, {"test_u.T.test_ok"},
                  {{"n = 2", "n = 3", kSurvives}, {"self.n * y", "3 * y", kSurvives}});
  }
}

TEST_CASE("ExamplesInDocumentationAreRunForEachCandidate") {
  const Files examples = {
      {"ok.py", "def g(x):\n    \"\"\"\n    >>> g(1)\n    2\n    \"\"\"\n    return x - 1\n"}};
  const std::vector<Change> changes = {
      {"x - 1", "x * 1", kFails}, {"x - 1", "x + 1", kSurvives}, {"x - 1", "x + x", kSurvives}};
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Files loaded = examples;
    loaded["test_u.py"] = R"(import doctest, unittest, ok
class T(unittest.TestCase):
    def test_three(self): self.assertNotEqual(ok.g(3), 7)
def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocTestSuite(ok))
    return tests
)";
    Project by_unittest(loaded, python);
    CheckVerdicts(by_unittest, *by_unittest.Detect(), "ok.py", {"ok.g"}, {}, changes);
    Files configured = examples;
    configured["pytest.ini"] = "[pytest]\naddopts = --doctest-modules\n";
    configured["test_p.py"] = "import ok\ndef test_two(): assert ok.g(3) != 7\n";
    Project by_pytest(configured, python);
    CheckVerdicts(by_pytest, *by_pytest.Detect(), "ok.py", {"ok.py::ok.g"}, {"test_p.py::test_two"},
                  changes);
  }
}

TEST_CASE("ATestWhoseClassIsMadeWithArgumentsIsRunAgain") {
  Project project(Files{{"ok.py", "def g(x):\n    return x - 1\n"}, {"test_u.py", R"(import unittest
from ok import g
class T(unittest.TestCase):
    def __init__(self, value):
        super().__init__("check")
        self.value = value
    def check(self): self.assertEqual(g(self.value), self.value + 1)
    def id(self): return "test_u.T.check-%d" % self.value
def load_tests(loader, tests, pattern):
    return unittest.TestSuite([T(3)])
)"}});
  CheckVerdicts(project, *project.Detect(), "ok.py", {"test_u.T.check-3"}, {},
                {{"x - 1", "x - 2", kFails}, {"x - 1", "x + 1", kSurvives}});
}

TEST_CASE("TestsThatDoNotFailHereAreNoFilter") {
  Project project(kZoo);
  FilterRequest request;
  request.plan = *project.Detect();
  request.files = {"zoo.py"};
  request.failing = {"test_zoo.py::test_ok"};
  CHECK(absl::IsFailedPrecondition(
      project.harness().OpenFilter({}, project.workspace(), request).status()));
  request.failing = {"test_zoo.py::gone"};
  CHECK(absl::IsFailedPrecondition(
      project.harness().OpenFilter({}, project.workspace(), request).status()));
  request.plan = *project.Detect("true");
  CHECK(absl::IsFailedPrecondition(
      project.harness().OpenFilter({}, project.workspace(), request).status()));
}

TEST_CASE("WhatTheFailingTestsShowOfNamesIsObserved") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kZoo, python);
    FilterRequest request;
    request.plan = *project.Detect();
    request.files = {"zoo.py"};
    request.failing = {"test_zoo.py::test_private", "test_zoo.py::test_closure",
                       "test_zoo.py::test_unicode", "test_zoo.py::test_default"};
    auto filter = project.harness().OpenFilter({}, project.workspace(), request);
    REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
    const auto names = (*filter)->Observe({});
    REQUIRE_MESSAGE(names.ok(), Message(names.status()));
    std::map<std::string, std::string> seen;
    for (const ObservedName& name : *names) {
      CHECK(name.file == "zoo.py");
      seen[name.function + " " + name.name] = StrCat(
          Join(name.kinds, ","), "/", Join(name.elements, ","), "/", Join(name.samples, ","));
    }
    CHECK(seen["A.B.get self.__v"] == "int//1");
    CHECK(seen["A.B.get return"] == "int//2");
    CHECK(seen["closure n"] == "int//3");
    CHECK(seen["closure.<locals>.add k"] == "int//0,1,2");
    CHECK(seen["written s"] == "str//'éx'");
    CHECK(seen["scale RATE"] == "int//2");
    CHECK(seen["scale by"] == "int//3");
    CHECK(seen.count("fib n") == 0);
    // The filter is still good for judging.
    const auto judged =
        (*filter)->Judge({}, std::vector{project.Replace("zoo.py", "s + \"ü\"", "s")});
    REQUIRE(judged.ok());
    CHECK((*judged)[0].verdict == kFails);  // the other tests still fail
    CHECK((*judged)[0].tests == 1);
  }
}

}  // namespace
}  // namespace coditect::python
