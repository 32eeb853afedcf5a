// Reading and writing the channel while another thread waits for the process.
#include "src/adapters/python/session.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "src/base/status.h"

namespace coditect::python {

StatusOr<std::unique_ptr<Session>> Session::Start(const Context& ctx, Workspace& workspace,
                                                  SandboxCommand command) {
  command.channel = true;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "pipe2");
  Wires wires;
  wires.ended_read.Reset(ends[0]);
  wires.ended_write.Reset(ends[1]);
  wires.wake = std::make_shared<UniqueFd>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wires.wake->valid()) return ErrnoStatus(errno, "eventfd");
  ASSIGN_OR_RETURN(std::unique_ptr<SandboxProcess> process, workspace.Launch(ctx, command));
  return std::unique_ptr<Session>(new Session(ctx, std::move(process), std::move(wires)));
}

Session::Session(const Context& ctx, std::unique_ptr<SandboxProcess> process, Wires wires)
    : ctx_(ctx), process_(std::move(process)), wires_(std::move(wires)) {
  waiter_ = std::thread([this] {
    result_ = process_->Wait(ctx_);
    wires_.ended_write.Reset();
  });
}

Session::~Session() {
  if (!waiter_.joinable()) return;
  process_->Kill();
  waiter_.join();
}

StatusOr<bool> Session::WaitFor(const Context& ctx, short events) {
  constexpr std::chrono::milliseconds kPollMax{60'000};
  const auto registration = ctx.cancel.OnCancel([wake = wires_.wake] {
    const uint64_t one = 1;
    // A full counter wakes as well: there is nothing to do about a failure.
    [[maybe_unused]] const ssize_t written = ::write(wake->get(), &one, sizeof one);
  });
  pollfd fds[3] = {{process_->channel(), events, 0},
                   {wires_.ended_read.get(), POLLIN, 0},
                   {wires_.wake->get(), POLLIN, 0}};
  while (true) {
    RETURN_IF_ERROR(ctx.Check());
    const auto timeout = ctx.Remaining(kPollMax) + std::chrono::milliseconds(1);
    const int ready = ::poll(fds, 3, static_cast<int>(timeout.count()));
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll on the channel");
    if (ready > 0 && (fds[0].revents != 0 || fds[1].revents != 0)) return fds[0].revents != 0;
  }
}

Status Session::Send(const Context& ctx, std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  for (size_t sent = 0; sent < bytes.size();) {
    ASSIGN_OR_RETURN(const bool open, WaitFor(ctx, POLLOUT));
    if (!open) return Unavailable("the test process has ended");
    const ssize_t count = ::send(process_->channel(), bytes.data() + sent, bytes.size() - sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent += static_cast<size_t>(count);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return Unavailable("the test process has closed its channel");
    } else if (errno != EAGAIN && errno != EINTR) {
      return ErrnoStatus(errno, "send on the channel");
    }
  }
  return absl::OkStatus();
}

bool Session::TakeLine(std::string* line) {
  const size_t end = buffer_.find('\n', consumed_);
  if (end == std::string::npos) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
    return false;
  }
  *line = buffer_.substr(consumed_, end - consumed_);
  consumed_ = end + 1;
  return true;
}

StatusOr<std::optional<std::string>> Session::Next(const Context& ctx) {
  std::string line;
  while (!TakeLine(&line)) {
    if (closed_) return std::optional<std::string>();
    if (buffer_.size() > kLineBytesMax) {
      return ResourceExhausted("the test process sent a line of more than ", kLineBytesMax,
                               " bytes");
    }
    ASSIGN_OR_RETURN(const bool open, WaitFor(ctx, POLLIN));
    char bytes[size_t{1} << 16];
    const ssize_t count = ::recv(process_->channel(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (count > 0) {
      buffer_.append(bytes, static_cast<size_t>(count));
      received_ += static_cast<uint64_t>(count);
      if (received_ > kChannelBytesMax) {
        return ResourceExhausted("the test process sent more than ", kChannelBytesMax, " bytes");
      }
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR) || !open) {
      closed_ = true;
    }
  }
  return std::optional<std::string>(std::move(line));
}

StatusOr<SandboxResult> Session::Finish() {
  waiter_.join();
  return *std::move(result_);
}

}  // namespace coditect::python
