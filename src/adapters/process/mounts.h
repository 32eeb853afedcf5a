// Mounts as descriptors: made detached, given their attributes, then attached to a folder that was
// opened before. No path is ever resolved twice.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

/// Attributes of everything that is shown read-only.
extern const uint64_t kReadOnlyMount;
/// Attributes of writable trees: set-user-id bits and devices mean nothing there.
extern const uint64_t kWritableMount;

struct TreeOptions {
  bool recursive = false;   // with what is mounted below
  bool no_follow = false;   // `source` itself may not be a symbolic link
  uint64_t attributes = 0;  // MOUNT_ATTR_*
  int idmap = -1;           // user namespace that maps the owner, -1 = none
};

/// A detached copy of the mount at host path `source`. The errno's code if the path is absent or
/// its filesystem refuses the id mapping.
StatusOr<UniqueFd> CloneTree(const std::string& source, const TreeOptions& options);

/// A detached new filesystem. Options are "key" or "key=value" of at most 255 characters.
StatusOr<UniqueFd> NewFilesystem(const std::string& type, const std::vector<std::string>& options,
                                 uint64_t attributes);

/// Attaches a detached mount on the file or folder behind `place`.
Status Attach(const UniqueFd& mount, int place, const std::string& name);

/// Adds attributes to the mount at `path` (relative to `folder`; "" = the folder itself).
Status SetMountAttributes(int folder, const std::string& path, uint64_t attributes);

/// A user namespace that maps one uid and gid on disk to one inside an idmapped mount. Needs root,
/// and must be made outside any new pid namespace (the /proc entry written to is the child's).
StatusOr<UniqueFd> MakeIdmap(uint32_t disk_uid, uint32_t disk_gid, uint32_t uid, uint32_t gid);

/// Brings the loopback interface of the current network namespace up.
Status RaiseLoopback();

}  // namespace coditect::process
