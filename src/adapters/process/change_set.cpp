// The walk over an upper layer beside the base it lies on.
#include "src/adapters/process/change_set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "src/adapters/process/system_calls.h"
#include "src/base/file.h"

namespace coditect::process {
namespace {

// One tree, opened path by path from its top, so that neither depth nor links matter.
class Tree {
 public:
  explicit Tree(int top) : top_(top) {}
  // Modes that had to be widened to read what the sandbox's user locked are put back.
  ~Tree() {
    for (auto it = widened_.rbegin(); it != widened_.rend(); ++it) Chmod(it->first, it->second);
  }

  // False when there is nothing (or only a link on the way there).
  bool Stat(const std::string& path, struct stat* info) const {
    UniqueFd fd(OpenAt(top_, path, O_PATH | O_NOFOLLOW, kResolveStrict));
    return fd.valid() && ::fstat(fd.get(), info) == 0;
  }

  // As the owner, without the right to override modes, a chmod comes first.
  StatusOr<UniqueFd> Open(const std::string& path, int flags) {
    flags |= O_NOFOLLOW | O_NONBLOCK;
    UniqueFd fd(OpenAt(top_, path, flags, kResolveStrict));
    struct stat info{};
    if (!fd.valid() && errno == EACCES && Stat(path, &info) && Chmod(path, info.st_mode | 0700)) {
      widened_.emplace_back(path, info.st_mode);
      fd.Reset(OpenAt(top_, path, flags, kResolveStrict));
    }
    if (!fd.valid()) return ErrnoStatus(errno, "cannot read ", Shown(path));
    return fd;
  }

