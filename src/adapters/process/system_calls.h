// System calls the C library does not wrap, and opening of paths that hostile content cannot bend.
#pragma once

#include <linux/openat2.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/base/unique_fd.h"

namespace coditect::process {

/// clone3 with copied memory: 0 in the child, its pid in the parent, -1 with errno. `pidfd` may be
/// null. Only for processes with one thread.
pid_t CloneProcess(uint64_t flags, UniqueFd* pidfd);

/// A pidfd (close-on-exec) of a process; not valid when there is none.
UniqueFd OpenProcess(pid_t pid);

/// Sends SIGKILL through a pidfd. False when the process is gone already.
bool KillByDescriptor(int pidfd);

/// The same, and waits for the end, at most five seconds.
void KillAndWait(int pidfd);

/// What a path inside untrusted trees may do: leave neither the tree nor its mount, follow nothing.
inline constexpr uint64_t kResolveStrict =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
/// The same, but mounts inside the tree may be entered.
inline constexpr uint64_t kResolveBeneath =
    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

/// openat2 (close-on-exec): a descriptor, or -1 with errno.
int OpenAt(int folder, const std::string& path, int flags, uint64_t resolve, unsigned mode = 0);

/// A readable descriptor of the regular file behind an O_PATH descriptor, opened without ever
/// blocking on a FIFO or touching a device. INVALID_ARGUMENT for anything but a regular file.
StatusOr<UniqueFd> ReopenRegular(int path_descriptor, const std::string& name);

/// Reads to the end. RESOURCE_EXHAUSTED beyond `bytes_max`, naming `name`.
StatusOr<std::string> ReadDescriptor(int fd, uint64_t bytes_max, const std::string& name);

/// Replaces the content of a small kernel file (/proc, cgroup) by one write.
Status WriteKernelFile(const std::string& path, std::string_view text);

/// A close-on-exec pipe.
struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
StatusOr<Pipe> MakePipe();

}  // namespace coditect::process
