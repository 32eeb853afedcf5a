// What is used where something is missing, and what is refused.
#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "src/adapters/process/process_tree.h"
#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

using Lines = std::vector<std::string>;

bool AsRoot() { return ::geteuid() == 0; }

// A repository with everything a rung has to get right.
void CheckRung(Bench& bench, const std::string& expected) {
  Put(bench.base() + "/file", "before", 0600);
  Put(bench.base() + "/gone/x", "x");
  Put(bench.repo() + "/.venv/lib", "lib", 0600);
  Put(bench.scratch() + "/tool/bin", "tool", 0600);
  bench.options.toolchain.overlays = {".venv"};
  if (bench.sandbox_options.without.count(Feature::kIdmap) == 0) {
    bench.options.toolchain.read_only = {bench.scratch() + "/tool"};
  }
  bench.Start();
  CHECK_EQ(bench.sandbox().profile().workspace, expected);
  CHECK_EQ(bench.sandbox().profile().tier, "process");
  for (int round = 0; round < 2; ++round) {
    bench.Open();
    CHECK_EQ(bench.Shell("pwd; cat file .venv/lib; rm -r gone; echo after > file; "
                         "echo x > .venv/lib; touch .venv/new"),
             bench.repo() + "\nbeforelib");
    CHECK(bench.workspace().Apply({{.path = "d/applied", .content = "a"}}).ok());
    CHECK_EQ(bench.Shell("cat d/applied; echo b >> d/applied"), "a");
    CHECK_EQ(bench.Changes(), Lines{"-gone/x", "+d/applied ab\n", "+file after\n"});
    if (!bench.options.toolchain.read_only.empty()) {
      CHECK_EQ(bench.Shell("cat " + bench.scratch() + "/tool/bin"), "tool");
    }
  }
  CHECK_EQ(ReadFile(bench.repo() + "/.venv/lib").value(), "lib");
  CHECK_EQ(ReadFile(bench.base() + "/file").value(), "before");
}

// A small filesystem of its own, at <scratch>/<name>.
class Mounted {
 public:
  Mounted(const std::string& path, const char* type, unsigned long flags, const std::string& data)
      : path_(path) {
    REQUIRE(MakeDirs(path).ok());
    REQUIRE_MESSAGE(::mount("none", path.c_str(), type, flags, data.c_str()) == 0, data);
  }
  ~Mounted() { ::umount2(path_.c_str(), MNT_DETACH); }

 private:
  const std::string path_;
};

