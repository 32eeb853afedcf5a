// The commit message of a repair.
#pragma once

#include <string>
#include <vector>

#include "src/agent/lease.h"
#include "src/domain/test_report.h"

namespace coditect {

/// "fix: SUMMARY", the tests that it mends, and the trailers that say which run and task made it.
std::string RepairMessage(const Lease& lease, const Baseline& baseline,
                          const std::vector<std::string>& tests, const std::string& summary);

}  // namespace coditect
