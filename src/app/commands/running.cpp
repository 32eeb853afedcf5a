// run, resume, stop: verbs that change what happens.
#include <unistd.h>

#include <algorithm>

#include "src/app/collection.h"
#include "src/app/commands/commands.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/interrupt.h"
#include "src/app/rehearsal.h"
#include "src/app/request.h"
#include "src/app/run_loop.h"
#include "src/app/workbench.h"
#include "src/base/random.h"
#include "src/domain/delivery.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

/// There is no run to report about: an object with the outcome all the same, where JSON is asked
/// for.
RunReport ReportWithoutRun(const GlobalOptions& global, Outcome outcome, std::string reason) {
  RunReport report;
  report.outcome = outcome;
  report.status = OutcomeWord(outcome);
  report.reason = std::move(reason);
  if (global.progress == "jsonl") {
    StatusArea(ProgressMode::kJsonLines).Object("result", ReportJson(report));
  }
  return report;
}

int FailRun(const GlobalOptions& global, const Status& status) {
  const bool interrupted = absl::IsCancelled(status);
  const int code = interrupted ? InterruptedExitCode() : ExitCodeOf(status);
  const RunReport report = ReportWithoutRun(
      global, interrupted ? Outcome::kStopped : Outcome::kError, std::string(Message(status)));
  if (global.progress != "jsonl") (void)Fail(status);
  return global.output == "json" ? Answer(ReportJson(report) + "\n", code) : code;
}

int NothingToRun(const GlobalOptions& global, const std::string& reason) {
  const RunReport report = ReportWithoutRun(global, Outcome::kNothingToDo, reason);
  return Answer(global.output == "json" ? ReportJson(report) + "\n"
                                        : EscapeForTerminal("Nothing to do: " + reason) + "\n");
}

int Follow(const GlobalOptions& global, const RunLoopOptions& loop) {
  const SystemClock clock;
  const auto result = FollowRun(Context(), loop, clock);
  if (!result.ok()) return FailRun(global, result.status());
  const int code = ConcludeRun(*result, loop.progress, global.output, global.verbose);
  if (Interrupts() > 0) return code;
  CloseAnswer();
  CollectIfDue(loop.paths, loop.owner, clock, result->run, result->trace_id);
  return code;
}

RunLoopOptions LoopOptions(const GlobalOptions& global, const StatePaths& paths,
                           const OwnerOptions& owner) {
  RunLoopOptions loop;
  loop.paths = paths;
  loop.owner = owner;
  loop.ask = !global.no_input && global.progress != "jsonl" && ::isatty(STDIN_FILENO) == 1 &&
             ::isatty(STDERR_FILENO) == 1;
  loop.progress = global.quiet ? ProgressMode::kNone : ChooseProgressMode(global.progress);
  return loop;
}

int AnswerStopped(const GlobalOptions& global, const std::vector<MissionId>& stopped) {
  if (global.output != "json") return kExitVerified;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.stop/v1"));
  fields.Field("stopped", stopped);
  return Answer(out + "}\n");
}

int AnswerStopDryRun(const GlobalOptions& global, const std::vector<MissionId>& runs) {
  for (const MissionId& run : runs) {
    if (!global.quiet) PrintErr(StrCat("would stop ", run, "\n"));
  }
  if (runs.empty() && !global.quiet) PrintErr("no run is open\n");
  if (global.output != "json") return kExitVerified;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.stop/v1"));
  fields.Field("stopped", std::vector<MissionId>());
  fields.Field("would_stop", runs);
  fields.Field("dry_run", true);
  return Answer(out + "}\n");
}

