// Creation: what holds on this machine is found by trying it.
#include "src/adapters/process/sandbox.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "src/adapters/process/core.h"
#include "src/adapters/process/landlock.h"
#include "src/adapters/process/tree_copy.h"
#include "src/adapters/process/workspace.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

constexpr std::chrono::seconds kTrialMax{20};

class ProcessSandbox final : public coditect::Sandbox {
 public:
  explicit ProcessSandbox(std::unique_ptr<Core> core) : core_(std::move(core)) {}

  StatusOr<std::unique_ptr<Workspace>> OpenWorkspace(const Context& ctx,
                                                     const WorkspaceOptions& options) override {
    return ProcessWorkspace::Open(ctx, *core_, options);
  }
  const SandboxProfile& profile() const override { return core_->profile; }
  void EmergencyStop() override { core_->supervisor->EmergencyStop(); }
  void Resume() override { core_->supervisor->Resume(); }
  Status Sweep(const Context& ctx) override { return core_->owner->Sweep(ctx); }

 private:
  const std::unique_ptr<Core> core_;
};

// A workspace whose processes write, delete and replace, and whose change set must say so.
Status TryWorkspace(Core& core) {
  const std::string base = JoinPath(core.owner->folder(), core.owner->NextName("trial-"));
  RETURN_IF_ERROR(MakeDirs(JoinPath(base, "folder"), 0755));
  for (const char* name : {"changed", "deleted", "folder/old"}) {
    RETURN_IF_ERROR(WriteFile(JoinPath(base, name), "before", 0644));
  }
  const Context ctx = Context{}.WithTimeout(kTrialMax);
  WorkspaceOptions options{.label = "trial", .repo_path = "/coditect-trial", .base = base};
  ASSIGN_OR_RETURN(const std::unique_ptr<Workspace> workspace,
                   ProcessWorkspace::Open(ctx, core, options));
  SandboxCommand command;
  command.argv = {"/bin/sh", "-c",
                  "set -e; echo after > changed; rm deleted; rm -r folder; mkdir folder; "
                  "echo > folder/new; echo > /tmp/x; test -d /proc/self"};
  ASSIGN_OR_RETURN(const std::unique_ptr<SandboxProcess> process, workspace->Launch(ctx, command));
  ASSIGN_OR_RETURN(const SandboxResult result, process->Wait(ctx));
  if (result.ended_by != EndedBy::kExit || result.exit_code != 0) {
    return FailedPrecondition("a trial command ended by ", EndedByName(result.ended_by), ": ",
                              result.output);
  }
  ASSIGN_OR_RETURN(const std::vector<FileChange> changes, workspace->Changes());
  std::string seen;
  for (const FileChange& change : changes) {
    seen += StrCat(change.kind == FileChange::Kind::kDelete ? "-" : "+", change.path, " ");
  }
  if (seen != "-deleted -folder/old +changed +folder/new ") {
    return Internal("a trial workspace reports wrong changes: ", seen);
  }
  return RemoveTree(base);
}

// Why ordinary users cannot isolate here, as one sentence with the next step.
Status NoIsolation(const Status& reason) {
  std::string step = "ask the administrator to allow user namespaces";
  const auto setting = [](const char* path) {
    const StatusOr<std::string> text = ReadFile(path, 64);
    return std::string(text.ok() ? TrimWhitespace(*text) : "");
  };
  if (setting("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    step = "run `sysctl -w kernel.unprivileged_userns_clone=1` as root";
  } else if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    step = "run `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as root";
  } else if (setting("/proc/sys/user/max_user_namespaces") == "0") {
    step = "run `sysctl -w user.max_user_namespaces=10000` as root";
  } else if (::geteuid() == 0) {
    step =
        "in a container, start it with `--cap-add SYS_ADMIN --security-opt "
        "systempaths=unconfined --security-opt apparmor=unconfined`";
  }
  return FailedPrecondition("commands cannot be isolated here (", Message(reason), "): ", step,
                            ", or accept the risk with `--sandbox none`");
}

void DescribeLayers(Core& core) {
  std::vector<std::string>& layers = core.profile.layers;
  std::vector<std::string>& missing = core.profile.missing;
  layers.push_back(core.user_mode ? "user namespace" : "own uid");
  layers.insert(layers.end(), {"mount, pid, network, ipc, uts and cgroup namespaces",
                               "read-only system", "no capabilities", "seccomp"});
  const int landlock = core.Lacks(Feature::kLandlock) ? 0 : LandlockVersion();
  if (landlock > 0) {
    layers.push_back(StrCat("landlock ", landlock));
  } else {
    missing.push_back("landlock: the kernel has none");
  }
}

