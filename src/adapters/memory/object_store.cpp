// Blobs in memory.
#include "src/adapters/memory/object_store.h"

#include "src/base/sha256.h"

namespace coditect::memory {

StatusOr<BlobId> MemoryObjectStore::Put(const Context&, std::string_view content) {
  BlobId id = Sha256Hex(content);
  MutexLock lock(mutex_);
  blobs_[id] = std::string(content);
  return id;
}

StatusOr<std::string> MemoryObjectStore::Get(const Context&, const BlobId& id) {
  MutexLock lock(mutex_);
  const auto found = blobs_.find(id);
  if (found == blobs_.end()) return NotFound("no blob ", id);
  return found->second;
}

}  // namespace coditect::memory
