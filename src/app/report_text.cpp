// A run's report as text for people.
#include <utility>

#include "src/app/approval_prompt.h"
#include "src/app/forecast_report.h"
#include "src/app/patch_file.h"
#include "src/app/plan_text.h"
#include "src/app/run_report.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr size_t kFailuresShown = 5;
constexpr size_t kConflictsShown = 5;

std::string ConflictsText(const std::vector<std::string>& conflicts) {
  std::vector<std::string> shown = conflicts;
  if (shown.size() > kConflictsShown) shown.resize(kConflictsShown);
  const size_t more = conflicts.size() - shown.size();
  return StrCat("conflicts in ", Join(shown, ", "),
                more == 0 ? "" : StrCat(" and ", Counted(more, "more file")));
}

std::vector<std::string> StandingLines(const RunReport& report) {
  const Standing& standing = *report.standing;
  const CommitId& commit = report.commit;
  std::vector<std::string> lines;
  if (report.deliver == DeliveryMode::kFastForward && !report.branch.empty()) {
    return {StrCat("branch ", report.branch,
                   standing.base_branch.empty() ? " is gone"
                   : !standing.merged           ? " does not contain it any more"
                   : standing.behind == 0
                       ? " is there now"
                       : StrCat(" contains it and ", Counted(standing.behind, "later commit")))};
  }
  if (report.branch.empty()) {
    // A patch or a partial result: there is no branch to look at.
  } else if (standing.branch_at.empty()) {
    lines.emplace_back("the branch was deleted");
  } else if (standing.branch_at != commit) {
    lines.push_back(StrCat("the branch was moved to ", standing.branch_at.substr(0, 12)));
  }
  if (!standing.base_branch.empty()) lines.push_back(StandingText(standing));
  return lines;
}

/// What came of it, and what stands below that.
std::vector<std::string> ResultLines(const RunReport& report) {
  if (report.outcome == Outcome::kNothingToDo) return {"Nothing to do: " + report.reason};
  if (report.outcome == Outcome::kPlanned && report.plan.has_value()) {
    std::vector<std::string> lines = {StrCat(
        "Planned: ", Counted(report.plan->tasks.size(), "task"), " (index ", report.plan->index,
        ") on ", report.base_name, " ", report.base.substr(0, 12), "; nothing was changed")};
    for (const std::string& sentence : PlanTaskLines(*report.plan))
      lines.push_back("  " + sentence);
    return lines;
  }
  if (report.outcome != Outcome::kVerified) {
    return {StrCat("Not done (", OutcomeWord(report.outcome), "): ", report.reason)};
  }
  const std::string on = StrCat(" on ", report.base_name, " ", report.base.substr(0, 12));
  std::vector<std::string> lines;
  switch (report.deliver) {
    case DeliveryMode::kBranch:
      lines = {StrCat("Verified: branch ", report.branch, on)};
      break;
    case DeliveryMode::kPatch:
      lines = {StrCat("Verified: patch ", report.patch_file, on)};
      break;
    case DeliveryMode::kFastForward:
      lines = {StrCat("Verified: branch ", report.branch, " moved from ",
                      report.moved_from.substr(0, 12), " to ", report.commit.substr(0, 12))};
  }
  if (report.kind == "build") lines.push_back("  " + report.reason);
  if (report.standing.has_value()) {
    for (const std::string& sentence : StandingLines(report)) {
      lines.push_back("  " + sentence);
    }
  }
  if (const auto& snapshot = report.snapshot; snapshot.has_value()) {
    lines.push_back(StrCat("  with your uncommitted changes below the repairs: commit ",
                           snapshot->commit.substr(0, 12), " (",
                           Counted(snapshot->tracked, "changed file"), ", ", snapshot->untracked,
                           " untracked) on ", snapshot->head.substr(0, 12)));
  }
  return lines;
}

/// How the result goes with those of other open runs.
std::vector<std::string> OtherLines(const RunReport& report) {
  std::vector<std::string> lines;
  for (const OtherResult& other : report.others) {
    lines.push_back(StrCat("  with the result of ", other.run, ": ",
                           other.merges_cleanly      ? "merges cleanly"
                           : other.conflicts.empty() ? "shares no history with it"
                                                     : ConflictsText(other.conflicts)));
  }
  return lines;
}

/// What became of repairs that were merged together.
std::vector<std::string> MergingLines(const RunReport& report, bool verbose) {
  std::vector<std::string> lines;
  if (!report.dropped.empty()) lines.emplace_back("What was left out, each pinned by its commit:");
  for (const DroppedRepair& dropped : report.dropped) {
    lines.push_back(
        StrCat("  ", dropped.commit.substr(0, 12), "  ", dropped.summary, ": ", dropped.reason));
  }
  if (!verbose || report.batches.empty()) return lines;
  lines.emplace_back("Batches, in the order tested:");
  for (const BatchSummary& batch : report.batches) {
    lines.push_back(StrCat("  ", batch.probe ? "probe of " : "", Join(batch.tasks, ", "), ": ",
                           batch.verdict, batch.reason.empty() ? "" : ": ", batch.reason));
  }
  return lines;
}

/// Tests that are not simply part of the goal, and how good the forecasts were.
std::vector<std::string> TestNotes(const RunReport& report, bool verbose) {
  std::vector<std::string> lines;
  const auto list = [&](const char* what, const std::vector<std::string>& tests) {
    if (!tests.empty()) lines.push_back(StrCat(what, Join(tests, ", ")));
  };
  list("Flaky, left out of the goal: ", report.flaky);
  list("Failed once in the merged tree and passed alone (flaky): ", report.unsteady);
  list("Need the network, left out of the goal: ", report.network);
  list("Failing, but not asked for: ", report.outside);
  const std::string forecasts = ForecastSentence(report.forecasts);
  if (verbose && !forecasts.empty()) lines.push_back(forecasts);
  return lines;
}

