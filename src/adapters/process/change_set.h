// What a workspace's processes changed, read from its upper layer or its private copy.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/domain/change.h"

namespace coditect::process {

inline constexpr uint64_t kChangedFileBytesMax = 64ull << 20;
inline constexpr uint64_t kChangedBytesMax = 1ull << 30;
inline constexpr size_t kChangedFilesMax = 20'000;
inline constexpr size_t kVisitedEntriesMax = 1'000'000;

struct ChangeSources {
  int upper = -1;                // the upper layer, or the private copy
  int base = -1;                 // the base tree
  bool overlay = true;           // false: `upper` is a whole copy, and what it lacks is deleted
  bool user_mode = false;        // which extended attribute marks an opaque folder
  std::set<std::string> masked;  // relative paths that are not the workspace's
};

/// Changes from the base, deletions first, then by path. Modes count by their executable bit; other
/// bits, FIFOs, sockets, devices and everything called `.git` are left out, and a path that became
/// one of those is reported as deleted. Never follows a link, never blocks.
/// RESOURCE_EXHAUSTED, naming the path, beyond the limits above.
/// Source: research/workspace.md section 3.
StatusOr<std::vector<FileChange>> ReadChanges(const ChangeSources& sources);

}  // namespace coditect::process
