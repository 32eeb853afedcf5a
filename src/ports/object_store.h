// Content-addressed blobs: texts, reports, patches and everything else too big for an event.
#pragma once

#include <string>
#include <string_view>

#include "src/base/context.h"
#include "src/domain/ids.h"

namespace coditect {

/// Thread-safe. A blob's name is the SHA-256 of its content.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Durable when it returns. RESOURCE_EXHAUSTED without space.
  virtual StatusOr<BlobId> Put(const Context& ctx, std::string_view content) = 0;

  /// NOT_FOUND; DATA_LOSS when the stored content does not match its name.
  virtual StatusOr<std::string> Get(const Context& ctx, const BlobId& id) = 0;
};

}  // namespace coditect
