// How a command reaches the task queue.
#include "src/app/mission_service.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <utility>

#include "src/app/interrupt.h"
#include "src/app/protocol.h"
#include "src/base/file.h"
#include "src/wire/codec.h"

namespace coditect {
namespace {

constexpr std::chrono::milliseconds kCallTimeout{35'000};
constexpr std::chrono::milliseconds kAttachTimeout{10'000};
constexpr int kAttachPauseMs = 20;

class OwnedService final : public MissionService {
 public:
  OwnedService(std::unique_ptr<Owner> owner, std::string client_id)
      : owner_(std::move(owner)), client_id_(std::move(client_id)) {}

  StatusOr<MissionId> Request(const MissionRequest& request) override {
    MissionRequest own = request;
    own.principal = Principal();
    return owner_->queue().RequestMission(CallContext(), own, client_id_);
  }
  Status Control(const MissionId& mission_id, MissionControl control) override {
    const bool client_verb =
        control == MissionControl::kAttach || control == MissionControl::kDetach;
    return owner_->queue().Control(CallContext(), mission_id, control,
                                   client_verb ? client_id_ : Principal());
  }
  Status Record(const MissionId& mission_id, EventBody fact) override {
    if (auto* truncated = std::get_if<LogTruncated>(&fact)) truncated->principal = Principal();
    if (auto* forgotten = std::get_if<MissionForgotten>(&fact)) forgotten->principal = Principal();
    if (auto* tested = std::get_if<MergeTested>(&fact)) tested->principal = Principal();
    return owner_->queue().Record(CallContext(), mission_id, std::move(fact));
  }
  Status Answer(const MissionId& mission_id, const ApprovalAnswered& answer) override {
    ApprovalAnswered own = answer;
    own.principal = Principal();
    return owner_->queue().AnswerApproval(CallContext(), mission_id, own);
  }
  Status WaitForNews(uint64_t sequence, std::chrono::milliseconds timeout) override {
    owner_->WaitForNews(sequence, timeout);
    return absl::OkStatus();
  }
  Owner* owner() override { return owner_.get(); }

 private:
  static std::string Principal() { return StrCat("uid:", ::geteuid()); }
  static Context CallContext() { return Context().WithTimeout(kCallTimeout); }

  const std::unique_ptr<Owner> owner_;
  const std::string client_id_;
};

class SocketService final : public MissionService {
 public:
  SocketService(UniqueFd fd, std::string client_id, MonotonicTime deadline)
      : fd_(std::move(fd)), client_id_(std::move(client_id)), deadline_(deadline) {}

  StatusOr<MissionId> Request(const MissionRequest& request) override {
    ASSIGN_OR_RETURN(const OwnerFrame answer, Call({.verb = "request", .request = request}));
    return answer.mission_id;
  }

  Status Control(const MissionId& mission_id, MissionControl control) override {
    const char* verb = control == MissionControl::kAttach          ? "attach"
                       : control == MissionControl::kDetach        ? "detach"
                       : control == MissionControl::kStop          ? "stop"
                       : control == MissionControl::kEmergencyStop ? "emergency_stop"
                       : control == MissionControl::kRunPlan       ? "run_plan"
                                                                   : "resume";
    return Call({.verb = verb, .mission_id = mission_id}).status();
  }

  Status Record(const MissionId& mission_id, EventBody fact) override {
    ClientFrame frame{.verb = "record", .mission_id = mission_id};
    if (const auto* taken = std::get_if<SnapshotTaken>(&fact)) frame.snapshot_taken = *taken;
    if (const auto* truncated = std::get_if<LogTruncated>(&fact)) frame.log_truncated = *truncated;
    if (const auto* forgotten = std::get_if<MissionForgotten>(&fact)) {
      frame.mission_forgotten = *forgotten;
    }
    if (const auto* tested = std::get_if<MergeTested>(&fact)) frame.merge_tested = *tested;
    return Call(std::move(frame)).status();
  }
  Status Answer(const MissionId& mission_id, const ApprovalAnswered& answer) override {
    return Call({.verb = "answer", .mission_id = mission_id, .answer = answer}).status();
  }

  Status WaitForNews(uint64_t sequence, std::chrono::milliseconds timeout) override {
    const auto end = std::chrono::steady_clock::now() + timeout;
    while (sequence_ <= sequence) {
      ASSIGN_OR_RETURN(const bool more, ReadSome(end));
      if (!more) break;
      while (true) {
        ASSIGN_OR_RETURN(const auto frame, NextFrame());
        if (!frame.has_value()) break;
      }
    }
    return absl::OkStatus();
  }

  Owner* owner() override { return nullptr; }

 private:
  StatusOr<OwnerFrame> Call(ClientFrame frame) {
    frame.tag = ++last_tag_;
    frame.client_id = client_id_;
    std::string bytes = Frame(wire::Encode(frame));
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return Unavailable("the owner is gone");
      bytes.erase(0, static_cast<size_t>(count));
    }
    const auto end = std::min(deadline_, std::chrono::steady_clock::now() + kCallTimeout);
    for (;;) {
      ASSIGN_OR_RETURN(const auto answer, NextFrame());
      if (answer.has_value() && answer->tag == frame.tag) {
        const auto code = static_cast<absl::StatusCode>(answer->code);
        if (code != absl::StatusCode::kOk) return Status(code, answer->message);
        return *answer;
      }
      if (answer.has_value()) continue;
      ASSIGN_OR_RETURN(const bool more, ReadSome(end));
      if (!more) return Unavailable("the owner does not answer");
    }
  }

  /// The next frame that has arrived whole; news are noted on the way.
  StatusOr<std::optional<OwnerFrame>> NextFrame() {
    std::string payload;
    ASSIGN_OR_RETURN(const bool taken, TakeFrame(inbox_, &payload));
    if (!taken) return std::optional<OwnerFrame>();
    ASSIGN_OR_RETURN(auto frame, wire::Decode<OwnerFrame>(payload, "answer of the owner"));
    sequence_ = std::max(sequence_, frame.sequence);
    return std::optional<OwnerFrame>(std::move(frame));
  }

  /// False when nothing came until `end`.
  StatusOr<bool> ReadSome(std::chrono::steady_clock::time_point end) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd polled{fd_.get(), POLLIN, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) return false;
    if (ready == 0) return false;
    char buffer[1 << 16];
    const ssize_t count = ::read(fd_.get(), buffer, sizeof buffer);
    if (count <= 0) return Unavailable("the owner is gone");
    inbox_.append(buffer, static_cast<size_t>(count));
    return true;
  }

  const UniqueFd fd_;
  const std::string client_id_;
  const MonotonicTime deadline_;
  std::string inbox_;
  uint64_t last_tag_ = 0;
  uint64_t sequence_ = 0;
};

StatusOr<UniqueFd> Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return InvalidArgument("socket path too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return NotFound("no owner listens at ", path);
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
      (peer.uid != ::geteuid() && peer.uid != 0)) {
    return PermissionDenied("the socket ", path, " belongs to somebody else");
  }
  return fd;
}

}  // namespace

