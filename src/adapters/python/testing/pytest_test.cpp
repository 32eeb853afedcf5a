// Runs of pytest: every outcome, ids, coverage, and what a run must survive.
#include <doctest/doctest.h>

#include <algorithm>

#include "src/adapters/python/testing/project.h"
#include "src/base/status.h"

namespace coditect::python {
namespace {

using Lines = std::vector<uint32_t>;

const Files kOutcomes = {{"calc.py", R"(import threading

def add(a, b):
    if a > 100:
        return 0
    return a + b

def one(): return 1

def loop(n):
    total = 0
    for i in range(n):
        total += (lambda x:
                  x + 1)(i)
    return total

def gen():
    yield 1
    yield 2
)"},
                         {"test_all.py", R"(import pytest, threading, unittest
from calc import *

def test_add(): assert add(1, 2) == 4, "wrong sum"
def test_one(): assert one() == 1
@pytest.mark.parametrize("x", ["a::b", "n\nl", "é", "[z]", ""])
def test_odd(x): assert loop(3) == 6
@pytest.mark.xfail
def test_xfail(): assert False
@pytest.mark.xfail(strict=True)
def test_xpass_strict(): pass
@pytest.mark.xfail
def test_xpass(): pass
@pytest.mark.skip(reason="because")
def test_skip(): pass
@pytest.fixture
def broken(): raise ValueError("in setup")
def test_setup(broken): pass
@pytest.fixture
def messy():
    yield
    raise KeyError("in teardown")
def test_teardown(messy): pass
class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.n = add(1, 1)
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertNotEqual(i, 1)
    def test_ok(self): self.assertEqual(self.n, 2)
def test_thread():
    thread = threading.Thread(target=loop, args=(2,))
    thread.start()
    thread.join()
def test_generator(): assert list(gen()) == [1, 2]
)"}};

TEST_CASE("EveryOutcomeOfPytestIsTold") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kOutcomes, python);
    const auto report = project.Run();
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    const auto status = [&](const std::string& name) {
      return StatusOf(*report, "test_all.py::" + name);
    };
    CHECK(report->normal_end);
    CHECK(report->ended_by == "exit");
    CHECK(report->cases.size() == 17);
    CHECK(status("test_add") == "failed");
    CHECK(status("test_one") == "passed");
    CHECK(status("test_odd[a::b]") == "passed");
    CHECK(status("test_odd[n\\nl]") == "passed");
    CHECK(status("test_odd[\\xe9]") == "passed");
    CHECK(status("test_odd[[z]]") == "passed");
    CHECK(status("test_odd[]") == "passed");
    CHECK(status("test_xfail") == "skipped");
    CHECK(status("test_xpass_strict") == "failed");
    CHECK(status("test_xpass") == "passed");
    CHECK(status("test_skip") == "skipped");
    CHECK(status("test_setup") == "failed");
    CHECK(status("test_teardown") == "failed");
    CHECK(status("TestCase::test_sub") == "failed");
    CHECK(status("TestCase::test_ok") == "passed");
    CHECK(status("test_thread") == "passed");
    CHECK(status("test_generator") == "passed");
    const TestCase add = CaseOf(*report, "test_all.py::test_add");
    CHECK(add.error_type == "AssertionError");
    CHECK(add.message.find("wrong sum") == 0);
    CHECK(add.file == "test_all.py");
    CHECK(add.line == 4);
    REQUIRE(add.stack.size() == 1);
    CHECK(add.stack[0].file == "test_all.py");
    CHECK(add.stack[0].line == 4);
    CHECK(CaseOf(*report, "test_all.py::test_setup").error_type == "ValueError");
    CHECK(CaseOf(*report, "test_all.py::test_teardown").error_type == "KeyError");
    CHECK(CaseOf(*report, "test_all.py::test_skip").message.find("because") != std::string::npos);
  }
}

