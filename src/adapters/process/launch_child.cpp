// The sandbox's first process and the last steps before execve.
#include "src/adapters/process/launch_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "src/adapters/process/landlock.h"
#include "src/adapters/process/mounts.h"
#include "src/adapters/process/process_tree.h"
#include "src/adapters/process/root_builder.h"
#include "src/adapters/process/system_call_filter.h"
#include "src/adapters/process/system_calls.h"
#include "src/base/file.h"
#include "src/ports/sandbox.h"

namespace coditect::process {
namespace {

void Report(int status_pipe, StatusRecord::Kind kind, int code, std::string_view text = "") {
  StatusRecord record;
  record.kind = kind;
  record.code = code;
  record.text[text.copy(record.text, sizeof record.text - 1)] = 0;
  (void)!::write(status_pipe, &record, sizeof record);
}

// Blocks until the supervisor has put this process under its limits; leaves when it is gone.
void PassGate(int life) {
  char byte;
  ssize_t count;
  do {
    count = ::read(life, &byte, 1);
  } while (count < 0 && errno == EINTR);
  if (count != 1) ::_exit(0);
}

// Other launches' pipes must not live on in this process: their readers wait for the end.
void CloseAllBut(std::vector<int> keep) {
  std::sort(keep.begin(), keep.end());
  int next = 3;
  for (const int fd : keep) {
    if (fd < next) continue;
    if (fd > next) ::close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1), 0);
    next = fd + 1;
  }
  ::close_range(static_cast<unsigned>(next), ~0U, 0);
}

Status MountTmpfs(const std::string& path, const std::string& options) {
  if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    return ErrnoStatus(errno, "cannot mount a tmpfs at ", path);
  }
  return absl::OkStatus();
}

// Covers `path` by a private tmpfs; trees of the root that lie below it are attached again.
Status CoverByTmpfs(const RootPlan& root, const std::string& path, const std::string& options) {
  std::vector<std::pair<std::string, UniqueFd>> trees;
  for (const std::string& below : TreesBelow(root, path)) {
    ASSIGN_OR_RETURN(UniqueFd tree, CloneTree(below, {.recursive = true}));
    trees.emplace_back(below, std::move(tree));
  }
  RETURN_IF_ERROR(MountTmpfs(path, options));
  for (const auto& [below, tree] : trees) {
    struct stat info{};
    if (::fstat(tree.get(), &info) != 0) return ErrnoStatus(errno, "cannot stat ", below);
    RETURN_IF_ERROR(MakeDirs(S_ISDIR(info.st_mode) ? below : DirName(below), 0755));
    if (!S_ISDIR(info.st_mode)) RETURN_IF_ERROR(WriteFile(below, "", 0644));
    UniqueFd place(::open(below.c_str(), O_PATH | O_CLOEXEC));
    RETURN_IF_ERROR(Attach(tree, place.get(), below));
  }
  return absl::OkStatus();
}

Status EnterRoot(const LaunchEnvironment& launch) {
  if (::setns(launch.network, CLONE_NEWNET) != 0 || ::setns(launch.mounts, CLONE_NEWNS) != 0 ||
      ::unshare(CLONE_NEWNS) != 0) {
    return ErrnoStatus(errno, "cannot enter the workspace's namespaces");
  }
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    return ErrnoStatus(errno, "cannot mount a fresh /proc");
  }
  const RootPlan& root = *launch.root;
  if (root.user_mode && ::umount2(kHostProc, MNT_DETACH) != 0) {
    return ErrnoStatus(errno, "cannot hide the host's /proc");
  }
  RETURN_IF_ERROR(CoverByTmpfs(
      root, "/tmp", StrCat("size=", launch.plan.tmp_bytes, ",nr_inodes=20000,mode=1777")));
  RETURN_IF_ERROR(CoverByTmpfs(
      root, "/dev/shm", StrCat("size=", launch.plan.tmp_bytes, ",nr_inodes=2000,mode=1777")));
  if ((::mkdir("/tmp/home", 0700) != 0 && errno != EEXIST) ||
      ::chown("/tmp/home", root.uid, root.gid) != 0) {
    return ErrnoStatus(errno, "cannot make the home folder");
  }
  (void)!::sethostname("sandbox", 7);
  return absl::OkStatus();
}

