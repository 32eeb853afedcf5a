// Copying trees path by path from two descriptors.
#include "src/adapters/process/tree_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "src/adapters/process/system_calls.h"
#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect::process {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

class TreeCopier {
 public:
  TreeCopier(const Context& ctx, const CopyOptions& options, UniqueFd source, UniqueFd destination)
      : ctx_(ctx),
        options_(options),
        source_(std::move(source)),
        destination_(std::move(destination)) {}

  Status Copy();

 private:
  struct Folder {
    std::string path;
    struct stat info;
  };

  Status CopyFolder(const Folder& folder);
  Status CopyEntry(const std::string& path);
  Status CopyFile(const std::string& path, int from, const struct stat& info);
  Status CopyLink(const std::string& path, int from);
  Status CopyBytes(int from, int to, const std::string& path);
  Status Give(const std::string& path, int fd);

  const Context& ctx_;
  const CopyOptions& options_;
  const UniqueFd source_;
  const UniqueFd destination_;
  std::vector<Folder> open_;
  std::vector<Folder> made_;  // their modes and times are set last: writing needs and changes them
};

Status TreeCopier::Give(const std::string& path, int fd) {
  if (!options_.owner) return absl::OkStatus();
  if (::fchownat(fd, "", options_.owner->uid, options_.owner->gid,
                 AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
    return ErrnoStatus(errno, "cannot give away ", path);
  }
  return absl::OkStatus();
}

Status TreeCopier::Copy() {
  Folder top{".", {}};
  if (::fstat(source_.get(), &top.info) != 0) return ErrnoStatus(errno, "cannot stat the source");
  open_.push_back(top);
  made_.push_back(top);
  while (!open_.empty()) {
    const Folder folder = std::move(open_.back());
    open_.pop_back();
    RETURN_IF_ERROR(ctx_.Check());
    RETURN_IF_ERROR(CopyFolder(folder));
  }
  for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder) {
    UniqueFd fd(OpenAt(destination_.get(), folder->path, O_RDONLY | O_DIRECTORY, kResolveStrict));
    if (!fd.valid()) return ErrnoStatus(errno, "cannot open the copy of ", folder->path);
    RETURN_IF_ERROR(Give(folder->path, fd.get()));
    const timespec times[2] = {folder->info.st_atim, folder->info.st_mtim};
    if (::fchmod(fd.get(), folder->info.st_mode & 0777) != 0 || ::futimens(fd.get(), times) != 0) {
      return ErrnoStatus(errno, "cannot finish the copy of ", folder->path);
    }
  }
  return absl::OkStatus();
}

Status TreeCopier::CopyFolder(const Folder& folder) {
  struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  UniqueFd fd(OpenAt(source_.get(), folder.path, O_RDONLY | O_DIRECTORY, kResolveStrict));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot read ", folder.path);
  std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
  if (dir == nullptr) return ErrnoStatus(errno, "cannot list ", folder.path);
  fd.Release();
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    RETURN_IF_ERROR(CopyEntry(folder.path == "." ? name : JoinPath(folder.path, name)));
  }
  return absl::OkStatus();
}

Status TreeCopier::CopyEntry(const std::string& path) {
  UniqueFd from(OpenAt(source_.get(), path, O_PATH | O_NOFOLLOW, kResolveStrict));
  if (!from.valid() && errno == EXDEV) return absl::OkStatus();  // something is mounted there
  struct stat info{};
  if (!from.valid() || ::fstat(from.get(), &info) != 0) {
    return ErrnoStatus(errno, "cannot read ", path);
  }
  if (S_ISREG(info.st_mode)) return CopyFile(path, from.get(), info);
  if (S_ISLNK(info.st_mode)) return CopyLink(path, from.get());
  if (!S_ISDIR(info.st_mode)) return absl::OkStatus();
  if (::mkdirat(destination_.get(), path.c_str(), 0700) != 0) {
    return ErrnoStatus(errno, "cannot make the copy of ", path);
  }
  open_.push_back({path, info});
  made_.push_back({path, info});
  return absl::OkStatus();
}

Status TreeCopier::CopyFile(const std::string& path, int from_path, const struct stat& info) {
  ASSIGN_OR_RETURN(const UniqueFd from, ReopenRegular(from_path, path));
  UniqueFd to(::openat(destination_.get(), path.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!to.valid()) return ErrnoStatus(errno, "cannot make the copy of ", path);
  if (!options_.reflink || ::ioctl(to.get(), FICLONE, from.get()) != 0) {
    RETURN_IF_ERROR(CopyBytes(from.get(), to.get(), path));
  }
  RETURN_IF_ERROR(Give(path, to.get()));
  const timespec times[2] = {info.st_atim, info.st_mtim};
  if (::fchmod(to.get(), info.st_mode & 0777) != 0 || ::futimens(to.get(), times) != 0) {
    return ErrnoStatus(errno, "cannot finish the copy of ", path);
  }
  return absl::OkStatus();
}

Status TreeCopier::CopyBytes(int from, int to, const std::string& path) {
  constexpr size_t kAtOnce = 1 << 24;
  for (;;) {
    const ssize_t count = ::sendfile(to, from, nullptr, kAtOnce);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot copy ", path);
    if (count == 0) return absl::OkStatus();
    RETURN_IF_ERROR(ctx_.Check());
  }
}

Status TreeCopier::CopyLink(const std::string& path, int from) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(from, "", target, sizeof target - 1);
  if (size < 0) return ErrnoStatus(errno, "cannot read the link ", path);
  target[size] = 0;
  if (::symlinkat(target, destination_.get(), path.c_str()) != 0) {
    return ErrnoStatus(errno, "cannot make the link ", path);
  }
  if (!options_.owner) return absl::OkStatus();
  UniqueFd made(OpenAt(destination_.get(), path, O_PATH | O_NOFOLLOW, kResolveStrict));
  return Give(path, made.get());
}

}  // namespace

Status CopyTree(const Context& ctx, const std::string& source, const std::string& destination,
                const CopyOptions& options) {
  UniqueFd from(::open(source.c_str(), kFolderFlags));
  if (!from.valid()) return ErrnoStatus(errno, "cannot read ", source);
  return CopyTree(ctx, std::move(from), destination, options);
}

Status CopyTree(const Context& ctx, UniqueFd source, const std::string& destination,
                const CopyOptions& options) {
  if (::mkdir(destination.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "cannot make ", destination);
  }
  UniqueFd to(::open(destination.c_str(), kFolderFlags));
  if (!to.valid()) return ErrnoStatus(errno, "cannot open ", destination);
  return TreeCopier(ctx, options, std::move(source), std::move(to)).Copy();
}

bool CanReflink(const std::string& folder) {
  const std::string name = JoinPath(folder, StrCat("reflink-", RandomHex(4)));
  if (!WriteFile(name, std::string(1 << 16, 'x')).ok()) return false;
  UniqueFd from(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  UniqueFd to(::open((name + "-copy").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const bool can = from.valid() && to.valid() && ::ioctl(to.get(), FICLONE, from.get()) == 0;
  ::unlink(name.c_str());
  ::unlink((name + "-copy").c_str());
  return can;
}

}  // namespace coditect::process
