// The ledger's seam: an append-only journal of blocks in shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "src/base/context.h"

namespace coditect {

/// One atomic group of events. `frame` is the encoded Block of proto/coditect/v1/event.proto; the
/// log does not look inside.
struct StoredBlock {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  std::string block_id;  // 16 bytes, unique
  std::string frame;
};

enum class AppendResult {
  kStored,  // durable: survives power loss
  kLost,    // another block follows `expected`; this one is not in the log and never will be
};

/// Append-only at its end; its beginning may be cut off. Thread-safe; one writer per shard is
/// expected but not needed for safety: the compare on `expected` is the fence.
class EventLog {
 public:
  virtual ~EventLog() = default;

  /// Stores `block` after the block that ends at `expected` (0 = the log is empty), or nothing at
  /// all. UNAVAILABLE when it cannot be told which: append the same block again, or reopen.
  /// RESOURCE_EXHAUSTED when there is no space: nothing was stored, reads still work.
  virtual StatusOr<AppendResult> Append(const Context& ctx, uint32_t shard, uint64_t expected,
                                        const StoredBlock& block) = 0;

  /// Blocks with events after `after`, in order, at most `blocks_max`.
  virtual StatusOr<std::vector<StoredBlock>> Read(const Context& ctx, uint32_t shard,
                                                  uint64_t after, size_t blocks_max) = 0;

  /// Deletes the oldest blocks whose events are all in front of event `before`, at most
  /// `blocks_max` of them and never the last block; how many. 0: nothing is left to delete. When
  /// that is so, what they took on the disk is given back. The same errors as Append.
  virtual StatusOr<size_t> Truncate(const Context& ctx, uint32_t shard, uint64_t before,
                                    size_t blocks_max) = 0;

  /// Sequence of the last event, 0 when empty.
  virtual StatusOr<uint64_t> LastSequence(const Context& ctx, uint32_t shard) = 0;
};

}  // namespace coditect
