// Writing and reading below a descriptor by openat2.
#include "src/adapters/process/workspace_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/adapters/process/change_set.h"
#include "src/adapters/process/system_calls.h"
#include "src/base/file.h"
#include "src/base/random.h"

namespace coditect::process {
namespace {

// What openat2 says when a path would leave the tree, follow a link or enter another mount.
bool IsRefusal(int error) { return error == ELOOP || error == EXDEV || error == ENOTDIR; }

Status PathStatus(int error, const std::string& path) {
  if (IsRefusal(error)) {
    return InvalidArgument(path, " leads through a link, a file or out of the repository");
  }
  return ErrnoStatus(error, "cannot open ", path);
}

// The folder `path` lies in, made with its parents where absent.
StatusOr<UniqueFd> MakeParents(int top, const std::string& path, uint32_t uid, uint32_t gid) {
  UniqueFd folder(::fcntl(top, F_DUPFD_CLOEXEC, 3));
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    UniqueFd next(OpenAt(top, prefix, O_PATH | O_DIRECTORY | O_NOFOLLOW, kResolveStrict));
    if (!next.valid() && errno == ENOENT) {
      const std::string name = BaseName(prefix);
      if (::mkdirat(folder.get(), name.c_str(), 0755) != 0 ||
          ::fchownat(folder.get(), name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
        return ErrnoStatus(errno, "cannot make folder ", prefix);
      }
      next.Reset(OpenAt(top, prefix, O_PATH | O_DIRECTORY | O_NOFOLLOW, kResolveStrict));
    }
    if (!next.valid()) return PathStatus(errno, path);
    folder = std::move(next);
  }
  return folder;
}

Status MakeNewFile(int folder, const std::string& name, const FileChange& change) {
  if (change.kind == FileChange::Kind::kSymlink) {
    if (change.content.empty() || change.content.find('\0') != std::string::npos) {
      return InvalidArgument(change.path, " has no proper link target");
    }
    return ::symlinkat(change.content.c_str(), folder, name.c_str()) == 0
               ? absl::OkStatus()
               : ErrnoStatus(errno, "cannot make the link ", change.path);
  }
  const mode_t mode = change.executable ? 0755 : 0644;
  UniqueFd fd(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd.valid()) return ErrnoStatus(errno, "cannot write ", change.path);
  RETURN_IF_ERROR(WriteAll(fd.get(), change.content, change.path));
  return ::fchmod(fd.get(), mode) == 0 ? absl::OkStatus()
                                       : ErrnoStatus(errno, "cannot write ", change.path);
}

Status WriteOne(int top, uint32_t uid, uint32_t gid, const FileChange& change) {
  ASSIGN_OR_RETURN(const UniqueFd folder, MakeParents(top, change.path, uid, gid));
  const std::string name = BaseName(change.path);
  // A mount here (`.git`, a dependency folder) is not the repository's.
  UniqueFd present(OpenAt(folder.get(), name, O_PATH | O_NOFOLLOW, kResolveStrict));
  if (!present.valid() && errno != ENOENT) return PathStatus(errno, change.path);
  const std::string temporary = StrCat(".coditect-", RandomHex(8));
  Status status = MakeNewFile(folder.get(), temporary, change);
  if (status.ok() &&
      ::fchownat(folder.get(), temporary.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
    status = ErrnoStatus(errno, "cannot give away ", change.path);
  }
  if (status.ok()) {
    ::unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR);  // an empty folder gives way
    if (::renameat(folder.get(), temporary.c_str(), folder.get(), name.c_str()) != 0) {
      status = errno == EISDIR || errno == ENOTEMPTY
                   ? FailedPrecondition(change.path, " is a folder that is not empty")
                   : ErrnoStatus(errno, "cannot write ", change.path);
    }
  }
  if (!status.ok()) ::unlinkat(folder.get(), temporary.c_str(), 0);
  return status;
}

Status DeleteOne(int top, const FileChange& change) {
  std::string path = change.path;
  int flags = 0;
  for (;;) {
    const size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash);
    UniqueFd folder(OpenAt(top, parent, O_PATH | O_DIRECTORY | O_NOFOLLOW, kResolveStrict));
    if (!folder.valid() && errno == ENOENT) return absl::OkStatus();
    if (!folder.valid()) return PathStatus(errno, change.path);
    if (::unlinkat(folder.get(), BaseName(path).c_str(), flags) != 0) {
      if (flags != 0 || errno == ENOENT) return absl::OkStatus();
      return ErrnoStatus(errno, "cannot delete ", change.path);
    }
    if (slash == std::string::npos) return absl::OkStatus();
    path = parent;
    flags = AT_REMOVEDIR;
  }
}

}  // namespace

Status CheckRelativePath(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos || path.size() >= 4096) {
    return InvalidArgument("not a path inside the repository: ", EscapeForTerminal(path));
  }
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part == "." || part == ".." || part == ".git" || part.size() > 255) {
      return InvalidArgument("not a path inside the repository: ", EscapeForTerminal(path));
    }
  }
  return absl::OkStatus();
}

Status ApplyChanges(int top, uint32_t uid, uint32_t gid, const std::vector<FileChange>& changes) {
  for (const FileChange& change : changes) {
    RETURN_IF_ERROR(CheckRelativePath(change.path));
    RETURN_IF_ERROR(change.kind == FileChange::Kind::kDelete ? DeleteOne(top, change)
                                                             : WriteOne(top, uid, gid, change));
  }
  return absl::OkStatus();
}

StatusOr<std::string> ReadBelow(int top, const std::string& path) {
  RETURN_IF_ERROR(CheckRelativePath(path));
  UniqueFd found(OpenAt(top, path, O_PATH | O_NOFOLLOW, kResolveBeneath));
  if (!found.valid()) return PathStatus(errno, path);
  ASSIGN_OR_RETURN(const UniqueFd file, ReopenRegular(found.get(), path));
  return ReadDescriptor(file.get(), kChangedFileBytesMax, path);
}

}  // namespace coditect::process