void AddReviewText(const RunReport& report, std::string& out) {
  for (const auto& [heading, list] :
       {std::pair("What it changes of what judges it:", &report.test_changes),
        std::pair("What else a person must see:", &report.findings)}) {
    if (!list->empty()) StrAppend(out, heading, "\n");
    for (const Finding& finding : *list) StrAppend(out, "  ", FindingText(finding), "\n");
  }
  for (const ApprovalSummary& approval : report.approvals) {
    out +=
        EscapeForTerminal(StrCat("Approval ", approval.approval_id, " (", approval.subject,
                                 ", digest ", approval.digest.substr(0, 12), "): ", approval.status,
                                 approval.principal.empty() ? "" : " by ", approval.principal,
                                 approval.note.empty() ? "" : ": ", approval.note)) +
        "\n";
  }
}

void AddEvidenceText(const RunReport& report, bool verbose, std::string& out) {
  const auto line = [&](const auto&... parts) {
    out += EscapeForTerminal(StrCat(parts...)) + "\n";
  };
  const size_t first = verbose || report.evidence.empty() ? 0 : report.evidence.size() - 1;
  if (!report.evidence.empty()) line("Evidence:");
  for (size_t i = first; i < report.evidence.size(); ++i) {
    const Evidence& e = report.evidence[i];
    if (e.kind == "build") {
      line("  build: ", e.passed == 1 ? "ends normally" : "fails", " on tree ",
           e.tree.substr(0, 12), " by `", e.command, "` in ", SecondsText(e.wall_ms));
      line("  changed hunks compiled: ", e.changed_hunks_executed, " of ", e.changed_hunks,
           "; tests and build files unchanged: ", e.tests_unchanged ? "yes" : "no");
      continue;
    }
    line("  ", e.kind == "command" ? "command" : "tests", ": ", e.passed, " of ", e.expected,
         " expected passed, ", e.failed, " failed, ", e.missing, " missing, on tree ",
         e.tree.substr(0, 12), " by `", e.command, "` in ", SecondsText(e.wall_ms));
    line("  changed hunks executed: ", e.changed_hunks_executed, " of ", e.changed_hunks,
         "; existing tests unchanged: ",
         e.tests_unchanged    ? "yes"
         : e.base_failed == 0 ? "no, and the base's pass too"
                              : StrCat("no, and ", e.base_failed, " of the base's do not pass"));
  }
}

}  // namespace

std::string StandingText(const Standing& standing) {
  const std::string branch = standing.base_branch;
  if (standing.merged) return StrCat("merged into ", branch);
  if (standing.behind == 0) return StrCat("up to date with ", branch);
  std::string out = StrCat(Counted(standing.behind, "commit"), " behind ", branch);
  if (standing.rewritten) out += ", which was rewritten";
  if (standing.clean) return out + ", merges cleanly";
  if (standing.conflicts.empty()) return out + ", shares no history with it";
  return StrCat(out, ", ", ConflictsText(standing.conflicts));
}

std::string ReportText(const RunReport& report, bool verbose) {
  std::string out;
  const auto line = [&](const auto&... parts) {
    out += EscapeForTerminal(StrCat(parts...)) + "\n";
  };
  for (const std::string& sentence : ResultLines(report)) line(sentence);
  for (const std::string& sentence : OtherLines(report)) line(sentence);
  if (!report.failures.empty() && report.outcome != Outcome::kNothingToDo) {
    line("What failed at the base:");
    for (size_t i = 0; i < report.failures.size() && i < kFailuresShown; ++i) {
      const TestCase& test = report.failures[i];
      line("  ", test.id, test.message.empty() ? "" : ": ",
           std::string(test.message.substr(0, test.message.find('\n'))));
    }
    if (report.failures.size() > kFailuresShown) {
      line("  and ", report.failures.size() - kFailuresShown, " more");
    }
  }
  if (!report.changes.empty()) line("What was changed:");
  for (const RepairSummary& change : report.changes) {
    line("  ", change.commit.substr(0, 12), "  ", change.summary,
         change.held_out.empty() ? "" : " (held-out tests " + change.held_out + ")");
  }
  for (const std::string& text : MergingLines(report, verbose)) line(text);
  AddReviewText(report, out);
  if (!report.tried.empty() && (verbose || report.outcome != Outcome::kVerified)) {
    line("What was tried:");
    for (const std::string& search : report.tried) line("  ", search);
  }
  for (const PlausiblePatches& search : report.plausible) {
    if (!verbose) break;
    line("Patches of ", search.task, " that pass its failing tests, best first:");
    for (const std::string& text : Split(TrimWhitespace(search.patches), '\n')) line("  ", text);
  }
  if (!report.partial.empty()) {
    line("What was mended is kept at ", report.partial);
    if (report.standing.has_value()) {
      for (const std::string& sentence : StandingLines(report)) line("  ", sentence);
    }
  }
  AddEvidenceText(report, verbose, out);
  for (const std::string& text : TestNotes(report, verbose)) line(text);
  line("Cost $0.00, ", SecondsText(report.usage.cpu_ms), " CPU in sandboxes, ",
       Counted(report.usage.suite_runs, "run"), " of the whole suite, ",
       Counted(report.usage.runner_starts, "runner start"), ", ",
       Counted(report.usage.candidates, "candidate"));
  return out;
}

}  // namespace coditect
