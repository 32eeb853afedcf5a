// Ends: kills that leave nothing, the emergency stop, and what dead owners leave behind.
#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include "src/adapters/process/broker.h"
#include "src/adapters/process/cgroups.h"
#include "src/adapters/process/process_tree.h"
#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"
#include "src/base/sha256.h"

namespace coditect::process {
namespace {

// Processes of this machine with `mark` in their command line.
size_t CountMarked(const std::string& mark) {
  return FindProcesses([&](const std::string& command_line, const std::string&) {
           return command_line.find(mark) != std::string::npos;
         })
      .size();
}

bool HappensSoon(const std::function<bool()>& condition) {
  const MonotonicTime end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::usleep(2000);
  }
  return true;
}

// `count` processes that ignore SIGTERM, each in a session of its own; says so on its channel.
SandboxCommand Stubborn(int count, const std::string& mark) {
  SandboxCommand command;
  command.channel = true;
  command.argv = {"python3", "-c",
                  "import os, signal, sys, time\n"
                  "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                  "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
                  "for _ in range(int(sys.argv[1])):\n"
                  "  if os.fork() == 0:\n"
                  "    os.setsid()\n"
                  "    if os.fork() == 0: time.sleep(1000)\n"
                  "    os._exit(0)\n"
                  "  os.wait()\n"
                  "os.write(3, b'!')\n"
                  "time.sleep(1000)\n",
                  StrCat(count), mark};
  return command;
}

void AwaitReady(const SandboxProcess& process) {
  char byte = 0;
  REQUIRE_EQ(::recv(process.channel(), &byte, 1, 0), 1);
}

std::string NewMark() {
  static std::atomic<int> next{0};
  return StrCat("coditect-mark-", ::getpid(), "-", next++, "-");
}

pid_t FindBroker(pid_t parent) {
  std::vector<pid_t> found =
      FindProcesses([&](const std::string& command_line, const std::string&) {
        return command_line.starts_with(kBrokerName);
      });
  for (const pid_t pid : found) {
    const std::string stat = ReadFile(StrCat("/proc/", pid, "/stat"), 4096).value_or("");
    if (stat.find(StrCat(") S ", parent, " ")) != std::string::npos) return pid;
  }
  return 0;
}

void RunChildUntilReady(const std::string& state, const std::string& mark, bool plain,
                        const std::function<void(pid_t)>& then) {
  ::setenv("CODITECT_TEST_STATE", state.c_str(), 1);
  ::setenv("CODITECT_TEST_MARK", mark.c_str(), 1);
  if (plain) ::setenv("CODITECT_TEST_PLAIN", "1", 1);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl("/proc/self/exe", "/proc/self/exe", "--no-skip", "--test-case=child: runs*", nullptr);
    ::_exit(127);
  }
  ::unsetenv("CODITECT_TEST_PLAIN");
  const bool ready = HappensSoon([&] { return PathExists(state + "/ready"); });
  if (ready) then(child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  REQUIRE(ready);
  ::unlink((state + "/ready").c_str());
}

}  // namespace

TEST_SUITE_BEGIN("any mode");

TEST_CASE("KillLeavesNothing") {
  Bench bench;
  const std::string mark = NewMark();
  const std::unique_ptr<SandboxProcess> process = bench.Launch(Stubborn(100, mark));
  AwaitReady(*process);
  CHECK(CountMarked(mark) >= 100);
  process->Kill();
  const StatusOr<SandboxResult> result = process->Wait(TestContext());
  CHECK_EQ(CountMarked(mark), 0);
  REQUIRE(result.ok());
  CHECK_EQ(EndedByName(result->ended_by), "killed");
  process->Kill();  // harmless afterwards
}

