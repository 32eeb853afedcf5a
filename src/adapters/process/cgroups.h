// Control groups, version 1 and 2: limits and accounts of one launch.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

enum class Controller { kPids, kMemory, kCpu };
inline constexpr std::array<Controller, 3> kControllers = {Controller::kPids, Controller::kMemory,
                                                           Controller::kCpu};
std::string_view ControllerName(Controller controller);

struct CgroupLimits {
  uint64_t pids = 0;          // 0 = none
  uint64_t memory_bytes = 0;  // with swap; 0 = none
};

struct CgroupUsage {
  uint64_t cpu_us = 0;
  uint64_t memory_bytes_max = 0;  // with the page cache the launch filled
  uint64_t memory_kills = 0;      // processes the kernel killed at the memory limit
  uint64_t refused_forks = 0;     // forks refused at the pids limit
};

/// The group of one launch in every hierarchy that is writable. Destruction removes it; by then
/// its processes must be gone.
class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(Cgroup&&) = default;
  Cgroup& operator=(Cgroup&& other) noexcept;
  ~Cgroup() { Remove(); }

  /// Puts a process (and its later children) under the limits.
  Status Add(pid_t pid) const;
  CgroupUsage Read() const;
  void Remove();

 private:
  friend class CgroupTree;
  std::vector<std::string> folders_;
  UniqueFd cpu_;
  UniqueFd memory_peak_;
  UniqueFd memory_events_;
  UniqueFd pids_events_;
  bool cpu_is_v2_ = false;
};

/// Where groups may be made, found once. A controller is used from version 1 where it is mounted
/// so, else from version 2. Thread-safe after Find().
class CgroupTree {
 public:
  /// Everything as the kernel describes it: tests pass texts and a folder of their own.
  struct Sources {
    std::string self_cgroup;  // /proc/self/cgroup
    std::string mounts;       // /proc/self/mountinfo
  };
  static StatusOr<Sources> ReadSources();

  /// Tries, by making groups called `<name>-probe`, where groups can be made.
  static CgroupTree Find(const Sources& sources, const std::string& name);

  bool Has(Controller controller) const { return !parent(controller).empty(); }
  /// Folders groups are made in, without duplicates.
  std::vector<std::string> parents() const;
  /// A new group; `name` is unique among its siblings.
  StatusOr<Cgroup> Make(const std::string& name, const CgroupLimits& limits) const;
  /// Gives a controller up, when a trial shows that it does not work here.
  void Drop(Controller controller) { parents_[Index(controller)] = {}; }

 private:
  struct Parent {
    std::string folder;  // "" = not available
    bool v2 = false;
  };
  static size_t Index(Controller controller) { return static_cast<size_t>(controller); }
  const std::string& parent(Controller controller) const {
    return parents_[Index(controller)].folder;
  }
  bool IsV2(Controller controller) const { return parents_[Index(controller)].v2; }

  std::array<Parent, 3> parents_;
};

/// Kills what is in the groups below `parent` whose name starts with `prefix`, and removes them.
void SweepCgroups(const std::string& parent, const std::string& prefix);

}  // namespace coditect::process
