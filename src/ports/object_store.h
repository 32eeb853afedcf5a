// Content-addressed blobs: texts, reports, patches and everything else too big for an event.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/context.h"
#include "src/domain/ids.h"

namespace coditect {

struct BlobInfo {
  BlobId id;
  uint64_t stored_bytes = 0;
  int64_t put_wall_ms = 0;  // the last time somebody put it
};

/// Thread-safe. A blob's name is the SHA-256 of its content.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// Durable when it returns; a damaged blob of that name is replaced. RESOURCE_EXHAUSTED without
  /// space.
  virtual StatusOr<BlobId> Put(const Context& ctx, std::string_view content) = 0;

  /// NOT_FOUND; DATA_LOSS when the stored content does not match its name.
  virtual StatusOr<std::string> Get(const Context& ctx, const BlobId& id) = 0;

  /// All blobs, in no order.
  virtual StatusOr<std::vector<BlobInfo>> List(const Context& ctx) = 0;

  /// Deletes the blob unless it was put, again perhaps, at `put_before_ms` or later; whether it
  /// did. Atomic against Put, also of other processes: a blob whose Put has returned since then
  /// stays.
  virtual StatusOr<bool> Delete(const Context& ctx, const BlobId& id, int64_t put_before_ms) = 0;
};

}  // namespace coditect