bool Mentions(const Lines& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_SUITE_BEGIN("any user");

TEST_CASE("TheFirstRungThatWorksIsUsedAndNamed") {
  struct Row {
    std::set<Feature> without;
    std::string root;  // "" = not for root
    std::string user;
  };
  const Row rows[] = {
      {{}, "overlay", "overlay"},
      {{Feature::kIdmap}, "overlay, lower layers copied", "overlay"},
      {{Feature::kOverlayOnState}, "overlay on tmpfs", "copy"},
      {{Feature::kOverlay}, "copy", "copy"},
      {{Feature::kOverlay, Feature::kIdmap, Feature::kCgroups, Feature::kLandlock}, "copy", "copy"},
  };
  for (const Row& row : rows) {
    Bench bench;
    bench.sandbox_options.workspace = WorkspaceMode::kAuto;
    bench.sandbox_options.without = row.without;
    bench.sandbox_options.without.insert(Feature::kReflink);
    CheckRung(bench, AsRoot() ? row.root : row.user);
  }
}

TEST_CASE("WhatIsMissingIsSaid") {
  Bench bench;
  bench.sandbox_options.without = {Feature::kCgroups, Feature::kLandlock};
  bench.Start();
  const SandboxProfile& profile = bench.sandbox().profile();
  CHECK(Mentions(profile.missing, "cgroup memory"));
  CHECK(Mentions(profile.missing, "landlock"));
  CHECK(Mentions(profile.layers, "seccomp"));
  CHECK_FALSE(Mentions(profile.layers, "landlock"));
}

TEST_CASE("AStateFolderOnAnOverlayWorks") {
  if (!AsRoot()) return;
  const ScratchFolder scratch("/dev/shm");
  for (const char* name : {"/l", "/u", "/w"}) REQUIRE(MakeDirs(scratch.path() + name).ok());
  Bench bench;
  bench.sandbox_options.workspace = WorkspaceMode::kAuto;
  const Mounted overlay(bench.state(), "overlay", 0,
                        StrCat("lowerdir=", scratch.path(), "/l,upperdir=", scratch.path(),
                               "/u,workdir=", scratch.path(), "/w"));
  bench.options.base = bench.state() + "/base";
  REQUIRE(MakeDirs(bench.base(), 0755).ok());
  CheckRung(bench, "overlay on tmpfs");
  bench.Close();
}

TEST_CASE("WithoutIsolationCreateRefusesAndSaysTheNextStep") {
  Bench bench;
  bench.sandbox_options.without = {Feature::kIsolation};
  const Status status = Sandbox::Create(bench.sandbox_options).status();
  CHECK_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  CHECK_NE(Message(status).find("--sandbox none"), std::string::npos);
  CHECK_EQ(Message(status).find('\n'), std::string::npos);
  bench.sandbox_options.without = {Feature::kOverlay};
  bench.sandbox_options.workspace = WorkspaceMode::kOverlay;
  CHECK_EQ(Sandbox::Create(bench.sandbox_options).status().code(),
           absl::StatusCode::kFailedPrecondition);
  // What was refused leaves nothing but the two lock files.
  CHECK_EQ(ListDir(bench.state() + "/work").value(), Lines{"lock", "users"});
}

TEST_CASE("TierNoneRunsOnAPlainCopyWithLimitsAndACleanEnvironment") {
  Bench bench;
  bench.sandbox_options.tier = Tier::kNone;
  ::setenv("SECRET_TOKEN", "canary", 1);
  Put(bench.base() + "/file", "base");
  Put(bench.repo() + "/.venv/lib", "lib");
  Put(bench.scratch() + "/reporter.py", "reporter");
  bench.options.toolchain.overlays = {".venv"};
  bench.options.read_only_files = {
      {bench.scratch() + "/reporter.py", bench.scratch() + "/reporter.py"},
      {bench.scratch() + "/reporter.py", bench.repo() + "/hooks/reporter.py"},
      {bench.scratch() + "/reporter.py", "/run/elsewhere/reporter.py"}};
  bench.Start();
  CHECK_EQ(bench.sandbox().profile().tier, "none");
  CHECK(Mentions(bench.sandbox().profile().missing, "isolation"));
  CHECK(Mentions(bench.sandbox().profile().missing, "path"));
  const std::string output = bench.Shell(
      "pwd; cat file .venv/lib hooks/reporter.py; env; echo x > $HOME/x; echo x > $TMPDIR/x; "
      "echo after > file");
  ::unsetenv("SECRET_TOKEN");
  CHECK(output.starts_with(bench.state() + "/work/"));
  CHECK_NE(output.find("\nbaselibreporter"), std::string::npos);
  CHECK_EQ(output.find("canary"), std::string::npos);
  CHECK_EQ(bench.Changes(), Lines{"+file after\n"});
  CHECK_EQ(
      EndedByName(bench.Run({"sleep", "50"}, {.wall = std::chrono::milliseconds(100)}).ended_by),
      "wall");
  CHECK_EQ(EndedByName(bench.Run({"yes"}, {.output_bytes = 1 << 20}).ended_by), "output");
  // Nothing can be shown outside the repository: a command is told where the file really is.
  CHECK_EQ(bench.Run({"cat", "/run/elsewhere/reporter.py"}).output, "reporter");
}

TEST_CASE("TierNoneKillsDaemonsAndEvenThoseThatKillTheirReaper") {
  Bench bench;
  bench.sandbox_options.tier = Tier::kNone;
  const std::string mark = StrCat("coditect-plain-", ::getpid());
  const auto count = [&] {
    return FindProcesses([&](const std::string& command_line, const std::string&) {
             return command_line.find(mark) != std::string::npos;
           })
        .size();
  };
  const std::string daemons =
      "import os, signal, sys, time\n"
      "for _ in range(10):\n"
      "  if os.fork() == 0:\n"
      "    os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
      "    if os.fork() == 0: time.sleep(1000)\n"
      "    os._exit(0)\n"
      "  os.wait()\n";
  bench.Run({"python3", "-c", daemons, mark});
  CHECK_EQ(count(), 0);
  bench.Run({"python3", "-c", daemons + "time.sleep(1000)", mark},
            {.wall = std::chrono::milliseconds(300)});
  CHECK_EQ(count(), 0);
  bench.Run({"python3", "-c", daemons + "os.kill(os.getppid(), 9)\ntime.sleep(1000)", mark});
  CHECK_EQ(count(), 0);
}

TEST_CASE("AStateFolderThatCannotBeUsedIsAnErrorThatNamesIt") {
  const ScratchFolder scratch;
  Put(scratch.path() + "/file", "x");
  Status status = Sandbox::Create(TestOptions(scratch.path() + "/file")).status();
  CHECK_FALSE(status.ok());
  CHECK_NE(Message(status).find(scratch.path()), std::string::npos);
  if (AsRoot()) {
    const Mounted frozen(scratch.path() + "/frozen", "tmpfs", MS_RDONLY, "");
    status = Sandbox::Create(TestOptions(scratch.path() + "/frozen")).status();
  } else {
    REQUIRE(::mkdir((scratch.path() + "/frozen").c_str(), 0500) == 0);
    status = Sandbox::Create(TestOptions(scratch.path() + "/frozen")).status();
    CHECK_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  }
  CHECK_FALSE(status.ok());
  CHECK_NE(Message(status).find("/frozen"), std::string::npos);
}

TEST_CASE("AFullDiskIsATypedError") {
  if (!AsRoot()) return;
  for (const WorkspaceMode mode : {WorkspaceMode::kOverlay, WorkspaceMode::kCopy}) {
    Bench bench;
    const Mounted small(bench.state(), "tmpfs", 0, "size=2m,nr_inodes=300");
    bench.sandbox_options.workspace = mode;
    bench.sandbox_options.disk_reserve_bytes = 4 << 20;
    CHECK_EQ(Sandbox::Create(bench.sandbox_options).status().code(),
             absl::StatusCode::kResourceExhausted);
    bench.sandbox_options.disk_reserve_bytes = 0;
    Put(bench.base() + "/file", std::string(100 << 10, 'x'));
    bench.Open();
    CHECK_EQ(
        bench.workspace().Apply({{.path = "big", .content = std::string(3 << 20, 'x')}}).code(),
        absl::StatusCode::kResourceExhausted);
    CHECK(bench.Changes().empty());  // nothing half-done
    CHECK_EQ(bench.Run({"sh", "-c", "head -c 5000000 /dev/zero > big"}).exit_code, 1);
    const StatusOr<std::unique_ptr<Workspace>> second =
        bench.sandbox().OpenWorkspace(TestContext(), bench.options);
    CHECK_EQ(second.status().code(), absl::StatusCode::kResourceExhausted);
    bench.Close();
    bench.Open();  // recovers without a restart
    bench.Close();
  }
}

TEST_CASE("ALaunchThatUsesUpTheDiskReserveEnds") {
  if (!AsRoot()) return;
  Bench bench;
  const Mounted small(bench.state(), "tmpfs", 0, "size=64m");
  bench.sandbox_options.disk_reserve_bytes = 16 << 20;
  const SandboxResult result =
      bench.Run({"python3", "-c",
                 "import time\nf = open('big', 'wb')\nfor _ in range(600):\n"
                 "  f.write(b'x' * (1 << 17)); f.flush(); time.sleep(0.003)\ntime.sleep(20)"});
  CHECK_EQ(EndedByName(result.ended_by), "policy");
  CHECK_EQ(bench.workspace().Launch(TestContext(), {.argv = {"true"}}).status().code(),
           absl::StatusCode::kResourceExhausted);
  bench.Close();
  CHECK_EQ(bench.Run({"true"}).exit_code, 0);
  bench.Close();
}

TEST_SUITE_END();

}  // namespace coditect::process
