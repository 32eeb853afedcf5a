// The broker's loop: requests from the host, and the ends of what it launched.
#include "src/adapters/process/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <tuple>
#include <vector>

#include "src/adapters/process/launch_child.h"
#include "src/adapters/process/mounts.h"
#include "src/adapters/process/plan.h"
#include "src/adapters/process/process_tree.h"
#include "src/adapters/process/requests.h"
#include "src/adapters/process/root_builder.h"
#include "src/adapters/process/system_call_filter.h"
#include "src/adapters/process/system_calls.h"
#include "src/adapters/process/wire.h"

namespace coditect::process {
namespace {

constexpr int kHostSocket = 3;
constexpr std::chrono::seconds kRootBuildMax{10};

struct Reply {
  ReplyStatus status;
  std::vector<UniqueFd> descriptors;
};

struct Root {
  RootPlan plan;
  UniqueFd mounts;
  UniqueFd network;
};

class Broker {
 public:
  int Serve();

 private:
  bool HandleRequest();
  Status Answer(RequestKind kind, Unpacker& request, Frame& frame, Reply* reply);
  Status Configure(const Configuration& configuration);
  Status CanIdmap(const IdmapQuestion& question);
  Status OpenRoot(const RootPlan& plan, Reply* reply);
  Status CloseRoot(uint64_t id);
  Status Launch(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors, Reply* reply);
  StatusOr<int> IdmapOfOwner(const std::string& path, uint32_t uid, uint32_t gid);
  StatusOr<RootDescriptors> BuildInChild(const RootPlan& plan, const std::vector<int>& idmaps);
  void Reap();

