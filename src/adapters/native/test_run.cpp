// Builds and launches, folded into a TestReport.
#include "src/adapters/native/test_run.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/adapters/native/coverage.h"
#include "src/adapters/native/diagnostics.h"
#include "src/adapters/native/failure_text.h"
#include "src/adapters/native/make_check.h"
#include "src/adapters/native/sanitizers.h"
#include "src/adapters/native/test_launches.h"
#include "src/adapters/native/test_list.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kReportOutputMax = 64 << 10;
constexpr size_t kJobsPerLaunch = 64;            // so that progress is told meanwhile
constexpr size_t kMeasuredAloneMax = 400;        // cases that are measured one by one
constexpr uint64_t kMeasuredUsMax = 20'000'000;  // a program that needs more is measured whole

class Run {
 public:
  Run(Workspace& workspace, const TestRunRequest& request)
      : request_(request), workspace_(workspace), shell_(workspace, request.limits) {}

  StatusOr<TestReport> Execute(const Context& ctx) {
    report_.command = request_.plan.command;
    RETURN_IF_ERROR(RunBuild(ctx, KindFor(request_.trace)));
    const bool watched = request_.trace == TraceMode::kWatched && !request_.watched.empty();
    if (watched && report_.normal_end) {
      RETURN_IF_ERROR(Watch(ctx));
    }
    report_.cpu_ms = shell_.cpu_ms();
    report_.wall_ms = shell_.wall_ms();
    report_.memory_bytes = shell_.memory_bytes();
    return std::move(report_);
  }

 private:
  static BuildKind KindFor(TraceMode trace) {
    if (trace == TraceMode::kSanitized) return BuildKind::kSanitized;
    return trace == TraceMode::kPerTest ? BuildKind::kMeasured : BuildKind::kPlain;
  }

  /// Builds and runs every test; the report is complete but for what it cost.
  Status RunBuild(const Context& ctx, BuildKind kind) {
    ASSIGN_OR_RETURN(const bool built, BuildFor(ctx, kind));
    if (!built) return absl::OkStatus();
    const std::string folder = BuildFolder(request_.plan, kind);
    if (request_.on_built && folder != ".") {
      RETURN_IF_ERROR(request_.on_built({.folder = folder, .judges = kind == BuildKind::kPlain}));
    }
    RETURN_IF_ERROR(ListWanted(ctx, folder));
    report_.normal_end = true;
    report_.ended_by = "exit";
    LaunchOptions options = Options(kind);
    const std::vector<TestLaunch> launches = PlanLaunches(tests_, options);
    std::vector<ListedTest> again;
    const bool by_make = request_.plan.runner == "command" && request_.ids.empty();
    if (by_make) RETURN_IF_ERROR(MarkMakeRun(ctx, shell_));
    RETURN_IF_ERROR(RunLaunches(ctx, tests_, launches, &again));
    if (by_make && report_.normal_end) RETURN_IF_ERROR(TakeMakeCases(ctx));
    if (!again.empty() && report_.normal_end && !stopped_) {
      options.alone = true;
      RETURN_IF_ERROR(RunLaunches(ctx, again, PlanLaunches(again, options), nullptr));
    }
    if (kind == BuildKind::kMeasured && report_.normal_end) RETURN_IF_ERROR(MeasureCases(ctx));
    FillReport();
    return absl::OkStatus();
  }

  /// The tests of the request, cases in place of programs.
  Status ListWanted(const Context& ctx, const std::string& folder) {
    ASSIGN_OR_RETURN(std::vector<ListedTest> programs,
                     ListTests(ctx, shell_, request_.plan, folder, request_.ids));
    std::set<std::string> wanted(request_.ids.begin(), request_.ids.end());
    if (!wanted.empty()) {
      std::set<const ListedTest*> needed;
      for (const std::string& id : wanted) needed.insert(FindProgram(programs, id));
      std::vector<ListedTest> some;
      for (const ListedTest& test : programs) {
        if (needed.contains(&test)) some.push_back(test);
      }
      programs = std::move(some);
    }
    ASSIGN_OR_RETURN(tests_, ListCases(ctx, shell_, std::move(programs)));
    if (!wanted.empty()) {
      std::erase_if(tests_, [&](const ListedTest& test) { return !wanted.contains(test.id); });
    }
    ASSIGN_OR_RETURN(places_.repository, shell_.Repository(ctx));
    places_.runner = request_.plan.runner;
    places_.test_files = request_.plan.test_files;
    return absl::OkStatus();
  }

