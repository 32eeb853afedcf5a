// Blobs in memory.
#pragma once

#include <map>

#include "src/base/clock.h"
#include "src/base/mutex.h"
#include "src/ports/object_store.h"

namespace coditect::memory {

class MemoryObjectStore final : public ObjectStore {
 public:
  StatusOr<BlobId> Put(const Context& ctx, std::string_view content) override;
  StatusOr<std::string> Get(const Context& ctx, const BlobId& id) override;
  StatusOr<std::vector<BlobInfo>> List(const Context& ctx) override;
  StatusOr<bool> Delete(const Context& ctx, const BlobId& id, int64_t put_before_ms) override;

 private:
  Mutex mutex_;
  struct Blob {
    std::string content;
    int64_t put_wall_ms = 0;
  };
  const SystemClock clock_;
  std::map<BlobId, Blob> blobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect::memory