  bool configured_ = false;
  bool user_mode_ = false;
  bool plain_ = false;
  std::string filter_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t, uint32_t>, UniqueFd> idmaps_;
  std::map<uint64_t, Root> roots_;
  std::map<pid_t, UniqueFd> launches_;  // first process -> its status pipe
};

int Broker::Serve() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  UniqueFd children(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  for (;;) {
    pollfd events[2] = {{kHostSocket, POLLIN, 0}, {children.get(), POLLIN, 0}};
    if (::poll(events, 2, -1) < 0 && errno != EINTR) return 1;
    if (events[1].revents != 0) {
      signalfd_siginfo drained;
      while (::read(children.get(), &drained, sizeof drained) > 0) continue;
      Reap();
    }
    if (events[0].revents != 0 && !HandleRequest()) break;
  }
  // The host is gone. Sandboxes die with this process; plain launches see their life pipe's end.
  if (plain_) KillDescendants(::getpid(), {});
  return 0;
}

// The last word on a launch: written when its first process, and so its whole family, is gone.
void Broker::Reap() {
  int status = 0;
  rusage usage{};
  pid_t pid;
  while ((pid = ::wait4(-1, &status, WNOHANG, &usage)) > 0) {
    const auto it = launches_.find(pid);
    if (it == launches_.end()) continue;
    StatusRecord record;
    record.kind = StatusRecord::kReaped;
    record.code = status;
    record.cpu_us =
        static_cast<uint64_t>((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 +
                              usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    record.memory_bytes_max = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
    const UniqueFd pipe = std::move(it->second);
    launches_.erase(it);
    if (plain_) {  // a command may have killed its reaper: its orphans came to this process
      std::vector<pid_t> others;
      for (const auto& [other, unused] : launches_) others.push_back(other);
      KillDescendants(::getpid(), others);
    }
    (void)!::write(pipe.get(), &record, sizeof record);
  }
}

bool Broker::HandleRequest() {
  StatusOr<Frame> frame = ReceiveFrame(kHostSocket, MonotonicTime::max());
  if (!frame.ok()) return false;
  Unpacker request(frame->body);
  RequestKind kind{};
  request(kind);
  Reply reply;
  const Status status = Answer(kind, request, *frame, &reply);
  if (!status.ok()) reply = {ReplyStatus::From(status), {}};
  std::vector<int> descriptors;
  for (const UniqueFd& fd : reply.descriptors) descriptors.push_back(fd.get());
  return SendFrame(kHostSocket, Pack(reply.status), descriptors).ok();
}

template <class Value>
Status Take(Unpacker& request, Value* value) {
  request(*value);
  return request.ok() ? absl::OkStatus() : InvalidArgument("malformed request");
}

Status Broker::Answer(RequestKind kind, Unpacker& request, Frame& frame, Reply* reply) {
  if (!configured_ && kind != RequestKind::kConfigure) {
    return FailedPrecondition("the broker is not configured");
  }
  switch (kind) {
    case RequestKind::kConfigure: {
      Configuration configuration;
      RETURN_IF_ERROR(Take(request, &configuration));
      return Configure(configuration);
    }
    case RequestKind::kCanIdmap: {
      IdmapQuestion question;
      RETURN_IF_ERROR(Take(request, &question));
      return CanIdmap(question);
    }
    case RequestKind::kOpenRoot: {
      RootPlan plan;
      RETURN_IF_ERROR(Take(request, &plan));
      return OpenRoot(plan, reply);
    }
    case RequestKind::kCloseRoot: {
      uint64_t id = 0;
      RETURN_IF_ERROR(Take(request, &id));
      return CloseRoot(id);
    }
    case RequestKind::kLaunch: {
      LaunchPlan plan;
      RETURN_IF_ERROR(Take(request, &plan));
      return Launch(plan, frame.descriptors, reply);
    }
  }
  return InvalidArgument("unknown request");
}

Status Broker::Configure(const Configuration& configuration) {
  if (configured_) return FailedPrecondition("the broker is configured already");
  plain_ = configuration.plain;
  user_mode_ = configuration.user_mode;
  if (plain_) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  } else {
    ASSIGN_OR_RETURN(filter_, CompileSystemCallFilter(configuration.refuse_memory_files));
  }
  if (user_mode_ && !plain_) {
    const uid_t uid = ::geteuid();
    const gid_t gid = ::getegid();
    if (::unshare(CLONE_NEWUSER) != 0) {
      return ErrnoStatus(errno, "user namespaces are refused");
    }
    RETURN_IF_ERROR(WriteKernelFile("/proc/self/setgroups", "deny"));
    RETURN_IF_ERROR(WriteKernelFile("/proc/self/uid_map", StrCat(uid, " ", uid, " 1")));
    RETURN_IF_ERROR(WriteKernelFile("/proc/self/gid_map", StrCat(gid, " ", gid, " 1")));
  }
  configured_ = true;
  return absl::OkStatus();
}

StatusOr<int> Broker::IdmapOfOwner(const std::string& path, uint32_t uid, uint32_t gid) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, "cannot stat ", path);
  const std::tuple key(info.st_uid, info.st_gid, uid, gid);
  const auto it = idmaps_.find(key);
  if (it != idmaps_.end()) return it->second.get();
  ASSIGN_OR_RETURN(UniqueFd map, MakeIdmap(info.st_uid, info.st_gid, uid, gid));
  return idmaps_.emplace(key, std::move(map)).first->second.get();
}

Status Broker::CanIdmap(const IdmapQuestion& question) {
  ASSIGN_OR_RETURN(const int map, IdmapOfOwner(question.path, question.uid, question.gid));
  return CloneTree(question.path, {.recursive = true, .attributes = kReadOnlyMount, .idmap = map})
      .status();
}

StatusOr<RootDescriptors> Broker::BuildInChild(const RootPlan& plan,
                                               const std::vector<int>& idmaps) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "cannot make a socket pair");
  }
  UniqueFd mine(ends[0]);
  UniqueFd theirs(ends[1]);
  UniqueFd pidfd;
  const pid_t child = CloneProcess(CLONE_NEWNS | CLONE_NEWNET, &pidfd);
  if (child < 0) return ErrnoStatus(errno, "mount namespaces are refused");
  if (child == 0) {
    StatusOr<RootDescriptors> built = BuildRoot(plan, idmaps);
    std::vector<int> descriptors;
    if (built.ok()) {
      descriptors = {built->mounts.get(), built->network.get(), built->merged.get(),
                     built->upper.get()};
    }
    ::_exit(SendFrame(theirs.get(), Pack(ReplyStatus::From(built.status())), descriptors).ok() ? 0
                                                                                               : 1);
  }
  theirs.Reset();
  StatusOr<Frame> answer =
      ReceiveFrame(mine.get(), std::chrono::steady_clock::now() + kRootBuildMax);
  KillByDescriptor(pidfd.get());
  ::waitpid(child, nullptr, 0);
  RETURN_IF_ERROR(answer.status());
  ReplyStatus status;
  Unpacker unpacker(answer->body);
  unpacker(status);
  if (!unpacker.ok()) return Internal("malformed answer of the root builder");
  RETURN_IF_ERROR(status.ToStatus());
  if (answer->descriptors.size() != 4) return Internal("the root builder sent no descriptors");
  return RootDescriptors{std::move(answer->descriptors[0]), std::move(answer->descriptors[1]),
                         std::move(answer->descriptors[2]), std::move(answer->descriptors[3])};
}

