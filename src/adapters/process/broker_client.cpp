// Starting the broker, and one request after the other.
#include "src/adapters/process/broker_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/adapters/process/broker.h"
#include "src/adapters/process/system_calls.h"
#include "src/adapters/process/wire.h"

namespace coditect::process {
namespace {

constexpr std::chrono::seconds kAnswerMax{15};
constexpr int kBrokerSocket = 3;

// Not a fork: the caller may be large and have threads. The broker gets an empty environment and a
// session of its own, so that a terminal's Ctrl-C does not reach it.
StatusOr<pid_t> Spawn(const std::string& token, int socket) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, socket, kBrokerSocket);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::string name(kBrokerName);
  std::string role = "broker";
  std::string mark = token;
  char* argv[] = {name.data(), role.data(), mark.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv, environment);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return ErrnoStatus(error, "cannot start the sandbox's broker");
  return pid;
}

}  // namespace

StatusOr<std::unique_ptr<BrokerClient>> BrokerClient::Start(const std::string& token) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus(errno, "cannot make a socket pair");
  }
  UniqueFd mine(ends[0]);
  UniqueFd theirs(ends[1]);
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(token, theirs.get()));
  UniqueFd pidfd = OpenProcess(pid);
  if (!pidfd.valid()) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return Internal("cannot watch the sandbox's broker");
  }
  return std::unique_ptr<BrokerClient>(new BrokerClient(pid, std::move(pidfd), std::move(mine)));
}

BrokerClient::~BrokerClient() {
  {
    MutexLock lock(mutex_);
    socket_.Reset();
  }
  ::waitpid(pid_, nullptr, 0);
}

StatusOr<Frame> BrokerClient::Call(const std::string& body, const std::vector<int>& descriptors,
                                   ReplyStatus* reply) {
  MutexLock lock(mutex_);
  if (!socket_.valid()) return Unavailable("the sandbox's broker has ended: start coditect again");
  Status status = SendFrame(socket_.get(), body, descriptors);
  StatusOr<Frame> answer =
      status.ok() ? ReceiveFrame(socket_.get(), std::chrono::steady_clock::now() + kAnswerMax)
                  : StatusOr<Frame>(status);
  if (status.code() == absl::StatusCode::kResourceExhausted) return status;  // nothing was sent
  if (answer.ok()) {
    Unpacker unpacker(answer->body);
    unpacker(*reply);
    if (!unpacker.ok()) answer = DataLoss("malformed answer");
  }
  if (!answer.ok()) {
    // Without it nothing can be launched, and what it launched ends with it.
    KillByDescriptor(pidfd_.get());
    socket_.Reset();
    return Unavailable("the sandbox's broker has ended (", std::string(answer.status().message()),
                       ")");
  }
  RETURN_IF_ERROR(reply->ToStatus());
  return answer;
}

Status BrokerClient::Configure(const Configuration& configuration) {
  ReplyStatus reply;
  return Call(Pack(RequestKind::kConfigure, configuration), {}, &reply).status();
}

Status BrokerClient::CanIdmap(const IdmapQuestion& question) {
  ReplyStatus reply;
  return Call(Pack(RequestKind::kCanIdmap, question), {}, &reply).status();
}

StatusOr<BrokerClient::OpenedRoot> BrokerClient::OpenRoot(const RootPlan& plan) {
  ReplyStatus reply;
  ASSIGN_OR_RETURN(Frame answer, Call(Pack(RequestKind::kOpenRoot, plan), {}, &reply));
  if (answer.descriptors.size() != 2) return Internal("the broker sent no descriptors");
  return OpenedRoot{std::move(answer.descriptors[0]), std::move(answer.descriptors[1])};
}

Status BrokerClient::CloseRoot(uint64_t id) {
  ReplyStatus reply;
  return Call(Pack(RequestKind::kCloseRoot, id), {}, &reply).status();
}

StatusOr<BrokerClient::Started> BrokerClient::Launch(const LaunchPlan& plan,
                                                     const std::vector<int>& descriptors) {
  ReplyStatus reply;
  ASSIGN_OR_RETURN(Frame answer, Call(Pack(RequestKind::kLaunch, plan), descriptors, &reply));
  if (answer.descriptors.size() != 1) return Internal("the broker sent no descriptor");
  return Started{static_cast<pid_t>(reply.value), std::move(answer.descriptors[0])};
}

}  // namespace coditect::process