TEST_CASE("LinesOfEachTestAreTold") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kOutcomes, python);
    const auto report = project.Run({}, TraceMode::kPerTest);
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    const auto lines = [&](const std::string& name) {
      return LinesOf(*report, "test_all.py::" + name, "calc.py");
    };
    CHECK(lines("test_add") == Lines{4, 6});
    CHECK(lines("test_one") == Lines{8});
    CHECK(lines("test_odd[]") == Lines{11, 12, 13, 14, 15});
    CHECK(lines("test_thread") == Lines{11, 12, 13, 14, 15});
    CHECK(lines("test_generator") == Lines{18, 19});
    CHECK(LinesOf(*report, "", "calc.py") == Lines{1, 3, 8, 10, 17});
    CHECK(LinesOf(*report, "test_all.py::test_add", "test_all.py").empty());
    CHECK(StatusOf(*report, "test_all.py::test_one") == "passed");
  }
}

TEST_CASE("ChosenTestsRunAloneInTheOrderAsked") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kOutcomes, python);
    const std::vector<std::string> ids = {"test_all.py::test_one", "test_all.py::test_odd[#2]",
                                          "test_all.py::TestCase::test_ok", "test_all.py::gone",
                                          "test_all.py::test_odd[a::b]"};
    const auto report = project.Run(ids);
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    REQUIRE(report->cases.size() == 4);
    CHECK(report->cases[0].id == ids[0]);
    CHECK(report->cases[1].id == ids[1]);  // the second of the function, under the id asked for
    CHECK(report->cases[2].id == ids[2]);
    CHECK(report->cases[3].id == ids[4]);
    CHECK(report->normal_end);
  }
}

TEST_CASE("WatchedLinesThatRanAreTold") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kOutcomes, python);
    TestRunRequest request;
    request.plan = *project.Detect();
    request.trace = TraceMode::kWatched;
    // 5 is not reached, 9 holds nothing, 12 runs in a test and in a thread.
    request.watched = {{.file = "calc.py", .lines = {5, 9, 12, 18, 1000}},
                       {.file = "gone.py", .lines = {1}}};
    const auto report = project.RunWith(std::move(request));
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    REQUIRE(report->executed.size() == 1);
    CHECK(report->executed[0].file == "calc.py");
    CHECK(report->executed[0].lines == Lines{12, 18});
  }
}

TEST_CASE("AFileThatCannotBeCollectedLeavesTheOthersTheirRun") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(Files{{"own/__init__.py", ""},
                          {"own/broken.py", "def f(:\n"},
                          {"test_missing.py", "import yaml_is_not_here.sub\n"},
                          {"test_own.py", "def test_a():\n    pass\nimport own.nothing\n"},
                          {"test_syntax.py", "import own.broken\n"},
                          {"test_name.py", "def helper():\n    return undefined\nhelper()\n"},
                          {"test_ok.py", "def test_ok():\n    pass\n"}},
                    python);
    const auto report = project.Run();
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    CHECK(StatusOf(*report, "test_ok.py::test_ok") == "passed");
    REQUIRE(report->collection_errors.size() == 4);
    for (const CollectionError& error : report->collection_errors) {
      CAPTURE(error.file);
      CHECK((error.missing_module == "yaml_is_not_here") == (error.file == "test_missing.py"));
      REQUIRE(!error.stack.empty());
    }
    const auto& stack =
        std::find_if(report->collection_errors.begin(), report->collection_errors.end(),
                     [](const auto& error) { return error.file == "test_syntax.py"; })
            ->stack;
    CHECK(stack.back().file == "own/broken.py");
    CHECK(stack.back().line == 1);
  }
}

