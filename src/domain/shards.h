// A suite split into parts that take about as long as each other.
#pragma once

#include <string>
#include <vector>

#include "src/domain/test_report.h"

namespace coditect {

/// `ids` in at most `count` lists, balanced by how long the tests took in `cases` (one not among
/// them counts as the mean of the others); in each list the ids keep their order, none is empty.
/// Longest processing time first: at most 4/3 of the best balance. Source: Graham, "Bounds on
/// multiprocessing timing anomalies", 1969.
std::vector<std::vector<std::string>> BalanceShards(const std::vector<TestCase>& cases,
                                                    const std::vector<std::string>& ids,
                                                    size_t count);

}  // namespace coditect
