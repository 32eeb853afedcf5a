// The analyzer: observes the base commit, and finds where its faults probably are.
#include <algorithm>
#include <set>

#include "src/agent/lease.h"
#include "src/agent/mission_resources.h"
#include "src/agent/sanitized_run.h"
#include "src/agent/test_run.h"
#include "src/domain/evidence.h"
#include "src/domain/test_selection.h"
#include "src/domain/unstable_ids.h"
#include "src/domain/world_model.h"

namespace coditect {
namespace {

/// Whole runs a repair needs after the baseline: coverage, the coder's, the tester's, and half a
/// run of searching. A suite that does not fit is refused before time is spent on it.
constexpr uint64_t kRunsToCome = 4;
constexpr size_t kListedMax = 3;
constexpr size_t kNotesMax = 1024;  // bytes; an event is small

/// As a person writes it on the command line.
std::string LimitText(uint64_t ms) {
  return ms % 1000 == 0 ? StrCat(ms / 1000, "s") : StrCat(ms, "ms");
}

std::string Listed(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < kListedMax; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kListedMax) text += StrCat(" and ", names.size() - kListedMax, " more");
  return text;
}

/// Everything one look at the tests found, by id.
struct Look {
  std::map<std::string, TestCase> cases;
};

/// A file that cannot be collected counts as one failing test named by the file.
Look LookAt(const TestReport& report) {
  Look look;
  for (const TestCase& test : report.cases) look.cases[test.id] = test;
  for (const CollectionError& error : report.collection_errors) {
    TestCase test;
    test.id = error.file;
    test.status = TestStatus::kFailed;
    test.message = error.message;
    test.stack = error.stack;
    test.file = error.file;
    look.cases[test.id] = std::move(test);
  }
  return look;
}

class Observation {
 public:
  explicit Observation(const Lease& lease) : lease_(lease) {}

  StatusOr<Work> Run() {
    ASSIGN_OR_RETURN(const auto* files, lease_.mission.BaseFiles(lease_.ctx));
    if (auto opened = OpenWorkspace(lease_, WorkspaceUse::kSearch); opened.ok()) {
      workspace_ = *std::move(opened);
    } else {
      return Blocked(opened.status());
    }
    if (Status status = Detect(*files); !status.ok()) return Blocked(status);
    ASSIGN_OR_RETURN(first_, RunTests({}, TraceMode::kNone));
    if (first_.build_failed) {
      // No test can run before it builds: that is what there is to mend first.
      ASSIGN_OR_RETURN(Work broken, ObserveBuild(lease_));
      usage_ += broken.result.usage;
      if (broken.result.baseline.has_value() && broken.result.baseline->failing > 0) {
        lease_.Think("BROKEN_BUILD", {{"summary", broken.result.outputs["summary"]}});
        return Finish(std::move(broken.result));
      }
    }
    if (std::string reason = Unusable(first_); !reason.empty()) {
      return Finish(lease_.NewResult(ResultOutcome::kBlocked, reason));
    }
    RETURN_IF_ERROR(KeepWhatWasBuilt());
    baseline_.suite_ms = first_.wall_ms;
    baseline_.memory_bytes = first_.memory_bytes;
    TaskResult result = lease_.NewResult(ResultOutcome::kSuccess);
    if (!FailingIn(LookAt(first_)).empty()) {
      if (std::string reason = DoesNotFit(); !reason.empty()) {
        return Finish(lease_.NewResult(ResultOutcome::kBlocked, reason));
      }
      RETURN_IF_ERROR(LookAgain(&result));
    } else {
      looks_.push_back(LookAt(first_));
    }
    Classify();
    NoteOptimizedOnly();
    ASSIGN_OR_RETURN(const std::string unknown, KeepSelected());
    if (!unknown.empty()) {
      return Finish(lease_.NewResult(ResultOutcome::kBlocked, "error: " + unknown));
    }
    RETURN_IF_ERROR(Summarise(*files, &result));
    return Finish(std::move(result));
  }

  const Usage& usage() const { return usage_; }

 private:
  Work Finish(TaskResult result) {
    result.usage = usage_;
    return Work{.result = std::move(result), .drafts = {}};
  }

  /// An error of the detection that is about the repository, not about us.
  StatusOr<Work> Blocked(const Status& status) {
    if (absl::IsNotFound(status)) {
      return Finish(lease_.NewResult(ResultOutcome::kBlocked, "not_verified: " + Message(status)));
    }
    if (absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status)) {
      return Finish(lease_.NewResult(ResultOutcome::kBlocked, "error: " + Message(status)));
    }
    return status;
  }

