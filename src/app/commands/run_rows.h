// Runs as a table.
#pragma once

#include <string>
#include <vector>

#include "src/domain/state.h"

namespace coditect {

/// One line of `ps`.
struct RunRow {
  MissionId run;
  std::string status;
  std::string repository;
  std::string goal;
  std::string tasks;
  std::string requested;
  std::string branch;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "run", self.run);
    visit(2, "status", self.status);
    visit(3, "repository", self.repository);
    visit(4, "goal", self.goal);
    visit(5, "tasks", self.tasks);
    visit(6, "requested", self.requested);
    visit(7, "branch", self.branch);
  }
};

/// A JSON array with one object a run, with `fields` alone unless there are none. `owned`: the
/// ledger has a living owner (run_report.h).
std::string RunRowsJson(const std::vector<const MissionState*>& missions, bool owned,
                        const std::vector<std::string>& fields);

/// The same for people, with a line of headings.
std::string RunRowsText(const std::vector<const MissionState*>& missions, bool owned);

}  // namespace coditect
