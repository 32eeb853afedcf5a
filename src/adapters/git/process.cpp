// Runs one program to its end.
#include "src/adapters/git/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <utility>

namespace coditect::git {
namespace {

constexpr int kFirstHighFd = 10;
constexpr int kOutputPipeBytes = 1 << 20;  // fewer switches between git and us

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

StatusOr<Pipe> MakePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return ErrnoStatus(errno, "cannot make a pipe");
  Pipe pipe{HighFd(UniqueFd(fds[0])), HighFd(UniqueFd(fds[1]))};
  if (!pipe.read.valid() || !pipe.write.valid()) return ErrnoStatus(errno, "cannot make a pipe");
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

// The program's stdin is a socket, not a pipe: writing to one that the program has closed is then
// an error instead of SIGPIPE.
StatusOr<Pipe> MakeInput() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return ErrnoStatus(errno, "cannot make a socket pair");
  }
  Pipe pipe{HighFd(UniqueFd(fds[0])), HighFd(UniqueFd(fds[1]))};
  if (!pipe.read.valid() || !pipe.write.valid()) return ErrnoStatus(errno, "cannot make a socket");
  ::shutdown(pipe.write.get(), SHUT_RD);
  return pipe;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// An eventfd that becomes readable when the token is cancelled.
class CancelSignal {
 public:
  explicit CancelSignal(const CancelToken& token)
      : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        registration_(token.OnCancel([fd = event_.get()] {
          const uint64_t one = 1;
          [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
        })) {}
  int fd() const { return event_.get(); }

 private:
  UniqueFd event_;
  CancelToken::Registration registration_;
};

int PollTimeout(const Context& ctx) {
  constexpr std::chrono::milliseconds kAtLeastEvery{60'000};
  return static_cast<int>(ctx.Remaining(kAtLeastEvery).count()) + 1;
}

class Run {
 public:
  Run(const Context& ctx, const ProcessRequest& request)
      : ctx_(ctx), request_(request), cancel_(ctx.cancel), to_write_(request.stdin_bytes) {}

  StatusOr<ProcessResult> Finish() {
    RETURN_IF_ERROR(Annotate(ctx_.Check(), request_.argv[0]));
    RETURN_IF_ERROR(Spawn());
    const Status status = Pump();
    if (!status.ok()) Kill();
    Reap();
    if (!status.ok()) return status;
    return std::move(result_);
  }

 private:
  Status Spawn();
  Status Pump();
  void WriteSome();
  Status ReadOut();
  void ReadErr();
  void Kill();
  void Reap();

  const Context& ctx_;
  const ProcessRequest& request_;
  CancelSignal cancel_;
  std::string_view to_write_;
  UniqueFd input_;
  UniqueFd out_;
  UniqueFd err_;
  UniqueFd pidfd_;
  pid_t pid_ = -1;
  ProcessResult result_;
};

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { ::posix_spawn_file_actions_init(&value); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&value); }
};

struct Attributes {
  posix_spawnattr_t value;
  Attributes() {
    ::posix_spawnattr_init(&value);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&value, &none);
    ::posix_spawnattr_setsigdefault(&value, &all);
    ::posix_spawnattr_setpgroup(&value, 0);
    ::posix_spawnattr_setflags(
        &value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
};

Status Run::Spawn() {
  ASSIGN_OR_RETURN(Pipe out, MakePipe());
  ASSIGN_OR_RETURN(Pipe err, MakePipe());
  ::fcntl(out.read.get(), F_SETPIPE_SZ, kOutputPipeBytes);
  Pipe in;
  if (to_write_.empty()) {
    in.read = HighFd(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
    if (!in.read.valid()) return ErrnoStatus(errno, "cannot open /dev/null");
  } else {
    ASSIGN_OR_RETURN(in, MakeInput());
  }
  FileActions actions;
  ::posix_spawn_file_actions_adddup2(&actions.value, in.read.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions.value, out.write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions.value, err.write.get(), 2);
  int next = 3;
  for (const int fd : request_.inherited_fds) {
    ::posix_spawn_file_actions_adddup2(&actions.value, fd, next++);
  }
  ::posix_spawn_file_actions_addclosefrom_np(&actions.value, next);
  ::posix_spawn_file_actions_addchdir_np(&actions.value, request_.folder.c_str());
  const Attributes attributes;
  const std::vector<char*> argv = Pointers(request_.argv);
  const std::vector<char*> environment = Pointers(request_.environment);
  const int error = ::posix_spawn(&pid_, argv[0], &actions.value, &attributes.value, argv.data(),
                                  environment.data());
  if (error != 0) {
    return ErrnoStatus(error, "cannot run ", request_.argv[0], " in ", request_.folder);
  }
  pidfd_.Reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  input_ = std::move(in.write);
  out_ = std::move(out.read);
  err_ = std::move(err.read);
  if (pidfd_.valid() && cancel_.fd() >= 0) return absl::OkStatus();
  const Status status = ErrnoStatus(errno, "cannot watch ", request_.argv[0]);
  ::kill(-pid_, SIGKILL);
  Reap();
  return status;
}

// Until the program has ended and what it wrote is read. A grandchild that keeps the pipes open is
// not waited for.
Status Run::Pump() {
  for (;;) {
    std::array<pollfd, 5> fds{{{pidfd_.get(), POLLIN, 0},
                               {cancel_.fd(), POLLIN, 0},
                               {out_.get(), POLLIN, 0},
                               {err_.get(), POLLIN, 0},
                               {input_.get(), POLLOUT, 0}}};
    if (::poll(fds.data(), fds.size(), PollTimeout(ctx_)) < 0 && errno != EINTR) {
      return ErrnoStatus(errno, "poll");
    }
    RETURN_IF_ERROR(Annotate(ctx_.Check(), StrCat("while running ", request_.argv[0])));
    if (fds[4].revents != 0) WriteSome();
    if (fds[3].revents != 0) ReadErr();
    if (fds[2].revents != 0) RETURN_IF_ERROR(ReadOut());
    if (fds[0].revents != 0) {
      // The first pass may have left more than one buffer behind.
      ReadErr();
      return ReadOut();
    }
  }
}

void Run::WriteSome() {
  const ssize_t count =
      ::send(input_.get(), to_write_.data(), to_write_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  // A program that does not want its input says why by its exit status.
  if (count < 0) to_write_ = {};
  if (count > 0) to_write_.remove_prefix(static_cast<size_t>(count));
  if (to_write_.empty()) input_.Reset();
}

Status Run::ReadOut() {
  std::array<char, 1 << 16> buffer;
  while (out_.valid()) {
    const ssize_t count = ::read(out_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      out_.Reset();
      break;
    }
    const std::string_view piece(buffer.data(), static_cast<size_t>(count));
    if (request_.on_stdout) {
      RETURN_IF_ERROR(request_.on_stdout(piece));
      RETURN_IF_ERROR(ctx_.Check());
      continue;
    }
    if (result_.out.size() + piece.size() > request_.stdout_bytes_max) {
      return ResourceExhausted(request_.argv[0], " wrote more than ", request_.stdout_bytes_max,
                               " bytes");
    }
    result_.out += piece;
  }
  return absl::OkStatus();
}

void Run::ReadErr() {
  std::array<char, 4096> buffer;
  while (err_.valid()) {
    const ssize_t count = ::read(err_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      err_.Reset();
      return;
    }
    const size_t room = kStderrBytesMax - result_.err.size();
    result_.err.append(buffer.data(), std::min(room, static_cast<size_t>(count)));
  }
}

void Run::Kill() {
  ::kill(-pid_, SIGTERM);
  pollfd ended{pidfd_.get(), POLLIN, 0};
  ::poll(&ended, 1, static_cast<int>(kTermGrace.count()));
}

void Run::Reap() {
  // Before the wait: the zombie keeps the process group's number from being used again.
  if (pidfd_.valid()) {
    pollfd ended{pidfd_.get(), POLLIN, 0};
    if (::poll(&ended, 1, 0) != 1) ::kill(pid_, SIGKILL);
    while (::poll(&ended, 1, -1) < 0 && errno == EINTR) {
    }
  }
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result_.signal = WTERMSIG(status);
}

}  // namespace

StatusOr<ProcessResult> RunProcess(const Context& ctx, const ProcessRequest& request) {
  return Run(ctx, request).Finish();
}

UniqueFd HighFd(UniqueFd fd) {
  if (!fd.valid() || fd.get() >= kFirstHighFd) return fd;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstHighFd));
}

Status Pause(const Context& ctx, std::chrono::milliseconds time) {
  const CancelSignal cancel(ctx.cancel);
  pollfd cancelled{cancel.fd(), POLLIN, 0};
  ::poll(&cancelled, 1, static_cast<int>(ctx.Remaining(time).count()));
  return ctx.Check();
}

}  // namespace coditect::git
