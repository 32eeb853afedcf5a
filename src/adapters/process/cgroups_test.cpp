// Where control groups are found, on trees made of plain folders, and that real ones count.
#include "src/adapters/process/cgroups.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/adapters/process/test_bench.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

// A folder in which every new group would have `files`: plain folders cannot make them by
// themselves, so the probe's and the launch's groups are laid out beforehand.
void MakeGroups(const std::string& parent, const std::vector<std::string>& files) {
  for (const char* group : {"/t-probe", "/t-1"}) {
    Put(parent + group + "/cgroup.procs", "");
    for (const std::string& file : files) Put(parent + group + "/" + file, "0\n");
  }
}

std::string Mount(const std::string& root, const std::string& point, const std::string& type,
                  const std::string& options) {
  return StrCat("31 23 0:28 ", root, " ", point, " rw,relatime shared:9 - ", type, " cgroup rw,",
                options, "\n");
}

}  // namespace

TEST_CASE("EachVersionOneControllerIsFoundInItsOwnTree") {
  const ScratchFolder scratch;
  const std::string& top = scratch.path();
  MakeGroups(top + "/pids/own", {"pids.max"});
  MakeGroups(top + "/memory/own", {"memory.limit_in_bytes"});
  MakeGroups(top + "/cpu,cpuacct", {"cpuacct.usage"});
  const CgroupTree tree = CgroupTree::Find(
      {.self_cgroup = "8:pids:/own\n4:memory:/own\n2:cpu,cpuacct:/\n1:name=systemd:/own\n0::/own\n",
       .mounts = Mount("/", top + "/pids", "cgroup", "pids") +
                 Mount("/", top + "/memory", "cgroup", "memory") +
                 Mount("/", top + "/cpu,cpuacct", "cgroup", "cpu,cpuacct")},
      "t");
  CHECK_EQ(tree.parents(),
           std::vector<std::string>{top + "/pids/own", top + "/memory/own", top + "/cpu,cpuacct"});
}

TEST_CASE("VersionTwoTakesTheNearestFolderThatHasAllControllers") {
  const ScratchFolder scratch;
  const std::string& top = scratch.path();
  // The own group holds processes, so it can delegate nothing; its parent can.
  MakeGroups(top + "/slice/own", {"cpu.stat"});
  MakeGroups(top + "/slice", {"cpu.stat", "memory.max", "pids.max"});
  const CgroupTree tree = CgroupTree::Find(
      {.self_cgroup = "0::/slice/own\n", .mounts = Mount("/", top, "cgroup2", "nsdelegate")}, "t");
  CHECK_EQ(tree.parents(), std::vector<std::string>{top + "/slice"});
  for (const Controller controller : kControllers) CHECK(tree.Has(controller));
}

TEST_CASE("VersionTwoIsNeverSplitOverTwoGroups") {
  const ScratchFolder scratch;
  const std::string& top = scratch.path();
  MakeGroups(top + "/slice/own", {"cpu.stat"});
  MakeGroups(top + "/slice", {"cpu.stat", "pids.max"});
  CgroupTree tree = CgroupTree::Find(
      {.self_cgroup = "0::/slice/own\n", .mounts = Mount("/", top, "cgroup2", "rw")}, "t");
  CHECK_EQ(tree.parents(), std::vector<std::string>{top + "/slice"});
  CHECK_FALSE(tree.Has(Controller::kMemory));
  tree.Drop(Controller::kPids);
  CHECK_FALSE(tree.Has(Controller::kPids));
}

TEST_CASE("AContainersOwnRootIsTakenOffThePath") {
  const ScratchFolder scratch;
  MakeGroups(scratch.path() + "/deep", {"pids.max"});
  const CgroupTree tree =
      CgroupTree::Find({.self_cgroup = "8:pids:/docker/abc/deep\n",
                        .mounts = Mount("/docker/abc", scratch.path(), "cgroup", "pids")},
                       "t");
  CHECK_EQ(tree.parents(), std::vector<std::string>{scratch.path() + "/deep"});
}

TEST_CASE("RealGroupsCountAndAreRemoved") {
  const StatusOr<CgroupTree::Sources> sources = CgroupTree::ReadSources();
  REQUIRE(sources.ok());
  const std::string name = StrCat("coditect-test-", ::getpid());
  const CgroupTree tree = CgroupTree::Find(*sources, name);
  if (tree.parents().empty()) {
    MESSAGE("skipped: no writable control group here");
    return;
  }
  {
    StatusOr<Cgroup> group = tree.Make(name, {.pids = 10, .memory_bytes = 64 << 20});
    REQUIRE_MESSAGE(group.ok(), Message(group.status()));
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (;;) ::getppid();
    }
    REQUIRE(group->Add(child).ok());
    while (tree.Has(Controller::kCpu) && group->Read().cpu_us < 20'000) ::usleep(1000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK_EQ(group->Read().memory_kills, 0);
    CHECK_EQ(group->Read().refused_forks, 0);
  }
  for (const std::string& parent : tree.parents()) CHECK_FALSE(PathExists(parent + "/" + name));
}

}  // namespace coditect::process