/// What of the plan is still to be done, or that there is nothing to go on with.
int AnswerResumeDryRun(const GlobalOptions& global, const MissionState& mission, bool owned) {
  const bool ended =
      mission.status == MissionStatus::kCompleted || mission.status == MissionStatus::kQuarantined;
  const auto done = std::count_if(mission.tasks.begin(), mission.tasks.end(),
                                  [](const TaskState& task) { return IsTerminal(task.status); });
  const std::string status = StatusWord(mission, owned);
  if (!global.quiet) {
    PrintErr(ended ? StrCat("would show the result of ", mission.id, ", which has ended (", status,
                            ")\n")
                   : StrCat("would go on with ", mission.id, " (", status, "), ", done, " of ",
                            Counted(mission.tasks.size(), "task"), " done\n"));
  }
  if (global.output != "json") return kExitVerified;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.resume/v1"));
  fields.Field("run", mission.id);
  fields.Field("status", status);
  fields.Field("would_go_on", !ended);
  fields.Field("dry_run", true);
  return Answer(out + "}\n");
}

/// Without an owner this process takes the lock, writes it down and leaves. An owner that leaves
/// while it is asked may have written it down or not: said twice it is the same.
Status Tell(const Context& ctx, const StatePaths& paths, const OwnerOptions& options,
            const MissionId& run, MissionControl control) {
  constexpr int kTriesMax = 3;
  const SystemClock clock;
  Status status;
  for (int i = 0; i < kTriesMax; ++i) {
    ASSIGN_OR_RETURN(const auto service, AttachOrOwn(ctx, paths, options, RandomHex(8), clock));
    status = service->Control(run, control);
    if (!absl::IsUnavailable(status)) break;
  }
  return status;
}

int FollowPrepared(const GlobalOptions& global, const StatePaths& paths,
                   const PreparedRun& prepared) {
  RunLoopOptions loop = LoopOptions(global, paths, prepared.owner);
  loop.request = prepared.request;
  StatusArea area(loop.progress);
  area.Line("Base", StrCat(prepared.base_line, " of ", prepared.request.repository.path));
  for (const std::string& warning : prepared.warnings) area.Line("Note", warning);
  return Follow(global, loop);
}

/// What would be done, without doing it; its exit code is the run's where that would end at once.
int AnswerRehearsal(const GlobalOptions& global, const RunOptions& options,
                    const TestSelection& selection, std::string_view verb) {
  const Context ctx;
  const InterruptReflex stop([&ctx] { ctx.cancel.Cancel(); }, /*interrupts=*/1);
  const auto environment = ProcessEnvironment();
  const auto real = FindStatePaths(environment);
  if (!real.ok()) return FailRun(global, real.status());
  const auto state = ScratchState::Make(*real, environment);
  if (!state.ok()) return FailRun(global, state.status());
  const auto prepared = PrepareRun(ctx, global, options, state->paths(), selection);
  if (!prepared.ok()) return FailRun(global, prepared.status());
  StatusArea area(global.quiet ? ProgressMode::kNone : ChooseProgressMode(global.progress));
  for (const std::string& warning : prepared->warnings) area.Line("Note", warning);
  const auto rehearsal = Rehearse(ctx, state->paths(), *prepared);
  if (!rehearsal.ok()) return FailRun(global, rehearsal.status());
  const int code =
      rehearsal->outcome == Outcome::kUnspecified ? kExitVerified : ExitCodeOf(rehearsal->outcome);
  if (global.output == "json") {
    return Answer(RehearsalJson(*rehearsal, *prepared, selection, verb) + "\n", code);
  }
  if (global.output == "mermaid") return Answer(PlanMermaid(rehearsal->plan), code);
  if (global.output == "dot") return Answer(PlanDot(rehearsal->plan), code);
  return Answer(RehearsalText(*rehearsal, *prepared, selection), code);
}

/// One that no run of this goal in this repository had.
uint64_t NewSeed(const ShardState& state, const MissionRequest& request) {
  uint64_t seed = request.seed;
  for (const auto& [id, mission] : state.missions) {
    const bool same = mission.request.repository.path == request.repository.path &&
                      mission.request.goal == request.goal;
    if (same) seed = std::max(seed, mission.request.seed);
  }
  return seed + 1;
}