Status Broker::OpenRoot(const RootPlan& plan, Reply* reply) {
  if (plan.id == 0 || roots_.contains(plan.id)) return AlreadyExists("root ", plan.id);
  std::vector<int> idmaps;
  const auto add = [&](bool idmap, const std::string& path) -> Status {
    if (!idmap) {
      idmaps.push_back(-1);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const int map, IdmapOfOwner(path, plan.uid, plan.gid));
    idmaps.push_back(map);
    return absl::OkStatus();
  };
  for (const LayerPlan& layer : plan.layers) RETURN_IF_ERROR(add(layer.idmap, layer.lower));
  for (const BindPlan& bind : plan.binds) RETURN_IF_ERROR(add(bind.idmap, bind.source));
  ASSIGN_OR_RETURN(RootDescriptors descriptors, BuildInChild(plan, idmaps));
  roots_[plan.id] = {plan, std::move(descriptors.mounts), std::move(descriptors.network)};
  reply->descriptors.push_back(std::move(descriptors.merged));
  reply->descriptors.push_back(std::move(descriptors.upper));
  return absl::OkStatus();
}

Status Broker::CloseRoot(uint64_t id) {
  const auto root = roots_.find(id);
  if (root == roots_.end()) return NotFound("root ", id);
  // The user's number goes back to the pool; its maps would only pile up.
  std::erase_if(idmaps_, [&](const auto& entry) {
    return std::get<2>(entry.first) == root->second.plan.uid;
  });
  roots_.erase(root);
  return absl::OkStatus();
}

Status Broker::Launch(const LaunchPlan& plan, const std::vector<UniqueFd>& descriptors,
                      Reply* reply) {
  if (descriptors.size() <= kLife) return InvalidArgument("a launch needs its descriptors");
  const auto root = roots_.find(plan.root);
  if (plan.argv.empty() || (root == roots_.end()) != (plain_ && plan.root == 0)) {
    return InvalidArgument("no such root: ", plan.root);
  }
  LaunchEnvironment launch{.plan = plan, .filter = filter_};
  launch.input = descriptors[kInput].get();
  launch.output = descriptors[kOutput].get();
  launch.status = descriptors[kStatus].get();
  launch.life = descriptors[kLife].get();
  if (descriptors.size() > kChannel) launch.channel = descriptors[kChannel].get();
  uint64_t namespaces = 0;
  if (root != roots_.end()) {
    launch.root = &root->second.plan;
    launch.mounts = root->second.mounts.get();
    launch.network = root->second.network.get();
    namespaces = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  }
  UniqueFd status(::fcntl(launch.status, F_DUPFD_CLOEXEC, 3));
  UniqueFd pidfd;
  const pid_t pid = CloneProcess(namespaces, &pidfd);
  if (pid < 0) return ErrnoStatus(errno, "cannot start a process");
  if (pid == 0) {
    if (launch.root == nullptr) RunPlainInit(launch);
    RunSandboxInit(launch);
  }
  launches_.emplace(pid, std::move(status));
  reply->status.value = static_cast<uint64_t>(pid);
  reply->descriptors.push_back(std::move(pidfd));
  return absl::OkStatus();
}

}  // namespace

bool IsBrokerInvocation(int argc, char** argv) {
  return argc == 3 && argv[0] == kBrokerName && ::strcmp(argv[1], "broker") == 0;
}

int BrokerMain(int, char**) {
  ::prctl(PR_SET_NAME, "coditect-broker", 0, 0, 0);
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(kHostSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return 2;
  ::close_range(kHostSocket + 1, ~0U, 0);
  ::fcntl(kHostSocket, F_SETFD, FD_CLOEXEC);
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
  null.Reset();
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);  // the reader of a status pipe may be gone
  ::umask(022);
  if (::chdir("/") != 0) return 2;
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;  // two for each open workspace
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  Broker broker;
  return broker.Serve();
}

}  // namespace coditect::process
