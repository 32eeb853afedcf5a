// Blobs as compressed files.
#include "src/adapters/localfs/object_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "src/base/crash_point.h"
#include "src/base/file.h"
#include "src/base/mutex.h"
#include "src/base/sha256.h"
#include "src/base/unique_fd.h"

namespace coditect::localfs {
namespace {

constexpr size_t kBlobBytesMax = size_t{256} << 20;
constexpr int kLevel = 1;
constexpr std::string_view kSuffix = ".zst";

bool IsBlobId(const BlobId& id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Holds the lock on the folder that the processes share.
class FolderLock {
 public:
  FolderLock(int fd, int how) : fd_(fd) {
    while (::flock(fd_, how) != 0 && errno == EINTR) continue;
  }
  ~FolderLock() { ::flock(fd_, LOCK_UN); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  const int fd_;
};

class FolderStore final : public ObjectStore {
 public:
  FolderStore(std::string folder, UniqueFd lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}

  StatusOr<BlobId> Put(const Context&, std::string_view content) override {
    if (content.size() > kBlobBytesMax) {
      return InvalidArgument("a blob of ", content.size(), " bytes is larger than ", kBlobBytesMax);
    }
    BlobId id = Sha256Hex(content);
    const std::string path = Path(id);
    std::string compressed(::ZSTD_compressBound(content.size()), '\0');
    const size_t size = ::ZSTD_compress(compressed.data(), compressed.size(), content.data(),
                                        content.size(), kLevel);
    if (::ZSTD_isError(size) != 0) return Internal("cannot compress a blob");
    compressed.resize(size);
    // One writer at a time: whoever finds the file there may rely on its folder being synced.
    MutexLock lock(mutex_);
    const FolderLock shared(lock_.get(), LOCK_SH);  // nothing is deleted meanwhile
    if (const auto there = ReadFile(path); there.ok()) {
      const auto same = Decompress(*there, id);
      if (same.ok() && *same == content) return Touch(path, id);
    }
    if (!PathExists(DirName(path))) {
      RETURN_IF_ERROR(MakeDirs(DirName(path)));
      RETURN_IF_ERROR(SyncFolder(folder_));
    }
    RETURN_IF_ERROR(WriteFileDurably(path, compressed, 0600, "effect#blob"));
    return id;
  }

  StatusOr<std::string> Get(const Context&, const BlobId& id) override {
    if (!IsBlobId(id)) return InvalidArgument("'", EscapeForTerminal(id), "' is no blob id");
    ASSIGN_OR_RETURN(const std::string compressed, ReadFile(Path(id)));
    ASSIGN_OR_RETURN(std::string content, Decompress(compressed, id));
    if (Sha256Hex(content) != id) return DataLoss("blob ", id, " is damaged");
    return content;
  }

  StatusOr<std::vector<BlobInfo>> List(const Context& ctx) override {
    std::vector<BlobInfo> found;
    ASSIGN_OR_RETURN(const auto folders, ListDir(folder_));
    for (const std::string& folder : folders) {
      RETURN_IF_ERROR(ctx.Check());
      const auto names = ListDir(JoinPath(folder_, folder));
      if (!names.ok()) continue;  // a file of somebody else's
      for (const std::string& name : *names) {
        const BlobId id = name.substr(0, name.size() - std::min(name.size(), kSuffix.size()));
        struct stat info{};
        if (id + std::string(kSuffix) != name || !IsBlobId(id) || id.substr(0, 2) != folder ||
            ::stat(Path(id).c_str(), &info) != 0) {
          continue;
        }
        found.push_back({.id = id,
                         .stored_bytes = static_cast<uint64_t>(info.st_size),
                         .put_wall_ms = PutTime(info)});
      }
    }
    return found;
  }

  StatusOr<bool> Delete(const Context&, const BlobId& id, int64_t put_before_ms) override {
    if (!IsBlobId(id)) return InvalidArgument("'", EscapeForTerminal(id), "' is no blob id");
    const std::string path = Path(id);
    MutexLock lock(mutex_);
    const FolderLock exclusive(lock_.get(), LOCK_EX);  // nobody is just finding it there
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0 || PutTime(info) >= put_before_ms) return false;
    return WithCrashPoint("effect#blob_deleted", [&]() -> StatusOr<bool> {
      if (::unlink(path.c_str()) != 0) return ErrnoStatus(errno, "cannot delete ", path);
      return true;
    });
  }

 private:
  static StatusOr<std::string> Decompress(const std::string& compressed, const BlobId& id) {
    const auto size = ::ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
        size > kBlobBytesMax) {
      return DataLoss("blob ", id, " is damaged");
    }
    std::string content(size, '\0');
    const size_t read =
        ::ZSTD_decompress(content.data(), content.size(), compressed.data(), compressed.size());
    if (::ZSTD_isError(read) != 0 || read != size) {
      return DataLoss("blob ", id, " is damaged");
    }
    return content;
  }

  // The time of its last Put is what tells a sweep that somebody is about to name it.
  static StatusOr<BlobId> Touch(const std::string& path, const BlobId& id) {
    timespec now[2] = {{0, UTIME_OMIT}, {}};
    ::clock_gettime(CLOCK_REALTIME, &now[1]);  // the file system's own notion is coarser
    if (::utimensat(AT_FDCWD, path.c_str(), now, 0) != 0) {
      return ErrnoStatus(errno, "cannot touch ", path);
    }
    return id;
  }

  static int64_t PutTime(const struct stat& info) {
    return int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
  }

  std::string Path(const BlobId& id) const {
    return StrCat(folder_, '/', id.substr(0, 2), '/', id, kSuffix);
  }

  const std::string folder_;
  const UniqueFd lock_;
  Mutex mutex_;
};

}  // namespace

StatusOr<std::unique_ptr<ObjectStore>> OpenObjectStore(const std::string& folder) {
  RETURN_IF_ERROR(MakeDirs(folder));
  UniqueFd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid()) return ErrnoStatus(errno, "cannot open ", folder);
  return std::make_unique<FolderStore>(folder, std::move(lock));
}

}  // namespace coditect::localfs
