// wait: until runs have ended.
#include <poll.h>

#include "src/app/commands/commands.h"
#include "src/app/commands/reading.h"
#include "src/app/commands/run_rows.h"
#include "src/app/config/value.h"
#include "src/app/exit_code.h"
#include "src/app/interrupt.h"
#include "src/app/owner_lock.h"
#include "src/app/request.h"
#include "src/app/run_loop.h"
#include "src/app/run_report.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr int kLookPauseMs = 50;
/// How long a run may be without anybody who works on it: owners hand over in less.
constexpr std::chrono::seconds kOrphanPatience{3};

enum class WaitEnd { kEnded, kTimedOut, kOrphaned, kInterrupted };

bool IsOpen(const MissionState& mission) {
  return mission.running() || mission.status == MissionStatus::kInterrupted;
}

class Waiting {
 public:
  Waiting(Reading& reading, std::vector<MissionId> ids, MonotonicTime give_up)
      : reading_(reading), ids_(std::move(ids)), give_up_(give_up) {}

  /// `Missions()` are of the ledger as it is then.
  StatusOr<WaitEnd> Wait(const Context& ctx) {
    for (;;) {
      // Looked at before reading: an owner that leaves has written everything.
      reading_.owned = OwnerProcess(reading_.paths.lock) != 0;
      const auto events = reading_.tail->Poll(ctx);
      if (!events.ok()) return ExplainLedgerError(events.status(), reading_.paths);
      for (const MissionId& id : ids_) {
        if (reading_.tail->state().Find(id) == nullptr) {
          return NotFound("run ", id, " was forgotten by gc just now");
        }
      }
      const auto now = std::chrono::steady_clock::now();
      if (Count(/*with_workers=*/false) == 0) return WaitEnd::kEnded;
      if (Count(/*with_workers=*/true) > 0) worked_on_ = now;
      if (now >= give_up_) return WaitEnd::kTimedOut;
      if (now - worked_on_ >= kOrphanPatience) return WaitEnd::kOrphaned;
      if (Interrupts() > 0) return WaitEnd::kInterrupted;
      ::poll(nullptr, 0, kLookPauseMs);
    }
  }

  std::vector<const MissionState*> Missions() const {
    std::vector<const MissionState*> missions;
    for (const MissionId& id : ids_) missions.push_back(reading_.tail->state().Find(id));
    return missions;
  }

 private:
  /// The open ones; `with_workers`: of those the ones that somebody works on.
  size_t Count(bool with_workers) const {
    size_t count = 0;
    for (const MissionState* mission : Missions()) {
      const bool worked_on = mission->running() && reading_.owned;
      if (IsOpen(*mission) && (worked_on || !with_workers)) ++count;
    }
    return count;
  }

  Reading& reading_;
  const std::vector<MissionId> ids_;
  const MonotonicTime give_up_;
  MonotonicTime worked_on_ = std::chrono::steady_clock::now();
};

/// True for a run that a person has approved and that nobody goes on with.
bool WaitsForWorker(const MissionState& mission) {
  return mission.status == MissionStatus::kInterrupted && !mission.approvals.empty() &&
         mission.approvals.back().status == ApprovalStatus::kApproved;
}

/// Works on the run, as `resume` does, until it has ended or `give_up` has come; whoever takes over
/// the ledger meanwhile is followed.
StatusOr<WaitEnd> DriveOn(const GlobalOptions& global, const StatePaths& paths,
                          const MissionState& mission, MonotonicTime give_up) {
  ASSIGN_OR_RETURN(const Config config,
                   LoadCommandConfig(global, mission.request.repository.path, {}));
  Context ctx;
  ctx.deadline = give_up;
  const SystemClock clock;
  RunLoopOptions loop;
  loop.paths = paths;
  loop.owner = MakeOwnerOptions(config, ProcessEnvironment());
  loop.progress = global.quiet ? ProgressMode::kNone : ChooseProgressMode(global.progress);
  loop.mission_id = mission.id;
  const auto report = FollowRun(ctx, loop, clock);
  if (absl::IsDeadlineExceeded(report.status())) return WaitEnd::kTimedOut;
  if (Interrupts() > 0) return WaitEnd::kInterrupted;
  RETURN_IF_ERROR(report.status());
  return WaitEnd::kEnded;
}

