// The contract of EventLog, on every backend and under ambiguous answers.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>

#include "src/adapters/memory/event_log.h"
#include "src/adapters/sqlite/event_log.h"
#include "src/base/file.h"
#include "src/base/random.h"
#include "src/ports/event_log.h"

namespace coditect {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(StrCat("/tmp/coditect-test-", RandomHex(6))) {
    REQUIRE(MakeDirs(path_).ok());
  }
  ~TemporaryFolder() { (void)RemoveTree(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A log that answers UNAVAILABLE at random, before or after it stored the block: what a network or
/// a failing disk does. Reads fail sometimes too.
class AmbiguousEventLog final : public EventLog {
 public:
  AmbiguousEventLog(std::unique_ptr<EventLog> inner, uint32_t seed)
      : inner_(std::move(inner)), random_(seed) {}

  StatusOr<AppendResult> Append(const Context& ctx, uint32_t shard, uint64_t expected,
                                const StoredBlock& block) override {
    const uint32_t dice = random_() % 4;
    if (dice == 0) return Unavailable("lost on the way");
    auto result = inner_->Append(ctx, shard, expected, block);
    if (dice == 1) return Unavailable("answer lost on the way back");
    return result;
  }
  StatusOr<std::vector<StoredBlock>> Read(const Context& ctx, uint32_t shard, uint64_t after,
                                          size_t blocks_max) override {
    if (random_() % 8 == 0) return Unavailable("read lost");
    return inner_->Read(ctx, shard, after, blocks_max);
  }
  StatusOr<size_t> Truncate(const Context& ctx, uint32_t shard, uint64_t before,
                            size_t blocks_max) override {
    const uint32_t dice = random_() % 4;
    if (dice == 0) return Unavailable("lost on the way");
    auto result = inner_->Truncate(ctx, shard, before, blocks_max);
    if (dice == 1) return Unavailable("answer lost on the way back");
    return result;
  }
  StatusOr<uint64_t> LastSequence(const Context& ctx, uint32_t shard) override {
    return inner_->LastSequence(ctx, shard);
  }

 private:
  std::unique_ptr<EventLog> inner_;
  std::mt19937 random_;
};

struct Backend {
  const char* name;
  std::function<std::unique_ptr<EventLog>(const std::string& folder)> open;
  bool durable;
};

std::unique_ptr<EventLog> OpenSqlite(const std::string& folder) {
  auto log = sqlite::OpenEventLog({.path = folder + "/ledger.db"});
  REQUIRE_MESSAGE(log.ok(), Message(log.status()));
  return *std::move(log);
}

const std::vector<Backend>& Backends() {
  static const auto* backends = new std::vector<Backend>{
      {"memory", [](const std::string&) { return std::make_unique<memory::MemoryEventLog>(); },
       false},
      {"sqlite", OpenSqlite, true},
  };
  return *backends;
}

StoredBlock Block(uint64_t first, uint64_t last) {
  return {.first_sequence = first,
          .last_sequence = last,
          .block_id = RandomHex(8),
          .frame = StrCat("frame ", first, std::string(3, '\0'))};
}

void ForEachBackend(
    const std::function<void(const Backend&, EventLog&, const std::string&)>& test) {
  for (const Backend& backend : Backends()) {
    CAPTURE(backend.name);
    TemporaryFolder folder;
    const auto log = backend.open(folder.path());
    test(backend, *log, folder.path());
  }
}

}  // namespace

TEST_CASE("BlocksComeBackInOrderByteForByte") {
  ForEachBackend([](const Backend&, EventLog& log, const std::string&) {
    const Context ctx;
    CHECK_EQ(*log.LastSequence(ctx, 0), 0);
    const StoredBlock one = Block(1, 3);
    const StoredBlock two = Block(4, 4);
    CHECK_EQ(*log.Append(ctx, 0, 0, one), AppendResult::kStored);
    CHECK_EQ(*log.Append(ctx, 0, 3, two), AppendResult::kStored);
    CHECK_EQ(*log.LastSequence(ctx, 0), 4);
    const auto all = *log.Read(ctx, 0, 0, 10);
    REQUIRE_EQ(all.size(), 2);
    CHECK_EQ(all[0].frame, one.frame);
    CHECK_EQ(all[1].block_id, two.block_id);
    CHECK_EQ(log.Read(ctx, 0, 3, 10)->size(), 1);
    CHECK_EQ(log.Read(ctx, 0, 4, 10)->size(), 0);
    CHECK_EQ(log.Read(ctx, 0, 0, 1)->size(), 1);
  });
}

TEST_CASE("AStaleWriterIsLostAndStoresNothing") {
  ForEachBackend([](const Backend&, EventLog& log, const std::string&) {
    const Context ctx;
    CHECK_EQ(*log.Append(ctx, 0, 0, Block(1, 2)), AppendResult::kStored);
    CHECK_EQ(*log.Append(ctx, 0, 0, Block(1, 1)), AppendResult::kLost);
    CHECK_EQ(*log.Append(ctx, 0, 1, Block(2, 3)), AppendResult::kLost);
    CHECK_EQ(*log.Append(ctx, 0, 7, Block(8, 8)), AppendResult::kLost);
    CHECK_EQ(*log.LastSequence(ctx, 0), 2);
  });
}

TEST_CASE("AppendingTheSameBlockAgainIsStoredOnce") {
  ForEachBackend([](const Backend&, EventLog& log, const std::string&) {
    const Context ctx;
    const StoredBlock block = Block(1, 2);
    CHECK_EQ(*log.Append(ctx, 0, 0, block), AppendResult::kStored);
    CHECK_EQ(*log.Append(ctx, 0, 0, block), AppendResult::kStored);
    CHECK_EQ(*log.Append(ctx, 0, 2, Block(3, 3)), AppendResult::kStored);
    CHECK_EQ(*log.Append(ctx, 0, 0, block), AppendResult::kStored);
    CHECK_EQ(log.Read(ctx, 0, 0, 10)->size(), 2);
  });
}

TEST_CASE("ShardsDoNotMix") {
  ForEachBackend([](const Backend&, EventLog& log, const std::string&) {
    const Context ctx;
    CHECK_EQ(*log.Append(ctx, 0, 0, Block(1, 5)), AppendResult::kStored);
    CHECK_EQ(*log.Append(ctx, 1, 0, Block(1, 1)), AppendResult::kStored);
    CHECK_EQ(*log.LastSequence(ctx, 0), 5);
    CHECK_EQ(*log.LastSequence(ctx, 1), 1);
  });
}

TEST_CASE("ATruncatedLogBeginsWhereItWasCutAndGoesOn") {
  ForEachBackend([](const Backend& backend, EventLog& log, const std::string& folder) {
    const Context ctx;
    for (uint64_t first = 1; first <= 19; first += 2) {
      REQUIRE_EQ(*log.Append(ctx, 0, first - 1, Block(first, first + 1)), AppendResult::kStored);
    }
    REQUIRE_EQ(*log.Append(ctx, 1, 0, Block(1, 1)), AppendResult::kStored);
    CHECK_EQ(*log.Truncate(ctx, 0, 1, 100), 0);
    CHECK_EQ(*log.Truncate(ctx, 0, 2, 100), 0);  // the first block still has an event to keep
    CHECK_EQ(*log.Truncate(ctx, 0, 7, 2), 2);
    CHECK_EQ(log.Read(ctx, 0, 0, 1)->front().first_sequence, 5);
    CHECK_EQ(*log.Truncate(ctx, 0, 7, 100), 1);
    CHECK_EQ(*log.Truncate(ctx, 0, 7, 100), 0);
    CHECK_EQ(log.Read(ctx, 0, 0, 100)->front().first_sequence, 7);
    CHECK_EQ(log.Read(ctx, 0, 0, 100)->size(), 7);
    CHECK_EQ(*log.LastSequence(ctx, 0), 20);
    CHECK_EQ(*log.Append(ctx, 0, 20, Block(21, 21)), AppendResult::kStored);
    CHECK_EQ(*log.Append(ctx, 0, 0, Block(1, 2)), AppendResult::kLost);
    CHECK_EQ(*log.Truncate(ctx, 0, 1000, 100), 7);  // all but the last
    CHECK_EQ(*log.LastSequence(ctx, 0), 21);
    CHECK_EQ(*log.LastSequence(ctx, 1), 1);
    if (backend.durable) CHECK_EQ(*backend.open(folder)->LastSequence(ctx, 0), 21);
  });
}

TEST_CASE("ATruncationOfAmbiguousAnswersIsRepeatedUntilItIsDone") {
  for (const Backend& backend : Backends()) {
    CAPTURE(backend.name);
    for (uint32_t seed = 1; seed <= 10; ++seed) {
      TemporaryFolder folder;
      AmbiguousEventLog log(backend.open(folder.path()), seed);
      const Context ctx;
      for (uint64_t at = 1; at <= 20; ++at) {
        const StoredBlock block = Block(at, at);
        while (!log.Append(ctx, 0, at - 1, block).ok()) continue;
      }
      for (StatusOr<size_t> left = 1; !left.ok() || *left > 0;) left = log.Truncate(ctx, 0, 11, 3);
      auto rest = log.Read(ctx, 0, 0, 100);
      while (!rest.ok()) rest = log.Read(ctx, 0, 0, 100);
      REQUIRE_EQ(rest->size(), 10);
      CHECK_EQ(rest->front().first_sequence, 11);
    }
  }
}

TEST_CASE("AmbiguousAnswersEndInStoredOrLostNeverInAGuess") {
  for (const Backend& backend : Backends()) {
    CAPTURE(backend.name);
    for (uint32_t seed = 1; seed <= 20; ++seed) {
      CAPTURE(seed);
      TemporaryFolder folder;
      AmbiguousEventLog log(backend.open(folder.path()), seed);
      std::mt19937 random(seed);
      const Context ctx;
      std::vector<std::string> stored;
      uint64_t last = 0;
      for (int i = 0; i < 40; ++i) {
        const StoredBlock block = Block(last + 1, last + 1 + random() % 3);
        for (;;) {
          // Now and then a rival writes in between.
          if (random() % 10 == 0) {
            const StoredBlock rival = Block(last + 1, last + 1);
            const auto won = log.Append(ctx, 0, last, rival);
            if (won.ok() && *won == AppendResult::kStored) {
              stored.push_back(rival.block_id);
              last = rival.last_sequence;
              break;
            }
          }
          const auto result = log.Append(ctx, 0, last, block);
          if (!result.ok()) continue;  // the same block again
          if (*result == AppendResult::kStored) {
            stored.push_back(block.block_id);
            last = block.last_sequence;
          } else {
            // Lost: somebody's block is there. Fold it and go on, as an owner would.
            auto rest = log.Read(ctx, 0, last, 100);
            while (!rest.ok()) rest = log.Read(ctx, 0, last, 100);
            REQUIRE_FALSE(rest->empty());
            for (const StoredBlock& other : *rest) {
              CHECK_NE(other.block_id, block.block_id);
              stored.push_back(other.block_id);
              last = other.last_sequence;
            }
          }
          break;
        }
      }
      auto all = log.Read(ctx, 0, 0, 1000);
      while (!all.ok()) all = log.Read(ctx, 0, 0, 1000);
      REQUIRE_EQ(all->size(), stored.size());
      for (size_t i = 0; i < stored.size(); ++i) CHECK_EQ((*all)[i].block_id, stored[i]);
    }
  }
}

TEST_CASE("TwoWritersAtOnceAreSerialisedByTheCompare") {
  for (const Backend& backend : Backends()) {
    CAPTURE(backend.name);
    TemporaryFolder folder;
    const auto first = backend.open(folder.path());
    const std::unique_ptr<EventLog> second =
        backend.durable ? backend.open(folder.path()) : nullptr;
    EventLog* logs[] = {first.get(), second != nullptr ? second.get() : first.get()};
    std::atomic<int> stored = 0;
    std::vector<std::thread> writers;
    for (EventLog* log : logs) {
      writers.emplace_back([log, &stored] {
        const Context ctx;
        for (int i = 0; i < 100; ++i) {
          const auto last = log->LastSequence(ctx, 0);
          if (!last.ok()) return;
          const auto result = log->Append(ctx, 0, *last, Block(*last + 1, *last + 1));
          if (result.ok() && *result == AppendResult::kStored) ++stored;
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    CHECK_EQ(*first->LastSequence(Context{}, 0), static_cast<uint64_t>(stored.load()));
  }
}

TEST_CASE("ADurableLogIsReadBackByAnotherProcess") {
  for (const Backend& backend : Backends()) {
    if (!backend.durable) continue;
    TemporaryFolder folder;
    {
      const auto log = backend.open(folder.path());
      CHECK_EQ(*log->Append(Context{}, 0, 0, Block(1, 9)), AppendResult::kStored);
    }
    CHECK_EQ(*backend.open(folder.path())->LastSequence(Context{}, 0), 9);
  }
}

}  // namespace coditect
