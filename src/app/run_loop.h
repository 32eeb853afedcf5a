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
  std::optional<MissionRequest> request;  // a new run, or
  MissionId mission_id;                   // one to be resumed
  bool run_plan = false;                  // of that one: the plan is all it has done
  bool ask = false;  // a person sits at the terminal: what waits for them is asked for
};

/// Asks for the run (or resumes it) and shows it until it has ended; gives its report. The first
/// interrupt stops it cleanly, the second at once. CANCELLED: interrupted before it had begun. A
/// patch is written to its file: errors of WritePatchFile, with what to do then.
StatusOr<RunReport> FollowRun(const Context& ctx, const RunLoopOptions& options,
                              const Clock& clock);

/// Prints the report the way the person asked for and gives the exit code. `output`: text, json, or
/// of a plan mermaid or dot.
int ConcludeRun(const RunReport& report, ProgressMode progress, const std::string& output,
                bool verbose);

/// 130 or 143, by the signal that came last.
int InterruptedExitCode();

}  // namespace coditect