void DescribeLimits(Core& core) {
  core.profile.layers.push_back("rlimits");
  for (const Controller controller : kControllers) {
    if (core.cgroups.Has(controller)) {
      core.profile.layers.push_back(StrCat("cgroup ", ControllerName(controller)));
    } else {
      core.profile.missing.push_back(StrCat("cgroup ", ControllerName(controller),
                                            ": no writable group; usage is measured by /proc"));
    }
  }
}

std::vector<Rung> Rungs(Core& core) {
  std::vector<Rung> rungs;
  if (core.options.workspace != WorkspaceMode::kCopy && !core.Lacks(Feature::kOverlay)) {
    const bool on_state = !core.Lacks(Feature::kOverlayOnState);
    if (core.user_mode) {
      if (on_state) rungs.push_back(Rung::kOverlay);
    } else {
      if (on_state && core.CanIdmap(core.owner->folder())) rungs.push_back(Rung::kOverlay);
      if (on_state) rungs.push_back(Rung::kOverlayShared);
      rungs.push_back(Rung::kOverlayTmpfs);
    }
  }
  if (core.options.workspace != WorkspaceMode::kOverlay) rungs.push_back(Rung::kCopy);
  return rungs;
}

// The first rung on which a trial succeeds. Control groups that break it are given up.
Status ClimbLadder(Core& core) {
  Status last = FailedPrecondition("no kind of workspace is left to try");
  for (const Rung rung : Rungs(core)) {
    core.rung = rung;
    last = TryWorkspace(core);
    if (last.ok()) {
      core.profile.workspace = RungName(rung, core.reflink);
      return last;
    }
    const std::string name = RungName(rung, core.reflink);
    core.profile.missing.push_back(StrCat(name, ": ", Message(last)));
  }
  return last;
}

Status TryIsolation(Core& core) {
  if (core.Lacks(Feature::kIsolation)) return NoIsolation(absl::UnimplementedError("not wanted"));
  const Status configured = core.broker->Configure(
      {.user_mode = core.user_mode, .refuse_memory_files = !core.cgroups.Has(Controller::kMemory)});
  if (!configured.ok()) return NoIsolation(configured);
  Status climbed = ClimbLadder(core);
  if (!climbed.ok() && !core.cgroups.parents().empty()) {
    const Status first = climbed;
    core.profile.missing.clear();
    for (const Controller controller : kControllers) core.cgroups.Drop(controller);
    climbed = ClimbLadder(core);
    if (climbed.ok()) core.profile.missing.push_back(StrCat("cgroups: ", Message(first)));
  }
  if (climbed.code() == absl::StatusCode::kResourceExhausted) return climbed;
  if (!climbed.ok()) return NoIsolation(climbed);
  DescribeLayers(core);
  return absl::OkStatus();
}

Status StartPlain(Core& core) {
  RETURN_IF_ERROR(core.broker->Configure({.plain = true}));
  core.rung = Rung::kCopy;
  core.profile.workspace = RungName(core.rung, core.reflink);
  core.profile.missing = {
      "isolation: commands run as you, with your files and your network, because it was asked for",
      "path: the workspace is a copy elsewhere, not at the repository's own path; what is "
      "installed "
      "editable is seen from the person's tree"};
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::unique_ptr<coditect::Sandbox>> Sandbox::Create(Options options) {
  auto core = std::make_unique<Core>(std::move(options));
  core->user_mode = ::geteuid() != 0;
  core->profile.tier = core->plain() ? "none" : "process";
  ASSIGN_OR_RETURN(core->owner, Owner::Open(core->options.state_folder));
  RETURN_IF_ERROR(core->CheckDisk());
  core->reflink = !core->Lacks(Feature::kReflink) && CanReflink(core->owner->folder());
  ASSIGN_OR_RETURN(core->broker, BrokerClient::Start(core->owner->token()));
  ASSIGN_OR_RETURN(core->supervisor,
                   Supervisor::Create({.broker_pidfd = core->broker->pidfd(),
                                       .state_folder = core->owner->folder(),
                                       .disk_reserve_bytes = core->options.disk_reserve_bytes}));
  if (!core->Lacks(Feature::kCgroups)) {
    const StatusOr<CgroupTree::Sources> sources = CgroupTree::ReadSources();
    if (sources.ok()) {
      core->cgroups = CgroupTree::Find(*sources, StrCat("coditect-", core->owner->token()));
      RETURN_IF_ERROR(core->owner->RecordCgroupParents(core->cgroups.parents()));
    }
  }
  RETURN_IF_ERROR(core->plain() ? StartPlain(*core) : TryIsolation(*core));
  DescribeLimits(*core);
  return std::unique_ptr<coditect::Sandbox>(new ProcessSandbox(std::move(core)));
}

}  // namespace coditect::process