// A namespace of its own below the person's: no capability over the workspace's mounts is left,
// and process limits count this launch only.
Status EnterOwnUserNamespace(uint32_t uid, uint32_t gid) {
  if (::unshare(CLONE_NEWUSER) != 0) return ErrnoStatus(errno, "cannot make a user namespace");
  RETURN_IF_ERROR(WriteKernelFile("/proc/self/setgroups", "deny"));
  RETURN_IF_ERROR(WriteKernelFile("/proc/self/uid_map", StrCat(uid, " ", uid, " 1")));
  return WriteKernelFile("/proc/self/gid_map", StrCat(gid, " ", gid, " 1"));
}

Status GiveUpPrivileges(const RootPlan& root) {
  if (root.user_mode) {
    RETURN_IF_ERROR(EnterOwnUserNamespace(root.uid, root.gid));
  } else if (::setgroups(0, nullptr) != 0) {
    return ErrnoStatus(errno, "cannot drop the groups");
  }
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
  if (!root.user_mode && (::setresgid(root.gid, root.gid, root.gid) != 0 ||
                          ::setresuid(root.uid, root.uid, root.uid) != 0)) {
    return ErrnoStatus(errno, "cannot become the sandbox's user");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  if (::syscall(SYS_capset, &header, none) != 0) {
    return ErrnoStatus(errno, "cannot drop the capabilities");
  }
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return absl::OkStatus();
}

void SetLimit(__rlimit_resource resource, uint64_t soft, uint64_t hard) {
  rlimit limit{soft, hard};
  rlimit present{};
  ::getrlimit(resource, &present);
  limit.rlim_max = std::min<rlim_t>(hard, present.rlim_max);
  limit.rlim_cur = std::min<rlim_t>(soft, limit.rlim_max);
  ::setrlimit(resource, &limit);
}

void SetResourceLimits(const LaunchPlan& plan) {
  SetLimit(RLIMIT_CORE, 0, 0);
  SetLimit(RLIMIT_NOFILE, 1024, 4096);
  SetLimit(RLIMIT_FSIZE, plan.file_bytes, plan.file_bytes);
  SetLimit(RLIMIT_MEMLOCK, 64 << 10, 64 << 10);
  SetLimit(RLIMIT_MSGQUEUE, 0, 0);
  SetLimit(RLIMIT_NICE, 0, 0);
  SetLimit(RLIMIT_RTPRIO, 0, 0);
  SetLimit(RLIMIT_SIGPENDING, 4096, 4096);
  SetLimit(RLIMIT_CPU, plan.cpu_seconds, plan.cpu_seconds + 1);
  if (plan.data_bytes > 0) SetLimit(RLIMIT_DATA, plan.data_bytes, plan.data_bytes);
  if (plan.processes > 0) SetLimit(RLIMIT_NPROC, plan.processes, plan.processes);
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// A command with everything execve needs, so that nothing is allocated under the limits.
class PreparedCommand {
 public:
  explicit PreparedCommand(const LaunchPlan& plan)
      : argv_(Pointers(plan.argv)), environment_(Pointers(plan.environment)) {
    if (plan.argv[0].find('/') != std::string::npos) {
      files_.push_back(plan.argv[0]);
      return;
    }
    for (const std::string& entry : plan.environment) {
      if (!entry.starts_with("PATH=")) continue;
      for (const std::string& folder : Split(std::string_view(entry).substr(5), ':')) {
        files_.push_back(JoinPath(folder.empty() ? "." : folder, plan.argv[0]));
      }
    }
  }

  // Tries each file in turn. Returns errno.
  int Execute() const {
    int error = ENOENT;
    for (const std::string& file : files_) {
      ::execve(file.c_str(), argv_.data(), environment_.data());
      if (errno == EACCES) error = EACCES;
      if (errno != ENOENT && errno != EACCES && errno != ENOTDIR) return errno;
    }
    return error;
  }

 private:
  std::vector<char*> argv_;
  std::vector<char*> environment_;
  std::vector<std::string> files_;
};

Status Confine(const LaunchEnvironment& launch) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return ErrnoStatus(errno, "cannot set no_new_privs");
  }
  if (launch.root != nullptr && launch.plan.landlock) {
    RETURN_IF_ERROR(RestrictByLandlock({launch.root->repo_path, "/tmp", "/dev/shm"}));
  }
  return absl::OkStatus();
}

