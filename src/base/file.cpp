// Small file operations.
#include "src/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "src/base/crash_point.h"
#include "src/base/random.h"
#include "src/base/unique_fd.h"

namespace coditect {
namespace {

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using UniqueDir = std::unique_ptr<DIR, CloseDir>;

// Removes `name` in `parent`. A folder deeper than kDepthMax is moved up into `top` (the tree's
// root), whose removal comes back to it, so descriptors and stack stay bounded on hostile trees.
Status RemoveAt(int parent, const std::string& name, int top, int depth) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return absl::OkStatus();
  if (errno != EISDIR && errno != EPERM && errno != EACCES) {
    return ErrnoStatus(errno, "cannot remove ", name);
  }
  constexpr int kDepthMax = 100;
  if (depth > kDepthMax) {
    const std::string moved = StrCat(".remove-", RandomHex(8));
    if (::renameat(parent, name.c_str(), top, moved.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, "cannot move up ", name);
  }
  constexpr int kOpenFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(::openat(parent, name.c_str(), kOpenFlags));
  if (!fd.valid() && errno == EACCES) {
    ::fchmodat(parent, name.c_str(), 0700, 0);
    fd.Reset(::openat(parent, name.c_str(), kOpenFlags));
  }
  if (!fd.valid()) return ErrnoStatus(errno, "cannot open ", name);
  ::fchmod(fd.get(), 0700);
  for (;;) {
    UniqueDir dir(::fdopendir(::dup(fd.get())));
    if (dir == nullptr) return ErrnoStatus(errno, "cannot list ", name);
    ::rewinddir(dir.get());
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string child = entry->d_name;
      if (child != "." && child != "..") names.push_back(child);
    }
    dir.reset();
    if (names.empty()) break;
    for (const std::string& child : names) {
      RETURN_IF_ERROR(RemoveAt(fd.get(), child, depth == 0 ? fd.get() : top, depth + 1));
    }
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "cannot remove folder ", name);
  }
  return absl::OkStatus();
}

}  // namespace

Status SyncFolder(const std::string& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return ErrnoStatus(errno, "cannot sync ", folder);
  return absl::OkStatus();
}

StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot read ", path);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, "cannot stat ", path);
  if (!S_ISREG(info.st_mode)) return InvalidArgument(path, " is not a regular file");
  std::string out;
  out.reserve(std::min(static_cast<size_t>(info.st_size), bytes_max));
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot read ", path);
    if (count == 0) return out;
    out.append(buffer, static_cast<size_t>(count));
    if (out.size() > bytes_max) {
      return ResourceExhausted(path, " is larger than ", bytes_max, " bytes");
    }
  }
}

Status WriteAll(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == ENOSPC || errno == EDQUOT)) {
      return ResourceExhausted("no space left to write ", what);
    }
    if (count < 0) return ErrnoStatus(errno, "cannot write ", what);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

Status WriteFile(const std::string& path, std::string_view bytes, unsigned mode) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot write ", path);
  return WriteAll(fd.get(), bytes, path);
}

namespace {

// A file without a name yet in `folder`, so that nothing is left of it when the process ends; where
// the file system has none such, a temporary one at `temporary`.
UniqueFd MakeUnnamed(const std::string& folder, const std::string& temporary, unsigned mode) {
  UniqueFd fd(::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, mode));
  if (fd.valid() || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  fd.Reset(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  return fd;
}

// 0 when the file is at `temporary` now.
int NameAs(const UniqueFd& fd, const std::string& temporary) {
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return -1;
  if (info.st_nlink > 0) return 0;
  const std::string path = StrCat("/proc/self/fd/", fd.get());
  return ::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW);
}

}  // namespace

Status WriteFileDurably(const std::string& path, std::string_view bytes, unsigned mode,
                        std::string_view crash_point) {
  const CrashMoment crash = !crash_point.empty() && CrashPointsActive()
                                ? PassCrashPoint(crash_point)
                                : CrashMoment::kNone;
  if (crash == CrashMoment::kBefore) CrashNow();
  const std::string temporary = StrCat(path, ".tmp-", RandomHex(6));
  UniqueFd fd = MakeUnnamed(DirName(path), temporary, mode);
  if (!fd.valid()) {
    if (errno == ENOSPC || errno == EDQUOT) return ResourceExhausted("no space left for ", path);
    return ErrnoStatus(errno, "cannot write ", temporary);
  }
  if (crash == CrashMoment::kTorn) bytes = bytes.substr(0, bytes.size() / 2);
  Status status = WriteAll(fd.get(), bytes, path);
  if (crash == CrashMoment::kTorn) CrashNow();
  if (status.ok() && ::fdatasync(fd.get()) != 0) status = ErrnoStatus(errno, "cannot sync ", path);
  if (status.ok() && NameAs(fd, temporary) != 0) status = ErrnoStatus(errno, "cannot name ", path);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(errno, "cannot rename to ", path);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  RETURN_IF_ERROR(SyncFolder(DirName(path)));
  if (crash == CrashMoment::kAfter) CrashNow();
  return absl::OkStatus();
}

Status MakeDirs(const std::string& path, unsigned mode) {
  for (size_t i = 1; i <= path.size(); ++i) {
    if (i != path.size() && path[i] != '/') continue;
    const std::string prefix = path.substr(0, i);
    if (::mkdir(prefix.c_str(), mode) != 0 && errno != EEXIST) {
      const int error = errno;
      struct stat info{};  // a read-only parent that exists already is no obstacle
      if (::stat(prefix.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
      return ErrnoStatus(error, "cannot make folder ", prefix);
    }
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return FailedPrecondition(path, " is not a folder");
  }
  return absl::OkStatus();
}

Status RemoveTree(const std::string& path) { return RemoveAt(AT_FDCWD, path, AT_FDCWD, 0); }

StatusOr<std::vector<std::string>> ListDir(const std::string& path) {
  UniqueDir dir(::opendir(path.c_str()));
  if (dir == nullptr) return ErrnoStatus(errno, "cannot list ", path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool PathExists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

StatusOr<std::string> RealPath(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return ErrnoStatus(errno, "cannot resolve ", path);
  std::string out = resolved;
  ::free(resolved);
  return out;
}

std::string JoinPath(std::string_view base, std::string_view relative) {
  if (relative.empty()) return std::string(base);
  if (relative.front() == '/' || base.empty()) return std::string(relative);
  return base.back() == '/' ? StrCat(base, relative) : StrCat(base, '/', relative);
}

std::string BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string DirName(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

bool IsBelow(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.substr(0, folder.size()) == folder &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace coditect
