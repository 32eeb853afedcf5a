// The owner's socket.
#include "src/app/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <vector>

#include "src/wire/codec.h"

namespace coditect {
namespace {

constexpr size_t kConnectionsMax = 256;
constexpr size_t kOutboxBytesMax = 1 << 20;  // a client that does not read is let go
constexpr std::chrono::milliseconds kRequestTimeout{30'000};

StatusOr<sockaddr_un> Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return InvalidArgument("the socket's path is too long: ", path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

StatusOr<MissionControl> ParseControl(const std::string& verb) {
  if (verb == "attach") return MissionControl::kAttach;
  if (verb == "detach") return MissionControl::kDetach;
  if (verb == "stop") return MissionControl::kStop;
  if (verb == "emergency_stop") return MissionControl::kEmergencyStop;
  if (verb == "resume") return MissionControl::kResume;
  if (verb == "run_plan") return MissionControl::kRunPlan;
  return InvalidArgument("unknown verb '", EscapeForTerminal(verb), "'");
}

}  // namespace

Server::Server(std::string path, TaskQueueService& queue)
    : path_(std::move(path)),
      queue_(queue),
      pool_({.name = "clients", .threads = 4, .queue_max = 1024}),
      emergencies_({.name = "emergencies", .threads = 1, .queue_max = 1024}) {}

StatusOr<std::unique_ptr<Server>> Server::Start(const std::string& path, TaskQueueService& queue) {
  std::unique_ptr<Server> server(new Server(path, queue));
  RETURN_IF_ERROR(server->Listen());
  server->reactor_ = std::thread([raw = server.get()] {
    ::pthread_setname_np(::pthread_self(), "reactor");
    raw->Loop();
  });
  return server;
}

Status Server::Listen() {
  ASSIGN_OR_RETURN(const sockaddr_un address, Address(path_));
  listener_.Reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!listener_.valid() || !wake_.valid()) return ErrnoStatus(errno, "cannot make a socket");
  ::unlink(path_.c_str());  // of a dead owner: we hold the lock
  const mode_t mask = ::umask(0177);
  const int bound =
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::umask(mask);
  if (bound != 0) return ErrnoStatus(error, "cannot listen at ", path_);
  if (::listen(listener_.get(), 64) != 0) return ErrnoStatus(errno, "cannot listen at ", path_);
  return absl::OkStatus();
}

void Server::Stop() {
  if (!reactor_.joinable()) return;
  stopping_ = true;
  Wake();
  reactor_.join();
  pool_.Stop();
  emergencies_.Stop();
  ::unlink(path_.c_str());
  connections_.clear();
}

void Server::Announce(uint64_t sequence) {
  sequence_ = sequence;
  Wake();
}

void Server::Wake() {
  const uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

void Server::Loop() {
  while (!stopping_) {
    std::vector<pollfd> polled = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    std::vector<std::shared_ptr<Connection>> order;
    for (const auto& [fd, connection] : connections_) {
      MutexLock lock(connection->mutex);
      const short wanted = connection->outbox.empty() ? POLLIN : POLLIN | POLLOUT;
      polled.push_back({fd, wanted, 0});
      order.push_back(connection);
    }
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (polled[0].revents != 0) {
      uint64_t count = 0;
      (void)!::read(wake_.get(), &count, sizeof count);
    }
    if (polled[1].revents != 0) Accept();
    const uint64_t sequence = sequence_;
    for (size_t i = 0; i < order.size(); ++i) {
      const short events = polled[i + 2].revents;
      bool alive = (events & (POLLERR | POLLNVAL)) == 0;
      if (alive && (events & (POLLIN | POLLHUP)) != 0) alive = ReadFrom(order[i]);
      if (alive && sequence != announced_) Send(*order[i], {.sequence = sequence});
      if (alive) alive = Flush(*order[i]);
      if (!alive) Drop(order[i]);
    }
    announced_ = sequence;
  }
}

void Server::Accept() {
  UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd.valid() || connections_.size() >= kConnectionsMax) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (peer.uid != ::geteuid() && peer.uid != 0) return;
  auto connection = std::make_shared<Connection>();
  connection->principal = StrCat("uid:", peer.uid);
  const int number = fd.get();
  connection->fd = std::move(fd);
  connections_[number] = std::move(connection);
}

// False when the connection is over.
bool Server::ReadFrom(const std::shared_ptr<Connection>& connection) {
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(connection->fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count <= 0) return false;
    connection->inbox.append(buffer, static_cast<size_t>(count));
    if (connection->inbox.size() > 2 * kFrameBytesMax) return false;
  }
  std::string payload;
  for (;;) {
    const auto taken = TakeFrame(connection->inbox, &payload);
    if (!taken.ok()) return false;
    if (!*taken) return true;
    const auto frame = wire::Decode<ClientFrame>(payload, "request");
    if (!frame.ok()) return false;
    const auto control = ParseControl(frame->verb);
    const bool emergency = control.ok() && *control == MissionControl::kEmergencyStop;
    Executor& pool = emergency ? emergencies_ : pool_;
    if (!pool.Post([this, connection, frame = *frame] { Handle(connection, frame); }).ok()) {
      return false;
    }
  }
}

void Server::Handle(const std::shared_ptr<Connection>& connection, const ClientFrame& frame) {
  Context ctx;
  ctx = ctx.WithTimeout(kRequestTimeout);
  OwnerFrame answer{.tag = frame.tag, .mission_id = frame.mission_id};
  Status status;
  std::string attached_to;
  if (frame.verb == "request" && frame.request.has_value()) {
    MissionRequest request = *frame.request;
    request.principal = connection->principal;
    auto id = queue_.RequestMission(ctx, request, frame.client_id);
    status = id.status();
    if (id.ok()) answer.mission_id = attached_to = *id;
  } else if (frame.verb == "answer" && frame.answer.has_value()) {
    ApprovalAnswered given = *frame.answer;
    given.principal = connection->principal;
    status = queue_.AnswerApproval(ctx, frame.mission_id, given);
  } else if (frame.verb == "record") {
    status = Record(ctx, *connection, frame);
  } else if (const auto control = ParseControl(frame.verb); control.ok()) {
    const bool client_verb =
        *control == MissionControl::kAttach || *control == MissionControl::kDetach;
    status = queue_.Control(ctx, frame.mission_id, *control,
                            client_verb ? frame.client_id : connection->principal);
    if (status.ok() && *control == MissionControl::kAttach) attached_to = frame.mission_id;
  } else {
    status = control.status();
  }
  answer.code = static_cast<uint32_t>(status.code());
  answer.message = Message(status);
  bool gone = false;
  {
    MutexLock lock(connection->mutex);
    gone = connection->closed;
    if (!attached_to.empty() && !gone) connection->attached[attached_to] = frame.client_id;
  }
  if (gone && !attached_to.empty()) {
    (void)queue_.Control(ctx, attached_to, MissionControl::kDetach, frame.client_id);
  }
  Send(*connection, answer);
  Wake();
}

Status Server::Record(const Context& ctx, const Connection& connection, const ClientFrame& frame) {
  if (frame.snapshot_taken.has_value()) {
    return queue_.Record(ctx, "", *frame.snapshot_taken);
  }
  if (frame.log_truncated.has_value()) {
    LogTruncated truncated = *frame.log_truncated;
    truncated.principal = connection.principal;
    return queue_.Record(ctx, "", truncated);
  }
  if (frame.merge_tested.has_value()) {
    MergeTested tested = *frame.merge_tested;
    tested.principal = connection.principal;
    return queue_.Record(ctx, frame.mission_id, tested);
  }
  if (!frame.mission_forgotten.has_value()) return InvalidArgument("there is nothing to record");
  MissionForgotten forgotten = *frame.mission_forgotten;
  forgotten.principal = connection.principal;
  return queue_.Record(ctx, frame.mission_id, forgotten);
}

void Server::Send(Connection& connection, const OwnerFrame& frame) {
  MutexLock lock(connection.mutex);
  connection.outbox += Frame(wire::Encode(frame));
}

// False when the peer is gone or does not read.
bool Server::Flush(Connection& connection) {
  MutexLock lock(connection.mutex);
  while (!connection.outbox.empty()) {
    const ssize_t count = ::send(connection.fd.get(), connection.outbox.data(),
                                 connection.outbox.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count <= 0) return false;
    connection.outbox.erase(0, static_cast<size_t>(count));
  }
  return connection.outbox.size() <= kOutboxBytesMax;
}

void Server::Drop(const std::shared_ptr<Connection>& connection) {
  std::map<MissionId, std::string> attached;
  {
    MutexLock lock(connection->mutex);
    connection->closed = true;
    attached.swap(connection->attached);
  }
  connections_.erase(connection->fd.get());
  if (attached.empty()) return;
  (void)pool_.Post([this, attached] {
    Context ctx;
    ctx = ctx.WithTimeout(kRequestTimeout);
    for (const auto& [mission_id, client_id] : attached) {
      (void)queue_.Control(ctx, mission_id, MissionControl::kDetach, client_id);
    }
  });
}

}  // namespace coditect
