// The ledger in memory.
#pragma once

#include <map>

#include "src/base/mutex.h"
#include "src/ports/event_log.h"

namespace coditect::memory {

class MemoryEventLog final : public EventLog {
 public:
  StatusOr<AppendResult> Append(const Context& ctx, uint32_t shard, uint64_t expected,
                                const StoredBlock& block) override;
  StatusOr<std::vector<StoredBlock>> Read(const Context& ctx, uint32_t shard, uint64_t after,
                                          size_t blocks_max) override;
  StatusOr<size_t> Truncate(const Context& ctx, uint32_t shard, uint64_t before,
                            size_t blocks_max) override;
  StatusOr<uint64_t> LastSequence(const Context& ctx, uint32_t shard) override;

 private:
  Mutex mutex_;
  /// By last sequence.
  std::map<uint32_t, std::map<uint64_t, StoredBlock>> shards_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coditect::memory
