// Processes as /proc shows them: usage of a process's descendants, and their end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace coditect::process {

struct TreeUsage {
  uint64_t cpu_us = 0;          // of the living and of the dead they have waited for
  uint64_t resident_bytes = 0;  // shared pages count for each
  uint64_t tasks = 0;           // threads
};

/// Sums over `root` and all its descendants. Needs no privilege; a moment's approximation.
TreeUsage MeasureTree(pid_t root);

/// Stops, then kills every descendant of `root` (the calling process, a child subreaper) but
/// `spared` and theirs, and reaps them, until none is left.
void KillDescendants(pid_t root, const std::vector<pid_t>& spared);

/// Pids of the processes for which `wanted(command line, environment)` holds; both are
/// NUL-separated, and empty where they may not be read. Never includes the caller.
std::vector<pid_t> FindProcesses(
    const std::function<bool(const std::string&, const std::string&)>& wanted);

}  // namespace coditect::process
