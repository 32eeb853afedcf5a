// Writing a tree's files into a folder.
#include "src/adapters/git/materialize.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "src/adapters/git/lfs.h"
#include "src/adapters/git/modules.h"
#include "src/adapters/git/tree.h"
#include "src/base/file.h"
#include "src/base/unique_fd.h"

namespace coditect::git {
namespace {

constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Status WriteError(int error, const std::string& path) {
  if (error == ENOSPC || error == EDQUOT) return ResourceExhausted("no space left to write ", path);
  return ErrnoStatus(error, "cannot write ", path);
}

// Descriptors of the folders on the way to the current one. Entries come sorted, so most calls find
// their folder open; each step is one name with O_NOFOLLOW, so no link is ever followed.
class FolderPath {
 public:
  FolderPath(UniqueFd top, bool make) : top_(std::move(top)), make_(make) {}

  /// The descriptor of `folder` (relative; "" = the top), -1 when it cannot be opened; errno says
  /// why.
  int Enter(std::string_view folder) {
    size_t at = 0;
    size_t depth = 0;
    while (at < folder.size()) {
      const std::string_view name = folder.substr(at, folder.find('/', at) - at);
      at += name.size() + 1;
      if (depth < levels_.size() && levels_[depth].name == name) {
        ++depth;
        continue;
      }
      levels_.resize(depth);
      const int parent = depth == 0 ? top_.get() : levels_[depth - 1].fd.get();
      if (parent < 0) return -1;
      levels_.push_back({std::string(name), Open(parent, std::string(name))});
      ++depth;
    }
    levels_.resize(depth);
    return depth == 0 ? top_.get() : levels_[depth - 1].fd.get();
  }

 private:
  struct Level {
    std::string name;
    UniqueFd fd;
  };

  UniqueFd Open(int parent, const std::string& name) const {
    if (make_ && ::mkdirat(parent, name.c_str(), 0755) != 0 && errno != EEXIST) return UniqueFd();
    UniqueFd fd(::openat(parent, name.c_str(), kOpenFolder));
    if (make_ && fd.valid()) ::fchmod(fd.get(), 0755);  // whatever the umask
    return fd;
  }

  UniqueFd top_;
  const bool make_;
  std::vector<Level> levels_;
};

std::pair<std::string_view, std::string> SplitPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", std::string(path)};
  return {path.substr(0, slash), std::string(path.substr(slash + 1))};
}

// The person's copy of the file being written, compared while the bytes pass.
class Twin {
 public:
  void Open(int folder, const std::string& name, uint64_t size_bytes) {
    fd_.Reset();
    struct stat info{};
    if (folder < 0 || ::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode) || static_cast<uint64_t>(info.st_size) != size_bytes) {
      return;
    }
    fd_.Reset(::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd_.valid() && (::fstat(fd_.get(), &info_) != 0 || !S_ISREG(info_.st_mode))) fd_.Reset();
  }

  void Compare(std::string_view bytes) {
    std::array<char, 1 << 16> buffer;
    while (fd_.valid() && !bytes.empty()) {
      const ssize_t count = ::read(fd_.get(), buffer.data(), std::min(bytes.size(), buffer.size()));
      if (count < 0 && errno == EINTR) continue;
      const std::string_view theirs(buffer.data(), count > 0 ? static_cast<size_t>(count) : 0);
      if (count <= 0 || bytes.substr(0, theirs.size()) != theirs) {
        fd_.Reset();
        return;
      }
      bytes.remove_prefix(theirs.size());
    }
  }

  /// Its modification time when all bytes were equal.
  const timespec* EqualTime() const { return fd_.valid() ? &info_.st_mtim : nullptr; }
  void Close() { fd_.Reset(); }

 private:
  UniqueFd fd_;
  struct stat info_{};
};

Status MaterializeTree(const Context& ctx, const GitDir& git, const std::string& id,
                       const std::string& folder, const std::string& person_folder, int depth);

class TreeWriter final : public BlobSink {
 public:
  TreeWriter(UniqueFd target, UniqueFd person, std::vector<TreeEntry> blobs, std::string common_dir)
      : target_(std::move(target), true),
        person_(std::move(person), false),
        blobs_(std::move(blobs)),
        common_dir_(std::move(common_dir)) {}

  Status MakeFolder(const std::string& path) {
    return target_.Enter(path) >= 0 ? absl::OkStatus() : WriteError(errno, path);
  }

  Status Begin(size_t index, uint64_t size_bytes) override {
    entry_ = &blobs_[index];
    const auto [folder, name] = SplitPath(entry_->path);
    name_ = name;
    folder_ = target_.Enter(folder);
    if (folder_ < 0) return WriteError(errno, entry_->path);
    twin_folder_ = person_.Enter(folder);
    text_.clear();
    whole_ = entry_->mode == kModeLink || size_bytes <= kLfsPointerBytesMax;
    return whole_ ? absl::OkStatus() : OpenFile(size_bytes);
  }

  Status Piece(std::string_view bytes) override {
    if (!whole_) return WriteFilePiece(bytes);
    text_ += bytes;
    if (entry_->mode != kModeLink || text_.size() < PATH_MAX) return absl::OkStatus();
    return InvalidArgument("the target of link ", EscapeForTerminal(entry_->path), " is too long");
  }

