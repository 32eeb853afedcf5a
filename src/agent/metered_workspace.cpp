// A workspace that tells what killed launches used.
#include "src/agent/metered_workspace.h"

#include <utility>

namespace coditect {
namespace {

class MeteredProcess final : public SandboxProcess {
 public:
  MeteredProcess(std::unique_ptr<SandboxProcess> process, UsageMeter& meter)
      : process_(std::move(process)), meter_(meter) {}

  int channel() const override { return process_->channel(); }
  void Kill() override { process_->Kill(); }

  StatusOr<SandboxResult> Wait(const Context& ctx) override {
    auto result = process_->Wait(ctx);
    if (result.ok() && ctx.cancel.cancelled()) {
      Usage usage;
      usage.cpu_ms = static_cast<uint64_t>(result->cpu.count());
      usage.wall_ms = static_cast<uint64_t>(result->wall.count());
      meter_.Add(usage);
    }
    return result;
  }

 private:
  const std::unique_ptr<SandboxProcess> process_;
  UsageMeter& meter_;
};

class MeteredWorkspace final : public Workspace {
 public:
  MeteredWorkspace(std::unique_ptr<Workspace> workspace, UsageMeter& meter)
      : workspace_(std::move(workspace)), meter_(meter) {}

  StatusOr<std::unique_ptr<SandboxProcess>> Launch(const Context& ctx,
                                                   const SandboxCommand& command) override {
    ASSIGN_OR_RETURN(auto process, workspace_->Launch(ctx, command));
    return std::make_unique<MeteredProcess>(std::move(process), meter_);
  }
  Status Apply(const std::vector<FileChange>& changes) override {
    return workspace_->Apply(changes);
  }
  StatusOr<std::string> Read(const std::string& path) override { return workspace_->Read(path); }
  StatusOr<std::vector<FileChange>> Changes() override { return workspace_->Changes(); }
  Status Keep(const Context& ctx, const std::string& folder, const std::string& host) override {
    return workspace_->Keep(ctx, folder, host);
  }

 private:
  const std::unique_ptr<Workspace> workspace_;
  UsageMeter& meter_;
};

}  // namespace

std::unique_ptr<Workspace> MeterWorkspace(std::unique_ptr<Workspace> workspace, UsageMeter& meter) {
  return std::make_unique<MeteredWorkspace>(std::move(workspace), meter);
}

}  // namespace coditect
