// The tools of agents for one command that looks or tests by itself, beside the ledger's owner.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "src/agent/lease.h"
#include "src/app/bootstrap.h"
#include "src/app/tiered_sandbox.h"
#include "src/orchestrator/orchestrator.h"

namespace coditect {

/// A state folder for one command, removed with the object. Its paths have new git objects go there
/// too, so that whatever is done with them leaves nothing in the repository or the person's state.
class ScratchState {
 public:
  /// `real`: the person's, which is looked at only. PERMISSION_DENIED as MakeStateFolders would
  /// for it; an error that names TMPDIR when there can be no temporary folder.
  static StatusOr<ScratchState> Make(const StatePaths& real,
                                     const std::map<std::string, std::string>& environment);
  ScratchState(ScratchState&& other) noexcept : paths_(std::exchange(other.paths_, {})) {}
  ScratchState& operator=(ScratchState&&) = delete;
  ~ScratchState();
  const StatePaths& paths() const { return paths_; }

 private:
  explicit ScratchState(StatePaths paths) : paths_(std::move(paths)) {}
  StatePaths paths_;
};

/// One caller at a time. Nothing here goes through the ledger.
class Workbench {
 public:
  /// Workspaces, git folders and objects go to `scratch`; blobs and telemetry to `kept`, which may
  /// be the same. Both outlive it.
  static StatusOr<std::unique_ptr<Workbench>> Open(const StatePaths& scratch,
                                                   const StatePaths& kept);
  const HostServices& services() const { return *services_; }
  /// How a workspace of that tier is isolated here.
  SandboxProfile ProfileOf(const std::string& tier) { return sandbox_->ProfileOf(tier); }

 private:
  Workbench() = default;

  const SystemClock clock_;
  const Orchestrator orchestrator_;
  std::unique_ptr<TestHarness> harness_;
  std::unique_ptr<ObjectStore> blobs_;
  std::unique_ptr<EventBus> bus_;
  std::unique_ptr<TieredSandbox> sandbox_;
  std::unique_ptr<HostServices> services_;
};

}  // namespace coditect