TEST_CASE("AConftestThatFailsIsToldWithItsPlace") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(Files{{"calc.py", "VALUE = undefined\n"},
                          {"conftest.py", "import calc\n"},
                          {"test_a.py", "def test_a():\n    pass\n"}},
                    python);
    const auto report = project.Run();
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    CHECK(!report->normal_end);
    REQUIRE(report->collection_errors.size() == 1);
    const CollectionError& error = report->collection_errors[0];
    CHECK(error.file == "conftest.py");
    CHECK(error.message.find("NameError") != std::string::npos);
    REQUIRE(!error.stack.empty());
    CHECK(error.stack.back().file == "calc.py");
    CHECK(error.stack.back().line == 1);
  }
}

TEST_CASE("TheRepositorysConfigurationCountsButHidesNoTest") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(
        Files{{"pytest.ini",
               "[pytest]\naddopts = -x -q --maxfail=1 -m \"not slow\" -p no:doctest "
               "--lf --ff\ntestpaths = checks\npython_files = check_*.py\n"
               "markers = slow\n"},
              {"checks/conftest.py", "import pytest\n@pytest.fixture\ndef five(): return 5\n"},
              {"checks/check_a.py",
               "import pytest\ndef test_1(five): assert five == 6\n"
               "def test_2(five): assert five == 5\n@pytest.mark.slow\ndef test_3(): pass\n"
               "def test_cache(cache): cache.set('a', 1)\n"},
              {"other/test_b.py", "def test_other(): pass\n"}},
        python);
    const auto plan = project.Detect();
    REQUIRE_MESSAGE(plan.ok(), Message(plan.status()));
    CHECK(plan->test_files == std::vector<std::string>{"checks/check_a.py", "checks/conftest.py",
                                                       "other/test_b.py", "pytest.ini"});
    for (int run = 0; run < 2; ++run) {  // the first run's failures must not select the second's
      const auto report = project.Run();
      REQUIRE_MESSAGE(report.ok(), Message(report.status()));
      CHECK(report->cases.size() == 3);
      CHECK(StatusOf(*report, "checks/check_a.py::test_1") == "failed");
      CHECK(StatusOf(*report, "checks/check_a.py::test_2") == "passed");
      CHECK(StatusOf(*report, "checks/check_a.py::test_cache") == "passed");
    }
    const auto one = project.Run({"checks/check_a.py::test_2"});
    REQUIRE(one.ok());
    CHECK(one->cases.size() == 1);
    CHECK(StatusOf(*one, "checks/check_a.py::test_2") == "passed");
  }
}

TEST_CASE("AMissingPluginIsAMissingModule") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    for (const std::string addopts :
         {"--timeout-of-mine=3 --benchmark-only", "-p not_a_plugin_at_all"}) {
      CAPTURE(addopts);
      Project project(Files{{"pytest.ini", "[pytest]\naddopts = " + addopts + "\n"},
                            {"test_a.py", "def test_a(): pass\n"}},
                      python);
      const auto report = project.Run();
      REQUIRE_MESSAGE(report.ok(), Message(report.status()));
      CHECK(!report->normal_end);
      REQUIRE(report->collection_errors.size() == 1);
      const std::string& module = report->collection_errors[0].missing_module;
      CHECK((module == "pytest_benchmark" || module == "not_a_plugin_at_all"));
    }
  }
}

TEST_CASE("AFileStandsForItsTests") {
  Project project(Files{{"test_a.py", "def test_1(): pass\ndef test_2(): pass\n"},
                        {"test_b.py", "def test_3(): pass\n"},
                        {"test_c.py", "import not_here_at_all\n"}});
  const auto report = project.Run({"test_b.py", "test_a.py", "test_c.py"});
  REQUIRE(report.ok());
  REQUIRE(report->cases.size() == 3);
  CHECK(report->cases[0].id == "test_b.py::test_3");
  REQUIRE(report->collection_errors.size() == 1);
  CHECK(report->collection_errors[0].file == "test_c.py");
}

