// What a run would do, found without doing it: `run`, `fix` and `plan` with --dry-run.
#pragma once

#include <string>
#include <vector>

#include "src/app/plan_text.h"
#include "src/app/request.h"
#include "src/domain/test_report.h"

namespace coditect {

struct Rehearsal {
  Outcome outcome = Outcome::kUnspecified;  // with which it would end at once; else it would begin
  std::string reason;                       // of that end, one sentence
  std::string kind;     // of the goal: "tests", "command", "build"; "" = unknown
  HarnessPlan harness;  // how it is judged
  std::string tier;     // of the sandbox
  PlanSummary plan;     // the first one: what it plans next needs its results
};

/// Opens a workspace with the base, looks how its tests or its build run, and asks the
/// orchestrator for the first plan. No test and no build is run. `scratch`: of a ScratchState.
/// Errors are of the machinery; what is wrong with the repository is the rehearsal's reason.
StatusOr<Rehearsal> Rehearse(const Context& ctx, const StatePaths& scratch,
                             const PreparedRun& prepared);

/// For people; `tests`: what fix was asked to mend, nothing for all.
std::string RehearsalText(const Rehearsal& rehearsal, const PreparedRun& prepared,
                          const TestSelection& tests);

/// Schema coditect.dry_run/v1. `verb`: "run", "fix" or "plan".
std::string RehearsalJson(const Rehearsal& rehearsal, const PreparedRun& prepared,
                          const TestSelection& tests, std::string_view verb);

}  // namespace coditect
