// What git does not sync.
#include "src/adapters/git/durability.h"

#include <errno.h>
#include <fcntl.h>

#include <set>

#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect::git {
namespace {

// A disk that fails is no error to retry: what was written before may be gone too.
Status SyncError(int error, const std::string& path) {
  if (error == EIO) return DataLoss("the disk fails at ", path, ": check it before going on");
  return ErrnoStatus(error, "cannot sync ", path);
}

// OK when absent.
Status SyncIfPresent(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return errno == ENOENT ? absl::OkStatus() : SyncError(errno, path);
  return ::fsync(fd.get()) == 0 ? absl::OkStatus() : SyncError(errno, path);
}

}  // namespace

Status SyncObjects(const std::string& objects, const std::vector<std::string>& ids) {
  std::set<std::string> folders = {objects};
  for (const std::string& id : ids) {
    const std::string folder = JoinPath(objects, id.substr(0, 2));
    const std::string path = JoinPath(folder, id.substr(2));
    if (!PathExists(path)) continue;
    RETURN_IF_ERROR(SyncIfPresent(path));
    folders.insert(folder);
  }
  for (const std::string& folder : folders) RETURN_IF_ERROR(SyncIfPresent(folder));
  return absl::OkStatus();
}

Status SyncRef(const std::string& common_dir, std::string_view ref) {
  std::string path = JoinPath(common_dir, ref);
  RETURN_IF_ERROR(SyncIfPresent(path));
  while (path.size() > common_dir.size() + 1) {
    path = DirName(path);
    RETURN_IF_ERROR(SyncIfPresent(path));
  }
  return absl::OkStatus();
}

}  // namespace coditect::git