TEST_CASE("TheFirstFailureEndsTheRunWhenAsked") {
  Project project(Files{{"test_a.py",
                         "def test_1(): pass\ndef test_2(): assert 0\n"
                         "def test_3(): pass\n"}});
  TestRunRequest request;
  request.plan = *project.Detect();
  request.stop_at_first_failure = true;
  const auto report = project.RunWith(std::move(request));
  REQUIRE(report.ok());
  CHECK(report->cases.size() == 2);
}

TEST_CASE("ManyTestsAreToldInTheirOrder") {
  Project project(Files{{"test_many.py",
                         "import pytest\n@pytest.mark.parametrize('n', range(1200))\n"
                         "def test_n(n): assert n != 777\n"}});
  size_t seen = 0;
  TestRunRequest request;
  request.plan = *project.Detect();
  request.on_test = [&](const TestCase&) { seen += 1; };
  const auto report = project.RunWith(std::move(request));
  REQUIRE(report.ok());
  CHECK(seen == 1200);
  REQUIRE(report->cases.size() == 1200);
  CHECK(report->cases[777].id == "test_many.py::test_n[777]");
  CHECK(report->cases[777].status == TestStatus::kFailed);
  std::vector<std::string> all;
  for (const TestCase& test : report->cases) all.push_back(test.id);
  const auto again = project.Run(all);
  REQUIRE(again.ok());
  CHECK(again->cases.size() == 1200);
}

