// Follows one run to its end, through changes of owner and the person's interrupts.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "src/app/ledger_tail.h"
#include "src/app/mission_service.h"
#include "src/app/run_report.h"
#include "src/app/run_view.h"

namespace coditect {

struct RunLoopOptions {
  StatePaths paths;
  OwnerOptions owner;
  ProgressMode progress = ProgressMode::kPlain;
  bool quiet = false;
  std::optional<MissionRequest> request;  // a new run, or
  MissionId mission_id;                   // one to be resumed
  std::string base_line;
};

/// How the loop ended: the mission's report, and whether the person cut it short.
struct RunLoopResult {
  RunReport report;
  bool abandoned = false;  // the second interrupt: stopped at once
};

/// Asks for the run (or resumes it) and shows it until it has ended. The first interrupt stops it
/// cleanly, the second at once.
StatusOr<RunLoopResult> FollowRun(const Context& ctx, const RunLoopOptions& options,
                                  const Clock& clock);

/// Prints the report the way the person asked for and gives the exit code.
int ConcludeRun(const RunLoopResult& result, const std::string& output, bool quiet, bool verbose);

}  // namespace coditect