// The command's process. `error_pipe` is the way to say that it could not be started.
[[noreturn]] void RunCommand(const LaunchEnvironment& launch, int error_pipe) {
  const LaunchPlan& plan = launch.plan;
  const PreparedCommand command(plan);
  ::setsid();
  ::setpriority(PRIO_PROCESS, 0, 5);
  const UniqueFd error(::fcntl(error_pipe, F_DUPFD_CLOEXEC, 16));
  const auto fail = [&](StatusRecord::Kind kind, int code, std::string_view text) {
    Report(error.get(), kind, code, text);
    ::_exit(127);
  };
  ::dup2(launch.input, 0);
  ::dup2(launch.output, 1);
  ::dup2(launch.output, 2);
  if (launch.channel >= 0) {
    if (launch.channel == kChannelFd) {
      ::fcntl(kChannelFd, F_SETFD, 0);
    } else {
      ::dup2(launch.channel, kChannelFd);
    }
  }
  const Status confined = Confine(launch);
  if (!confined.ok()) fail(StatusRecord::kSetupFailed, confined.raw_code(), Message(confined));
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const unsigned first = launch.channel >= 0 ? kChannelFd + 1 : kChannelFd;
  if (::close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    fail(StatusRecord::kSetupFailed, static_cast<int>(absl::StatusCode::kInternal),
         "cannot close the descriptors");
  }
  if (::chdir(plan.folder.c_str()) != 0) fail(StatusRecord::kExecFailed, errno, plan.folder);
  ::umask(022);
  SetResourceLimits(plan);
  if (launch.root != nullptr) {
    const Status filtered = InstallSystemCallFilter(launch.filter);
    if (!filtered.ok()) fail(StatusRecord::kSetupFailed, filtered.raw_code(), Message(filtered));
  }
  fail(StatusRecord::kExecFailed, command.Execute(), plan.argv[0]);
  ::_exit(127);
}

// Starts the command and serves as its init: reaps, watches the life pipe. Returns when the
// command has ended or the launch is to end.
void ServeCommand(const LaunchEnvironment& launch) {
  sigset_t child_signal;
  ::sigemptyset(&child_signal);
  ::sigaddset(&child_signal, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &child_signal, nullptr);
  UniqueFd children(::signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK));
  const pid_t command = CloneProcess(0, nullptr);
  if (command < 0) {
    return Report(launch.status, StatusRecord::kSetupFailed,
                  static_cast<int>(absl::StatusCode::kResourceExhausted), "cannot start a process");
  }
  if (command == 0) RunCommand(launch, launch.status);
  ::close(launch.output);
  ::close(launch.input);
  if (launch.channel >= 0) ::close(launch.channel);
  for (;;) {
    pollfd events[2] = {{launch.life, POLLIN, 0}, {children.get(), POLLIN, 0}};
    ::poll(events, 2, -1);
    if (events[0].revents != 0) return;
    signalfd_siginfo drained;
    while (::read(children.get(), &drained, sizeof drained) > 0) continue;
    int status = 0;
    pid_t ended;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended == command) return Report(launch.status, StatusRecord::kCommandEnd, status);
    }
  }
}

}  // namespace

void RunSandboxInit(const LaunchEnvironment& launch) {
  CloseAllBut({launch.mounts, launch.network, launch.input, launch.output, launch.status,
               launch.life, launch.channel});
  ::prctl(PR_SET_NAME, "coditect-init", 0, 0, 0);
  Status status = EnterRoot(launch);
  (void)!WriteKernelFile("/proc/self/oom_score_adj", "500").ok();
  PassGate(launch.life);
  if (status.ok()) status = GiveUpPrivileges(*launch.root);
  if (!status.ok()) {
    Report(launch.status, StatusRecord::kSetupFailed, status.raw_code(), Message(status));
    ::_exit(0);
  }
  // Only now: a change of the user clears it. The broker has one thread, so its death is meant.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::close(launch.mounts);
  ::close(launch.network);
  ServeCommand(launch);
  ::_exit(0);
}

void RunPlainInit(const LaunchEnvironment& launch) {
  CloseAllBut({launch.input, launch.output, launch.status, launch.life, launch.channel});
  ::prctl(PR_SET_NAME, "coditect-init", 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::setsid();
  PassGate(launch.life);
  ServeCommand(launch);
  KillDescendants(::getpid(), {});
  ::_exit(0);
}

}  // namespace coditect::process
