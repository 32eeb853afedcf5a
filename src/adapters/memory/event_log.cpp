// The ledger in memory.
#include "src/adapters/memory/event_log.h"

namespace coditect::memory {

StatusOr<AppendResult> MemoryEventLog::Append(const Context&, uint32_t shard, uint64_t expected,
                                              const StoredBlock& block) {
  MutexLock lock(mutex_);
  auto& blocks = shards_[shard];
  const uint64_t last = blocks.empty() ? 0 : blocks.rbegin()->first;
  if (last == expected) {
    blocks[block.last_sequence] = block;
    return AppendResult::kStored;
  }
  const auto following = blocks.upper_bound(expected);
  const bool same = following != blocks.end() && following->second.first_sequence == expected + 1 &&
                    following->second.block_id == block.block_id;
  return same ? AppendResult::kStored : AppendResult::kLost;
}

StatusOr<std::vector<StoredBlock>> MemoryEventLog::Read(const Context&, uint32_t shard,
                                                        uint64_t after, size_t blocks_max) {
  MutexLock lock(mutex_);
  std::vector<StoredBlock> out;
  const auto& blocks = shards_[shard];
  for (auto it = blocks.upper_bound(after); it != blocks.end() && out.size() < blocks_max; ++it) {
    out.push_back(it->second);
  }
  return out;
}

StatusOr<size_t> MemoryEventLog::Truncate(const Context&, uint32_t shard, uint64_t before,
                                          size_t blocks_max) {
  MutexLock lock(mutex_);
  auto& blocks = shards_[shard];
  size_t deleted = 0;
  while (deleted < blocks_max && blocks.size() > 1 && blocks.begin()->first < before) {
    blocks.erase(blocks.begin());
    ++deleted;
  }
  return deleted;
}

StatusOr<uint64_t> MemoryEventLog::LastSequence(const Context&, uint32_t shard) {
  MutexLock lock(mutex_);
  const auto& blocks = shards_[shard];
  return blocks.empty() ? 0 : blocks.rbegin()->first;
}

}  // namespace coditect::memory