StatusOr<std::unique_ptr<MissionService>> AttachOnly(const Context& ctx, const StatePaths& paths,
                                                     const std::string& client_id) {
  ASSIGN_OR_RETURN(UniqueFd fd, Connect(paths.socket));
  return std::make_unique<SocketService>(std::move(fd), client_id, ctx.deadline);
}

StatusOr<std::unique_ptr<MissionService>> AttachOrOwn(const Context& ctx, const StatePaths& paths,
                                                      const OwnerOptions& options,
                                                      const std::string& client_id,
                                                      const Clock& clock) {
  const auto end = std::chrono::steady_clock::now() + kAttachTimeout;
  for (;;) {
    auto owner = Owner::Start(ctx, paths, options, clock);
    if (owner.ok()) return std::make_unique<OwnedService>(*std::move(owner), client_id);
    if (!absl::IsUnavailable(owner.status())) return owner.status();
    // Somebody owns it: it may still be starting, or just be ending.
    if (auto attached = AttachOnly(ctx, paths, client_id); attached.ok()) return attached;
    if (std::chrono::steady_clock::now() > end) {
      return Unavailable(Message(owner.status()), " but does not answer at ", paths.socket,
                         "; end that process and try again");
    }
    RETURN_IF_ERROR(ctx.Check());
    if (Interrupts() > 0) return Cancelled("interrupted before the run had begun");
    ::poll(nullptr, 0, kAttachPauseMs);
  }
}

}  // namespace coditect
