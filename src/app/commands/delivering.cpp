// undo, merge: what becomes of a delivered branch at the person's word.
#include "src/app/commands/commands.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/interrupt.h"
#include "src/app/mission_service.h"
#include "src/app/moved_merge.h"
#include "src/app/request.h"
#include "src/app/run_loop.h"
#include "src/app/run_report.h"
#include "src/base/random.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr std::string_view kBranchPrefix = "refs/heads/";
constexpr std::chrono::minutes kMergeTimeout{10};

/// A run with what it delivered, if anything.
struct DeliveredRun {
  Reading reading;
  const MissionState* mission = nullptr;
  std::optional<Delivered> delivered;
  std::string branch;  // its short name
};

StatusOr<DeliveredRun> FindDelivery(const Context& ctx, const GlobalOptions& global,
                                    const RunName& name) {
  DeliveredRun delivery;
  ASSIGN_OR_RETURN(delivery.reading, ReadLedger(ctx));
  ASSIGN_OR_RETURN(delivery.mission, FindRun(delivery.reading, name, global.folder));
  delivery.delivered = DeliveredBy(*delivery.mission);
  if (delivery.delivered.has_value()) {
    delivery.branch = delivery.delivered->branch.substr(kBranchPrefix.size());
  }
  return delivery;
}

std::string NothingDelivered(const DeliveredRun& delivery) {
  const std::string status = StatusWord(*delivery.mission, delivery.reading.owned);
  return StrCat("run ", delivery.mission->id, " (", status, ") delivered no branch");
}

int AnswerUndo(const GlobalOptions& global, const DeliveredRun& delivery, bool undone, bool dry_run,
               const std::string& said) {
  if (!global.quiet) PrintErr(EscapeForTerminal(said) + "\n");
  if (global.output != "json") return kExitVerified;
  const bool any = delivery.delivered.has_value();
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.undo/v1"));
  fields.Field("run", delivery.mission->id);
  fields.Field("branch", delivery.branch);
  fields.Field("commit", any ? delivery.delivered->commit : "");
  fields.Field("undone", undone);
  fields.Field("dry_run", dry_run);
  fields.Field("restore", any ? RestoreCommand(*delivery.delivered) : "");
  return Answer(out + "}\n");
}

std::string_view KindWord(MergeKind kind) {
  switch (kind) {
    case MergeKind::kAlready:
      return "already";
    case MergeKind::kFastForward:
      return "fast-forward";
    case MergeKind::kMergeCommit:
      return "merge-commit";
    case MergeKind::kUntested:
      return "untested";
  }
  return "";
}

/// What a merge came to, with the test that it needed.
struct Merging {
  MergeOutcome outcome;
  std::optional<MergeTested> tested;  // the merged tree, if nobody had tested it before
  std::string fault;                  // why that does not allow the merge
};

std::string MergeJson(const DeliveredRun& delivery, const Merging& merging, bool dry_run) {
  const MergeOutcome& outcome = merging.outcome;
  std::string out = "{";
  wire::JsonFields fields(out);
  fields.Field("schema", std::string_view("coditect.merge/v1"));
  fields.Field("run", delivery.mission->id);
  fields.Field("branch", delivery.branch);
  fields.Field("into", outcome.standing.base_branch);
  fields.Field("work_tree", outcome.work_tree);
  fields.Field("how", KindWord(outcome.kind));
  fields.Field("merged", outcome.kind == MergeKind::kAlready || !outcome.to.empty());
  fields.Field("dry_run", dry_run);
  fields.Field("from", outcome.standing.base_at);
  fields.Field("to", outcome.to);
  fields.Field("behind", outcome.standing.behind);
  fields.Field("merges_cleanly", outcome.standing.clean);
  fields.Field("conflicts", outcome.standing.conflicts);
  fields.Field("tree", outcome.standing.merged_tree);
  if (merging.tested.has_value()) fields.Field("evidence", merging.tested->evidence);
  fields.Field("reason", merging.fault);
  return out + "}\n";
}

/// What the person can type when the merge is not to be.
std::string OtherwiseText(const DeliveredRun& delivery, const MergeOutcome& outcome) {
  return StrCat("  `git -C ", CommandWord(outcome.work_tree), " merge ", delivery.branch,
                "` merges it untested; `coditect retry ", delivery.mission->id,
                "` reaches the goal anew, from ", delivery.mission->request.repository.base_name,
                "\n");
}

