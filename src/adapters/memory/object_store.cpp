// Blobs in memory.
#include "src/adapters/memory/object_store.h"

#include "src/base/sha256.h"

namespace coditect::memory {

StatusOr<BlobId> MemoryObjectStore::Put(const Context&, std::string_view content) {
  BlobId id = Sha256Hex(content);
  MutexLock lock(mutex_);
  blobs_[id] = {std::string(content), clock_.WallMs()};
  return id;
}

StatusOr<std::string> MemoryObjectStore::Get(const Context&, const BlobId& id) {
  MutexLock lock(mutex_);
  const auto found = blobs_.find(id);
  if (found == blobs_.end()) return NotFound("no blob ", id);
  return found->second.content;
}

StatusOr<std::vector<BlobInfo>> MemoryObjectStore::List(const Context&) {
  MutexLock lock(mutex_);
  std::vector<BlobInfo> out;
  for (const auto& [id, blob] : blobs_) {
    out.push_back({.id = id, .stored_bytes = blob.content.size(), .put_wall_ms = blob.put_wall_ms});
  }
  return out;
}

StatusOr<bool> MemoryObjectStore::Delete(const Context&, const BlobId& id, int64_t put_before_ms) {
  MutexLock lock(mutex_);
  const auto found = blobs_.find(id);
  if (found == blobs_.end() || found->second.put_wall_ms >= put_before_ms) return false;
  blobs_.erase(found);
  return true;
}

}  // namespace coditect::memory
