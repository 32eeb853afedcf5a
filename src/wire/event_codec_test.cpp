// Blocks survive the way to bytes and back, and damage is named, never read past.
#include "src/wire/event_codec.h"

#include <doctest/doctest.h>

#include <random>

#include "src/wire/codec.h"
#include "src/wire/json.h"

namespace coditect::wire {
namespace {

std::string SomeBlock() {
  std::string batch;
  for (int i = 0; i < 20; ++i) {
    Event event;
    event.mission_id = "r-7f3a";
    event.body = TaskFailed{.task_id = {static_cast<uint32_t>(i + 1)}, .reason = "no patch"};
    AppendEvent(batch, event);
  }
  BlockHeader header;
  header.shard = 0;
  header.incarnation = 2;
  header.first_sequence = 11;
  header.last_sequence = 30;
  header.block_id = std::string(16, 'b');
  header.previous_hash = std::string(32, 'h');
  header.build_id = "test";
  header.wall_ms = 1234;
  return EncodeBlock(header, batch);
}

}  // namespace

TEST_CASE("ABlockDecodesToTheEventsThatWentIn") {
  const auto block = DecodeBlock(SomeBlock());
  REQUIRE(block.ok());
  REQUIRE_EQ(block->events.size(), 20);
  CHECK_EQ(block->events[3].sequence, 14);
  CHECK_EQ(block->events[3].wall_ms, 1234);
  CHECK_EQ(block->events[3].mission_id, "r-7f3a");
  CHECK_EQ(std::get<TaskFailed>(block->events[3].body).task_id.ordinal, 4);
}

TEST_CASE("ABlockForANewerReaderIsRefusedByName") {
  BlockHeader header;
  header.min_reader = kBlockFormat + 1;
  header.build_id = "coditect 9.9";
  const auto block = DecodeBlock(EncodeBlock(header, ""));
  CHECK_EQ(block.status().code(), absl::StatusCode::kFailedPrecondition);
  CHECK(Message(block.status()).find("coditect 9.9") != std::string::npos);
}

TEST_CASE("DamagedBlocksNeverDecodeToOtherEventsSilently") {
  const std::string good = SomeBlock();
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1 << (random() % 8));
    if (i % 3 == 0) bad.resize(random() % bad.size());
    const auto block = DecodeBlock(bad);  // must not crash; the hash tells the rest
    if (block.ok()) CHECK_NE(block->hash, FrameHash(good));
  }
}

TEST_CASE("AFrameThatClaimsToBeHugeIsRefusedBeforeMemoryIsTaken") {
  std::string frame;
  AppendVarint(frame, 12 << 3);
  AppendVarint(frame, uint64_t{1} << 60);
  CHECK_EQ(DecodeBlock(frame).status().code(), absl::StatusCode::kDataLoss);
}

TEST_CASE("JsonNamesFieldsAsTheContractAndEscapesEverything") {
  CHECK_EQ(EventBodyJson(TaskFailed{.task_id = {3}, .reason = "a\"b\n\xff"}),
           "{\"task_id\":\"t-3\",\"reason\":\"a\\\"b\\n\xef\xbf\xbd\"}");
}

}  // namespace coditect::wire