  StatusOr<std::vector<std::string>> List(const std::string& path) {
    struct CloseDir {
      void operator()(DIR* dir) const { ::closedir(dir); }
    };
    ASSIGN_OR_RETURN(UniqueFd fd, Open(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY));
    std::unique_ptr<DIR, CloseDir> dir(::fdopendir(fd.get()));
    if (dir == nullptr) return ErrnoStatus(errno, "cannot list ", Shown(path));
    fd.Release();
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(dir.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || name == ".git") continue;
      names.push_back(name);
      if (names.size() > kVisitedEntriesMax) {
        return ResourceExhausted("too many entries in ", Shown(path));
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  StatusOr<std::string> Link(const std::string& path) const {
    UniqueFd fd(OpenAt(top_, path, O_PATH | O_NOFOLLOW, kResolveStrict));
    char target[PATH_MAX];
    const ssize_t size = fd.valid() ? ::readlinkat(fd.get(), "", target, sizeof target) : -1;
    if (size < 0) return ErrnoStatus(errno, "cannot read the link ", Shown(path));
    return std::string(target, static_cast<size_t>(size));
  }

  // Paths in messages are cut: a hostile tree may be very deep.
  static std::string Shown(const std::string& path) {
    return EscapeForTerminal(path.size() <= 200 ? path : StrCat(path.substr(0, 200), "..."));
  }

 private:
  bool Chmod(const std::string& path, mode_t mode) const {
    UniqueFd fd(OpenAt(top_, path, O_PATH | O_NOFOLLOW, kResolveStrict));
    return fd.valid() && ::chmod(StrCat("/proc/self/fd/", fd.get()).c_str(), mode & 07777) == 0;
  }

  const int top_;
  std::vector<std::pair<std::string, mode_t>> widened_;
};

class ChangeReader {
 public:
  explicit ChangeReader(const ChangeSources& sources)
      : sources_(sources), upper_(sources.upper), base_(sources.base) {}

  StatusOr<std::vector<FileChange>> Read();

 private:
  struct Folder {
    std::string path;     // "" = the top
    bool merged = false;  // the base's entries show through
    bool in_base = false;
  };

  Status VisitFolder(const Folder& folder);
  Status VisitEntry(const Folder& folder, const std::string& path);
  Status VisitFile(const std::string& path, const struct stat& info, const struct stat* base);
  Status VisitLink(const std::string& path, const struct stat* base);
  Status DeleteFromBase(const std::string& path);
  bool IsOpaque(const std::string& path);
  StatusOr<bool> SameBytes(const std::string& path);
  Status Add(FileChange change);
  Status CountVisit(const std::string& path);

  const ChangeSources& sources_;
  Tree upper_;
  Tree base_;
  std::vector<Folder> open_;
  std::vector<FileChange> changes_;
  uint64_t bytes_ = 0;
  size_t visited_ = 0;
};

StatusOr<std::vector<FileChange>> ChangeReader::Read() {
  open_.push_back({"", sources_.overlay, true});
  while (!open_.empty()) {
    const Folder folder = std::move(open_.back());
    open_.pop_back();
    RETURN_IF_ERROR(VisitFolder(folder));
  }
  std::sort(changes_.begin(), changes_.end(), [](const FileChange& a, const FileChange& b) {
    const bool a_stays = a.kind != FileChange::Kind::kDelete;
    const bool b_stays = b.kind != FileChange::Kind::kDelete;
    return std::tie(a_stays, a.path) < std::tie(b_stays, b.path);
  });
  return std::move(changes_);
}

Status ChangeReader::CountVisit(const std::string& path) {
  if (++visited_ > kVisitedEntriesMax || path.size() >= PATH_MAX) {
    return ResourceExhausted("too many or too deep entries at ", Tree::Shown(path));
  }
  return absl::OkStatus();
}

Status ChangeReader::VisitFolder(const Folder& folder) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, upper_.List(folder.path));
  for (const std::string& name : names) {
    RETURN_IF_ERROR(VisitEntry(folder, JoinPath(folder.path, name)));
  }
  if (folder.merged || !folder.in_base) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<std::string> base_names, base_.List(folder.path));
  for (const std::string& name : base_names) {
    if (std::binary_search(names.begin(), names.end(), name)) continue;
    RETURN_IF_ERROR(DeleteFromBase(JoinPath(folder.path, name)));
  }
  return absl::OkStatus();
}

Status ChangeReader::VisitEntry(const Folder& folder, const std::string& path) {
  RETURN_IF_ERROR(CountVisit(path));
  if (sources_.masked.contains(path)) return absl::OkStatus();
  struct stat info{};
  if (!upper_.Stat(path, &info)) return ErrnoStatus(errno, "cannot stat ", Tree::Shown(path));
  struct stat base_info{};
  const bool in_base = folder.in_base && base_.Stat(path, &base_info);
  if (S_ISDIR(info.st_mode)) {
    const bool folder_in_base = in_base && S_ISDIR(base_info.st_mode);
    if (in_base && !folder_in_base) RETURN_IF_ERROR(DeleteFromBase(path));
    open_.push_back({path, folder.merged && folder_in_base && !IsOpaque(path), folder_in_base});
    return absl::OkStatus();
  }
  const bool kept = S_ISREG(info.st_mode) || S_ISLNK(info.st_mode);
  if (in_base && (!kept || S_ISDIR(base_info.st_mode))) RETURN_IF_ERROR(DeleteFromBase(path));
  if (!kept) return absl::OkStatus();  // a whiteout, or nothing a repository can hold
  const struct stat* base = in_base ? &base_info : nullptr;
  return S_ISLNK(info.st_mode) ? VisitLink(path, base) : VisitFile(path, info, base);
}

Status ChangeReader::VisitFile(const std::string& path, const struct stat& info,
                               const struct stat* base) {
  const auto size = static_cast<uint64_t>(info.st_size);
  const bool executable = (info.st_mode & S_IXUSR) != 0;
  if (base != nullptr && S_ISREG(base->st_mode) && info.st_size == base->st_size &&
      executable == ((base->st_mode & S_IXUSR) != 0)) {
    ASSIGN_OR_RETURN(const bool same, SameBytes(path));
    if (same) return absl::OkStatus();
  }
  if (size > kChangedFileBytesMax) {
    return ResourceExhausted(Tree::Shown(path), " has ", size, " bytes, more than ",
                             kChangedFileBytesMax);
  }
  ASSIGN_OR_RETURN(const UniqueFd fd, upper_.Open(path, O_RDONLY));
  FileChange change{.path = path, .executable = executable};
  ASSIGN_OR_RETURN(change.content,
                   ReadDescriptor(fd.get(), kChangedFileBytesMax, Tree::Shown(path)));
  return Add(std::move(change));
}

Status ChangeReader::VisitLink(const std::string& path, const struct stat* base) {
  FileChange change{.path = path, .kind = FileChange::Kind::kSymlink};
  ASSIGN_OR_RETURN(change.content, upper_.Link(path));
  if (base != nullptr && S_ISLNK(base->st_mode)) {
    ASSIGN_OR_RETURN(const std::string before, base_.Link(path));
    if (before == change.content) return absl::OkStatus();
  }
  return Add(std::move(change));
}

// A file or link of the base is gone, or a folder with all that was in it.
Status ChangeReader::DeleteFromBase(const std::string& top) {
  std::vector<std::string> open = {top};
  while (!open.empty()) {
    const std::string path = std::move(open.back());
    open.pop_back();
    RETURN_IF_ERROR(CountVisit(path));
    struct stat info{};
    if (sources_.masked.contains(path) || !base_.Stat(path, &info)) continue;
    if (!S_ISDIR(info.st_mode)) {
      RETURN_IF_ERROR(Add({.path = path, .kind = FileChange::Kind::kDelete}));
      continue;
    }
    ASSIGN_OR_RETURN(const std::vector<std::string> names, base_.List(path));
    for (const std::string& name : names) open.push_back(JoinPath(path, name));
  }
  return absl::OkStatus();
}

// Only the mark the kernel itself sets in this mode counts: in the other name it can be forged.
bool ChangeReader::IsOpaque(const std::string& path) {
  const char* name = sources_.user_mode ? "user.overlay.opaque" : "trusted.overlay.opaque";
  const StatusOr<UniqueFd> fd = upper_.Open(path, O_RDONLY | O_DIRECTORY);
  char value[2] = {};
  return fd.ok() && ::fgetxattr(fd->get(), name, value, sizeof value) == 1 && value[0] == 'y';
}

StatusOr<bool> ChangeReader::SameBytes(const std::string& path) {
  ASSIGN_OR_RETURN(const UniqueFd left, upper_.Open(path, O_RDONLY));
  ASSIGN_OR_RETURN(const UniqueFd right, base_.Open(path, O_RDONLY));
  std::string a(1 << 16, '\0');
  std::string b(1 << 16, '\0');
  for (off_t offset = 0;;) {
    const ssize_t a_size = ::pread(left.get(), a.data(), a.size(), offset);
    const ssize_t b_size = ::pread(right.get(), b.data(), b.size(), offset);
    if (a_size < 0 || b_size < 0) return ErrnoStatus(errno, "cannot read ", Tree::Shown(path));
    if (a_size != b_size || ::memcmp(a.data(), b.data(), static_cast<size_t>(a_size)) != 0) {
      return false;
    }
    if (a_size == 0) return true;
    offset += a_size;
  }
}

Status ChangeReader::Add(FileChange change) {
  bytes_ += change.content.size();
  if (changes_.size() >= kChangedFilesMax || bytes_ > kChangedBytesMax) {
    return ResourceExhausted("more than ", kChangedFilesMax, " files or ", kChangedBytesMax,
                             " bytes changed, at ", Tree::Shown(change.path));
  }
  changes_.push_back(std::move(change));
  return absl::OkStatus();
}

}  // namespace

StatusOr<std::vector<FileChange>> ReadChanges(const ChangeSources& sources) {
  return ChangeReader(sources).Read();
}

}  // namespace coditect::process
