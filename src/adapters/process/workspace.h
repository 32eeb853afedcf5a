// A workspace: its folder, its root in the broker, its user, and what runs in it.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "src/adapters/process/core.h"
#include "src/base/context.h"
#include "src/base/mutex.h"
#include "src/base/unique_fd.h"
#include "src/ports/sandbox.h"

namespace coditect::process {

/// coditect::Workspace. Launch is safe from any thread; the rest has one caller.
class ProcessWorkspace final : public Workspace {
 public:
  static StatusOr<std::unique_ptr<Workspace>> Open(const Context& ctx, Core& core,
                                                   const WorkspaceOptions& options);
  ~ProcessWorkspace() override;

  StatusOr<std::unique_ptr<SandboxProcess>> Launch(const Context& ctx,
                                                   const SandboxCommand& command) override;
  Status Apply(const std::vector<FileChange>& changes) override;
  StatusOr<std::string> Read(const std::string& path) override;
  StatusOr<std::vector<FileChange>> Changes() override;
  Status Keep(const Context& ctx, const std::string& folder, const std::string& host) override;

 private:
  ProcessWorkspace(Core& core, const WorkspaceOptions& options) : core_(core), options_(options) {}
  Status TakeUser();
  Status OpenIsolated(const Context& ctx);
  Status OpenPlain(const Context& ctx);
  StatusOr<LaunchPlan> PlanLaunch(const SandboxCommand& command, const SandboxLimits& limits) const;
  Status CheckIdle();

  Core& core_;
  const WorkspaceOptions options_;
  uint64_t id_ = 0;
  bool opened_ = false;  // the broker holds its root
  bool own_user_ = false;
  uint32_t uid_ = 0;
  uint32_t gid_ = 0;
  std::string folder_;
  UniqueFd merged_;  // the repository as the sandbox sees it
  UniqueFd upper_;   // its upper layer or private copy
  UniqueFd base_;
  bool overlay_ = false;
  Mutex mutex_;
  // Shared with the process objects handed out, which may be destroyed first or last.
  std::vector<std::shared_ptr<RunningLaunch>> launches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect::process
