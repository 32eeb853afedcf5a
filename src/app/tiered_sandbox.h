// One Sandbox over the tiers a person may ask for; each is made when it is first needed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "src/base/mutex.h"
#include "src/ports/sandbox.h"

namespace coditect {

/// Thread-safe. "auto" is the process tier: nothing less is ever chosen by itself.
class TieredSandbox final : public Sandbox {
 public:
  using Make = std::function<StatusOr<std::unique_ptr<Sandbox>>(const std::string& tier)>;
  explicit TieredSandbox(Make make) : make_(std::move(make)) {}

  StatusOr<std::unique_ptr<Workspace>> OpenWorkspace(const Context& ctx,
                                                     const WorkspaceOptions& options) override;
  /// Of the tier that was made first.
  const SandboxProfile& profile() const override;
  /// Of what `tier` gives here; `missing` says why when it gives nothing.
  SandboxProfile ProfileOf(const std::string& tier);
  void EmergencyStop() override;
  void Resume() override;
  Status Sweep(const Context& ctx) override;

 private:
  StatusOr<Sandbox*> Tier(const std::string& tier);

  const Make make_;
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Sandbox>> tiers_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace coditect
