// Blobs as compressed files.
#include "src/adapters/localfs/object_store.h"

#include <zstd.h>

#include <utility>

#include "src/base/file.h"
#include "src/base/mutex.h"
#include "src/base/sha256.h"

namespace coditect::localfs {
namespace {

constexpr size_t kBlobBytesMax = size_t{256} << 20;
constexpr int kLevel = 1;

bool IsBlobId(const BlobId& id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

class FolderStore final : public ObjectStore {
 public:
  explicit FolderStore(std::string folder) : folder_(std::move(folder)) {}

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
    if (PathExists(path)) return id;
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
    const auto size = ::ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
        size > kBlobBytesMax) {
      return DataLoss("blob ", id, " is damaged");
    }
    std::string content(size, '\0');
    const size_t read =
        ::ZSTD_decompress(content.data(), content.size(), compressed.data(), compressed.size());
    if (::ZSTD_isError(read) != 0 || read != size || Sha256Hex(content) != id) {
      return DataLoss("blob ", id, " is damaged");
    }
    return content;
  }

 private:
  std::string Path(const BlobId& id) const {
    return StrCat(folder_, '/', id.substr(0, 2), '/', id, ".zst");
  }

  const std::string folder_;
  Mutex mutex_;
};

}  // namespace

StatusOr<std::unique_ptr<ObjectStore>> OpenObjectStore(const std::string& folder) {
  RETURN_IF_ERROR(MakeDirs(folder));
  return std::make_unique<FolderStore>(folder);
}

}  // namespace coditect::localfs
