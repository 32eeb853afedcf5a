// Runs as a table.
#pragma once

#include <string>
#include <vector>

#include "src/domain/state.h"

namespace coditect {

/// A JSON array with one object a run. `owned`: the ledger has a living owner (run_report.h).
std::string RunRowsJson(const std::vector<const MissionState*>& missions, bool owned);

/// The same for people, with a line of headings.
std::string RunRowsText(const std::vector<const MissionState*>& missions, bool owned);

}  // namespace coditect
