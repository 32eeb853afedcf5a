// undo, merge: what becomes of a delivered branch at the person's word.
#include "src/app/commands/commands.h"
#include "src/app/commands/reading.h"
#include "src/app/exit_code.h"
#include "src/app/run_report.h"
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

std::string MergeJson(const DeliveredRun& delivery, const MergeOutcome& outcome, bool dry_run) {
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
  return out + "}\n";
}

/// One sentence and, where nothing was merged, what to type.
std::string MergeText(const DeliveredRun& delivery, const MergeOutcome& outcome) {
  const std::string& into = outcome.standing.base_branch;
  const std::string branch = StrCat("branch ", delivery.branch);
  const std::string in = StrCat("git -C ", CommandWord(outcome.work_tree), " ");
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
      return StrCat("not merged: ", branch, " is ", StandingText(outcome.standing),
                    "; the merged tree would be one that nobody tested\n  `", in, "merge ",
                    delivery.branch, "` merges it untested; `coditect retry ", delivery.mission->id,
                    "` reaches the goal anew, from ",
                    delivery.mission->request.repository.base_name, "\n");
  }
  return "";
}

/// The work tree the person stands in, if it is one of the run's repository; else the run's.
std::string WorkTreeFor(const Context& ctx, const GlobalOptions& global,
                        const Delivered& delivered) {
  const auto here = ResolveRepository(ctx, global.folder, "");
  const bool same = here.ok() && here->ref.common_dir == delivered.repository.common_dir;
  return same ? here->ref.path : delivered.repository.path;
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
  const Delivered& delivered = *delivery->delivered;
  const auto outcome = MergeDelivery(ctx.WithTimeout(kMergeTimeout), delivery->reading.paths,
                                     delivered, WorkTreeFor(ctx, global, delivered), dry_run);
  if (!outcome.ok()) return Fail(outcome.status());
  if (!global.quiet) {
    PrintErr(EscapeForTerminal(MergeText(*delivery, *outcome), /*keep_newlines=*/true));
  }
  const int code = outcome->kind == MergeKind::kUntested ? kExitNotVerified : kExitVerified;
  return global.output == "json" ? Answer(MergeJson(*delivery, *outcome, dry_run), code) : code;
}

}  // namespace coditect
