// Runs of unittest and of verify commands.
#include <doctest/doctest.h>

#include "src/adapters/python/messages.h"
#include "src/adapters/python/testing/project.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

using Lines = std::vector<uint32_t>;

const Files kUnittest = {{"calc.py", "def add(a, b):\n    return a + b\n"},
                         {"test_top.py", R"(import unittest
from calc import add
class T(unittest.TestCase):
    def test_ok(self): self.assertEqual(add(1, 2), 3)
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    @unittest.skip("why")
    def test_skip(self): pass
class SetupBad(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("class")
    def test_1(self): pass
    def test_2(self): pass
class TearBad(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): raise ValueError("class")
    def test_1(self): pass
    def test_2(self): pass
class SetupSkips(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("class")
    def test_1(self): pass
class Teardown(unittest.TestCase):
    def tearDown(self): raise KeyError("td")
    def test_1(self): pass
)"},
                         {"tests/test_x.py",
                          "import unittest, calc\nclass T(unittest.TestCase):\n"
                          "    def test_a(self): "
                          "self.assertEqual(calc.add(1, 2), 4)\n"},
                         {"tests/test_bad.py", "import unittest, not_there_either\n"},
                         {"pkg/__init__.py", ""},
                         {"pkg/tests/__init__.py", ""},
                         {"pkg/tests/util_test.py",
                          "import unittest\nclass T(unittest.TestCase):\n"
                          "    def test_a(self): pass\n"}};

TEST_CASE("EveryOutcomeOfUnittestIsTold") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kUnittest, python);
    const auto plan = project.Detect();
    REQUIRE(plan.ok());
    CHECK(plan->runner == "unittest");
    const auto report = project.Run({}, TraceMode::kPerTest);
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    CHECK(report->normal_end);
    CHECK(report->cases.size() == 13);
    CHECK(StatusOf(*report, "test_top.T.test_ok") == "passed");
    CHECK(StatusOf(*report, "test_top.T.test_sub") == "failed");
    CHECK(StatusOf(*report, "test_top.T.test_expected") == "skipped");
    CHECK(StatusOf(*report, "test_top.T.test_unexpected") == "failed");
    CHECK(StatusOf(*report, "test_top.T.test_skip") == "skipped");
    CHECK(StatusOf(*report, "test_top.SetupBad.test_1") == "failed");
    CHECK(StatusOf(*report, "test_top.SetupBad.test_2") == "failed");
    CHECK(StatusOf(*report, "test_top.TearBad.test_1") == "passed");
    CHECK(StatusOf(*report, "test_top.TearBad.test_2") == "failed");
    CHECK(StatusOf(*report, "test_top.SetupSkips.test_1") == "skipped");
    CHECK(StatusOf(*report, "test_top.Teardown.test_1") == "failed");
    CHECK(StatusOf(*report, "test_x.T.test_a") == "failed");
    CHECK(StatusOf(*report, "pkg.tests.util_test.T.test_a") == "passed");
    CHECK(LinesOf(*report, "test_x.T.test_a", "calc.py") == Lines{2});
    CHECK(CaseOf(*report, "test_x.T.test_a").file == "tests/test_x.py");
    REQUIRE(report->collection_errors.size() == 1);
    CHECK(report->collection_errors[0].file == "tests/test_bad.py");
    CHECK(report->collection_errors[0].missing_module == "not_there_either");
    const auto chosen = project.Run({"test_x.T.test_a", "test_top.T.test_ok"});
    REQUIRE(chosen.ok());
    REQUIRE(chosen->cases.size() == 2);
    CHECK(chosen->cases[0].id == "test_x.T.test_a");
  }
}

StatusOr<TestReport> RunCommand(Project& project, const std::string& command, TraceMode trace,
                                std::vector<FileLines> watched = {}) {
  TestRunRequest request;
  ASSIGN_OR_RETURN(request.plan, project.Detect(command));
  request.trace = trace;
  request.watched = std::move(watched);
  return project.RunWith(std::move(request));
}