/// One sentence and, where nothing was merged, what to type.
std::string MergeText(const DeliveredRun& delivery, const Merging& merging, bool dry_run) {
  const MergeOutcome& outcome = merging.outcome;
  const std::string& into = outcome.standing.base_branch;
  const std::string branch = StrCat("branch ", delivery.branch);
  const bool done = !outcome.to.empty();
  switch (outcome.kind) {
    case MergeKind::kAlready:
      return StrCat("nothing to merge: ", into, " contains ", branch, "\n");
    case MergeKind::kFastForward:
      return StrCat(done ? "merged " : "would merge ", branch, " into ", into, ": ", into,
                    done ? " is" : " would be", " at the commit that was tested\n");
    case MergeKind::kMergeCommit:
      return StrCat(done ? "merged " : "would merge ", branch, " into ", into, " by a merge commit",
                    done ? StrCat(" ", outcome.to.substr(0, 12)) : "",
                    ", with the very tree that was tested\n");
    case MergeKind::kUntested:
      break;
  }
  const std::string is = StrCat(branch, " is ", StandingText(outcome.standing));
  if (!outcome.standing.clean) {
    return StrCat("not merged: ", is, "; the merged tree would be one that nobody tested\n",
                  OtherwiseText(delivery, outcome));
  }
  if (dry_run) {
    return StrCat("would test what the merge makes, and merge ", branch, " into ", into,
                  " if every expected test passes: it is ", StandingText(outcome.standing), "\n");
  }
  return StrCat("not merged: ", is, ", but the merged tree does not pass: ", merging.fault, "\n",
                OtherwiseText(delivery, outcome));
}

/// The work tree the person stands in, if it is one of the run's repository; else the run's.
std::string WorkTreeFor(const Context& ctx, const GlobalOptions& global,
                        const Delivered& delivered) {
  const auto here = ResolveRepository(ctx, global.folder, "");
  const bool same = here.ok() && here->ref.common_dir == delivered.repository.common_dir;
  return same ? here->ref.path : delivered.repository.path;
}

std::vector<TreeId> TestedTrees(const MissionState& mission) {
  std::vector<TreeId> trees;
  for (const MergeAllowed& allowed : mission.allowed_merges) trees.push_back(allowed.tree);
  return trees;
}

/// Tests what the merge would make, and has the ledger say whether that allows it. Nothing is
/// merged.
Status TestMoved(const Context& ctx, const GlobalOptions& global, const DeliveredRun& delivery,
                 Merging& merging) {
  const Standing& standing = merging.outcome.standing;
  const MissionState& mission = *delivery.mission;
  StatusArea area(global.quiet ? ProgressMode::kNone : ChooseProgressMode(global.progress));
  area.Line("Testing", StrCat("what the merge makes: branch ", delivery.branch, " is ",
                              StandingText(standing)));
  ASSIGN_OR_RETURN(merging.tested,
                   TestMerge(ctx, delivery.reading.paths, mission, *delivery.delivered, standing));
  ASSIGN_OR_RETURN(const Config config,
                   LoadCommandConfig(global, mission.request.repository.path, {}));
  const SystemClock clock;
  ASSIGN_OR_RETURN(const auto service, AttachOrOwn(ctx, delivery.reading.paths,
                                                   MakeOwnerOptions(config, ProcessEnvironment()),
                                                   RandomHex(8), clock));
  const Status allowed = service->Record(mission.id, *merging.tested);
  merging.fault = merging.tested->fault;
  if (merging.fault.empty() && absl::IsFailedPrecondition(allowed)) {
    merging.fault = "what was tested does not prove it";
  }
  if (absl::IsFailedPrecondition(allowed)) return absl::OkStatus();
  RETURN_IF_ERROR(ExplainLedgerError(allowed, delivery.reading.paths));
  const Evidence& evidence = merging.tested->evidence;
  area.Line("Tested", StrCat(evidence.passed, " of ", evidence.expected,
                             " expected tests pass on tree ", evidence.tree.substr(0, 12)));
  return absl::OkStatus();
}

