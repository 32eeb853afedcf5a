// doctor: what this kernel and processor give.
#include <sched.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <thread>

#include "src/app/doctor/examination.h"
#include "src/base/file.h"

namespace coditect {
namespace {

constexpr size_t kSmallFileMax = 4096;
constexpr int kKernelMajorWanted = 5;  // 5.13 has Landlock, 5.12 id-mapped mounts
constexpr int kKernelMinorWanted = 13;

std::string FirstLine(const std::string& path) {
  const auto text = ReadFile(path, kSmallFileMax);
  return text.ok() ? std::string(TrimWhitespace(*text)) : "";
}

void CheckKernel(CheckList& rows) {
  utsname names{};
  ::uname(&names);
  int major = 0;
  int minor = 0;
  ::sscanf(names.release, "%d.%d", &major, &minor);
  const std::string shown = StrCat(names.sysname, " ", names.release, " ", names.machine);
  const bool recent =
      major > kKernelMajorWanted || (major == kKernelMajorWanted && minor >= kKernelMinorWanted);
  if (recent) {
    rows.Ok("kernel", shown);
  } else {
    rows.Warn("kernel", StrCat(shown, ": older than 5.13, so Landlock and id-mapped layers lack"),
              "install a newer kernel: `sudo apt-get install linux-image-amd64`");
  }
}

void CheckControlGroups(CheckList& rows) {
  const std::string unified = FirstLine("/sys/fs/cgroup/cgroup.controllers");
  if (!unified.empty()) {
    rows.Ok("cgroups", StrCat("v2: ", unified));
  } else if (PathExists("/sys/fs/cgroup/memory") || PathExists("/sys/fs/cgroup/pids")) {
    rows.Ok("cgroups", "v1");
  } else {
    rows.Warn("cgroups", "none is mounted: limits of memory and processes are measured by /proc",
              "mount them: `sudo mount -t cgroup2 none /sys/fs/cgroup`");
  }
}

void CheckLandlock(CheckList& rows) {
#ifndef SYS_landlock_create_ruleset
  constexpr long kCreateRuleset = 444;
#else
  constexpr long kCreateRuleset = SYS_landlock_create_ruleset;
#endif
  constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
  const long abi = ::syscall(kCreateRuleset, nullptr, 0, kVersion);
  if (abi > 0) {
    rows.Ok("landlock", StrCat("ABI ", abi));
  } else {
    rows.Warn("landlock", "this kernel has none, or it is switched off; it is a second layer only",
              "boot with lsm=landlock,… (see /sys/kernel/security/lsm)");
  }
}

void CheckNamespaces(CheckList& rows) {
  const std::string most = FirstLine("/proc/sys/user/max_user_namespaces");
  const std::string allowed = FirstLine("/proc/sys/kernel/unprivileged_userns_clone");
  const std::string restricted =
      FirstLine("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  const bool root = ::geteuid() == 0;
  if (most == "0" || allowed == "0") {
    const std::string detail =
        StrCat("user namespaces are switched off", root ? "; root does without them" : "");
    const std::string fix = allowed == "0" ? "`sudo sysctl kernel.unprivileged_userns_clone=1`"
                                           : "`sudo sysctl user.max_user_namespaces=10000`";
    if (root) {
      rows.Ok("user namespaces", detail);
    } else {
      rows.Warn("user namespaces", detail, fix);
    }
  } else if (restricted == "1" && !root) {
    rows.Warn("user namespaces", "AppArmor keeps them from programs it does not know",
              "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`");
  } else {
    rows.Ok("user namespaces", most.empty() ? "allowed" : StrCat("allowed, at most ", most));
  }
}

/// Asked for on a thread of its own, so that nothing of it stays.
void CheckScheduling(CheckList& rows) {
  bool real_time = false;
  bool slice = false;
  std::thread([&] {
    sched_param priority{};
    priority.sched_priority = 1;
    real_time = ::pthread_setschedparam(::pthread_self(), SCHED_RR, &priority) == 0;
    if (real_time) return;
    struct {
      uint32_t size, policy;
      uint64_t flags;
      int32_t nice;
      uint32_t priority;
      uint64_t runtime_ns, deadline_ns, period_ns;
    } attributes{};
    attributes.size = sizeof attributes;
    attributes.runtime_ns = 100'000;
    slice = ::syscall(SYS_sched_setattr, 0, &attributes, 0U) == 0;
  }).join();
  rows.Ok("scheduling", real_time ? "SCHED_RR may be had"
                        : slice   ? "a slice of 100 us may be asked for"
                                  : "the usual; on a busy machine fsync takes longer");
}

}  // namespace

void CheckMachine(CheckList rows) {
  CheckKernel(rows);
  const auto pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const auto page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  rows.Ok("processors", StrCat(Counted(std::thread::hardware_concurrency(), "processor"), ", ",
                               pages * page_bytes >> 20, " MiB of memory"));
  CheckControlGroups(rows);
  CheckLandlock(rows);
  CheckNamespaces(rows);
  CheckScheduling(rows);
}

}  // namespace coditect