TEST_CASE("OneProcessIsOneRunWhateverTheTestsFork") {
  Project project(Files{{"test_fork.py", R"(import os, subprocess, sys, tempfile
def test_fork():
    pid = os.fork()
    if pid:
        assert os.waitpid(pid, 0)[1] >= 0
def test_child():
    assert subprocess.run([sys.executable, "-c", 'print(1)'], capture_output=True).stdout == b"1\n"
def test_after(): pass
)"}});
  const auto report = project.Run();
  REQUIRE(report.ok());
  CHECK(report->normal_end);
  CHECK(report->cases.size() == 3);
  for (const TestCase& test : report->cases) CHECK(test.status == TestStatus::kPassed);
}

TEST_CASE("ARunThatEndsMidwayIsNoNormalEndAndNamesTheTest") {
  struct Ending {
    const char* code;
    const char* ended_by;
  };
  for (const Ending& ending :
       {Ending{"os._exit(0)", "exit"}, Ending{"os.kill(os.getpid(), 11)", "signal"},
        Ending{"time.sleep(100)", "wall"}}) {
    CAPTURE(ending.code);
    Project project(
        Files{{"app.py", std::string("import os, time\ndef leave():\n    ") + ending.code + "\n"},
              {"test_app.py",
               "import app\ndef test_before(): pass\n"
               "def test_leave(): app.leave()\ndef test_after(): "
               "pass\n"}});
    TestRunRequest request;
    request.plan = *project.Detect();
    request.limits.wall = std::chrono::milliseconds(4000);
    const auto report = project.RunWith(std::move(request));
    REQUIRE_MESSAGE(report.ok(), Message(report.status()));
    CHECK(!report->normal_end);
    CHECK(report->ended_by == ending.ended_by);
    REQUIRE(report->cases.size() == 2);
    CHECK(StatusOf(*report, "test_app.py::test_before") == "passed");
    CHECK(StatusOf(*report, "test_app.py::test_leave") == "failed");
    CHECK(report->cases[1].error_type == ending.ended_by);
  }
}

TEST_CASE("ATestThatUsesTooMuchCpuFailsAlone") {
  Project project(Files{{"test_cpu.py",
                         "def test_loop():\n    while True:\n        try:\n"
                         "            x = 1\n        except Exception:\n"
                         "            pass\ndef test_after(): pass\n"
                         "def test_again():\n    while True: pass\n"
                         "def test_system_time():\n    import os\n"
                         "    while True: os.stat('/')\n"}});
  TestRunRequest request;
  request.plan = *project.Detect();
  request.test_cpu_ms = 300;
  const auto report = project.RunWith(std::move(request));
  REQUIRE(report.ok());
  CHECK(report->normal_end);
  CHECK(StatusOf(*report, "test_cpu.py::test_loop") == "failed");
  CHECK(StatusOf(*report, "test_cpu.py::test_after") == "passed");
  REQUIRE(report->cases.size() == 4);
  CHECK(report->cases[2].message == "the test used more than 0.06 s of CPU time");
  CHECK(report->cases[3].message == "the test used more than 0.03 s of CPU time");
  CHECK(report->cases[3].error_type == kCpuLimitError);
}

TEST_CASE("AFloodOfOutputEndsTheRun") {
  Project project(Files{{"test_flood.py",
                         "import os\ndef test_flood():\n    while True:\n"
                         "        os.write(2, b'x' * 65536)\n"},
                        {"pytest.ini", "[pytest]\naddopts = -s\n"}});
  TestRunRequest request;
  request.plan = *project.Detect();
  request.limits.output_bytes = 1 << 20;
  const auto report = project.RunWith(std::move(request));
  REQUIRE(report.ok());
  CHECK(report->ended_by == "output");
  CHECK(!report->normal_end);
}

TEST_CASE("OnlyWhatIsOutsideLoopbackIsTheNetwork") {
  Project project(Files{{"test_net.py", R"(import socket, pytest
def test_bind():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(1)
    socket.create_connection(server.getsockname(), 1).close()
    socket.getaddrinfo("localhost", 80)
def test_out():
    with pytest.raises(OSError):
        socket.create_connection(("192.0.2.1", 9), 0.1)
def test_name():
    with pytest.raises(OSError):
        socket.getaddrinfo("no-such-host.invalid", 80)
def test_unix(tmp_path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(tmp_path / "s"))
)"}});
  const auto report = project.Run();
  REQUIRE(report.ok());
  CHECK(!CaseOf(*report, "test_net.py::test_bind").network);
  CHECK(StatusOf(*report, "test_net.py::test_bind") == "passed");
  CHECK(CaseOf(*report, "test_net.py::test_out").network);
  CHECK(CaseOf(*report, "test_net.py::test_name").network);
  CHECK(!CaseOf(*report, "test_net.py::test_unix").network);
  // A hook that sees every event would make tracing several times slower: a traced run has none.
  const auto traced = project.Run({}, TraceMode::kPerTest);
  REQUIRE(traced.ok());
  CHECK(StatusOf(*traced, "test_net.py::test_out") == "passed");
  CHECK(!CaseOf(*traced, "test_net.py::test_out").network);
}

TEST_CASE("WhatATestWritesOnTheChannelSpoilsTheRun") {
  Project project(Files{{"test_forge.py", R"(import os, stat
def test_forge():
    for fd in range(3, 1024):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                os.write(fd, b'{"t":"end","id":"x","s":"great"}\n')
        except OSError:
            pass
)"}});
  const auto report = project.Run();
  REQUIRE(report.ok());
  CHECK(!report->normal_end);
  REQUIRE(!report->warnings.empty());
}

TEST_CASE("HostileTextIsBounded") {
  Project project(Files{{"test_text.py", R"py(
class Evil(Exception):
    def __str__(self): raise ValueError("no")
def test_long(): raise ValueError("x" * 5000000)
def test_evil(): raise Evil()
def test_surrogate(): raise ValueError("\udcff\x00\x1b")
def test_deep():
    def f(n): return f(n + 1)
    f(0)
)py"}});
  const auto report = project.Run();
  REQUIRE(report.ok());
  CHECK(report->normal_end);
  CHECK(report->cases.size() == 4);
  for (const TestCase& test : report->cases) {
    CHECK(test.status == TestStatus::kFailed);
    CHECK(test.message.size() <= 2 * 2048);
    CHECK(test.stack.size() <= 40);
  }
}

}  // namespace
}  // namespace coditect::python