  LaunchOptions Options(BuildKind kind) const {
    LaunchOptions options;
    if (request_.plan.runner == "command") options.environment = environment_;
    if (request_.plan.runner == "meson") {
      // As meson does, but the same on each run with this seed.
      options.environment["MALLOC_PERTURB_"] = std::to_string(1 + request_.seed % 255);
    }
    options.cpu = std::chrono::milliseconds(request_.test_cpu_ms);
    options.measured = kind == BuildKind::kMeasured;
    if (kind == BuildKind::kSanitized) {
      options.environment.insert(environment_.begin(), environment_.end());
      options.alone = true;  // an error ends the process, and is told of one test
    }
    return options;
  }

  StatusOr<bool> BuildFor(const Context& ctx, BuildKind kind) {
    auto environment = BuildEnvironment(ctx, shell_, kind);
    if (kind == BuildKind::kSanitized && absl::IsFailedPrecondition(environment.status())) {
      report_.warnings.push_back(Message(environment.status()));
      return false;
    }
    ASSIGN_OR_RETURN(environment_, std::move(environment));
    ASSIGN_OR_RETURN(const SandboxResult built,
                     Build(ctx, shell_, request_.plan, environment_, kind, Targets(ctx, kind)));
    if (built.ended_by == EndedBy::kExit && built.exit_code == 0) return true;
    if (kind == BuildKind::kSanitized) {
      report_.warnings.push_back(
          StrCat("the build with sanitizers failed: ", BuildErrorLine(built.output)));
    }
    report_.normal_end = false;
    report_.build_failed = SaysCompileError(built.output);
    report_.ended_by = std::string(EndedByName(built.ended_by));
    report_.exit_code = built.exit_code;
    report_.output = StrCat(built.output, "\n", BuildErrorLine(built.output));
    return false;
  }

  /// The programs of the wanted tests, where an earlier build tells them; empty = everything.
  std::vector<std::string> Targets(const Context& ctx, BuildKind kind) {
    if (request_.ids.empty() || request_.plan.runner != "ctest") return {};
    // The plain build knows them before another is configured.
    const BuildKind known = kind == BuildKind::kSanitized ? BuildKind::kPlain : kind;
    const auto listed = ListTests(ctx, shell_, request_.plan, BuildFolder(request_.plan, known));
    if (!listed.ok()) return {};
    std::set<std::string> targets;
    for (const std::string& id : request_.ids) {
      const ListedTest* test = FindProgram(*listed, id);
      if (test == nullptr || test->target.empty()) return {};
      targets.insert(test->target);
    }
    return {targets.begin(), targets.end()};
  }

  /// Runs `launches` of `tests`. Cases that their program's end does not decide go into `again`.
  Status RunLaunches(const Context& ctx, std::span<const ListedTest> tests,
                     std::span<const TestLaunch> launches, std::vector<ListedTest>* again) {
    const bool stop = request_.stop_at_first_failure;
    while (!launches.empty() && report_.normal_end && !stopped_) {
      std::vector<Job> jobs;
      for (const TestLaunch& launch : launches.first(std::min(kJobsPerLaunch, launches.size()))) {
        jobs.push_back(launch.job);
      }
      ASSIGN_OR_RETURN(const auto outcomes, RunJobs(ctx, shell_, jobs, stop));
      for (size_t i = 0; i < outcomes.size(); ++i) {
        Judge(tests, launches[i], outcomes[i], again);
        stopped_ |= stop && !Succeeded(outcomes[i]) && (again == nullptr || again->empty());
      }
      launches = launches.subspan(outcomes.size());
    }
    return absl::OkStatus();
  }

