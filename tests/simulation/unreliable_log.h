// The fault double of the ledger's log.
#pragma once

#include <random>

#include "src/adapters/memory/event_log.h"

namespace coditect {

/// Refuses or forgets to answer at random; what it stored stays.
class UnreliableLog final : public EventLog {
 public:
  UnreliableLog(memory::MemoryEventLog& inner, std::mt19937& random, const bool& healed)
      : inner_(inner), random_(random), healed_(healed) {}
  StatusOr<AppendResult> Append(const Context& ctx, uint32_t shard, uint64_t expected,
                                const StoredBlock& block) override {
    const uint32_t dice = healed_ ? 99 : random_() % 40;
    if (dice == 0) return Unavailable("lost");
    if (dice == 2) return ResourceExhausted("disk full");
    auto result = inner_.Append(ctx, shard, expected, block);
    if (dice == 1) return Unavailable("answer lost");
    return result;
  }
  StatusOr<std::vector<StoredBlock>> Read(const Context& ctx, uint32_t shard, uint64_t after,
                                          size_t blocks_max) override {
    return inner_.Read(ctx, shard, after, blocks_max);
  }
  StatusOr<size_t> Truncate(const Context& ctx, uint32_t shard, uint64_t before,
                            size_t blocks_max) override {
    return inner_.Truncate(ctx, shard, before, blocks_max);
  }
  StatusOr<uint64_t> LastSequence(const Context& ctx, uint32_t shard) override {
    return inner_.LastSequence(ctx, shard);
  }

 private:
  memory::MemoryEventLog& inner_;
  std::mt19937& random_;
  const bool& healed_;
};

}  // namespace coditect
