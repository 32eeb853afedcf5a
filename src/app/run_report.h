// What a run came to: for people on stderr and stdout, for programs as one JSON object.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/app/paths.h"
#include "src/app/plan_text.h"
#include "src/domain/delivery.h"
#include "src/domain/experience.h"
#include "src/domain/state.h"
#include "src/domain/test_integrity.h"
#include "src/domain/test_report.h"
#include "src/ports/object_store.h"

namespace coditect {

/// One repair that is part of the result.
struct RepairSummary {
  std::string task;
  std::string summary;  // "compare `<` with `<=` at calc.py:12 in add"
  CommitId commit;
  std::vector<std::string> files;
  std::string held_out;  // "3/3": tests that were not searched with, passed/all; "" = none held out

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task", self.task);
    visit(2, "summary", self.summary);
    visit(3, "commit", self.commit);
    visit(4, "files", self.files);
    visit(5, "held_out", self.held_out);
  }
};

/// Repairs that were merged and tested together.
struct BatchSummary {
  std::vector<std::string> tasks;  // that made them
  bool probe = false;              // only to find out which do not get along
  std::string verdict;             // "merged", "failed", "conflict", …
  std::string reason;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "tasks", self.tasks);
    visit(2, "probe", self.probe);
    visit(3, "verdict", self.verdict);
    visit(4, "reason", self.reason);
  }
};

/// A repair that passes alone and is not part of the result.
struct DroppedRepair {
  std::string task;
  std::string summary;
  CommitId commit;  // pinned
  std::string reason;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task", self.task);
    visit(2, "summary", self.summary);
    visit(3, "commit", self.commit);
    visit(4, "reason", self.reason);
  }
};

/// The patches of one search that passed its failing tests, best first.
struct PlausiblePatches {
  std::string task;
  std::string patches;  // each: "claimed" or "plausible", what it changes, its diff

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task", self.task);
    visit(2, "patches", self.patches);
  }
};

/// A person's word that a run asked for.
struct ApprovalSummary {
  std::string approval_id;
  std::string subject;  // "plan" or "merge"
  std::string digest;
  std::string reason;
  std::string status;  // "open", "approved" or "rejected"
  std::string principal;
  std::string note;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "approval", self.approval_id);
    visit(2, "subject", self.subject);
    visit(3, "digest", self.digest);
    visit(4, "reason", self.reason);
    visit(5, "status", self.status);
    visit(6, "principal", self.principal);
    visit(7, "note", self.note);
  }
};

/// Schema coditect.run/v1.
struct RunReport {
  MissionId run;
  std::string trace_id;
  std::string kind;     // of the goal: "tests", "command", "build"; "" = unknown
  std::string command;  // that the goal is about
  std::string status;   // the outcome's word, or "running", "interrupted"
  Outcome outcome = Outcome::kUnspecified;  // unspecified as long as it has not ended
  std::string reason;
  std::string base;  // commit
  std::string base_name;
  std::string branch;
  CommitId partial;
  CommitId commit;
  std::string repository;
  std::vector<std::string> expected, passed, failed, skipped;  // test ids
  std::vector<std::string> flaky, network;                     // left out of the goal
  std::vector<std::string> outside;  // failing, but not asked to have mended
  std::vector<TestCase> failures;    // of the base: what was wrong
  std::vector<RepairSummary> changes;
  std::vector<BatchSummary> batches;  // in the order tested
  std::vector<DroppedRepair> dropped;
  std::vector<std::string> unsteady;  // failed once in a merged tree and passed alone
  std::vector<std::string> tried;     // searches that found no repair, each with what came of it
  std::vector<TaskScore> forecasts;   // against what happened
  std::optional<WorkTreeSnapshot> snapshot;  // the base, if uncommitted changes were included
  std::vector<PlausiblePatches> plausible;   // of every search that found one
  std::vector<Evidence> evidence;            // of the result's tree
  std::vector<Finding>
      test_changes;               // of the result: tests and configuration, as named by the gate
  std::vector<Finding> findings;  // suspicious code and protected paths
  std::vector<ApprovalSummary> approvals;
  std::optional<Standing> standing;  // of the result to the base branch, if it could be looked at
  std::vector<OtherResult> others;   // open results of other runs of the repository
  DeliveryMode deliver = DeliveryMode::kBranch;
  CommitId moved_from;              // where `branch` was, if it is the base
  std::string patch_file;           // of a verified patch
  BlobId patch;                     // its content
  std::optional<PlanSummary> plan;  // if the plan was all that was asked for
  Usage usage;
  std::vector<std::string> next;  // commands, best first
};

/// What `ps` says of a run. `owned`: its ledger has a living owner; without one nothing happens.
std::string StatusWord(const MissionState& mission, bool owned);

/// What the run delivered; nothing when it delivered no branch.
std::optional<Delivered> DeliveredBy(const MissionState& mission);

/// "2 commits behind main, merges cleanly": how a delivered commit stands to another branch.
std::string StandingText(const Standing& standing);

/// `path` as a word that a person can paste into a shell.
std::string CommandWord(const std::string& path);

/// The command that makes the delivered branch anew.
std::string RestoreCommand(const Delivered& delivered);

/// What other runs of the same repository came to and nobody merged or deleted yet: the newest of
/// them, at most kOthersMax.
inline constexpr size_t kOthersMax = 5;
std::vector<OtherResult> OtherResultsOf(const Context& ctx, const StatePaths& paths,
                                        const ShardState& state, const MissionState& mission);

/// Reads what it needs from the blobs and the repository; what is gone leaves its part empty.
RunReport MakeReport(const Context& ctx, const StatePaths& paths, const MissionState& mission,
                     ObjectStore& blobs, bool owned);

std::string ReportJson(const RunReport& report);

/// For people, without the next commands. `verbose`: with all evidence and every plausible patch.
std::string ReportText(const RunReport& report, bool verbose);

}  // namespace coditect