TEST_CASE("ACommandIsOneTestNamedByItsDigest") {
  Project project(Files{{"data.txt", "1"}});
  const auto report = RunCommand(project, "exit 3", TraceMode::kNone);
  REQUIRE_MESSAGE(report.ok(), Message(report.status()));
  REQUIRE(report->cases.size() == 1);
  CHECK(report->cases[0].id == CommandTestId("exit 3"));
  CHECK(report->cases[0].id.size() == std::string("command:").size() + 12);
  CHECK(report->cases[0].status == TestStatus::kFailed);
  CHECK(report->cases[0].message == "`exit 3` failed: exit code 3");
  CHECK(report->normal_end);
  const auto passing =
      RunCommand(project, "test \"$(cat data.txt)\" = 1 && true", TraceMode::kNone);
  REQUIRE(passing.ok());
  CHECK(passing->cases[0].status == TestStatus::kPassed);
}

TEST_CASE("EveryPythonProcessOfACommandIsFollowed") {
  const Files files = {{"app/__init__.py", ""},
                       {"app/core.py",
                        "def double(x):\n    return x * 2\n\ndef unused():\n"
                        "    return 0\n\ndef spawned(x):\n    return x\n"},
                       {"main.py",
                        "import multiprocessing, subprocess, sys\n"
                        "from app import core\n"
                        "if __name__ == '__main__':\n"
                        "    p = multiprocessing.get_context('spawn').Process("
                        "target=core.spawned, args=(1,))\n"
                        "    p.start(); p.join()\n"
                        "    subprocess.run([sys.executable, '-c', "
                        "'import app.core as c; c.double(1)'], check=True)\n"}};
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(files, python);
    const std::string command = StrCat(python, " main.py");
    const auto covered = RunCommand(project, command, TraceMode::kPerTest);
    REQUIRE_MESSAGE(covered.ok(), Message(covered.status()));
    CHECK(covered->normal_end);
    const auto id = CommandTestId(command);
    CHECK(StatusOf(*covered, id) == "passed");
    CHECK(LinesOf(*covered, id, "app/core.py") == Lines{1, 2, 4, 7, 8});
    CHECK(LinesOf(*covered, id, "main.py").empty());  // what a command runs counts as a test
    const auto watched = RunCommand(project, command, TraceMode::kWatched,
                                    {{.file = "app/core.py", .lines = {2, 5}}});
    REQUIRE(watched.ok());
    REQUIRE(watched->executed.size() == 1);
    CHECK(watched->executed[0].lines == Lines{2});
  }
}

TEST_CASE("APythonProcessThatReportsNoExitIsNoNormalEnd") {
  const Files files = {{"leave.py", "import os\nos._exit(0)\n"},
                       {"stay.py", "import os, sys\nos.execv('/bin/true', ['true'])\n"},
                       {"fork.py", "import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()\n"},
                       {"raise.py", "def f():\n    raise KeyError('k')\nf()\n"}};
  Project project(files);
  const std::string& python = project.interpreter();
  const auto left = RunCommand(project, python + " leave.py", TraceMode::kNone);
  REQUIRE(left.ok());
  CHECK(left->cases[0].status == TestStatus::kPassed);
  CHECK(!left->normal_end);
  const auto nested = RunCommand(project, "sh -c '" + python + " leave.py'", TraceMode::kNone);
  REQUIRE(nested.ok());
  CHECK(!nested->normal_end);
  CHECK(RunCommand(project, python + " stay.py", TraceMode::kNone)->normal_end);
  CHECK(RunCommand(project, python + " fork.py", TraceMode::kNone)->normal_end);
  const auto raised = RunCommand(project, python + " raise.py", TraceMode::kNone);
  REQUIRE(raised.ok());
  CHECK(raised->normal_end);
  CHECK(raised->cases[0].error_type == "KeyError");
  REQUIRE(raised->cases[0].stack.size() == 2);
  CHECK(raised->cases[0].stack[1].line == 2);
}

TEST_CASE("AnotherSitecustomizeStillRuns") {
  Project project(Files{{"hooks/sitecustomize.py", "import builtins\nbuiltins.HOOKED = 1\n"},
                        {"check.py",
                         "import sys\nassert HOOKED == 1\n"
                         "assert not any('coditect' in p for p in sys.path[1:] "
                         "if p.endswith('site'))\n"}},
                  "", {{"PYTHONPATH", "hooks"}});
  const auto report = RunCommand(project, project.interpreter() + " check.py", TraceMode::kNone);
  REQUIRE(report.ok());
  CHECK(report->cases[0].message == "");
  CHECK(report->cases[0].status == TestStatus::kPassed);
}

}  // namespace
}  // namespace coditect::python
