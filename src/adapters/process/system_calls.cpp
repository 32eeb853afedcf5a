// System calls the C library does not wrap.
#include "src/adapters/process/system_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace coditect::process {

pid_t CloneProcess(uint64_t flags, UniqueFd* pidfd) {
  int descriptor = -1;
  clone_args args{};
  args.flags = flags | (pidfd != nullptr ? CLONE_PIDFD : 0);
  args.pidfd = reinterpret_cast<uintptr_t>(&descriptor);
  args.exit_signal = SIGCHLD;
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
  if (pid > 0 && pidfd != nullptr) pidfd->Reset(descriptor);
  return pid;
}

UniqueFd OpenProcess(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

bool KillByDescriptor(int pidfd) {
  return ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) == 0;
}

void KillAndWait(int pidfd) {
  constexpr int kEndMaxMs = 5000;
  KillByDescriptor(pidfd);
  pollfd entry{pidfd, POLLIN, 0};
  ::poll(&entry, 1, kEndMaxMs);
}

int OpenAt(int folder, const std::string& path, int flags, uint64_t resolve, unsigned mode) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = resolve;
  for (int attempt = 0;; ++attempt) {
    const auto fd =
        static_cast<int>(::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
    // EAGAIN: a rename elsewhere made the walk uncertain; the kernel asks to try again.
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || attempt == 16) return fd;
  }
}

StatusOr<UniqueFd> ReopenRegular(int path_descriptor, const std::string& name) {
  struct stat info{};
  if (::fstat(path_descriptor, &info) != 0) return ErrnoStatus(errno, "cannot stat ", name);
  if (!S_ISREG(info.st_mode)) return InvalidArgument(name, " is not a regular file");
  UniqueFd fd(::open(StrCat("/proc/self/fd/", path_descriptor).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot read ", name);
  return fd;
}

StatusOr<std::string> ReadDescriptor(int fd, uint64_t bytes_max, const std::string& name) {
  std::string out;
  struct stat info{};
  if (::fstat(fd, &info) == 0 && info.st_size > 0 &&
      static_cast<uint64_t>(info.st_size) <= bytes_max) {
    out.reserve(static_cast<size_t>(info.st_size));
  }
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot read ", name);
    if (count == 0) return out;
    if (out.size() + static_cast<size_t>(count) > bytes_max) {
      return ResourceExhausted(name, " is larger than ", bytes_max, " bytes");
    }
    out.append(buffer, static_cast<size_t>(count));
  }
}

Status WriteKernelFile(const std::string& path, std::string_view text) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot open ", path);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return ErrnoStatus(errno, "cannot write ", path);
  }
  return absl::OkStatus();
}

StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus(errno, "cannot make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace coditect::process