  Status Detect(const std::map<std::string, TreeEntry>& files) {
    ASSIGN_OR_RETURN(const Toolchain* tools, lease_.mission.toolchain(lease_.ctx));
    DetectRequest request;
    for (const auto& [path, entry] : files) request.files.push_back(entry);
    request.verify_command = lease_.mission.request().verify_command;
    request.toolchain = *tools;
    ASSIGN_OR_RETURN(baseline_.harness,
                     lease_.services.harness.Detect(lease_.ctx, *workspace_, request));
    lease_.Think("HARNESS", {{"runner", baseline_.harness.runner},
                             {"command", baseline_.harness.command},
                             {"interpreter", baseline_.harness.interpreter}});
    return absl::OkStatus();
  }

  /// A command of C or C++ builds in place: what it built of the base is what searches begin with.
  Status KeepWhatWasBuilt() {
    const bool in_place =
        baseline_.harness.runner == "command" && baseline_.harness.language == "c++";
    if (!in_place || first_.build_failed) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string why, lease_.mission.KeepTree(lease_.ctx, *workspace_));
    if (!why.empty()) lease_.Think("NOT_KEPT", {{"reason", why}});
    return absl::OkStatus();
  }

  StatusOr<TestReport> RunTests(const std::vector<std::string>& ids, TraceMode trace) {
    // A fresh workspace each time: what one run leaves behind must not reach the next.
    ASSIGN_OR_RETURN(workspace_, OpenWorkspace(lease_, WorkspaceUse::kSearch));
    TestRunRequest request;
    request.plan = baseline_.harness;
    request.ids = ids;
    request.trace = trace;
    // Each look has another seed: what passes under one of them only is flaky.
    request.seed = lease_.mission.request().seed + runs_++;
    request.limits = SuiteLimits(lease_);
    const uint64_t max_time_ms = lease_.mission.request().limits.max_time_ms;
    if (max_time_ms > 0) {
      request.limits.wall =
          std::min(request.limits.wall, std::chrono::milliseconds(max_time_ms / kRunsToCome));
    }
    request.test_cpu_ms = TestCpuLimit(request.limits.wall, trace);
    request.on_test = [this](const TestCase&) { ReportProgress(); };
    request.on_built = [this](const BuiltFolder& built) {
      return lease_.mission.KeepBuilt(lease_.ctx, *workspace_, built);
    };
    ASSIGN_OR_RETURN(TestReport report,
                     lease_.services.harness.Run(lease_.ctx, *workspace_, request));
    CountRun(report, ids.empty(), &usage_);
    lease_.Act("TEST_RUN", report.wall_ms,
               {{"tests", std::to_string(report.cases.size())},
                {"command", report.command},
                {"ended_by", report.ended_by},
                {"whole_suite", ids.empty() ? "true" : "false"}});
    return report;
  }

  /// A test that loops for ever is a failing test, not the end of the run: it may use a part of
  /// what a run may take. Tracing makes tests slower, but what is wild (memory errors) may loop
  /// only when it is traced, and the tests behind it are to be seen, too.
  uint64_t TestCpuLimit(std::chrono::milliseconds run, TraceMode trace) const {
    constexpr uint64_t kTestsPerRun = 3;
    constexpr uint64_t kTestMsMax = 300'000;
    constexpr uint64_t kTracingFactor = 30;
    constexpr uint64_t kTracedMsMin = 5'000;
    constexpr uint64_t kShareOfEndless = 10;
    constexpr uint64_t kPatience = 20;
    const uint64_t limit = std::min(static_cast<uint64_t>(run.count()) / kTestsPerRun, kTestMsMax);
    bool endless = false;
    uint64_t longest_us = 0;  // of those that ended by themselves
    for (const TestCase& test : first_.cases) {
      const bool ended = test.error_type == kCpuLimitError;
      endless |= ended;
      if (!ended) longest_us = std::max(longest_us, test.wall_us);
    }
    if (trace == TraceMode::kNone) {
      // What did not end in the first look will not in the next ones.
      if (!endless) return limit;
      return std::min(limit, std::max(limit / kShareOfEndless, kPatience * longest_us / 1000));
    }
    return std::min(2 * limit, std::max(kTracedMsMin, kTracingFactor * longest_us / 1000));
  }

  void ReportProgress() {
    ++seen_;
    const auto now = lease_.services.clock.Now();
    if (now - last_progress_ < std::chrono::seconds(1)) return;
    last_progress_ = now;
    lease_.Think("PROGRESS", {{"tests", std::to_string(seen_)}});
  }

  /// Why nothing can be built on this run; "" when something can.
  std::string Unusable(const TestReport& report) const {
    std::map<std::string, std::string> missing;  // module -> package
    for (const CollectionError& error : report.collection_errors) {
      if (error.missing_module.empty()) continue;
      missing[error.missing_module] = error.package.empty() ? error.missing_module : error.package;
    }
    if (!missing.empty()) {
      const auto& [module, package] = *missing.begin();
      return StrCat("error: the tests need the module ", module, ", which ",
                    baseline_.harness.interpreter, " does not have; `",
                    ShellQuote(baseline_.harness.interpreter), " -m pip install ", package,
                    "` would install it");
    }
    if (report.ended_by == "wall") return TooSlow(report);
    if (baseline_.harness.runner == "command" &&
        (report.exit_code == 126 || report.exit_code == 127)) {
      return StrCat("error: `", report.command, "` cannot be run here (exit code ",
                    report.exit_code, "): ", LastLineOf(report.output),
                    "; install what it needs or name another command by --verify");
    }
    if (std::string reason = Unreadable(report); !reason.empty()) return reason;
    if (!report.normal_end) {
      const std::string said = LastLineOf(report.output);
      return StrCat(
          "not_verified: the test run did not reach its normal end (ended by ", report.ended_by,
          report.ended_by == "exit" ? StrCat(", code ", report.exit_code) : "", ", after ",
          report.cases.size(), " tests", said.empty() ? "" : "; it said: " + said, "); `",
          report.command, "` shows the same");
    }
    if (report.cases.empty() && report.collection_errors.empty()) {
      return StrCat("not_verified: `", report.command,
                    "` found no test; name the command that checks the repository with --verify");
    }
    return "";
  }

  /// A test file that is not Python: nothing outside it can mend that.
  std::string Unreadable(const TestReport& report) const {
    const auto& tests = baseline_.harness.test_files;
    for (const CollectionError& error : report.collection_errors) {
      const bool syntax = error.message.starts_with("SyntaxError") ||
                          error.message.starts_with("IndentationError") ||
                          error.message.starts_with("TabError");
      if (!syntax || error.stack.empty()) continue;
      const StackFrame& at = error.stack.back();
      if (std::find(tests.begin(), tests.end(), at.file) == tests.end()) continue;
      return StrCat("not_verified: the test file ", at.file, " cannot be read, line ", at.line,
                    ": ", error.message.substr(0, error.message.find('\n')),
                    "; mend it first, coditect never changes tests");
    }
    return "";
  }

  std::string TooSlow(const TestReport& report) const {
    const uint64_t max_time_ms = lease_.mission.request().limits.max_time_ms;
    if (max_time_ms > 0 && report.wall_ms * kRunsToCome >= max_time_ms) {
      return StrCat("limit: one run of the tests takes longer than ", SecondsText(report.wall_ms),
                    ", and a repair needs ", kRunsToCome, " of them: it cannot fit --max-time ",
                    LimitText(max_time_ms));
    }
    return StrCat("not_verified: the tests did not end within ", report.wall_ms / 1000,
                  " s (the last one started was ",
                  report.cases.empty() ? "none" : report.cases.back().id,
                  "); verify.suite_timeout is how long they may take");
  }

  std::string DoesNotFit() const {
    const uint64_t max_time_ms = lease_.mission.request().limits.max_time_ms;
    if (max_time_ms == 0 || baseline_.suite_ms * kRunsToCome <= max_time_ms) return "";
    return StrCat("limit: one run of the tests takes ", SecondsText(baseline_.suite_ms),
                  ", and a repair needs ", kRunsToCome, " more: it cannot fit --max-time ",
                  LimitText(max_time_ms));
  }

  static std::vector<std::string> FailingIn(const Look& look) {
    std::vector<std::string> ids;
    for (const auto& [id, test] : look.cases) {
      if (test.status == TestStatus::kFailed) ids.push_back(id);
    }
    return ids;
  }

  static std::vector<std::string> IdsOf(const TestReport& report) {
    std::vector<std::string> ids;
    for (const TestCase& test : report.cases) ids.push_back(test.id);
    return ids;
  }

  /// A traced run that ended early says nothing of failing tests it did not come to: those are
  /// traced alone.
  Status TraceMissed(TestReport* traced) {
    if (traced->normal_end) return absl::OkStatus();
    const Look seen = LookAt(*traced);
    std::vector<std::string> missed = FailingIn(LookAt(first_));
    std::erase_if(missed, [&](const std::string& id) { return seen.cases.contains(id); });
    if (missed.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(TestReport rest, RunTests(missed, TraceMode::kPerTest));
    std::ranges::move(rest.cases, std::back_inserter(traced->cases));
    std::ranges::move(rest.coverage, std::back_inserter(traced->coverage));
    return absl::OkStatus();
  }

  /// The second look records which lines each test executes and is the second collection; further
  /// ones repeat what failed.
  Status LookAgain(TaskResult* result) {
    ASSIGN_OR_RETURN(TestReport traced, RunTests({}, TraceMode::kPerTest));
    RETURN_IF_ERROR(TraceMissed(&traced));
    if (traced.normal_end) {
      baseline_.unstable = UnstableFunctions(IdsOf(first_), IdsOf(traced));
    }
    FoldUnstableIds(baseline_.unstable, &first_);
    FoldUnstableIds(baseline_.unstable, &traced);
    looks_.push_back(LookAt(first_));
    looks_.push_back(LookAt(traced));
    traced_to_the_end_ = traced.normal_end;
    const std::vector<std::string> failed = FailingIn(looks_[0]);
    RETURN_IF_ERROR(AskSanitizers(failed, &traced));
    ASSIGN_OR_RETURN(result->outputs["coverage"], lease_.Put(traced));
    std::vector<std::string> doubtful = failed;
    for (const std::string& id : FailingIn(looks_[1])) {
      if (StatusIn(looks_[0], id) == TestStatus::kPassed) doubtful.push_back(id);
    }
    uint32_t repeats = std::max<uint32_t>(lease_.mission.request().repeat_flaky, 2);
    // What passed only while it was traced did so for the trace or by chance: one more look tells.
    repeats += std::any_of(failed.begin(), failed.end(), [&](const std::string& id) {
      return StatusIn(looks_[1], id) == TestStatus::kPassed;
    });
    for (uint32_t i = 2; i < repeats; ++i) {
      ASSIGN_OR_RETURN(const TestReport again, RunTests(doubtful, TraceMode::kNone));
      looks_.push_back(LookAt(again));
    }
    return absl::OkStatus();
  }

  /// What sanitizers see in tests that end as undefined behaviour does, or that fail only as the
  /// project builds them: one more build, which other failures would not repay at once.
  Status AskSanitizers(const std::vector<std::string>& failed, TestReport* traced) {
    SanitizedTests tests;
    for (const std::string& id : failed) {
      if (looks_[0].cases.at(id).crashed || StatusIn(looks_[1], id) == TestStatus::kPassed) {
        tests.failing.push_back(id);
      }
    }
    for (const auto& [id, test] : looks_[0].cases) {
      if (test.status == TestStatus::kPassed) tests.passing.push_back(id);
    }
    ASSIGN_OR_RETURN(traced->findings,
                     FindingsOnBase(lease_, baseline_.harness, std::move(tests), &usage_));
    return absl::OkStatus();
  }

  /// Tests that fail whenever they run as the project builds them, and pass as they were traced.
  void NoteOptimizedOnly() {
    if (baseline_.harness.language != "c++" || looks_.size() < 3) return;
    std::vector<std::string> ids;
    for (const std::string& id : baseline_.goal) {
      if (StatusIn(looks_[1], id) == TestStatus::kPassed) ids.push_back(id);
    }
    if (!ids.empty()) lease_.Think("FAILS_ONLY_OPTIMIZED", {{"tests", Listed(ids)}});
  }

  static TestStatus StatusIn(const Look& look, const std::string& id) {
    const auto found = look.cases.find(id);
    return found == look.cases.end() ? TestStatus::kUnspecified : found->second.status;
  }

  /// How often `id` was seen failing and passing in the looks without tracing, and with it.
  struct Count {
    size_t failed = 0;
    size_t passed = 0;
    bool network = false;
  };
  Count CountOf(const std::string& id) const {
    Count count;
    for (size_t i = 0; i < looks_.size(); ++i) {
      const auto found = looks_[i].cases.find(id);
      if (found == looks_[i].cases.end()) continue;
      // Tracing may change what a test does (recursion depth, timing); only plain looks decide.
      const bool traced = i == 1;
      count.network |= found->second.network;
      if (traced && looks_.size() > 2) continue;
      count.failed += found->second.status == TestStatus::kFailed ? 1 : 0;
      count.passed += found->second.status == TestStatus::kPassed ? 1 : 0;
    }
    return count;
  }

  void Classify() {
    baseline_.cases = first_.cases;
    for (const auto& [id, test] : looks_[0].cases) {
      if (test.status == TestStatus::kSkipped) continue;
      const Count count = CountOf(id);
      if (test.status == TestStatus::kPassed) {
        // Ids that a second collection does not know are not ids to rely on; tests that a run did
        // not come to stay expected.
        const bool stable =
            looks_.size() < 2 || !traced_to_the_end_ || looks_[1].cases.contains(id);
        (stable && count.failed == 0 ? baseline_.passed : baseline_.flaky).push_back(id);
      } else if (count.passed > 0) {
        baseline_.flaky.push_back(id);
      } else if (count.network) {
        baseline_.network.push_back(id);
      } else {
        baseline_.goal.push_back(id);
      }
    }
    for (const CollectionError& error : first_.collection_errors) {
      baseline_.cases.push_back(looks_[0].cases.at(error.file));
    }
  }

  /// The id of the tests here that `test` names; "" if none.
  std::string FindNamed(const NamedTest& test) const {
    for (const std::string& id : test.ids) {
      if (looks_[0].cases.contains(id)) return id;
    }
    return "";
  }

  /// Takes failing tests that nobody asked for out of the goal. Says which test is not there.
  StatusOr<std::string> KeepSelected() {
    const BlobId& blob = lease_.mission.request().selection;
    if (blob.empty()) return std::string();
    ASSIGN_OR_RETURN(const auto selection, lease_.Get<TestSelection>(blob));
    std::set<std::string> wanted;
    for (const NamedTest& test : selection.tests) {
      const std::string id = FindNamed(test);
      if (id.empty()) {
        std::vector<std::string> known;
        for (const auto& [known_id, known_test] : looks_[0].cases) known.push_back(known_id);
        const std::string near = NearestWord(test.name, known);
        return StrCat("there is no test ", test.name,
                      near.empty() ? StrCat("; `", baseline_.harness.command, "` lists them")
                                   : StrCat("; did you mean ", near, "?"));
      }
      wanted.insert(id);
    }
    const auto asked_for = [&](const std::string& id) { return wanted.contains(id); };
    const auto rest =
        std::stable_partition(baseline_.goal.begin(), baseline_.goal.end(), asked_for);
    baseline_.outside.assign(rest, baseline_.goal.end());
    baseline_.goal.erase(rest, baseline_.goal.end());
    return std::string();
  }

  Status Summarise(const std::map<std::string, TreeEntry>& files, TaskResult* result) {
    std::vector<std::string> expected = baseline_.passed;
    expected.insert(expected.end(), baseline_.goal.begin(), baseline_.goal.end());
    WorldModel world;
    for (const auto& [path, entry] : files) world.current_file_state[path] = entry.object_id;
    size_t skipped = 0;
    for (const TestCase& test : baseline_.cases) {
      world.test_results[test.id] = std::string(EnumName(test.status));
      if (test.status == TestStatus::kFailed) world.error_context[test.id] = test.message;
      skipped += test.status == TestStatus::kSkipped ? 1 : 0;
    }
    ASSIGN_OR_RETURN(result->outputs["world"], lease_.Put(world));
    BaselineSummary summary;
    ASSIGN_OR_RETURN(summary.baseline, lease_.Put(baseline_));
    summary.kind = GoalKindOf(baseline_);
    summary.expected_digest = ExpectedDigest(expected);
    summary.passed = static_cast<uint32_t>(baseline_.passed.size());
    summary.failing = static_cast<uint32_t>(baseline_.goal.size());
    summary.flaky = static_cast<uint32_t>(baseline_.flaky.size());
    summary.network = static_cast<uint32_t>(baseline_.network.size());
    summary.skipped = static_cast<uint32_t>(skipped);
    summary.suite_ms = baseline_.suite_ms;
    result->baseline = summary;
    if (!baseline_.harness.notes.empty()) {
      result->outputs["notes"] = Join(baseline_.harness.notes, "\n").substr(0, kNotesMax);
    }
    lease_.Think("BASELINE", {{"failing", Listed(baseline_.goal)},
                              {"flaky", Listed(baseline_.flaky)},
                              {"network", Listed(baseline_.network)}});
    return absl::OkStatus();
  }

  const Lease& lease_;
  std::unique_ptr<Workspace> workspace_;
  Baseline baseline_;
  TestReport first_;
  std::vector<Look> looks_;
  bool traced_to_the_end_ = true;
  Usage usage_;
  uint64_t runs_ = 0;
  uint64_t seen_ = 0;
  MonotonicTime last_progress_;
};

}  // namespace

StatusOr<Work> Observe(const Lease& lease) {
  if (WorksOnBuild(lease)) return ObserveBuild(lease);
  Observation observation(lease);
  auto work = observation.Run();
  if (!work.ok()) lease.Spend(observation.usage());
  return work;
}

}  // namespace coditect