  Status End() override {
    if (entry_->mode == kModeLink) return MakeLink();
    if (whole_) RETURN_IF_ERROR(WriteWhole());
    if (const timespec* time = twin_.EqualTime()) {
      const timespec times[2] = {{0, UTIME_OMIT}, *time};
      if (::futimens(file_.get(), times) != 0) return WriteError(errno, entry_->path);
    }
    twin_.Close();
    if (::fchmod(file_.get(), entry_->mode == kModeExecutable ? 0755 : 0644) != 0) {
      return WriteError(errno, entry_->path);
    }
    file_.Reset();
    return absl::OkStatus();
  }

 private:
  Status OpenFile(uint64_t size_bytes) {
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    file_.Reset(::openat(folder_, name_.c_str(), kFlags, 0644));
    if (!file_.valid()) return WriteError(errno, entry_->path);
    twin_.Open(twin_folder_, name_, size_bytes);
    return absl::OkStatus();
  }

  Status WriteFilePiece(std::string_view bytes) {
    twin_.Compare(bytes);
    return WriteAll(file_.get(), bytes, entry_->path);
  }

  // A small file: as it is, or the object of git-lfs that it stands for.
  Status WriteWhole() {
    const std::optional<LfsPointer> pointer = ParseLfsPointer(text_);
    const std::string object =
        pointer.has_value() ? FindLfsObject(common_dir_, *pointer) : std::string();
    const UniqueFd from(object.empty() ? -1
                                       : ::open(object.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!from.valid()) {
      RETURN_IF_ERROR(OpenFile(text_.size()));
      return WriteFilePiece(text_);
    }
    RETURN_IF_ERROR(OpenFile(pointer->size_bytes));
    std::array<char, 1 << 16> buffer;
    for (;;) {
      const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrnoStatus(errno, "cannot read ", object);
      if (count == 0) return absl::OkStatus();
      RETURN_IF_ERROR(WriteFilePiece({buffer.data(), static_cast<size_t>(count)}));
    }
  }

  Status MakeLink() const {
    if (text_.empty() || text_.find('\0') != std::string::npos) {
      return InvalidArgument("link ", EscapeForTerminal(entry_->path), " has no usable target");
    }
    if (::symlinkat(text_.c_str(), folder_, name_.c_str()) == 0) return absl::OkStatus();
    return WriteError(errno, entry_->path);
  }

  FolderPath target_;
  FolderPath person_;
  const std::vector<TreeEntry> blobs_;
  const std::string common_dir_;
  const TreeEntry* entry_ = nullptr;
  std::string name_;
  int folder_ = -1;
  UniqueFd file_;
  Twin twin_;
  int twin_folder_ = -1;
  bool whole_ = false;  // collected in text_ first: links, and what may be a pointer
  std::string text_;
};

// One submodule's tree in its folder, which is there; it stays empty when the content is not here.
Status MaterializeModule(const Context& ctx, const GitDir& git, const Submodule& submodule,
                         const std::string& folder, const std::string& person_folder, int depth) {
  const auto module = OpenSubmodule(ctx, git, submodule);
  if (absl::IsNotFound(module.status()) || depth >= kSubmoduleDepthMax) return absl::OkStatus();
  RETURN_IF_ERROR(module.status());
  const Status written =
      MaterializeTree(ctx, **module, submodule.commit, folder, person_folder, depth + 1);
  const bool missing = absl::IsDataLoss(written) || absl::IsFailedPrecondition(written);
  if (!missing) return written;
  RETURN_IF_ERROR(RemoveTree(folder));
  if (::mkdir(folder.c_str(), 0755) != 0) return WriteError(errno, submodule.path);
  return absl::OkStatus();
}

Status MaterializeTree(const Context& ctx, const GitDir& git, const std::string& id,
                       const std::string& folder, const std::string& person_folder, int depth) {
  ASSIGN_OR_RETURN(const std::vector<std::string> present, ListDir(folder));
  if (!present.empty()) return FailedPrecondition("folder ", folder, " is not empty");
  UniqueFd target(::open(folder.c_str(), kOpenFolder));
  if (!target.valid()) return ErrnoStatus(errno, "cannot open ", folder);
  UniqueFd person(::open(person_folder.c_str(), kOpenFolder));
  ASSIGN_OR_RETURN(std::vector<TreeEntry> entries, ReadTree(ctx, git, id));
  ASSIGN_OR_RETURN(const std::vector<Submodule> submodules,
                   FindSubmodules(ctx, git, entries, person_folder));
  std::vector<TreeEntry> blobs;
  std::vector<std::string> ids;
  std::vector<std::string> names;
  for (TreeEntry& entry : entries) {
    if (entry.mode == kModeSubmodule) continue;
    ids.push_back(entry.object_id);
    names.push_back(EscapeForTerminal(entry.path));
    blobs.push_back(std::move(entry));
  }
  TreeWriter writer(std::move(target), std::move(person), std::move(blobs), git.common_dir());
  RETURN_IF_ERROR(StreamBlobs(ctx, git, ids, names, writer));
  for (const Submodule& submodule : submodules) {
    RETURN_IF_ERROR(writer.MakeFolder(submodule.path));
    RETURN_IF_ERROR(MaterializeModule(ctx, git, submodule, JoinPath(folder, submodule.path),
                                      JoinPath(person_folder, submodule.path), depth));
  }
  return absl::OkStatus();
}

}  // namespace

Status Materialize(const Context& ctx, const GitDir& git, const std::string& id,
                   const std::string& folder, const std::string& person_folder) {
  return MaterializeTree(ctx, git, id, folder, person_folder, 0);
}

}  // namespace coditect::git