  void Judge(std::span<const ListedTest> tests, const TestLaunch& launch, const JobOutcome& outcome,
             std::vector<ListedTest>* again) {
    if (outcome.end == JobEnd::kLaunch && outcome.launch_ended == EndedBy::kWall) {
      report_.normal_end = false;
      report_.ended_by = "wall";
    }
    if (request_.plan.runner == "command") {
      report_.exit_code = ExitCode(outcome);
      whole_ = outcome;
    }
    auto cases = CasesOf(tests, launch, outcome, places_);
    if (!cases && report_.normal_end && again != nullptr) {
      for (const size_t i : launch.tests) again->push_back(tests[i]);
      return;
    }
    if (!cases) {
      cases.emplace();
      for (const size_t i : launch.tests) cases->push_back(CaseOf(tests[i], outcome, places_));
    }
    if (request_.trace == TraceMode::kSanitized && cases->size() == 1) {
      for (SanitizerFinding& finding : ReadSanitizers(outcome.output, places_.repository)) {
        finding.id = cases->front().id;
        report_.findings.push_back(std::move(finding));
      }
    }
    const bool failed = std::ranges::any_of(
        *cases, [](const TestCase& one) { return one.status == TestStatus::kFailed; });
    if (failed && report_.output.size() < kReportOutputMax) report_.output += outcome.output;
    if (request_.plan.runner == "command") {
      report_.build_failed = failed && SaysCompileError(outcome.output);
    }
    if (failed && request_.plan.runner != "command") report_.exit_code = 8;
    for (TestCase& one : *cases) {
      one.wall_us = outcome.wall_us / cases->size();
      if (request_.on_test) request_.on_test(one);
      records_[one.id] = {};
      if (cases->size() == 1) records_[one.id] = Lines(outcome);
      if (cases->size() > 1) shared_[one.id] = outcome.wall_us;
      ended_[one.id] = std::move(one);
    }
  }

  /// Where the command ran automake's harness, and that explains its end, what it ran are the
  /// tests.
  Status TakeMakeCases(const Context& ctx) {
    ASSIGN_OR_RETURN(const auto cases, MakeCasesSince(ctx, shell_));
    if (!Explains(cases, whole_)) return absl::OkStatus();
    std::vector<ListedTest> tests;
    std::map<std::string, TestCase> ended;
    for (const MakeCase& one : cases) {
      auto test = MakeCaseTest(request_.plan.command, one.name);
      if (!test) return absl::OkStatus();
      JobOutcome outcome;
      outcome.end = JobEnd::kExit;
      outcome.code = one.status == TestStatus::kFailed ? 1 : 0;
      outcome.output = one.log;
      TestCase told = CaseOf(*test, outcome, places_);
      told.status = one.status;
      told.wall_us = whole_.wall_us / cases.size();
      shared_[told.id] = whole_.wall_us;
      records_[told.id] = {};
      ended[told.id] = std::move(told);
      tests.push_back(*std::move(test));
    }
    ended_ = std::move(ended);
    tests_ = std::move(tests);
    return absl::OkStatus();
  }

  /// As a shell tells it.
  static int ExitCode(const JobOutcome& outcome) {
    if (outcome.end == JobEnd::kLaunch) return -1;
    return outcome.end == JobEnd::kExit ? outcome.code : 128 + outcome.code;
  }

  /// Lines that a launch executed, test files left out.
  std::vector<FileLines> Lines(const JobOutcome& outcome) {
    if (outcome.records.empty()) return {};
    if (coverage_ == nullptr)
      coverage_ = std::make_unique<Coverage>(workspace_, places_.repository);
    std::vector<FileLines> lines = coverage_->LinesOf(outcome.records);
    std::erase_if(lines, [&](const FileLines& file) {
      return std::ranges::binary_search(places_.test_files, file.file);
    });
    return lines;
  }

  /// Cases that shared a process are measured again, each alone: what failed, and so many others
  /// that it stays cheap. The verdicts stay those of the shared process.
  Status MeasureCases(const Context& ctx) {
    std::vector<ListedTest> alone;
    std::vector<ListedTest> others;
    for (const ListedTest& test : tests_) {
      const auto shared = shared_.find(test.id);
      if (shared == shared_.end()) continue;
      const TestStatus status = ended_.at(test.id).status;
      if (status == TestStatus::kFailed) alone.push_back(test);
      if (status == TestStatus::kPassed && shared->second < kMeasuredUsMax) others.push_back(test);
    }
    const size_t room = kMeasuredAloneMax - std::min(kMeasuredAloneMax, alone.size());
    const size_t step = room == 0 ? others.size() + 1 : (others.size() + room - 1) / room;
    for (size_t i = 0; i < others.size(); i += std::max<size_t>(step, 1)) {
      if (room > 0) alone.push_back(others[i]);
    }
    LaunchOptions options = Options(BuildKind::kMeasured);
    options.alone = true;
    const std::vector<TestLaunch> launches = PlanLaunches(alone, options);
    for (std::span<const TestLaunch> left(launches); !left.empty();) {
      std::vector<Job> jobs;
      for (const TestLaunch& one : left.first(std::min(kJobsPerLaunch, left.size()))) {
        jobs.push_back(one.job);
      }
      ASSIGN_OR_RETURN(const auto outcomes, RunJobs(ctx, shell_, jobs));
      for (size_t i = 0; i < outcomes.size(); ++i) {
        records_[alone[left[i].tests[0]].id] = Lines(outcomes[i]);
      }
      if (outcomes.back().end == JobEnd::kLaunch &&
          outcomes.back().launch_ended == EndedBy::kWall) {
        break;  // what was not measured counts as not executed anywhere
      }
      left = left.subspan(outcomes.size());
    }
    return absl::OkStatus();
  }

