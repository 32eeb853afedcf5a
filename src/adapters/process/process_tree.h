// Processes as /proc shows them: usage of a process's descendants, and their end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace coditect::process {

struct TreeUsage {
  uint64_t cpu_us = 0;          // of the living and of the dead they have waited for
  uint64_t resident_bytes = 0;  // shared pages count for each
  uint64_t tasks = 0;           // threads
};

/// All processes at one moment, approximately. Needs no privilege.
class ProcessTable {
 public:
  static ProcessTable Read();

  /// Sums over `root` and all its descendants.
  TreeUsage Measure(pid_t root) const;
  /// Descendants of `root` with their parents, without `spared` and theirs.
  std::vector<std::pair<pid_t, pid_t>> Descendants(pid_t root,
                                                   const std::vector<pid_t>& spared) const;

 private:
  struct Process {
    pid_t parent = 0;
    TreeUsage usage;
  };
  static bool ReadStat(pid_t pid, Process* out);

  std::map<pid_t, Process> processes_;
  std::multimap<pid_t, pid_t> children_;
};

/// Stops, then kills every descendant of `root` (the calling process, a child subreaper) but
/// `spared` and theirs, and reaps them, until none is left.
void KillDescendants(pid_t root, const std::vector<pid_t>& spared);

/// Pids of the processes for which `wanted(command line, environment)` holds; both are
/// NUL-separated, and empty where they may not be read. Never includes the caller.
std::vector<pid_t> FindProcesses(
    const std::function<bool(const std::string&, const std::string&)>& wanted);

}  // namespace coditect::process