int AnswerWaitDryRun(const GlobalOptions& global, const std::vector<const MissionState*>& missions,
                     bool owned) {
  std::vector<MissionId> go_on;
  for (const MissionState* mission : missions) {
    const bool works = WaitsForWorker(*mission);
    if (works) go_on.push_back(mission->id);
    if (global.quiet) continue;
    PrintErr(StrCat(works              ? "would go on with "
                    : IsOpen(*mission) ? "would wait for "
                                       : "would not wait for ",
                    mission->id, " (", StatusWord(*mission, owned), ")\n"));
  }
  if (global.output != "json") return kExitVerified;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.wait/v1"));
  fields.Field("dry_run", true);
  fields.Field("would_go_on", go_on);
  return Answer(StrCat(out, ",\"runs\":", RunRowsJson(missions, owned, global.fields), "}\n"));
}

StatusOr<MonotonicTime> GiveUpTime(const std::string& max_time) {
  if (max_time.empty()) return MonotonicTime::max();
  ASSIGN_OR_RETURN(const ConfigValue value, ParseText(*FindConfigKey("run.max_time"), max_time));
  const std::chrono::milliseconds limit(std::get<int64_t>(value));
  return limit.count() == 0 ? MonotonicTime::max() : std::chrono::steady_clock::now() + limit;
}

/// Of the first run that did not end well.
int WorstExitCode(const std::vector<const MissionState*>& missions) {
  for (const MissionState* mission : missions) {
    if (const int code = ExitCodeOf(mission->outcome); code != kExitVerified) return code;
  }
  return kExitVerified;
}

int WaitExitCode(WaitEnd end, const std::vector<const MissionState*>& missions) {
  switch (end) {
    case WaitEnd::kEnded:
      return WorstExitCode(missions);
    case WaitEnd::kTimedOut:
      return kExitWaitedTooLong;
    case WaitEnd::kOrphaned:
      return kExitError;
    case WaitEnd::kInterrupted:
      return InterruptedExitCode();
  }
  return kExitError;
}

std::string WaitJson(WaitEnd end, const std::string& rows) {
  return StrCat("{\"schema\":\"coditect.wait/v1\",\"ended\":", end == WaitEnd::kEnded,
                ",\"runs\":", rows, "}\n");
}

void SayWhy(WaitEnd end, const std::vector<const MissionState*>& missions) {
  for (const MissionState* mission : missions) {
    if (!IsOpen(*mission) || end == WaitEnd::kEnded) continue;
    PrintErr(end == WaitEnd::kOrphaned
                 ? StrCat("nobody works on ", mission->id, "; `coditect resume ", mission->id,
                          "` goes on\n")
                 : StrCat(mission->id, " has not ended; it goes on, `coditect wait ", mission->id,
                          "` waits again\n"));
  }
}

}  // namespace

int WaitCommand(const GlobalOptions& global, const RunName& name, bool all,
                const std::string& max_time, bool dry_run) {
  WatchInterrupts();
  const Context ctx;
  const auto give_up = GiveUpTime(max_time);
  if (!give_up.ok()) return Fail(Annotate(give_up.status(), "--max-time"));
  auto reading = ReadLedger(ctx);
  if (all && absl::IsNotFound(reading.status())) {  // nothing has run here yet
    if (!global.quiet) PrintErr("no run is open\n");
    return global.output == "json" ? Answer(WaitJson(WaitEnd::kEnded, "[]"))
                                   : Answer(RunRowsText({}, false));
  }
  if (!reading.ok()) return Fail(reading.status());
  std::vector<MissionId> ids;
  if (all) {
    for (const MissionId& id : reading->order) {
      if (IsOpen(*reading->tail->state().Find(id))) ids.push_back(id);
    }
    if (ids.empty() && !global.quiet) PrintErr("no run is open\n");
  } else {
    RunName wanted = name;
    wanted.open_first = true;
    const auto mission = FindRun(*reading, wanted, global.folder);
    if (!mission.ok()) return Fail(mission.status());
    ids.push_back((*mission)->id);
  }
  Waiting waiting(*reading, ids, *give_up);
  if (dry_run) return AnswerWaitDryRun(global, waiting.Missions(), reading->owned);
  for (const MissionState* mission : waiting.Missions()) {
    if (!WaitsForWorker(*mission)) continue;
    if (!global.quiet) PrintErr(StrCat(mission->id, " was approved; going on with it\n"));
    const auto driven = DriveOn(global, reading->paths, *mission, *give_up);
    if (!driven.ok()) return Fail(driven.status());
    if (*driven != WaitEnd::kEnded) break;  // which the waiting sees at once too
  }
  const auto end = waiting.Wait(ctx);
  if (!end.ok()) return Fail(end.status());
  const auto missions = waiting.Missions();
  if (!global.quiet) SayWhy(*end, missions);
  const int code = WaitExitCode(*end, missions);
  if (global.output != "json") return Answer(RunRowsText(missions, reading->owned), code);
  return Answer(WaitJson(*end, RunRowsJson(missions, reading->owned, global.fields)), code);
}

}  // namespace coditect
