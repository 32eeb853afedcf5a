// Candidates and tests that fight the filter: each may cost only itself.
#include <doctest/doctest.h>

#include "src/adapters/python/testing/project.h"
#include "src/base/status.h"

namespace coditect::python {
namespace {

using enum CandidateVerdict;

const Files kCalc = {{"calc.py", "def add(a, b):\n    return a - b\n"},
                     {"test_calc.py",
                      "import calc\ndef test_add(): assert calc.add(1, 2) == 3\n"
                      "def test_more(): assert calc.add(5, 2) == 7\n"
                      "def test_ok(): assert len([1]) == 1\n"}};

/// Judges `bodies` of add() in one batch, each followed by the right one: a hostile candidate must
/// not change the verdict of its neighbour.
void CheckHostile(Project& project, const std::vector<std::string>& bodies,
                  CandidateVerdict expected) {
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_calc.py::test_add", "test_calc.py::test_more"};
  request.passing = {"test_calc.py::test_ok"};
  request.files = {"calc.py"};
  request.limits.memory_bytes = uint64_t{512} << 20;
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  std::vector<Candidate> candidates;
  for (const std::string& body : bodies) {
    candidates.push_back(project.Replace("calc.py", "return a - b", body));
    candidates.push_back(
        project.Replace("calc.py", "return a - b",
                        "x = " + std::to_string(candidates.size()) + "\n    return a + b"));
  }
  const auto judged = (*filter)->Judge({}, candidates);
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  for (size_t i = 0; i < bodies.size(); ++i) {
    CAPTURE(bodies[i]);
    CHECK(static_cast<int>((*judged)[2 * i].verdict) == static_cast<int>(expected));
    CHECK((*judged)[2 * i + 1].verdict == kSurvives);
  }
}

TEST_CASE("CandidatesThatEndTheirProcessFailAlone") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(kCalc, python);
    CheckHostile(project,
                 {"import os; os._exit(0)", "import os; os.kill(os.getpid(), 11)",
                  "import os; os.kill(os.getpid(), 9)", "import os; os.abort()",
                  "raise SystemExit(0)", "raise KeyboardInterrupt",
                  "import sys; sys.setrecursionlimit(10**8)\n    return add(a, b)"},
                 kFails);
  }
}

TEST_CASE("CandidatesThatDoNotEndFailAlone") {
  Project project(kCalc);
  CheckHostile(project,
               {"while True: pass", "while True:\n        try: pass\n        except: pass",
                "while True:\n        try:\n            while True: pass\n        except: pass",
                "return sum(1 for _ in iter(int, 1))", "return add(a, b)",
                "f = lambda: f()\n    return f()"},
               kFails);
}

TEST_CASE("LoopsInCEndByCpuTime") {
  Project project(kCalc);
  CheckHostile(project, {"return 10**10**8", "return sum(__import__('itertools').count())"},
               kFails);
}

TEST_CASE("CandidatesThatSleepFailAlone") {
  Project project(kCalc);
  CheckHostile(project, {"import time; time.sleep(1000)"}, kFails);
}

TEST_CASE("MemoryIsBounded") {
  Project project(kCalc);
  CheckHostile(project, {"return [0] * 10**10", "x = [1]\n    while True: x += x"}, kFails);
}

TEST_CASE("CandidatesThatCloseForkOrKillReachNothing") {
  Project project(kCalc);
  CheckHostile(project,
               {"import os; os.closerange(0, 1024); return 0", "import os; os.fork(); return 0",
                "import os\n    for _ in range(3): os.fork()\n    return 0",
                "import os; os.setsid; os.kill(os.getppid(), 9); return 0",
                "import os; os.chdir('/'); return 0", "import os; os.environ.clear(); return 0",
                "import sys; sys.stdout = None; return 0",
                "import threading; threading.Thread(target=__import__('time').sleep, "
                "args=(3,), daemon=True).start(); return 0"},
               kFails);
}

TEST_CASE("CandidatesThatPatchWhatAllShareDoNotReachTheNext") {
  Project project(kCalc);
  CheckHostile(project,
               {"import builtins; builtins.len = lambda x: 7; return 0",
                "import calc; calc.add = None; return 0",
                "import sys; sys.modules.clear(); return 0", "add.__defaults__ = (1, 2); return 0",
                "import gc, types\n    for f in gc.get_objects():\n"
                "        if type(f) is types.FunctionType and f.__name__ == 'test_more':\n"
                "            f.__code__ = (lambda: 1 / 0).__code__\n    return 0"},
               kFails);
}

TEST_CASE("AFilterProcessThatIsKilledStartsAgain") {
  // What a candidate may send to itself it may send to its ancestors.
  Project project(kCalc);
  CheckHostile(project,
               {"import os\n    p = os.getppid()\n"
                "    q = int(open('/proc/%d/stat' % p).read().rsplit(')', 1)[1].split()[1])\n"
                "    os.kill(q, 9); return 0"},
               kUndecided);
}