  /// Cases and coverage in the project's order.
  void FillReport() {
    for (const ListedTest& test : tests_) {
      if (test.disabled && !stopped_ && report_.normal_end) {
        ended_[test.id] = {.id = test.id, .status = TestStatus::kSkipped, .message = "disabled"};
      }
      const auto ended = ended_.find(test.id);
      if (ended == ended_.end()) continue;
      report_.cases.push_back(std::move(ended->second));
      ended_.erase(ended);
      auto& lines = records_[test.id];
      if (!lines.empty()) report_.coverage.push_back({.id = test.id, .files = std::move(lines)});
    }
    if (coverage_ != nullptr && !coverage_->problem().empty()) {
      report_.warnings.push_back("executed lines were not counted: " + coverage_->problem());
    }
  }

  /// Which watched lines the same tests execute: told by the measured build, so that the verdict
  /// stays the plain one's.
  Status Watch(const Context& ctx) {
    std::map<std::string, std::set<uint32_t>> open;
    for (const FileLines& file : request_.watched) {
      open[file.file].insert(file.lines.begin(), file.lines.end());
    }
    if (request_.plan.runner == "command") RETURN_IF_ERROR(ForgetObjects(ctx, shell_));
    ASSIGN_OR_RETURN(environment_, BuildEnvironment(ctx, shell_, BuildKind::kMeasured));
    const std::string folder = BuildFolder(request_.plan, BuildKind::kMeasured);
    ASSIGN_OR_RETURN(const SandboxResult built,
                     Build(ctx, shell_, request_.plan, environment_, BuildKind::kMeasured));
    if (built.exit_code != 0) {
      report_.warnings.push_back(
          StrCat("the build that counts executed lines failed: ", BuildErrorLine(built.output)));
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(ListWanted(ctx, folder));
    const std::vector<TestLaunch> launches = PlanLaunches(tests_, Options(BuildKind::kMeasured));
    std::map<std::string, std::set<uint32_t>> seen;
    const auto all_seen = [&] {
      return std::ranges::all_of(open, [](const auto& file) { return file.second.empty(); });
    };
    for (std::span<const TestLaunch> left(launches); !left.empty() && !all_seen();) {
      std::vector<Job> jobs;
      for (const TestLaunch& one : left.first(std::min(kJobsPerLaunch, left.size()))) {
        jobs.push_back(one.job);
      }
      ASSIGN_OR_RETURN(const auto outcomes, RunJobs(ctx, shell_, jobs));
      for (const JobOutcome& outcome : outcomes) {
        for (const FileLines& file : Lines(outcome)) {
          auto& unseen = open[file.file];
          for (const uint32_t line : file.lines) {
            if (unseen.erase(line) > 0) seen[file.file].insert(line);
          }
        }
      }
      left = left.subspan(outcomes.size());
    }
    for (const auto& [file, lines] : seen) {
      report_.executed.push_back({file, {lines.begin(), lines.end()}});
    }
    return absl::OkStatus();
  }

  const TestRunRequest& request_;
  Workspace& workspace_;
  Shell shell_;
  std::map<std::string, std::string> environment_;  // of the build and of a command
  Places places_;
  std::vector<ListedTest> tests_;
  std::unique_ptr<Coverage> coverage_;                     // of the measured build
  std::map<std::string, TestCase> ended_;                  // by id
  std::map<std::string, std::vector<FileLines>> records_;  // by id
  std::map<std::string, uint64_t> shared_;  // ids whose process ran others too; its wall time
  JobOutcome whole_;                        // of the runner "command"
  bool stopped_ = false;                    // at the first failure, as the request says
  TestReport report_;
};

}  // namespace

StatusOr<TestReport> RunTests(const Context& ctx, Workspace& workspace,
                              const TestRunRequest& request) {
  return Run(workspace, request).Execute(ctx);
}

}  // namespace coditect::native
