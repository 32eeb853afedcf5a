// Opening a workspace, launching in it, and removing it without a trace.
#include "src/adapters/process/workspace.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "src/adapters/process/change_set.h"
#include "src/adapters/process/launcher.h"
#include "src/adapters/process/system_calls.h"
#include "src/adapters/process/tree_copy.h"
#include "src/adapters/process/workspace_files.h"
#include "src/adapters/process/workspace_plan.h"
#include "src/base/crash_point.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::process {
namespace {

StatusOr<UniqueFd> OpenFolder(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot open ", path);
  return fd;
}

}  // namespace

StatusOr<std::unique_ptr<Workspace>> ProcessWorkspace::Open(const Context& ctx, Core& core,
                                                            const WorkspaceOptions& options) {
  RETURN_IF_ERROR(ctx.Check());
  RETURN_IF_ERROR(CheckWorkspaceOptions(options));
  RETURN_IF_ERROR(core.CheckDisk());
  const CrashMoment crash =
      CrashPointsActive() ? PassCrashPoint("effect#mount") : CrashMoment::kNone;
  if (crash == CrashMoment::kBefore) CrashNow();
  // Its destructor takes back whatever of the opening was done.
  std::unique_ptr<ProcessWorkspace> workspace(new ProcessWorkspace(core, options));
  ASSIGN_OR_RETURN(workspace->folder_, core.owner->NewWorkspaceFolder(options.label));
  ASSIGN_OR_RETURN(workspace->base_, OpenFolder(options.base));
  if (crash == CrashMoment::kTorn) CrashNow();  // the folder is there, nothing is mounted
  RETURN_IF_ERROR(core.plain() ? workspace->OpenPlain(ctx) : workspace->OpenIsolated(ctx));
  if (crash == CrashMoment::kAfter) CrashNow();
  return workspace;
}

