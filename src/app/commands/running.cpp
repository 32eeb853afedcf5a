// run, resume, stop: verbs that change what happens.
#include <unistd.h>

#include "src/app/commands/commands.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/interrupt.h"
#include "src/app/request.h"
#include "src/app/run_loop.h"
#include "src/base/random.h"

namespace coditect {
namespace {

/// JSON asked for, but nothing to report about a run: an object with the error all the same.
int FailRun(const GlobalOptions& global, const Status& status) {
  const int code = Fail(status);
  if (global.output == "json") {
    RunReport report;
    report.outcome = Outcome::kError;
    report.reason = Message(status);
    PrintOut(ReportJson(report) + "\n");
  }
  return code;
}

int Follow(const GlobalOptions& global, const RunLoopOptions& loop) {
  const SystemClock clock;
  const auto result = FollowRun(Context(), loop, clock);
  if (!result.ok()) return FailRun(global, result.status());
  return ConcludeRun(*result, global.output, global.quiet, global.verbose);
}

}  // namespace

int RunCommand(const GlobalOptions& global, const RunOptions& options) {
  WatchInterrupts();
  const Context ctx;
  auto paths = FindStatePaths(ProcessEnvironment());
  if (!paths.ok()) return FailRun(global, paths.status());
  auto prepared = PrepareRun(ctx, global, options, *paths);
  if (!prepared.ok()) return FailRun(global, prepared.status());
  RunLoopOptions loop;
  loop.paths = *paths;
  loop.owner = prepared->owner;
  loop.progress = ChooseProgressMode(global.progress);
  loop.quiet = global.quiet;
  loop.request = prepared->request;
  StatusArea area(loop.progress);
  if (!global.quiet) {
    area.Line("Base", StrCat(prepared->base_line, " of ", prepared->request.repository.path));
    for (const std::string& warning : prepared->warnings) area.Line("Note", warning);
  }
  return Follow(global, loop);
}

int ResumeCommand(const GlobalOptions& global, const std::string& id, bool last) {
  WatchInterrupts();
  auto reading = ReadLedger(Context());
  if (!reading.ok()) return Fail(reading.status());
  const auto mission =
      last ? LastMission(reading->tail->state()) : FindMission(reading->tail->state(), id);
  if (!mission.ok()) return Fail(mission.status());
  if ((*mission)->status == MissionStatus::kCompleted ||
      (*mission)->status == MissionStatus::kQuarantined) {
    return Fail(FailedPrecondition("run ", (*mission)->id, " has ended (",
                                   OutcomeWord((*mission)->outcome), "); `coditect show ",
                                   (*mission)->id, "` shows its result"));
  }
  auto config = LoadCommandConfig(global, (*mission)->request.repository.path, {});
  if (!config.ok()) return Fail(config.status());
  RunLoopOptions loop;
  loop.paths = reading->paths;
  loop.owner = MakeOwnerOptions(*config, ProcessEnvironment());
  loop.progress = ChooseProgressMode(global.progress);
  loop.quiet = global.quiet;
  loop.mission_id = (*mission)->id;
  return Follow(global, loop);
}

int StopCommand(const GlobalOptions& global, const std::string& id, bool all, bool emergency) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return Fail(reading.status());
  std::vector<MissionId> ids;
  if (all) {
    for (const auto& [name, mission] : reading->tail->state().missions) {
      if (mission.running() || mission.status == MissionStatus::kInterrupted) ids.push_back(name);
    }
  } else {
    const auto mission = FindMission(reading->tail->state(), id);
    if (!mission.ok()) return Fail(mission.status());
    ids.push_back((*mission)->id);
  }
  const SystemClock clock;
  auto config = LoadCommandConfig(global, "", {});
  if (!config.ok()) return Fail(config.status());
  // Without an owner this process takes the lock, writes it down and leaves.
  auto service = AttachOrOwn(ctx, reading->paths, MakeOwnerOptions(*config, ProcessEnvironment()),
                             RandomHex(8), clock);
  if (!service.ok()) return Fail(service.status());
  for (const MissionId& run : ids) {
    const Status status = (*service)->Control(
        run, emergency ? MissionControl::kEmergencyStop : MissionControl::kStop);
    if (emergency && !status.ok() && !absl::IsNotFound(status)) {
      return Fail(Annotate(ExplainLedgerError(status, reading->paths),
                           StrCat("everything was killed; that ", run, " is stopped is recorded ",
                                  "when the ledger can be written again")));
    }
    if (absl::IsResourceExhausted(status)) return Fail(ExplainLedgerError(status, reading->paths));
    if (!status.ok()) return Fail(status);
    if (!global.quiet) PrintErr(StrCat("stopped ", run, "; `coditect resume ", run, "` goes on\n"));
  }
  if (ids.empty() && !global.quiet) PrintErr("no run is open\n");
  return kExitVerified;
}

}  // namespace coditect
