// Single files of a workspace, written and read from outside without trusting anything inside.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/domain/change.h"

namespace coditect::process {

/// INVALID_ARGUMENT unless `path` is relative, normalised, free of NUL and of `.git` components.
Status CheckRelativePath(const std::string& path);

/// Applies `changes` below `top` (an O_PATH descriptor) as files of `uid`. Each file is made new
/// and renamed into place, so links, FIFOs and modes found there do no harm; folders appear and,
/// when they become empty by a deletion, disappear. INVALID_ARGUMENT for a path that leaves the
/// tree or goes through a link, RESOURCE_EXHAUSTED on a full disk.
Status ApplyChanges(int top, uint32_t uid, uint32_t gid, const std::vector<FileChange>& changes);

/// Bytes of a regular file below `top`. NOT_FOUND; INVALID_ARGUMENT for anything else and for a
/// path through a link; RESOURCE_EXHAUSTED beyond 64 MiB.
StatusOr<std::string> ReadBelow(int top, const std::string& path);

}  // namespace coditect::process