/// What to start a retry from: the branch as it is now; where the base was none, that commit.
std::string RetryBase(const Context& ctx, const RepositoryRef& repository) {
  const auto branch = ResolveRepository(ctx, repository.path, "refs/heads/" + repository.base_name);
  return branch.ok() ? repository.base_name : repository.base_commit;
}

int AnswerRetryDryRun(const GlobalOptions& global, const MissionState& mission,
                      const RunOptions& again) {
  if (!global.quiet) {
    PrintErr(
        EscapeForTerminal(StrCat("would run \"", again.goal, "\" from ",
                                 again.include_uncommitted ? "the work tree" : again.base,
                                 " with seed ", *again.seed, " and the limits of ", mission.id)) +
        "\n");
  }
  if (global.output != "json") return kExitVerified;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.retry/v1"));
  fields.Field("retry_of", mission.id);
  fields.Field("goal", again.goal);
  fields.Field("base", again.base);
  fields.Field("seed", *again.seed);
  fields.Field("limits", mission.request.limits);
  fields.Field("dry_run", true);
  return Answer(out + "}\n");
}

/// That what the plan was made for is still there.
Status CheckPlanHolds(const Context& ctx, const StatePaths& paths, const MissionState& mission) {
  const MissionRequest& request = mission.request;
  const bool uncommitted = request.snapshot.has_value();
  const std::string again = "; plan again (coditect plan)";
  ASSIGN_OR_RETURN(
      const auto now,
      ResolveRepository(ctx, request.repository.path,
                        uncommitted ? "" : RetryBase(ctx, request.repository), uncommitted));
  const CommitId& was = uncommitted ? request.snapshot->head : request.repository.base_commit;
  if (now.ref.base_commit != was) {
    return FailedPrecondition(EscapeForTerminal(request.repository.base_name), " has moved from ",
                              was.substr(0, 12), " to ", now.ref.base_commit.substr(0, 12),
                              " since the plan of ", mission.id, " was made", again);
  }
  if (uncommitted) {
    ASSIGN_OR_RETURN(const WorkTreeState state, LookAtWorkTree(ctx, paths, now.ref));
    if (state.tree != request.repository.base_tree) {
      return FailedPrecondition("the uncommitted changes are not those that the plan of ",
                                mission.id, " was made for", again);
    }
  }
  return CheckDelivery(ctx, paths, ParseDelivery(request.deliver), request.repository);
}

/// The plan that would be run, if it still holds.
int AnswerRunPlanDryRun(const Context& ctx, const GlobalOptions& global, const Reading& reading,
                        const MissionState& mission) {
  const auto state = ScratchState::Make(reading.paths, ProcessEnvironment());
  if (!state.ok()) return FailRun(global, state.status());
  if (const Status holds = CheckPlanHolds(ctx, state->paths(), mission); !holds.ok()) {
    return FailRun(global, holds);
  }
  const auto blobs = OpenBlobs(reading.paths);
  if (!blobs.ok()) return FailRun(global, blobs.status());
  const RunReport report = MakeReport(ctx, reading.paths, mission, **blobs, reading.owned);
  if (global.output != "json") {
    return Answer(EscapeForTerminal(StrCat("Would run the plan of ", mission.id, ": ",
                                           Counted(report.plan->tasks.size(), "task"), " on ",
                                           report.base_name, " ", report.base.substr(0, 12), "\n  ",
                                           Join(PlanTaskLines(*report.plan), "\n  ")),
                                    /*keep_newlines=*/true) +
                  "\n");
  }
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.dry_run/v1"));
  fields.Field("verb", std::string_view("run"));
  fields.Field("dry_run", true);
  fields.Field("run", mission.id);
  fields.Field("goal", mission.request.goal);
  fields.Field("outcome", std::string_view(""));
  fields.Field("base", report.base);
  fields.Field("plan", *report.plan);
  return Answer(out + "}\n");
}