TEST_CASE("DestructionCancellationAndDeadlinesKill") {
  Bench bench;
  const std::string mark = NewMark();
  {
    const std::unique_ptr<SandboxProcess> process = bench.Launch(Stubborn(3, mark));
    AwaitReady(*process);
  }
  CHECK_EQ(CountMarked(mark), 0);
  std::unique_ptr<SandboxProcess> process = bench.Launch(Stubborn(3, mark));
  StatusOr<SandboxResult> result =
      process->Wait(Context{}.WithTimeout(std::chrono::milliseconds(50)));
  CHECK_EQ(EndedByName(result->ended_by), "killed");
  process = bench.Launch(Stubborn(3, mark));
  const Context ctx = TestContext();
  std::thread canceller([&] {
    ::usleep(20'000);
    ctx.cancel.Cancel();
  });
  result = process->Wait(ctx);
  canceller.join();
  CHECK_EQ(EndedByName(result->ended_by), "killed");
  CHECK_EQ(CountMarked(mark), 0);
  process = bench.Launch(Stubborn(3, mark));
  AwaitReady(*process);
  bench.Close();  // the workspace goes first
  CHECK_EQ(CountMarked(mark), 0);
  CHECK_EQ(EndedByName(process->Wait(TestContext())->ended_by), "killed");
}

TEST_CASE("TheEmergencyStopKillsEverythingAtOnceAndRefusesNewLaunches") {
  Bench bench;
  const std::string mark = NewMark();
  bench.Start();
  std::vector<std::unique_ptr<Workspace>> workspaces;
  std::vector<std::unique_ptr<SandboxProcess>> processes;
  for (int i = 0; i < 4; ++i) {
    workspaces.push_back(bench.sandbox().OpenWorkspace(TestContext(), bench.options).value());
    processes.push_back(workspaces[i]->Launch(TestContext(), Stubborn(50, mark)).value());
    AwaitReady(*processes[i]);
  }
  // Others wait, open and launch meanwhile.
  std::atomic<bool> over{false};
  std::thread waiter([&] { (void)processes[0]->Wait(TestContext()).ok(); });
  std::thread launcher([&] {
    while (!over) {
      auto workspace = bench.sandbox().OpenWorkspace(TestContext(), bench.options);
      if (workspace.ok()) {
        (void)(*workspace)->Launch(TestContext(), {.argv = {"sleep", "1000", mark}}).ok();
      }
    }
  });
  ::usleep(20'000);
  const auto start = std::chrono::steady_clock::now();
  bench.sandbox().EmergencyStop();
  for (const auto& process : processes) {
    CHECK_EQ(EndedByName(process->Wait(TestContext())->ended_by), "killed");
  }
  MESSAGE(
      "200 processes of 4 workspaces were gone after ",
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(),
      " ms");
  over = true;
  launcher.join();
  waiter.join();
  CHECK_EQ(CountMarked(mark), 0);
  CHECK_EQ(workspaces[0]->Launch(TestContext(), {.argv = {"true"}}).status().code(),
           absl::StatusCode::kFailedPrecondition);
  bench.sandbox().Resume();
  CHECK_EQ(workspaces[0]
               ->Launch(TestContext(), {.argv = {"true"}})
               .value()
               ->Wait(TestContext())
               ->exit_code,
           0);
}

TEST_CASE("WithoutItsBrokerNothingRunsAndNothingIsLeft") {
  Bench bench;
  const std::string mark = NewMark();
  const std::unique_ptr<SandboxProcess> process = bench.Launch(Stubborn(10, mark));
  AwaitReady(*process);
  const pid_t broker = FindBroker(::getpid());
  REQUIRE(broker > 0);
  ::kill(broker, SIGKILL);
  CHECK_EQ(EndedByName(process->Wait(TestContext())->ended_by), "killed");
  CHECK_EQ(CountMarked(mark), 0);
  CHECK_EQ(bench.workspace().Launch(TestContext(), {.argv = {"true"}}).status().code(),
           absl::StatusCode::kUnavailable);
}

// Started by the test below, which kills it.
TEST_CASE("child: runs until it is killed" * doctest::skip()) {
  Options options = TestOptions(::getenv("CODITECT_TEST_STATE"));
  if (::getenv("CODITECT_TEST_PLAIN") != nullptr) options.tier = Tier::kNone;
  const ScratchFolder scratch;
  WorkspaceOptions workspace_options{
      .label = "r-1/t-1/1-1", .repo_path = scratch.path() + "/repo", .base = scratch.path()};
  const auto sandbox = Sandbox::Create(options).value();
  const auto workspace = sandbox->OpenWorkspace(TestContext(), workspace_options).value();
  const auto process =
      workspace->Launch(TestContext(), Stubborn(5, ::getenv("CODITECT_TEST_MARK"))).value();
  AwaitReady(*process);
  Put(options.state_folder + "/ready", StrCat(::getpid()));
  ::pause();
}

TEST_CASE("WhatADeadOwnerLeftIsSweptAndLivingOwnersAreNot") {
  Bench bench;
  const std::string mark = NewMark();
  REQUIRE(MakeDirs(bench.state()).ok());
  RunChildUntilReady(bench.state(), mark, /*plain=*/false, [&](pid_t child) {
    // A living owner is left alone.
    bench.Start();
    CHECK(bench.sandbox().Sweep(TestContext()).ok());
    CHECK(CountMarked(mark) >= 6);
    ::kill(child, SIGKILL);
  });
  // Its processes die with it, before anybody sweeps.
  CHECK(HappensSoon([&] { return CountMarked(mark) == 0; }));
  Put(bench.repo() + "/x", "x");
  bench.Open();
  CHECK_EQ(ListDir(bench.state() + "/work").value().size(), 4);  // lock, users, two owners
  CHECK(bench.sandbox().Sweep(TestContext()).ok());
  CHECK_EQ(ListDir(bench.state() + "/work").value().size(), 3);
  CHECK_EQ(bench.Shell("echo still works"), "still works\n");
  const StatusOr<CgroupTree::Sources> sources = CgroupTree::ReadSources();
  REQUIRE(sources.ok());
  const std::string prefix =
      StrCat("coditect-", Sha256Hex(RealPath(bench.state() + "/work").value()).substr(0, 12));
  for (const std::string& parent : CgroupTree::Find(*sources, "coditect-test").parents()) {
    const std::vector<std::string> groups = ListDir(parent).value();
    CHECK(std::none_of(groups.begin(), groups.end(),
                       [&](const std::string& name) { return name.starts_with(prefix); }));
  }
}

TEST_CASE("PlainProcessesOfADeadOwnerAreFoundByTheirMark") {
  Bench bench;
  const std::string mark = NewMark();
  REQUIRE(MakeDirs(bench.state()).ok());
  RunChildUntilReady(bench.state(), mark, /*plain=*/true, [&](pid_t child) {
    // Everything that could clean up dies at once.
    const pid_t broker = FindBroker(child);
    REQUIRE(broker > 0);
    ::kill(child, SIGSTOP);
    ::kill(broker, SIGSTOP);
    // Its reaper was cloned from it and shows the same command line, which holds the owner's token.
    const std::string own = ReadFile(StrCat("/proc/", broker, "/cmdline"), 4096).value();
    const std::vector<pid_t> reapers = FindProcesses(
        [&](const std::string& command_line, const std::string&) { return command_line == own; });
    for (const pid_t pid : reapers) ::kill(pid, SIGKILL);
  });
  CHECK(CountMarked(mark) >= 5);
  bench.Start();
  CHECK(bench.sandbox().Sweep(TestContext()).ok());
  CHECK(HappensSoon([&] { return CountMarked(mark) == 0; }));
}

TEST_SUITE_END();

TEST_CASE("MountsInADeadOwnersFolderAreDetached") {
  if (::geteuid() != 0) return;
  Bench bench;
  const std::string place = bench.state() + "/work/0123456789abcdef/w-1/odd place";
  REQUIRE(MakeDirs(place).ok());
  REQUIRE(::mount("none", place.c_str(), "tmpfs", 0, nullptr) == 0);
  Put(place + "/file", "x");
  bench.Start();
  CHECK(bench.sandbox().Sweep(TestContext()).ok());
  CHECK_FALSE(PathExists(bench.state() + "/work/0123456789abcdef"));
}

}  // namespace coditect::process
