// Balanced parts of a suite.
#include "src/domain/shards.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace coditect {

std::vector<std::vector<std::string>> BalanceShards(const std::vector<TestCase>& cases,
                                                    const std::vector<std::string>& ids,
                                                    size_t count) {
  std::map<std::string_view, uint64_t> known;
  uint64_t sum = 0;
  for (const TestCase& test : cases) {
    known[test.id] = test.wall_us;
    sum += test.wall_us;
  }
  const uint64_t mean = cases.empty() ? 1 : std::max<uint64_t>(1, sum / cases.size());
  std::vector<uint64_t> cost;
  for (const std::string& id : ids) {
    const auto found = known.find(id);
    cost.push_back(found == known.end() ? mean : std::max<uint64_t>(1, found->second));
  }
  std::vector<size_t> order(ids.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return cost[a] > cost[b]; });
  std::vector<uint64_t> load(std::min(count, ids.size()));
  std::vector<size_t> shard_of(ids.size());
  for (const size_t index : order) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += cost[index];
    shard_of[index] = static_cast<size_t>(least - load.begin());
  }
  std::vector<std::vector<std::string>> shards(load.size());
  for (size_t i = 0; i < ids.size(); ++i) shards[shard_of[i]].push_back(ids[i]);
  return shards;
}

}  // namespace coditect
