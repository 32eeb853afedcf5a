// Why a run changed what it changed, from its ledger and blobs alone.
#pragma once

#include <string>
#include <vector>

#include "src/domain/fault_report.h"
#include "src/domain/state.h"
#include "src/domain/test_report.h"
#include "src/ports/object_store.h"

namespace coditect {

/// A patch that passed the failing tests.
struct RivalPatch {
  bool claimed = false;  // it became the repair
  std::string summary;
  std::string diff;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "claimed", self.claimed);
    visit(2, "summary", self.summary);
    visit(3, "diff", self.diff);
  }
};

/// A search for a repair.
struct SearchSummary {
  std::string task;
  std::string what;
  std::string result;    // "done", "failed: why", "cancelled", …
  std::string forecast;  // what was thought of it before

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task", self.task);
    visit(2, "what", self.what);
    visit(3, "result", self.result);
    visit(4, "forecast", self.forecast);
  }
};

/// One cluster of failing tests and what came of it.
struct FaultExplanation {
  std::string summary;  // of the repair; "" = there is none
  CommitId commit;      // in which it was merged, or its own when it was dropped
  std::vector<TestCase> failures;
  std::vector<SuspiciousLine> lines;  // most suspicious first
  std::vector<SearchSummary> searches;
  std::vector<RivalPatch> rivals;  // best first
  std::vector<Evidence> evidence;  // for the repair, by whom it was not made
  std::string dropped;             // why the repair is not part of the result

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "summary", self.summary);
    visit(2, "commit", self.commit);
    visit(3, "failures", self.failures);
    visit(4, "lines", self.lines);
    visit(5, "searches", self.searches);
    visit(6, "rivals", self.rivals);
    visit(7, "evidence", self.evidence);
    visit(8, "dropped", self.dropped);
  }
};

/// One for each cluster, in their order; none when nothing was localized. DATA_LOSS or NOT_FOUND
/// when a blob is gone.
StatusOr<std::vector<FaultExplanation>> ExplainRun(const Context& ctx, const MissionState& mission,
                                                   ObjectStore& blobs);

/// Those of `faults` that concern `subject`: a failing test's id, or "file:line" of a line that the
/// repair changed (counted before or after it) or, if none did, that was suspicious. NOT_FOUND
/// names the nearest.
StatusOr<std::vector<FaultExplanation>> SelectFaults(std::vector<FaultExplanation> faults,
                                                     const std::string& subject);

/// For people; not yet escaped.
std::string ExplanationText(const std::vector<FaultExplanation>& faults);

}  // namespace coditect
