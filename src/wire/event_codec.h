// Events and the blocks of the ledger as bytes: encoding, compression, hash chain.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"
#include "src/domain/event.h"

namespace coditect::wire {

/// The format this build writes, and the newest it reads.
inline constexpr uint32_t kBlockFormat = 1;
inline constexpr size_t kEventBytesMax = 4096;
inline constexpr size_t kBlockBytesMax = 256 << 10;

struct BlockHeader {
  uint32_t format = kBlockFormat;
  uint32_t min_reader = kBlockFormat;  // the oldest reader that understands every event in it
  uint32_t shard = 0;
  uint32_t incarnation = 0;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  std::string block_id;       // 16 random bytes
  std::string previous_hash;  // SHA-256 of the frame before; "" for the first block
  std::string build_id;
  int64_t wall_ms = 0;
  uint64_t snapshot_sequence = 0;  // of the last SnapshotTaken before this block; 0 = none
};

struct DecodedBlock {
  BlockHeader header;
  std::vector<Event> events;
  std::string hash;  // of this frame: the next block's previous_hash
};

/// The body alone, as one field.
void AppendEventBody(std::string& out, const EventBody& body);
void AppendEvent(std::string& batch, const Event& event);

/// The frame of a block whose events were appended to `batch` in order.
std::string EncodeBlock(const BlockHeader& header, std::string_view batch);

/// DATA_LOSS when the frame is damaged; FAILED_PRECONDITION when a newer build wrote it, naming
/// the build.
StatusOr<DecodedBlock> DecodeBlock(std::string_view frame);

/// The header alone, at the price of the header. The same errors.
StatusOr<BlockHeader> DecodeBlockHeader(std::string_view frame);

/// The hash that the next block carries.
std::string FrameHash(std::string_view frame);

/// One event as JSON fields, without braces: its body's fields.
std::string EventBodyJson(const EventBody& body);

}  // namespace coditect::wire
