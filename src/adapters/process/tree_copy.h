// A private copy of a folder, sharing blocks with it where the filesystem can.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/base/context.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

struct TreeOwner {
  uint32_t uid = 0;
  uint32_t gid = 0;
};

struct CopyOptions {
  std::optional<TreeOwner> owner;  // whose the copy is; none: the caller's
  bool reflink = true;             // try to share blocks
};

/// Copies folders, regular files and symbolic links below `source` into `destination`, which is
/// made unless it exists, with permission bits and modification times; hard links become separate
/// files, FIFOs, sockets and devices are left out, no link is followed. CANCELLED or
/// DEADLINE_EXCEEDED by `ctx`, RESOURCE_EXHAUSTED on a full disk.
Status CopyTree(const Context& ctx, const std::string& source, const std::string& destination,
                const CopyOptions& options);

/// The same from an open folder.
Status CopyTree(const Context& ctx, UniqueFd source, const std::string& destination,
                const CopyOptions& options);

/// True when files in `folder` can share blocks.
bool CanReflink(const std::string& folder);

}  // namespace coditect::process
