// What a host keeps for a mission between its leases: repository, base folder, toolchain, lists.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "src/agent/lease.h"
#include "src/base/mutex.h"

namespace coditect {

/// Made on first use, removed with the mission. Thread-safe; the leases of one mission share it.
class MissionResources {
 public:
  MissionResources(MissionId id, std::shared_ptr<const MissionRequest> request,
                   const HostServices& services);
  /// Removes the base folder.
  ~MissionResources();

  StatusOr<Repository*> repository(const Context& ctx);
  StatusOr<const Toolchain*> toolchain(const Context& ctx);

  /// Folder with the files of the base tree; made once.
  StatusOr<std::string> BaseFolder(const Context& ctx);

  /// Entries of the base tree by path.
  StatusOr<const std::map<std::string, TreeEntry>*> BaseFiles(const Context& ctx);

  /// Keeps what was built in `workspace`, which holds the base and nothing else, for later
  /// workspaces of this mission. The first of each folder stays.
  Status KeepBuilt(const Context& ctx, Workspace& workspace, const BuiltFolder& built);

  /// Keeps the tree of `workspace`, in which a command built and tested the base in place, as what
  /// later searches begin with: of what is new only what compilers and configure make (objects,
  /// programs, lists of dependencies); the rest, which tests may have left, goes. "" or why nothing
  /// was kept: a file of the base is not as it was, or too much is new.
  StatusOr<std::string> KeepTree(const Context& ctx, Workspace& workspace);

  /// The base tree, or for searches what KeepTree kept.
  StatusOr<std::string> FolderFor(const Context& ctx, bool for_proof);

  /// What was kept; without what judges when a proof is to begin with it.
  std::vector<FolderLayer> Built(bool for_proof);

  /// Folders of the person's tree shown in workspaces (`Toolchain::overlays`) with the digest they
  /// had when the mission began here. A different digest later voids a verdict.
  StatusOr<std::string> DependencyDigest(const Context& ctx);

  const MissionRequest& request() const { return *request_; }

 private:
  const MissionId id_;
  const std::shared_ptr<const MissionRequest> request_;
  const HostServices& services_;
  const std::string folder_;

  Mutex mutex_;
  std::unique_ptr<Repository> repository_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Toolchain> toolchain_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<std::map<std::string, TreeEntry>> base_files_ ABSL_GUARDED_BY(mutex_);
  bool base_ready_ ABSL_GUARDED_BY(mutex_) = false;
  struct KeptFolder {
    BuiltFolder built;
    std::string host;
  };
  std::vector<KeptFolder> built_ ABSL_GUARDED_BY(mutex_);
  std::string built_tree_ ABSL_GUARDED_BY(mutex_);  // host folder; "" = none
};

enum class WorkspaceUse {
  kSearch,  // begins with what was built of the base before
  kFilter,  // the same, for a filter, which tells itself what it used
  kProof,   // builds whatever it is judged by
};

/// A workspace on the mission's base, at the person's path, for this lease. What its end kills
/// there is counted by the lease's meter.
StatusOr<std::unique_ptr<Workspace>> OpenWorkspace(const Lease& lease, WorkspaceUse use);

/// What turns the base tree into `tree_ish`.
StatusOr<std::vector<FileChange>> ChangesFromBase(const Lease& lease, const std::string& tree_ish);

}  // namespace coditect
