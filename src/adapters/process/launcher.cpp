// One launch, from the host's side.
#include "src/adapters/process/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "src/adapters/process/system_calls.h"
#include "src/base/crash_point.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

constexpr uint64_t kOutputKeepMax = 64 << 20;

// A sealed memory file: any size, no pump, no dead-lock.
StatusOr<UniqueFd> MakeInput(const std::string& bytes) {
  if (bytes.empty()) {
    UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null.valid()) return ErrnoStatus(errno, "cannot open /dev/null");
    return null;
  }
  UniqueFd memory(::memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.valid()) return ErrnoStatus(errno, "cannot make a memory file");
  RETURN_IF_ERROR(WriteAll(memory.get(), bytes, "the command's standard input"));
  ::lseek(memory.get(), 0, SEEK_SET);
  ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return memory;
}

Status SetNonBlocking(const UniqueFd& fd) {
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) {
    return ErrnoStatus(errno, "cannot set a descriptor's flags");
  }
  return absl::OkStatus();
}

struct SocketPair {
  UniqueFd host;
  UniqueFd sandbox;
};

StatusOr<SocketPair> MakeSocketPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "cannot make a socket pair");
  }
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Status CheckCommand(const SandboxCommand& command) {
  constexpr size_t kArgumentBytesMax = 100 << 10;  // the kernel allows 128 KiB for one
  constexpr size_t kAllBytesMax = 1 << 20;
  size_t all = 0;
  for (const std::string& argument : command.argv) {
    if (argument.find('\0') != std::string::npos || argument.size() > kArgumentBytesMax) {
      return InvalidArgument("an argument holds a NUL byte or is longer than ", kArgumentBytesMax,
                             " bytes");
    }
    all += argument.size() + 1;
  }
  for (const auto& [name, value] : command.environment) all += name.size() + value.size() + 2;
  if (all > kAllBytesMax) return InvalidArgument("arguments and environment have ", all, " bytes");
  if (command.argv.empty() || command.argv[0].empty()) return InvalidArgument("an empty command");
  return absl::OkStatus();
}

class LaunchedProcess final : public SandboxProcess {
 public:
  explicit LaunchedProcess(StartedLaunch started) : started_(std::move(started)) {}
  ~LaunchedProcess() override {
    Kill();
    (void)!started_.launch->WaitForEnd().ok();
  }

  int channel() const override { return started_.channel.get(); }

  StatusOr<SandboxResult> Wait(const Context& ctx) override {
    const CancelToken::Registration registration = ctx.cancel.OnCancel([this] { Kill(); });
    if (ctx.deadline != MonotonicTime::max() && !started_.launch->WaitUntil(ctx.deadline)) Kill();
    return started_.launch->WaitForEnd();
  }

  void Kill() override { started_.launch->Kill(EndedBy::kKilled); }

 private:
  StartedLaunch started_;
};

}  // namespace

StatusOr<StartedLaunch> StartLaunch(Core& core, const SandboxCommand& command,
                                    const SandboxLimits& limits, LaunchPlan plan) {
  RETURN_IF_ERROR(CheckCommand(command));
  RETURN_IF_ERROR(core.supervisor->CheckRunning());
  RETURN_IF_ERROR(core.CheckDisk());
  StartedLaunch out;
  RunningLaunch::Parts parts;
  ASSIGN_OR_RETURN(const UniqueFd input, MakeInput(command.stdin_bytes));
  ASSIGN_OR_RETURN(Pipe output, MakePipe());
  ASSIGN_OR_RETURN(Pipe status, MakePipe());
  ASSIGN_OR_RETURN(SocketPair life, MakeSocketPair());
  RETURN_IF_ERROR(SetNonBlocking(output.read));
  RETURN_IF_ERROR(SetNonBlocking(status.read));
  std::vector<int> descriptors = {input.get(), output.write.get(), status.write.get(),
                                  life.sandbox.get()};
  UniqueFd channel;
  if (command.channel) {
    ASSIGN_OR_RETURN(SocketPair pair, MakeSocketPair());
    out.channel = std::move(pair.host);
    channel = std::move(pair.sandbox);
    descriptors.push_back(channel.get());
  }
  const CrashMoment crash =
      CrashPointsActive() ? PassCrashPoint("effect#spawn") : CrashMoment::kNone;
  if (crash == CrashMoment::kBefore) CrashNow();
  // One more task than the command may have: the sandbox's first process.
  ASSIGN_OR_RETURN(
      parts.cgroup,
      core.cgroups.Make(StrCat("coditect-", core.owner->token(), core.owner->NextName("-")),
                        {.pids = limits.pids + 1ull, .memory_bytes = limits.memory_bytes}));
  if (crash == CrashMoment::kTorn) CrashNow();  // the control group is there, the process is not
  ASSIGN_OR_RETURN(BrokerClient::Started started, core.broker->Launch(plan, descriptors));
  const Status limited = parts.cgroup.Add(started.pid);
  if (!limited.ok()) {
    KillAndWait(started.pidfd.get());
    return limited;
  }
  parts.pid = started.pid;
  parts.pidfd = std::move(started.pidfd);
  parts.life = std::move(life.host);
  parts.output = std::move(output.read);
  parts.status = std::move(status.read);
  parts.plain = core.plain();
  for (const Controller controller : kControllers) {
    parts.count_by_proc = parts.count_by_proc || !core.cgroups.Has(controller);
  }
  parts.limits = limits;
  parts.output_keep_bytes = std::min(command.output_keep_bytes, kOutputKeepMax);
  out.launch = std::make_shared<RunningLaunch>(std::move(parts));
  RETURN_IF_ERROR(core.supervisor->Adopt(out.launch));
  if (crash == CrashMoment::kAfter) CrashNow();
  return out;
}

std::unique_ptr<SandboxProcess> MakeProcess(StartedLaunch started) {
  return std::make_unique<LaunchedProcess>(std::move(started));
}

}  // namespace coditect::process
