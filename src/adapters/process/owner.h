// What one sandbox instance owns on disk, and the removal of what dead ones left.
//
// <state>/work/lock              held while owners come and go
// <state>/work/users             one byte locked for each sandbox user in use
// <state>/work/<owner>/lock      locked as long as the owner lives
// <state>/work/<owner>/cgroups   folders it makes control groups in, NUL-separated
// <state>/work/<owner>/w-<n>/    a workspace: n (mount place), u, w, c<i>u, c<i>w, label
// <state>/work/<owner>/l-<n>/    a lower layer that had to be copied
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/base/mutex.h"
#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

/// Thread-safe.
class Owner {
 public:
  /// Makes the owner's folder below `state_folder` and takes its lock. PERMISSION_DENIED or the
  /// like when the folder cannot be written, RESOURCE_EXHAUSTED when the disk is full.
  static StatusOr<std::unique_ptr<Owner>> Open(const std::string& state_folder);
  /// Removes the folder.
  ~Owner();

  const std::string& folder() const { return folder_; }
  /// Marks the owner's processes and control groups: 12 digits of the state folder's hash, "-",
  /// the owner's name.
  const std::string& token() const { return token_; }

  /// A new, empty folder for a workspace, with its label written down.
  StatusOr<std::string> NewWorkspaceFolder(const std::string& label);
  /// A name no other folder of this owner has.
  std::string NextName(std::string_view prefix);

  /// A number in [base, base + count) no other owner uses. RESOURCE_EXHAUSTED when all are taken.
  StatusOr<uint32_t> TakeUser(uint32_t base, uint32_t count);
  void ReturnUser(uint32_t user);

  /// Writes down where control groups are made.
  Status RecordCgroupParents(const std::vector<std::string>& parents);

  /// Kills and removes what owners that no longer live have left in the same state folder:
  /// processes, control groups, mounts, folders. Goes on past an owner that cannot be removed and
  /// returns the first error.
  Status Sweep(const Context& ctx);

 private:
  Owner() = default;
  Status SweepOwner(const std::string& name);

  std::string work_;  // <state>/work
  std::string name_;
  std::string folder_;
  std::string token_;
  UniqueFd lock_;
  UniqueFd users_;
  Mutex mutex_;
  uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  std::set<uint32_t> taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect::process
