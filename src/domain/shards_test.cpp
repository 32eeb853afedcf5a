// Rules of splitting a suite.
#include "src/domain/shards.h"

#include <doctest/doctest.h>

namespace coditect {
namespace {

std::vector<TestCase> Taking(const std::vector<uint64_t>& micros) {
  std::vector<TestCase> cases;
  for (size_t i = 0; i < micros.size(); ++i) {
    cases.push_back({.id = std::string(1, static_cast<char>('a' + i)), .wall_us = micros[i]});
  }
  return cases;
}

}  // namespace

TEST_CASE("ShardsAreBalancedByDurationsAndKeepTheOrder") {
  using Lists = std::vector<std::vector<std::string>>;
  const auto cases = Taking({5, 1, 1, 1, 1, 1});
  CHECK_EQ(BalanceShards(cases, {"a", "b", "c", "d", "e", "f"}, 2),
           Lists{{"a"}, {"b", "c", "d", "e", "f"}});
  CHECK_EQ(BalanceShards(Taking({2, 2, 2, 2}), {"d", "c", "b", "a"}, 2),
           Lists{{"d", "b"}, {"c", "a"}});
}

TEST_CASE("NoShardIsEmptyAndEachIdIsInOne") {
  CHECK_EQ(BalanceShards({}, {"x", "y"}, 5).size(), 2);
  CHECK(BalanceShards({}, {}, 3).empty());
  const auto shards = BalanceShards(Taking({0, 0, 0}), {"a", "b", "c", "new"}, 3);
  size_t ids = 0;
  for (const auto& shard : shards) {
    CHECK_FALSE(shard.empty());
    ids += shard.size();
  }
  CHECK_EQ(ids, 4);
}

}  // namespace coditect