StatusOr<Merging> MergeRun(const Context& ctx, const GlobalOptions& global,
                           const DeliveredRun& delivery, bool dry_run) {
  const Delivered& delivered = *delivery.delivered;
  const std::string folder = WorkTreeFor(ctx, global, delivered);
  std::vector<TreeId> tested = TestedTrees(*delivery.mission);
  Merging merging;
  ASSIGN_OR_RETURN(merging.outcome,
                   MergeDelivery(ctx.WithTimeout(kMergeTimeout), delivery.reading.paths, delivered,
                                 folder, tested, dry_run));
  if (merging.outcome.kind != MergeKind::kUntested || !merging.outcome.standing.clean || dry_run) {
    return merging;
  }
  RETURN_IF_ERROR(TestMoved(ctx, global, delivery, merging));
  if (!merging.fault.empty()) return merging;
  tested.push_back(merging.tested->tree);
  ASSIGN_OR_RETURN(merging.outcome,
                   MergeDelivery(ctx.WithTimeout(kMergeTimeout), delivery.reading.paths, delivered,
                                 folder, tested, dry_run));
  if (merging.outcome.kind == MergeKind::kUntested) {
    merging.fault = StrCat(merging.outcome.standing.base_branch,
                           " moved while its merge was tested; merge again");
  }
  return merging;
}

}  // namespace

int UndoCommand(const GlobalOptions& global, const RunName& name, bool dry_run) {
  const Context ctx;
  const auto delivery = FindDelivery(ctx, global, name);
  if (!delivery.ok()) return Fail(delivery.status());
  if (!delivery->delivered.has_value()) {
    return AnswerUndo(global, *delivery, false, dry_run,
                      "nothing to undo: " + NothingDelivered(*delivery));
  }
  const Delivered& delivered = *delivery->delivered;
  if (!delivered.moved_from.empty()) {
    return Fail(
        FailedPrecondition("run ", delivery->mission->id, " moved branch ", delivery->branch,
                           ", which is yours, from ", delivered.moved_from.substr(0, 12), " to ",
                           delivered.commit.substr(0, 12), "; `git -C ",
                           CommandWord(delivered.repository.path), " branch -f ", delivery->branch,
                           " ", delivered.moved_from, "` takes it back, with all that came after"));
  }
  const auto standing = LookAtDelivery(ctx, delivery->reading.paths, delivered);
  if (!standing.ok()) return Fail(standing.status());
  const auto undone = UndoDelivery(ctx, delivery->reading.paths, delivered, dry_run);
  if (!undone.ok()) return Fail(undone.status());
  std::string said =
      !*undone ? StrCat("nothing to undo: branch ", delivery->branch, " is deleted already")
               : StrCat(dry_run ? "would delete" : "deleted", " branch ", delivery->branch);
  if (*undone) said += "; `" + RestoreCommand(delivered) + "` brings it back";
  if (standing->merged) {
    StrAppend(said, "; ", standing->base_branch, " contains its commits, which are left alone");
  }
  return AnswerUndo(global, *delivery, *undone && !dry_run, dry_run, said);
}

int MergeCommand(const GlobalOptions& global, const RunName& name, bool dry_run) {
  const Context ctx;
  const auto delivery = FindDelivery(ctx, global, name);
  if (!delivery.ok()) return Fail(delivery.status());
  if (!delivery->delivered.has_value()) {
    PrintErr(StrCat("coditect: nothing to merge: ", NothingDelivered(*delivery),
                    "; `coditect show ", delivery->mission->id, "` says why\n"));
    return kExitNotVerified;
  }
  WatchInterrupts();
  const InterruptReflex stop([&ctx] { ctx.cancel.Cancel(); }, /*interrupts=*/1);
  const auto merging = MergeRun(ctx, global, *delivery, dry_run);
  if (Interrupts() > 0 && !merging.ok()) {
    PrintErr("coditect: interrupted; nothing was merged\n");
    return InterruptedExitCode();
  }
  if (!merging.ok()) return Fail(merging.status());
  if (!global.quiet) {
    PrintErr(EscapeForTerminal(MergeText(*delivery, *merging, dry_run), /*keep_newlines=*/true));
  }
  const MergeOutcome& outcome = merging->outcome;
  const bool refused = outcome.kind == MergeKind::kUntested && !(dry_run && outcome.standing.clean);
  const int code = refused ? kExitNotVerified : kExitVerified;
  return global.output == "json" ? Answer(MergeJson(*delivery, *merging, dry_run), code) : code;
}

}  // namespace coditect
