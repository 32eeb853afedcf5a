// What the sandbox, its workspaces and their launches share.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "src/adapters/process/broker_client.h"
#include "src/adapters/process/cgroups.h"
#include "src/adapters/process/owner.h"
#include "src/adapters/process/plan.h"
#include "src/adapters/process/sandbox.h"
#include "src/adapters/process/supervisor.h"
#include "src/base/context.h"
#include "src/base/mutex.h"
#include "src/ports/sandbox.h"

namespace coditect::process {

/// How workspaces are made; the first that works here is used.
enum class Rung {
  kOverlay,        // started by root: id-mapped lower layers; else: overlay in the user namespace
  kOverlayShared,  // root only: lower layers copied once for one shared sandbox user
  kOverlayTmpfs,   // the same, with upper layers on a tmpfs: the state folder cannot hold them
  kCopy,           // a private copy, sharing blocks where the filesystem can
};
std::string RungName(Rung rung, bool reflink);

/// Constant once Create() has returned, but for the parts with a lock of their own.
class Core {
 public:
  explicit Core(Options given) : options(std::move(given)) {}

  bool Lacks(Feature feature) const { return options.without.contains(feature); }
  bool plain() const { return options.tier == Tier::kNone; }

  /// `wanted` with every 0 replaced by the default.
  SandboxLimits LimitsFor(const SandboxLimits& wanted) const;

  /// RESOURCE_EXHAUSTED when the state folder's filesystem has less than the reserve.
  Status CheckDisk() const;

  /// True when `path` can be shown under the sandbox's user. Asked once for each path.
  bool CanIdmap(const std::string& path);

  /// A copy of `source` that belongs to the shared sandbox user, made once.
  StatusOr<std::string> SharedCopy(const Context& ctx, const std::string& source);

  const Options options;
  bool user_mode = false;
  Rung rung = Rung::kOverlay;
  bool reflink = false;
  SandboxProfile profile;
  std::unique_ptr<Owner> owner;
  std::unique_ptr<BrokerClient> broker;
  CgroupTree cgroups;
  std::unique_ptr<Supervisor> supervisor;
  std::atomic<uint64_t> next_root{1};

 private:
  Mutex mutex_;
  std::map<std::string, bool> can_idmap_ ABSL_GUARDED_BY(mutex_);
  Mutex copies_mutex_;  // held while a copy is made
  std::map<std::string, std::string> copies_ ABSL_GUARDED_BY(copies_mutex_);
};

/// Rungs whose lower layers are copies made once, so that all workspaces have one user.
inline bool UsesSharedUser(Rung rung) {
  return rung == Rung::kOverlayShared || rung == Rung::kOverlayTmpfs;
}
/// That user.
inline uint32_t SharedUser(const Options& options) { return options.user_base - 1; }

}  // namespace coditect::process
