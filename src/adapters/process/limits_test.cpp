// Every limit bites, over all processes of a launch, and says its name.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include "src/adapters/process/test_bench.h"

namespace coditect::process {
namespace {

using std::chrono::milliseconds;

std::string EndOf(Bench& bench, std::vector<std::string> argv, SandboxLimits limits) {
  return std::string(EndedByName(bench.Run(std::move(argv), limits).ended_by));
}

}  // namespace

TEST_SUITE_BEGIN("any mode");

TEST_CASE("WallTimeEndsALaunch") {
  Bench bench;
  const SandboxResult result = bench.Run({"sleep", "50"}, {.wall = milliseconds(150)});
  CHECK_EQ(EndedByName(result.ended_by), "wall");
  CHECK(result.wall >= milliseconds(150));
  CHECK_EQ(EndOf(bench, {"sh", "-c", "kill -STOP $$"}, {.wall = milliseconds(100)}), "wall");
  CHECK_EQ(EndOf(bench, {"sh", "-c", "exec >&- 2>&-; sleep 50"}, {.wall = milliseconds(100)}),
           "wall");
}

TEST_CASE("CpuTimeIsCountedOverAllProcesses") {
  Bench bench;
  CHECK_EQ(EndOf(bench, {"sh", "-c", "while :; do :; done"}, {.cpu = milliseconds(200)}), "cpu");
  // Each child stays far below the limit; together they pass it.
  CHECK_EQ(EndOf(bench,
                 {"python3", "-c",
                  "import os, time\n"
                  "while True:\n"
                  "  if os.fork() == 0:\n"
                  "    end = time.process_time() + 0.05\n"
                  "    while time.process_time() < end: pass\n"
                  "    os._exit(0)\n"
                  "  os.wait()\n"},
                 {.cpu = milliseconds(500)}),
           "cpu");
  const SandboxResult result =
      bench.Run({"python3", "-c", "import time\nwhile time.process_time() < 0.3: pass"}, {});
  CHECK_EQ(EndedByName(result.ended_by), "exit");
  CHECK(result.cpu >= milliseconds(290));
  CHECK(result.cpu <= milliseconds(1500));
}

TEST_CASE("MemoryIsLimitedAndToldFromOtherKills") {
  Bench bench;
  const SandboxLimits limits{.memory_bytes = 100 << 20};
  const std::string grow =
      "import time\nblocks = []\n"
      "for _ in range(80):\n  blocks.append(bytearray(b'x') * (10 << 20))\n  time.sleep(0.005)\n";
  const SandboxResult result = bench.Run({"python3", "-c", grow}, limits);
  // Without a control group the allocation may be refused first; then Python says so itself.
  if (result.output.find("MemoryError") == std::string::npos) {
    CHECK_EQ(EndedByName(result.ended_by), "memory");
  }
  CHECK(result.memory_bytes_max <= 220 << 20);
  // Of several processes, each below the limit.
  CHECK_EQ(EndOf(bench,
                 {"python3", "-c",
                  "import os, time\n"
                  "for _ in range(8):\n"
                  "  if os.fork() == 0:\n"
                  "    block = bytearray(b'x') * (30 << 20)\n"
                  "    time.sleep(20)\n"
                  "time.sleep(20)\n"},
                 limits),
           "memory");
  const SandboxResult killed = bench.Run({"sh", "-c", "kill -KILL $$"}, limits);
  CHECK_EQ(EndedByName(killed.ended_by), "signal");
}

TEST_CASE("ProcessesAndThreadsAreLimited") {
  Bench bench;
  const std::vector<std::string> spawn = {"python3", "-c",
                                          "import os, sys, time\n"
                                          "for _ in range(int(sys.argv[1])):\n"
                                          "  try:\n"
                                          "    if os.fork() == 0: time.sleep(20)\n"
                                          "  except OSError: print('refused', flush=True); break\n"
                                          "time.sleep(float(sys.argv[2]))\n"};
  std::vector<std::string> many = spawn;
  many.insert(many.end(), {"40", "20"});
  const SandboxResult over = bench.Run(many, {.wall = milliseconds(2500), .pids = 20});
  CHECK_EQ(EndedByName(over.ended_by), "pids");
  std::vector<std::string> few = spawn;
  few.insert(few.end(), {"18", "0.3"});
  CHECK_EQ(EndOf(bench, few, {.pids = 20}), "exit");
  const std::string bomb = ":(){ :|:& };:";
  const SandboxResult bombed =
      bench.Run({"bash", "-c", bomb + "; wait"}, {.wall = milliseconds(1500), .pids = 64});
  CHECK(bombed.ended_by != EndedBy::kSignal);
}

TEST_CASE("AFloodOfOutputEndsALaunchInBoundedMemory") {
  Bench bench;
  bench.Open();
  const SandboxResult result = bench.Run({"yes"}, {.output_bytes = 1 << 20});
  CHECK_EQ(EndedByName(result.ended_by), "output");
  CHECK(result.output.starts_with("y\ny\n"));
  CHECK(result.output.ends_with("y\n"));
  CHECK(result.output.size() < 70'000);
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  const SandboxResult flood =
      bench.Run({"head", "-c", "1073741824", "/dev/zero"}, {.output_bytes = 2ull << 30});
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  CHECK_EQ(EndedByName(flood.ended_by), "exit");
  CHECK_EQ(flood.output_bytes, 1ull << 30);
  CHECK(flood.output.size() < 70'000);
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 << 10);  // KiB
}

TEST_CASE("AFileCannotGrowBeyondItsLimit") {
  Bench bench;
  const SandboxLimits limits{.file_bytes = 1 << 20};
  CHECK_EQ(bench.Run({"python3", "-c", "open('x', 'wb').truncate(1 << 40)"}, limits).exit_code, 1);
  CHECK_EQ(
      bench.Run({"python3", "-c", "open('x', 'wb').write(b'x' * (2 << 20))"}, limits).exit_code, 1);
  CHECK_EQ(bench.Shell("stat -c %s x"), "1048576\n");
}

TEST_CASE("TmpIsLimitedInBytesAndInodes") {
  Bench bench;
  bench.sandbox_options.tmp_bytes = 8 << 20;
  CHECK_EQ(bench.Shell("head -c 20000000 /dev/zero > /tmp/a 2>/dev/null; "
                       "test $(stat -c %s /tmp/a) -le 8388608 && echo held"),
           "held\n");
  CHECK_EQ(bench.Shell("python3 -c \"\nn = 0\ntry:\n  while True:\n    open(f'/tmp/{n}', 'w')\n"
                       "    n += 1\nexcept OSError: print(n < 20000)\""),
           "True\n");
}

TEST_CASE("TheResultTellsWhatWasUsed") {
  Bench bench;
  const SandboxResult result = bench.Run(
      {"python3", "-c", "import time\nb = bytearray(b'x') * (64 << 20)\ntime.sleep(0.25)"});
  CHECK(result.wall >= milliseconds(250));
  CHECK(result.memory_bytes_max >= 64 << 20);
  CHECK(result.memory_bytes_max <= 400 << 20);
}

TEST_SUITE_END();

}  // namespace coditect::process
