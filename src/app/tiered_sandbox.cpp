// One Sandbox over the tiers a person may ask for.
#include "src/app/tiered_sandbox.h"

#include <vector>

namespace coditect {

StatusOr<Sandbox*> TieredSandbox::Tier(const std::string& tier) {
  const std::string name = tier == "none" ? "none" : "process";
  MutexLock lock(mutex_);
  auto& sandbox = tiers_[name];
  if (sandbox == nullptr) {
    auto made = make_(name);
    if (!made.ok()) return made.status();
    sandbox = *std::move(made);
    if (stopped_) sandbox->EmergencyStop();
  }
  return sandbox.get();
}

StatusOr<std::unique_ptr<Workspace>> TieredSandbox::OpenWorkspace(const Context& ctx,
                                                                  const WorkspaceOptions& options) {
  ASSIGN_OR_RETURN(Sandbox * sandbox, Tier(options.tier));
  return sandbox->OpenWorkspace(ctx, options);
}

const SandboxProfile& TieredSandbox::profile() const {
  static const auto* none = new SandboxProfile();
  MutexLock lock(mutex_);
  for (const auto& [name, sandbox] : tiers_) {
    if (sandbox != nullptr) return sandbox->profile();
  }
  return *none;
}

SandboxProfile TieredSandbox::ProfileOf(const std::string& tier) {
  const auto sandbox = Tier(tier);
  if (sandbox.ok()) return (*sandbox)->profile();
  SandboxProfile none;
  none.tier = "unavailable";
  none.missing.push_back(Message(sandbox.status()));
  return none;
}

void TieredSandbox::EmergencyStop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  for (const auto& [name, sandbox] : tiers_) {
    if (sandbox != nullptr) sandbox->EmergencyStop();
  }
}

void TieredSandbox::Resume() {
  MutexLock lock(mutex_);
  stopped_ = false;
  for (const auto& [name, sandbox] : tiers_) {
    if (sandbox != nullptr) sandbox->Resume();
  }
}

Status TieredSandbox::Sweep(const Context& ctx) {
  const auto sandbox = Tier("process");
  // Without isolation there is nothing of a dead owner's to sweep but what the next tier sweeps.
  return sandbox.ok() ? (*sandbox)->Sweep(ctx) : absl::OkStatus();
}

}  // namespace coditect