Status ProcessWorkspace::TakeUser() {
  if (core_.user_mode) {
    uid_ = ::geteuid();
    gid_ = ::getegid();
    return absl::OkStatus();
  }
  if (UsesSharedUser(core_.rung)) {
    uid_ = gid_ = SharedUser(core_.options);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(uid_, core_.owner->TakeUser(core_.options.user_base, core_.options.user_count));
  gid_ = uid_;
  own_user_ = true;
  return absl::OkStatus();
}

Status ProcessWorkspace::OpenIsolated(const Context& ctx) {
  RETURN_IF_ERROR(TakeUser());
  id_ = core_.next_root++;
  RootPlan plan{.id = id_, .uid = uid_, .gid = gid_, .folder = folder_};
  RETURN_IF_ERROR(PlanRoot(ctx, core_, options_, &plan));
  overlay_ = !plan.layers[0].lower.empty();
  ASSIGN_OR_RETURN(BrokerClient::OpenedRoot root, core_.broker->OpenRoot(plan));
  opened_ = true;
  merged_ = std::move(root.merged);
  upper_ = std::move(root.upper);
  return absl::OkStatus();
}

Status ProcessWorkspace::OpenPlain(const Context& ctx) {
  uid_ = ::geteuid();
  gid_ = ::getegid();
  const std::string copy = JoinPath(folder_, "u");
  RETURN_IF_ERROR(CopyTree(ctx, options_.base, copy, {.reflink = core_.reflink}));
  for (const FolderLayer& layer : LayersOf(options_)) {
    const std::string destination = JoinPath(copy, layer.folder);
    RETURN_IF_ERROR(MakeDirs(DirName(destination), 0755));
    RETURN_IF_ERROR(CopyTree(ctx, layer.host, destination, {.reflink = core_.reflink}));
  }
  for (const auto& [host, inside] : options_.read_only_files) {
    if (host == inside || !IsBelow(inside, options_.repo_path)) continue;  // used where it is
    const std::string destination = JoinPath(copy, inside.substr(options_.repo_path.size() + 1));
    RETURN_IF_ERROR(MakeDirs(DirName(destination), 0755));
    ASSIGN_OR_RETURN(const std::string bytes, ReadFile(host));
    RETURN_IF_ERROR(WriteFile(destination, bytes, 0444));
  }
  for (const char* name : {"home", "tmp"}) {
    RETURN_IF_ERROR(MakeDirs(JoinPath(folder_, name), 0700));
  }
  ASSIGN_OR_RETURN(upper_, OpenFolder(copy));
  merged_.Reset(::fcntl(upper_.get(), F_DUPFD_CLOEXEC, 3));
  return absl::OkStatus();
}

ProcessWorkspace::~ProcessWorkspace() {
  std::vector<std::shared_ptr<RunningLaunch>> launches;
  {
    MutexLock lock(mutex_);
    launches.swap(launches_);
  }
  for (const auto& launch : launches) launch->Kill(EndedBy::kKilled);
  for (const auto& launch : launches) (void)!launch->WaitForEnd().ok();
  merged_.Reset();
  upper_.Reset();
  if (opened_) (void)!core_.broker->CloseRoot(id_).ok();
  // What cannot be removed now is swept when this owner is gone.
  if (!folder_.empty()) (void)!RemoveTree(folder_).ok();
  if (own_user_) core_.owner->ReturnUser(uid_);
}

StatusOr<LaunchPlan> ProcessWorkspace::PlanLaunch(const SandboxCommand& command,
                                                  const SandboxLimits& limits) const {
  if (!command.folder.empty()) RETURN_IF_ERROR(CheckRelativePath(command.folder));
  const std::string top = core_.plain() ? JoinPath(folder_, "u") : options_.repo_path;
  std::map<std::string, std::string> fixed = {{"HOME", "/tmp/home"}, {"TMPDIR", "/tmp"}};
  LaunchPlan plan{.root = id_, .argv = command.argv, .folder = JoinPath(top, command.folder)};
  if (core_.plain()) {
    // Nothing can be shown at another path: a command finds the file where the host has it.
    for (std::string& argument : plan.argv) {
      for (const auto& [host, inside] : options_.read_only_files) {
        if (argument == inside && !IsBelow(inside, options_.repo_path)) argument = host;
      }
    }
    fixed = {{"HOME", JoinPath(folder_, "home")},
             {"TMPDIR", JoinPath(folder_, "tmp")},
             {"CODITECT_SANDBOX", core_.owner->token()}};
  }
  ASSIGN_OR_RETURN(plan.environment,
                   BuildEnvironment(options_.toolchain, command.environment, fixed));
  plan.cpu_seconds =
      static_cast<uint64_t>(std::chrono::ceil<std::chrono::seconds>(limits.cpu).count()) + 1;
  plan.file_bytes = limits.file_bytes;
  if (!core_.cgroups.Has(Controller::kMemory)) plan.data_bytes = limits.memory_bytes;
  // Without isolation the limit would count the person's own processes.
  if (!core_.cgroups.Has(Controller::kPids) && !core_.plain()) {
    plan.processes = limits.pids + 2;  // with the first process, and one to be seen above it
  }
  plan.tmp_bytes = core_.options.tmp_bytes;
  plan.landlock = !core_.Lacks(Feature::kLandlock);
  return plan;
}

StatusOr<std::unique_ptr<SandboxProcess>> ProcessWorkspace::Launch(const Context& ctx,
                                                                   const SandboxCommand& command) {
  RETURN_IF_ERROR(ctx.Check());
  const SandboxLimits limits = core_.LimitsFor(command.limits);
  ASSIGN_OR_RETURN(LaunchPlan plan, PlanLaunch(command, limits));
  ASSIGN_OR_RETURN(StartedLaunch started, StartLaunch(core_, command, limits, std::move(plan)));
  MutexLock lock(mutex_);
  std::erase_if(launches_,
                [](const auto& launch) { return launch->WaitUntil(MonotonicTime::min()); });
  launches_.push_back(started.launch);
  return MakeProcess(std::move(started));
}

Status ProcessWorkspace::CheckIdle() {
  MutexLock lock(mutex_);
  for (const auto& launch : launches_) {
    if (!launch->WaitUntil(MonotonicTime::min())) {
      return FailedPrecondition("a process still runs in the workspace");
    }
  }
  return absl::OkStatus();
}

Status ProcessWorkspace::Apply(const std::vector<FileChange>& changes) {
  RETURN_IF_ERROR(CheckIdle());
  RETURN_IF_ERROR(core_.CheckDisk());
  return ApplyChanges(merged_.get(), uid_, gid_, changes);
}

StatusOr<std::string> ProcessWorkspace::Read(const std::string& path) {
  return ReadBelow(merged_.get(), path);
}

StatusOr<std::vector<FileChange>> ProcessWorkspace::Changes() {
  RETURN_IF_ERROR(CheckIdle());
  return ReadChanges({.upper = upper_.get(),
                      .base = base_.get(),
                      .overlay = overlay_,
                      .user_mode = core_.user_mode,
                      .masked = MaskedPaths(options_)});
}

Status ProcessWorkspace::Keep(const Context& ctx, const std::string& folder,
                              const std::string& host) {
  RETURN_IF_ERROR(CheckIdle());
  RETURN_IF_ERROR(core_.CheckDisk());
  if (!folder.empty()) RETURN_IF_ERROR(CheckRelativePath(folder));
  UniqueFd source(OpenAt(merged_.get(), folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY,
                         kResolveBeneath));
  if (!source.valid()) return ErrnoStatus(errno, "cannot keep ", EscapeForTerminal(folder));
  return CopyTree(ctx, std::move(source), host, {.reflink = core_.reflink});
}

}  // namespace coditect::process
