// Control groups by plain file operations.
#include "src/adapters/process/cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "src/adapters/process/system_calls.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::process {
namespace {

struct Hierarchy {
  std::vector<std::string> controllers;  // version 1; empty = version 2
  std::string mount_point;
  std::string mount_root;  // the group the mount point shows
};

// Lines of /proc/self/mountinfo: id parent dev root mount-point options ... - type source options.
std::vector<Hierarchy> ParseMounts(const std::string& mounts) {
  std::vector<Hierarchy> out;
  for (const std::string& line : Split(mounts, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::vector<std::string> left = Split(std::string_view(line).substr(0, dash), ' ');
    const std::vector<std::string> right = Split(std::string_view(line).substr(dash + 3), ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    if (right[0] != "cgroup" && right[0] != "cgroup2") continue;
    Hierarchy hierarchy{{}, left[4], left[3]};
    if (right[0] == "cgroup") hierarchy.controllers = Split(right[2], ',');
    out.push_back(std::move(hierarchy));
  }
  return out;
}

// The caller's own group in a hierarchy, as a folder. Lines: id:controllers:path.
std::string OwnFolder(const std::string& self_cgroup, const Hierarchy& hierarchy) {
  for (const std::string& line : Split(self_cgroup, '\n')) {
    const std::vector<std::string> parts = Split(line, ':');
    if (parts.size() < 3) continue;
    const std::vector<std::string> names = Split(parts[1], ',');
    const bool same = hierarchy.controllers.empty()
                          ? parts[1].empty()
                          : std::find(hierarchy.controllers.begin(), hierarchy.controllers.end(),
                                      names[0]) != hierarchy.controllers.end();
    if (!same || names.empty()) continue;
    std::string path = parts[2];
    if (hierarchy.mount_root != "/" && IsBelow(path, hierarchy.mount_root)) {
      path = path.substr(hierarchy.mount_root.size());
    }
    return hierarchy.mount_point + (path == "/" ? "" : path);
  }
  return hierarchy.mount_point;
}

// The first file of the controller's interface that must exist in a usable group.
std::string ProofFile(Controller controller, bool v2) {
  switch (controller) {
    case Controller::kPids:
      return "pids.max";
    case Controller::kMemory:
      return v2 ? "memory.max" : "memory.limit_in_bytes";
    case Controller::kCpu:
      return v2 ? "cpu.stat" : "cpuacct.usage";
  }
  return "";
}

// How many of the `proofs` a group made in `folder` has; 0 when processes cannot be put into it.
size_t CountProofs(const std::string& folder, const std::string& name,
                   const std::vector<std::string>& proofs) {
  const std::string group = JoinPath(folder, name + "-probe");
  if (::mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) return 0;
  size_t count = 0;
  if (::access(JoinPath(group, "cgroup.procs").c_str(), W_OK) == 0) {
    for (const std::string& proof : proofs) {
      if (::access(JoinPath(group, proof).c_str(), F_OK) == 0) ++count;
    }
  }
  ::rmdir(group.c_str());
  return count;
}

// The own group, or an ancestor, in which a group with the most of `proofs` can be made.
std::string FindParent(const Hierarchy& hierarchy, const std::string& own, const std::string& name,
                       const std::vector<std::string>& proofs) {
  std::string best;
  size_t best_count = 0;
  for (std::string folder = own; IsBelow(folder, hierarchy.mount_point); folder = DirName(folder)) {
    const size_t count = CountProofs(folder, name, proofs);
    if (count > best_count) best = folder;
    best_count = std::max(best_count, count);
    if (count == proofs.size() || folder == hierarchy.mount_point) break;
  }
  return best;
}

bool HasController(const Hierarchy& hierarchy, Controller controller) {
  const std::string name =
      controller == Controller::kCpu ? "cpuacct" : std::string(ControllerName(controller));
  return std::find(hierarchy.controllers.begin(), hierarchy.controllers.end(), name) !=
         hierarchy.controllers.end();
}

uint64_t ReadNumber(int fd, std::string_view key) {
  char buffer[4096];
  const ssize_t size = fd < 0 ? 0 : ::pread(fd, buffer, sizeof buffer - 1, 0);
  if (size <= 0) return 0;
  buffer[size] = 0;
  if (key.empty()) return ::strtoull(buffer, nullptr, 10);
  for (const std::string& line : Split(buffer, '\n')) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return ::strtoull(line.c_str() + key.size() + 1, nullptr, 10);
    }
  }
  return 0;
}

UniqueFd OpenFile(const std::string& folder, const std::string& name) {
  return UniqueFd(::open(JoinPath(folder, name).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

std::string_view ControllerName(Controller controller) {
  constexpr std::string_view kNames[] = {"pids", "memory", "cpu"};
  return kNames[static_cast<size_t>(controller)];
}

StatusOr<CgroupTree::Sources> CgroupTree::ReadSources() {
  Sources sources;
  ASSIGN_OR_RETURN(sources.self_cgroup, ReadFile("/proc/self/cgroup", 1 << 20));
  ASSIGN_OR_RETURN(sources.mounts, ReadFile("/proc/self/mountinfo", 16 << 20));
  return sources;
}

CgroupTree CgroupTree::Find(const Sources& sources, const std::string& name) {
  CgroupTree tree;
  const std::vector<Hierarchy> hierarchies = ParseMounts(sources.mounts);
  for (const Hierarchy& hierarchy : hierarchies) {
    for (const Controller controller : kControllers) {
      if (!HasController(hierarchy, controller) || tree.Has(controller)) continue;
      const std::string own = OwnFolder(sources.self_cgroup, hierarchy);
      tree.parents_[Index(controller)] = {
          FindParent(hierarchy, own, name, {ProofFile(controller, false)}), false};
    }
  }
  // Version 2 has one tree: whatever is taken from it must be found in one group.
  for (const Hierarchy& hierarchy : hierarchies) {
    if (!hierarchy.controllers.empty()) continue;
    std::vector<Controller> wanted;
    std::vector<std::string> proofs;
    for (const Controller controller : kControllers) {
      if (tree.Has(controller)) continue;
      wanted.push_back(controller);
      proofs.push_back(ProofFile(controller, true));
    }
    if (wanted.empty()) break;
    const std::string own = OwnFolder(sources.self_cgroup, hierarchy);
    const std::string folder = FindParent(hierarchy, own, name, proofs);
    for (size_t i = 0; i < wanted.size() && !folder.empty(); ++i) {
      if (CountProofs(folder, name, {proofs[i]}) == 1) {
        tree.parents_[Index(wanted[i])] = {folder, true};
      }
    }
    break;
  }
  return tree;
}

std::vector<std::string> CgroupTree::parents() const {
  std::vector<std::string> out;
  for (const Parent& parent : parents_) {
    if (parent.folder.empty()) continue;
    if (std::find(out.begin(), out.end(), parent.folder) == out.end()) out.push_back(parent.folder);
  }
  return out;
}

StatusOr<Cgroup> CgroupTree::Make(const std::string& name, const CgroupLimits& limits) const {
  Cgroup group;
  for (const std::string& parent : parents()) {
    const std::string folder = JoinPath(parent, name);
    if (::mkdir(folder.c_str(), 0755) != 0) return ErrnoStatus(errno, "cannot make ", folder);
    group.folders_.push_back(folder);
  }
  if (Has(Controller::kPids)) {
    const std::string folder = JoinPath(parent(Controller::kPids), name);
    if (limits.pids > 0) {
      RETURN_IF_ERROR(WriteKernelFile(folder + "/pids.max", StrCat(limits.pids)));
    }
    group.pids_events_ = OpenFile(folder, "pids.events");
  }
  if (Has(Controller::kMemory)) {
    const bool v2 = IsV2(Controller::kMemory);
    const std::string folder = JoinPath(parent(Controller::kMemory), name);
    const std::string limit = StrCat(limits.memory_bytes);
    if (limits.memory_bytes > 0) {
      RETURN_IF_ERROR(
          WriteKernelFile(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"), limit));
      // Where swap is not accounted the file is absent, and there is nothing to limit.
      const std::string swap = folder + (v2 ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes");
      if (PathExists(swap)) RETURN_IF_ERROR(WriteKernelFile(swap, v2 ? "0" : limit));
    }
    group.memory_events_ = OpenFile(folder, v2 ? "memory.events" : "memory.oom_control");
    group.memory_peak_ = OpenFile(folder, v2 ? "memory.peak" : "memory.max_usage_in_bytes");
  }
  if (Has(Controller::kCpu)) {
    group.cpu_is_v2_ = IsV2(Controller::kCpu);
    group.cpu_ = OpenFile(JoinPath(parent(Controller::kCpu), name),
                          group.cpu_is_v2_ ? "cpu.stat" : "cpuacct.usage");
  }
  return group;
}

Cgroup& Cgroup::operator=(Cgroup&& other) noexcept {
  Remove();
  folders_ = std::exchange(other.folders_, {});
  cpu_ = std::move(other.cpu_);
  memory_peak_ = std::move(other.memory_peak_);
  memory_events_ = std::move(other.memory_events_);
  pids_events_ = std::move(other.pids_events_);
  cpu_is_v2_ = other.cpu_is_v2_;
  return *this;
}

Status Cgroup::Add(pid_t pid) const {
  for (const std::string& folder : folders_) {
    RETURN_IF_ERROR(WriteKernelFile(JoinPath(folder, "cgroup.procs"), StrCat(pid)));
  }
  return absl::OkStatus();
}

CgroupUsage Cgroup::Read() const {
  CgroupUsage usage;
  usage.cpu_us =
      cpu_is_v2_ ? ReadNumber(cpu_.get(), "usage_usec") : ReadNumber(cpu_.get(), "") / 1000;
  usage.memory_bytes_max = ReadNumber(memory_peak_.get(), "");
  usage.memory_kills = ReadNumber(memory_events_.get(), "oom_kill");
  usage.refused_forks = ReadNumber(pids_events_.get(), "max");
  return usage;
}

void Cgroup::Remove() {
  for (const std::string& folder : folders_) ::rmdir(folder.c_str());
  folders_.clear();
}

void SweepCgroups(const std::string& parent, const std::string& prefix) {
  const StatusOr<std::vector<std::string>> names = ListDir(parent);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix)) continue;
    const std::string folder = JoinPath(parent, name);
    const std::string pids = ReadFile(folder + "/cgroup.procs", 1 << 20).value_or("");
    for (const std::string& pid : Split(pids, '\n')) {
      if (const int number = ::atoi(pid.c_str()); number > 1) ::kill(number, SIGKILL);
    }
    ::rmdir(folder.c_str());
  }
}

}  // namespace coditect::process
