// Blobs in memory.
#pragma once

#include <map>

#include "src/base/mutex.h"
#include "src/ports/object_store.h"

namespace coditect::memory {

class MemoryObjectStore final : public ObjectStore {
 public:
  StatusOr<BlobId> Put(const Context& ctx, std::string_view content) override;
  StatusOr<std::string> Get(const Context& ctx, const BlobId& id) override;

 private:
  Mutex mutex_;
  std::map<BlobId, std::string> blobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect::memory