TEST_CASE("StateThatOneCandidateLeavesInAHelperDoesNotFailTheNext") {
  for (const std::string& python : TestPythons()) {
    CAPTURE(python);
    Project project(
        Files{{"path.py", "def walk(n, seen):\n    seen.append(n)\n    return len(seen) + 1\n"},
              {"test_path.py",
               "from path import walk\ndef helper(seen=[]):\n"
               "    result = walk(1, seen)\n    seen.pop()\n    return result\n"
               "def test_walk(): assert helper() == 1\n"}},
        python);
    FilterRequest request;
    request.plan = *project.Detect();
    request.failing = {"test_path.py::test_walk"};
    request.files = {"path.py"};
    auto filter = project.harness().OpenFilter({}, project.workspace(), request);
    REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
    const auto judged = (*filter)->Judge(
        {}, std::vector{project.Replace("path.py", "seen.append(n)", "seen.extend([n, n])"),
                        project.Replace("path.py", "len(seen) + 1", "len(seen)"),
                        project.Replace("path.py", "len(seen) + 1", "len(seen) - 0")});
    REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
    CHECK((*judged)[0].verdict == kFails);
    CHECK((*judged)[1].verdict == kSurvives);
    CHECK((*judged)[2].verdict == kSurvives);
  }
}

TEST_CASE("TheOrderOfTestsChangesNoVerdict") {
  // test_first leaves module state behind that test_second needs untouched.
  Project project(
      Files{{"app.py", "STATE = []\ndef put(x):\n    STATE.append(x)\n    return len(STATE) + 1\n"},
            {"test_app.py",
             "import app\ndef test_first(): assert app.put(1) == 1\n"
             "def test_state(): assert app.STATE == [] or app.STATE == [1]\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_app.py::test_first"};
  request.passing = {"test_app.py::test_state"};
  request.files = {"app.py"};
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  std::vector<Candidate> candidates;
  for (const char* text : {"len(STATE) - 1", "len(STATE)", "len(STATE) * 2", "len(STATE) + 0"}) {
    candidates.push_back(project.Replace("app.py", "len(STATE) + 1", text));
  }
  const auto judged = (*filter)->Judge({}, candidates);
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  CHECK((*judged)[0].verdict == kFails);
  CHECK((*judged)[1].verdict == kSurvives);
  CHECK((*judged)[2].verdict == kFails);
  CHECK((*judged)[3].verdict == kSurvives);
}

TEST_CASE("ThreadsOfTheProjectAreJudgedOneAProcess") {
  Project project(Files{{"pool.py", R"(import threading, time
LOCK = threading.Lock()
def work(x):
    out = []
    t = threading.Thread(target=lambda: out.append(x + 1))
    t.start()
    t.join()
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    return out[0]
)"},
                        {"test_pool.py",
                         "from pool import work\n"
                         "def test_work(): assert work(1) == 1\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_pool.py::test_work"};
  request.files = {"pool.py"};
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
  const auto judged =
      (*filter)->Judge({}, std::vector{project.Replace("pool.py", "x + 1", "x + 2"),
                                       project.Replace("pool.py", "x + 1", "x"),
                                       project.Replace("pool.py", "x + 1", "x - 0")});
  REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
  CHECK((*judged)[0].verdict == kFails);
  CHECK((*judged)[1].verdict == kSurvives);
  CHECK((*judged)[2].verdict == kSurvives);
}

TEST_CASE("MoreFuelFindsWhatTheDefaultDoesNotReach") {
  Project project(Files{
      {"slow.py",
       "def count(n):\n    if n > 10:\n        return -1\n"
       "    k = 0\n    while k < n:\n        k += 1\n    return k\n"},
      {"test_slow.py", "from slow import count\ndef test_c(): assert count(100000) == 100000\n"}});
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_slow.py::test_c"};
  request.files = {"slow.py"};
  for (const uint64_t fuel : {uint64_t{0}, uint64_t{300'000}}) {
    request.fuel = fuel;
    auto filter = project.harness().OpenFilter({}, project.workspace(), request);
    REQUIRE_MESSAGE(filter.ok(), Message(filter.status()));
    const auto judged =
        (*filter)->Judge({}, std::vector{project.Replace("slow.py", "n > 10", "n > 10**6")});
    REQUIRE_MESSAGE(judged.ok(), Message(judged.status()));
    CHECK((*judged)[0].verdict == (fuel == 0 ? kFails : kSurvives));
    CHECK((*judged)[0].out_of_fuel == (fuel == 0));
  }
}

TEST_CASE("ACancelledJudgementEndsAtOnce") {
  Project project(kCalc);
  FilterRequest request;
  request.plan = *project.Detect();
  request.failing = {"test_calc.py::test_add"};
  request.files = {"calc.py"};
  auto filter = project.harness().OpenFilter({}, project.workspace(), request);
  REQUIRE(filter.ok());
  Context late;
  late.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const auto judged = (*filter)->Judge(
      late, std::vector{project.Replace("calc.py", "return a - b", "import time; time.sleep(60)")});
  CHECK(absl::IsDeadlineExceeded(judged.status()));
}

}  // namespace
}  // namespace coditect::python
