// What an agent reports about its lease, with the evidence the host collected outside the agent.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "src/domain/fields.h"
#include "src/domain/ids.h"

namespace coditect {

enum class ResultOutcome {
  kUnspecified,
  kSuccess,
  kExhausted,  // the space was searched to its end or budget: nothing found
  kRefuted,    // the claim under test does not hold
  kBlocked,    // cannot be done here; `reason` says why and what would help
  kError,      // our machinery failed; worth another attempt
};
constexpr auto EnumNames(ResultOutcome) {
  return std::array<std::string_view, 6>{"RESULT_UNSPECIFIED", "RESULT_SUCCESS", "RESULT_EXHAUSTED",
                                         "RESULT_REFUTED",     "RESULT_BLOCKED", "RESULT_ERROR"};
}

/// One run of tests or of the verify command on one tree, as the host saw it. Counts are of
/// expected test ids. Evidence passes when EvidenceFault (domain/evidence.h) finds nothing.
struct Evidence {
  std::string kind;             // "tests", "command" or "build"
  TreeId tree;                  // what was run
  std::string command;          // the command line
  std::string command_digest;   // SHA-256 of command and environment
  std::string expected_digest;  // SHA-256 of the sorted expected ids
  uint32_t expected = 0;
  uint32_t passed = 0;
  uint32_t failed = 0;
  uint32_t missing = 0;  // never reported, or passed before and skipped now
  uint32_t changed_hunks = 0;
  uint32_t changed_hunks_executed = 0;  // of a build: compiled
  bool normal_end = false;              // the runner's end record (or the exit handlers) was seen
  bool tests_unchanged = false;         // what judged is what judges at the base commit
  uint64_t wall_ms = 0;
  BlobId report;            // the whole TestReport
  std::string tests_fault;  // what is wrong with the tests: a changed one, or new ones that fail
  BlobId review;            // domain/test_integrity.h Review, what a person must see; "" = nothing
  std::string review_reason;  // the first of it as a sentence
  BlobId base_report;         // when what judges was changed: the run with the base's put back
  uint32_t base_failed = 0;   // expected ids that did not pass in that run
  uint32_t new_failed = 0;    // tests that the base does not have, and that failed
  std::string unexecuted;     // "FILE:LINE" of a changed hunk that no test executed

  bool operator==(const Evidence&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "kind", self.kind);
    visit(2, "tree", self.tree);
    visit(3, "command", self.command);
    visit(4, "command_digest", self.command_digest);
    visit(5, "expected_digest", self.expected_digest);
    visit(6, "expected", self.expected);
    visit(7, "passed", self.passed);
    visit(8, "failed", self.failed);
    visit(9, "missing", self.missing);
    visit(10, "changed_hunks", self.changed_hunks);
    visit(11, "changed_hunks_executed", self.changed_hunks_executed);
    visit(12, "normal_end", self.normal_end);
    visit(13, "tests_unchanged", self.tests_unchanged);
    visit(14, "wall_ms", self.wall_ms);
    visit(15, "report", self.report);
    visit(16, "tests_fault", self.tests_fault);
    visit(17, "review", self.review);
    visit(18, "review_reason", self.review_reason);
    visit(19, "base_report", self.base_report);
    visit(20, "base_failed", self.base_failed);
    visit(21, "new_failed", self.new_failed);
    visit(22, "unexecuted", self.unexecuted);
  }
};

/// What the base commit's tests did before anything was changed.
struct BaselineSummary {
  BlobId baseline;              // domain/test_report.h Baseline
  std::string kind;             // "tests", "command" or "build"
  std::string expected_digest;  // of the full goal: passed at baseline + the tests to mend
  uint32_t passed = 0;
  uint32_t failing = 0;  // to be mended
  uint32_t flaky = 0;    // left out of the goal
  uint32_t network = 0;  // left out of the goal
  uint32_t skipped = 0;
  uint64_t suite_ms = 0;  // wall time of one whole run

  bool operator==(const BaselineSummary&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "baseline", self.baseline);
    visit(2, "kind", self.kind);
    visit(3, "expected_digest", self.expected_digest);
    visit(4, "passed", self.passed);
    visit(5, "failing", self.failing);
    visit(6, "flaky", self.flaky);
    visit(7, "network", self.network);
    visit(8, "skipped", self.skipped);
    visit(9, "suite_ms", self.suite_ms);
  }
};

/// A plan whose tasks were posted as TaskPlanned facts and await acceptance.
struct PlanDraft {
  uint32_t version = 0;
  uint32_t count = 0;
  std::string digest;  // PlanDigest of the tasks in order (domain/plan.h)

  bool operator==(const PlanDraft&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "version", self.version);
    visit(2, "count", self.count);
    visit(3, "digest", self.digest);
  }
};

struct Usage {
  uint64_t cpu_ms = 0;  // of the sandboxed processes
  uint64_t wall_ms = 0;
  uint64_t tests = 0;          // test executions
  uint32_t runner_starts = 0;  // test runner processes
  uint32_t suite_runs = 0;     // runs of the whole suite
  uint64_t candidates = 0;     // patches judged

  bool operator==(const Usage&) const = default;
  Usage& operator+=(const Usage& other) {
    cpu_ms += other.cpu_ms;
    wall_ms += other.wall_ms;
    tests += other.tests;
    runner_starts += other.runner_starts;
    suite_runs += other.suite_runs;
    candidates += other.candidates;
    return *this;
  }
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "cpu_ms", self.cpu_ms);
    visit(2, "wall_ms", self.wall_ms);
    visit(3, "tests", self.tests);
    visit(4, "runner_starts", self.runner_starts);
    visit(5, "suite_runs", self.suite_runs);
    visit(6, "candidates", self.candidates);
  }
};

/// sdd TaskResult. `commit` is pinned under refs/coditect/ before this is reported.
struct TaskResult {
  TaskId task_id;
  Epoch epoch;
  AgentId agent_id;
  ResultOutcome outcome = ResultOutcome::kUnspecified;
  std::string reason;  // one sentence; for kBlocked it starts with a code: "code: sentence"
  CommitId commit;
  TreeId tree;
  std::map<std::string, std::string> outputs;  // name -> blob id, or a short value
  Usage usage;
  std::optional<Evidence> evidence;
  std::optional<BaselineSummary> baseline;
  std::optional<PlanDraft> plan;

  bool operator==(const TaskResult&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "task_id", self.task_id);
    visit(2, "epoch", self.epoch);
    visit(3, "agent_id", self.agent_id);
    visit(4, "outcome", self.outcome);
    visit(5, "reason", self.reason);
    visit(6, "commit", self.commit);
    visit(7, "tree", self.tree);
    visit(8, "outputs", self.outputs);
    visit(9, "usage", self.usage);
    visit(10, "evidence", self.evidence);
    visit(11, "baseline", self.baseline);
    visit(12, "plan", self.plan);
  }
};

}  // namespace coditect
