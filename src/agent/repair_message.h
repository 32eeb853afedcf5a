// The commit message of a repair.
#pragma once

#include <string>
#include <vector>

#include "src/agent/lease.h"
#include "src/domain/test_report.h"

namespace coditect {

/// What a patch mends, as the middle of a commit message.
std::string MendedText(const Baseline& baseline, const std::vector<std::string>& tests);

/// "fix: SUMMARY", `mended` (whole lines), and the trailers that say which run and task made it.
std::string ClaimMessage(const Lease& lease, const std::string& summary, const std::string& mended);

/// "fix: SUMMARY", the tests that it mends, and the trailers that say which run and task made it.
std::string RepairMessage(const Lease& lease, const Baseline& baseline,
                          const std::vector<std::string>& tests, const std::string& summary);

}  // namespace coditect