int RunPlan(const GlobalOptions& global, const RunOptions& options) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return FailRun(global, reading.status());
  const auto found = FindRun(*reading, {.id = options.plan}, global.folder);
  if (!found.ok()) return FailRun(global, found.status());
  const MissionState& mission = **found;
  if (mission.status != MissionStatus::kCompleted || mission.outcome != Outcome::kPlanned) {
    return FailRun(global, FailedPrecondition("run ", mission.id, " is ",
                                              StatusWord(mission, reading->owned), ", not planned",
                                              mission.plan_released ? ": its plan was run" : "",
                                              "; `coditect show ", mission.id, "` says more"));
  }
  if (options.check_index && *options.check_index != mission.plan_index) {
    return FailRun(global, FailedPrecondition("the plan of ", mission.id, " has index ",
                                              mission.plan_index, ", not ", *options.check_index,
                                              "; `coditect show ", mission.id, "` shows it"));
  }
  if (options.dry_run) return AnswerRunPlanDryRun(ctx, global, *reading, mission);
  if (const Status holds = CheckPlanHolds(ctx, reading->paths, mission); !holds.ok()) {
    return FailRun(global, holds);
  }
  auto config = LoadCommandConfig(global, mission.request.repository.path, {});
  if (!config.ok()) return FailRun(global, config.status());
  RunLoopOptions loop =
      LoopOptions(global, reading->paths, MakeOwnerOptions(*config, ProcessEnvironment()));
  loop.mission_id = mission.id;
  loop.run_plan = true;
  return Follow(global, loop);
}

}  // namespace

int PlanCommand(const GlobalOptions& global, const RunOptions& options) {
  RunOptions plan = options;
  plan.plan_only = true;
  return RunCommand(global, plan);
}

int RunCommand(const GlobalOptions& global, const RunOptions& options) {
  WatchInterrupts();
  if (!options.plan.empty()) return RunPlan(global, options);
  if (options.dry_run) {
    return AnswerRehearsal(global, options, {}, options.plan_only ? "plan" : "run");
  }
  const Context ctx;
  auto paths = FindStatePaths(ProcessEnvironment());
  if (!paths.ok()) return FailRun(global, paths.status());
  auto prepared = PrepareRun(ctx, global, options, *paths);
  if (!prepared.ok()) return FailRun(global, prepared.status());
  return FollowPrepared(global, *paths, *prepared);
}

int FixCommand(const GlobalOptions& global, const RunOptions& options) {
  WatchInterrupts();
  const Context ctx;
  const auto selection = ReadSelection(options);
  if (!selection.ok()) return FailRun(global, selection.status());
  if (selection->tests.empty() && !options.from.empty()) {
    return NothingToRun(global, StrCat("no test failed in ", options.from));
  }
  RunOptions goal = options;
  goal.goal = selection->tests.empty()
                  ? "make the tests pass"
                  : StrCat("make ", Counted(selection->tests.size(), "named test"), " pass");
  if (options.dry_run) return AnswerRehearsal(global, goal, *selection, "fix");
  auto paths = FindStatePaths(ProcessEnvironment());
  if (!paths.ok()) return FailRun(global, paths.status());
  const auto prepared = PrepareRun(ctx, global, goal, *paths, *selection);
  if (!prepared.ok()) return FailRun(global, prepared.status());
  return FollowPrepared(global, *paths, *prepared);
}

int RetryCommand(const GlobalOptions& global, const RunName& name, bool dry_run) {
  WatchInterrupts();
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (!reading.ok()) return FailRun(global, reading.status());
  const auto found = FindRun(*reading, name, global.folder);
  if (!found.ok()) return FailRun(global, found.status());
  const MissionState& mission = **found;
  if (mission.running() || mission.status == MissionStatus::kInterrupted) {
    return FailRun(global, FailedPrecondition(mission.id, " has not ended (",
                                              StatusWord(mission, reading->owned),
                                              "); `coditect resume ", mission.id, "` goes on"));
  }
  const MissionRequest& before = mission.request;
  RunOptions again{.goal = before.goal,
                   .verify = before.verify_command,
                   .base = before.snapshot ? "" : RetryBase(ctx, before.repository),
                   .max_time = "",
                   .brain = before.brain,
                   .sandbox = before.sandbox,
                   .seed = NewSeed(reading->tail->state(), before),
                   .agents = std::nullopt,
                   .include_uncommitted = before.snapshot.has_value(),
                   .deliver = std::string(DeliveryWord(ParseDelivery(before.deliver).mode)),
                   .plan_only = before.plan_only};
  if (dry_run) return AnswerRetryDryRun(global, mission, again);
  GlobalOptions there = global;
  there.folder = before.repository.path;
  auto prepared = PrepareRun(ctx, there, again, reading->paths);
  if (!prepared.ok()) return FailRun(global, prepared.status());
  prepared->request.limits = before.limits;
  prepared->request.selection = before.selection;
  prepared->request.candidates = before.candidates;
  prepared->request.approve = before.approve;
  prepared->request.protected_paths = before.protected_paths;
  prepared->warnings.push_back(
      StrCat("the goal of ", mission.id, " again, with its limits and seed ", *again.seed));
  return FollowPrepared(global, reading->paths, *prepared);
}

// A run that has ended is followed too, to its end: whoever was killed after it learns the result.
int ResumeCommand(const GlobalOptions& global, const RunName& name, bool dry_run) {
  WatchInterrupts();
  auto reading = ReadLedger(Context());
  if (!reading.ok()) return FailRun(global, reading.status());
  RunName wanted = name;
  wanted.open_first = true;
  const auto mission = FindRun(*reading, wanted, global.folder);
  if (!mission.ok()) return FailRun(global, mission.status());
  if (dry_run) return AnswerResumeDryRun(global, **mission, reading->owned);
  auto config = LoadCommandConfig(global, (*mission)->request.repository.path, {});
  if (!config.ok()) return FailRun(global, config.status());
  RunLoopOptions loop =
      LoopOptions(global, reading->paths, MakeOwnerOptions(*config, ProcessEnvironment()));
  loop.mission_id = (*mission)->id;
  StatusArea area(loop.progress);
  for (const std::string& warning : config->Warnings()) area.Line("Note", warning);
  if ((*mission)->status == MissionStatus::kCompleted) {
    area.Line("Ended", StrCat(loop.mission_id, " before; this is its result"));
  }
  return Follow(global, loop);
}

int StopCommand(const GlobalOptions& global, const std::string& id, bool all, bool emergency,
                bool dry_run) {
  const Context ctx;
  auto reading = ReadLedger(ctx);
  if (all && absl::IsNotFound(reading.status())) {  // nothing has run here yet
    if (!global.quiet) PrintErr("no run is open\n");
    return AnswerStopped(global, {});
  }
  if (!reading.ok()) return Fail(reading.status());
  std::vector<MissionId> ids;
  if (all) {
    for (const auto& [name, mission] : reading->tail->state().missions) {
      if (mission.running() || mission.status == MissionStatus::kInterrupted) ids.push_back(name);
    }
  } else {
    const auto mission = FindRun(*reading, {.id = id}, global.folder);
    if (!mission.ok()) return Fail(mission.status());
    if (!(*mission)->running() && (*mission)->status != MissionStatus::kInterrupted) {
      if (!global.quiet) {
        PrintErr(StrCat("nothing to stop: ", (*mission)->id, " has ended (",
                        StatusWord(**mission, reading->owned), ")\n"));
      }
      return AnswerStopped(global, {});
    }
    ids.push_back((*mission)->id);
  }
  if (dry_run) return AnswerStopDryRun(global, ids);
  auto config = LoadCommandConfig(global, "", {});
  if (!config.ok()) return Fail(config.status());
  const OwnerOptions options = MakeOwnerOptions(*config, ProcessEnvironment());
  for (const MissionId& run : ids) {
    const Status status = Tell(ctx, reading->paths, options, run,
                               emergency ? MissionControl::kEmergencyStop : MissionControl::kStop);
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
  return AnswerStopped(global, ids);
}

}  // namespace coditect
