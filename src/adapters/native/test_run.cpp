// Builds and launches, folded into a TestReport.
#include "src/adapters/native/test_run.h"

#include <algorithm>
#include <map>
#include <set>

#include "src/adapters/native/coverage.h"
#include "src/adapters/native/diagnostics.h"
#include "src/adapters/native/failure_text.h"
#include "src/adapters/native/layout.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kReportOutputMax = 64 << 10;
constexpr size_t kSaidMax = 300;

/// ctest's and meson's own word for a test that was not run, in their line of the result. Both show
/// what a test printed only when it failed, so a passing test cannot write that line.
bool WasSkipped(const std::string& runner, std::string_view output) {
  if (runner == "ctest") return Contains(output, "***Skipped") || Contains(output, "***Not Run");
  return runner == "meson" && Contains(output, " SKIP ");
}

bool FoundNoTest(const std::string& runner, std::string_view output) {
  return runner == "ctest" && Contains(output, "No tests were found");
}

std::string LastSaid(std::string_view output) {
  std::string_view text = TrimWhitespace(output);
  const size_t start = text.rfind('\n');
  if (start != std::string_view::npos) text.remove_prefix(start + 1);
  return ReplaceInvalidUtf8(text.substr(0, kSaidMax));
}

/// The word in ctest's result line: "Failed", "Exception: SegFault", "Timeout".
std::string CTestWord(std::string_view output) {
  const size_t at = output.find("***");
  if (at == std::string_view::npos) return "";
  const std::string_view rest = output.substr(at + 3);
  const size_t end = std::min(rest.find("  "), rest.find('\n'));
  return ReplaceInvalidUtf8(TrimWhitespace(rest.substr(0, std::min<size_t>(end, 60))));
}

/// A test file that the program or the test is named after; "" when there is none.
std::string FileNamedAs(const ListedTest& test, const std::vector<std::string>& test_files) {
  std::set<std::string> names = {test.id};
  if (!test.command.empty()) names.insert(BaseName(test.command[0]));
  std::vector<std::string> sources;
  for (const std::string& file : test_files) {
    if (!IsNativeSource(file)) continue;
    sources.push_back(file);
    const std::string name = BaseName(file);
    if (names.contains(name.substr(0, name.rfind('.')))) return file;
  }
  return sources.size() == 1 ? sources[0] : "";
}

class Run {
 public:
  Run(Workspace& workspace, const TestRunRequest& request)
      : request_(request), shell_(workspace, request.limits) {}

  StatusOr<TestReport> Execute(const Context& ctx) {
    report_.command = request_.plan.command;
    const bool per_test = request_.trace == TraceMode::kPerTest;
    RETURN_IF_ERROR(RunBuild(ctx, per_test ? BuildKind::kMeasured : BuildKind::kPlain));
    if (request_.trace == TraceMode::kWatched && report_.normal_end) {
      RETURN_IF_ERROR(Watch(ctx));
    }
    report_.cpu_ms = shell_.cpu_ms();
    report_.wall_ms = shell_.wall_ms();
    report_.memory_bytes = shell_.memory_bytes();
    return std::move(report_);
  }

 private:
  /// Builds and runs every test; the report is complete but for what it cost.
  Status RunBuild(const Context& ctx, BuildKind kind) {
    ASSIGN_OR_RETURN(const bool built, BuildFor(ctx, kind));
    if (!built) return absl::OkStatus();
    const std::string folder = BuildFolder(request_.plan, kind);
    if (request_.on_built && folder != ".") {
      RETURN_IF_ERROR(request_.on_built({.folder = folder, .judges = kind == BuildKind::kPlain}));
    }
    ASSIGN_OR_RETURN(const auto tests, ListTests(ctx, shell_, request_.plan, folder));
    const std::set<std::string> wanted(request_.ids.begin(), request_.ids.end());
    report_.normal_end = true;
    report_.ended_by = "exit";
    for (const ListedTest& test : tests) {
      if (!wanted.empty() && !wanted.contains(test.id)) continue;
      ASSIGN_OR_RETURN(const bool go_on, RunOne(ctx, test, kind, folder));
      if (!go_on) break;
    }
    return absl::OkStatus();
  }

  StatusOr<bool> BuildFor(const Context& ctx, BuildKind kind) {
    ASSIGN_OR_RETURN(environment_, BuildEnvironment(ctx, shell_, kind));
    ASSIGN_OR_RETURN(const SandboxResult built,
                     Build(ctx, shell_, request_.plan, environment_, kind, Targets(ctx, kind)));
    if (built.ended_by == EndedBy::kExit && built.exit_code == 0) return true;
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
    const auto listed = ListTests(ctx, shell_, request_.plan, BuildFolder(request_.plan, kind));
    std::vector<std::string> targets;
    for (const std::string& id : request_.ids) {
      if (!listed.ok()) return {};
      const auto test = std::ranges::find(*listed, id, &ListedTest::id);
      if (test == listed->end() || test->target.empty()) return {};
      targets.push_back(test->target);
    }
    return targets;
  }

  /// False when no further test may run.
  StatusOr<bool> RunOne(const Context& ctx, const ListedTest& test, BuildKind kind,
                        const std::string& folder) {
    if (test.disabled) {
      Add({.id = test.id, .status = TestStatus::kSkipped, .message = "disabled"});
      return true;
    }
    ShellOptions options;
    if (request_.plan.runner == "command") options.environment = environment_;
    options.cpu = std::chrono::milliseconds(request_.test_cpu_ms);
    ASSIGN_OR_RETURN(const std::string repository, shell_.Repository(ctx));
    ASSIGN_OR_RETURN(const SandboxResult result, shell_.Run(ctx, test.script, options));
    TestCase one = CaseOf(test, request_.plan.runner, result, repository, request_.plan.test_files);
    one.wall_us = static_cast<uint64_t>(result.wall.count()) * 1000;
    const bool failed = one.status == TestStatus::kFailed;
    if (failed && report_.output.size() < kReportOutputMax) report_.output += result.output;
    if (request_.plan.runner == "command") {
      report_.exit_code = result.exit_code;
      report_.build_failed = failed && SaysCompileError(result.output);
    }
    if (failed && request_.plan.runner != "command") report_.exit_code = 8;
    Add(std::move(one));
    if (kind == BuildKind::kMeasured) RETURN_IF_ERROR(Measure(ctx, test.id, folder));
    if (result.ended_by == EndedBy::kWall) {
      report_.normal_end = false;
      report_.ended_by = "wall";
      return false;
    }
    return !(failed && request_.stop_at_first_failure);
  }

  Status Measure(const Context& ctx, const std::string& id, const std::string& folder) {
    ASSIGN_OR_RETURN(std::vector<FileLines> lines, TakeCoverage(ctx, shell_, folder));
    const auto& tests = request_.plan.test_files;
    std::erase_if(lines, [&](const FileLines& file) {
      return std::binary_search(tests.begin(), tests.end(), file.file);
    });
    if (!lines.empty()) report_.coverage.push_back({.id = id, .files = std::move(lines)});
    return absl::OkStatus();
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
    ASSIGN_OR_RETURN(const auto tests, ListTests(ctx, shell_, request_.plan, folder));
    std::map<std::string, std::set<uint32_t>> seen;
    for (const ListedTest& test : tests) {
      if (test.disabled) continue;
      ShellOptions options;
      options.environment = environment_;
      RETURN_IF_ERROR(shell_.Run(ctx, test.script, options).status());
      ASSIGN_OR_RETURN(const auto lines, TakeCoverage(ctx, shell_, folder));
      for (const FileLines& file : lines) {
        auto& left = open[file.file];
        for (const uint32_t line : file.lines) {
          if (left.erase(line) > 0) seen[file.file].insert(line);
        }
      }
      if (std::all_of(open.begin(), open.end(), [](const auto& f) { return f.second.empty(); })) {
        break;
      }
    }
    for (const auto& [file, lines] : seen) {
      report_.executed.push_back({file, {lines.begin(), lines.end()}});
    }
    return absl::OkStatus();
  }

  void Add(TestCase one) {
    if (request_.on_test) request_.on_test(one);
    report_.cases.push_back(std::move(one));
  }

  const TestRunRequest& request_;
  Shell shell_;
  std::map<std::string, std::string> environment_;  // of the build and of a command
  TestReport report_;
};

}  // namespace

TestCase CaseOf(const ListedTest& test, const std::string& runner, const SandboxResult& result,
                const std::string& repository, const std::vector<std::string>& test_files) {
  TestCase one;
  one.id = test.id;
  one.file = FileNamedAs(test, test_files);
  const bool normal = result.ended_by == EndedBy::kExit;
  if (normal && result.exit_code == 0 && !FoundNoTest(runner, result.output)) {
    one.status = WasSkipped(runner, result.output) ? TestStatus::kSkipped : TestStatus::kPassed;
    return one;
  }
  one.status = TestStatus::kFailed;
  one.error_type = normal ? CTestWord(result.output) : std::string(EndedByName(result.ended_by));
  FailureText failure = ReadFailure(result.output, repository);
  one.message = failure.message;
  if (one.message.empty()) {
    one.message =
        one.error_type.empty() ? StrCat("it ended with ", result.exit_code) : one.error_type;
    if (runner == "command")
      one.message = StrCat(one.message, "; it said: ", LastSaid(result.output));
  }
  one.stack = std::move(failure.stack);
  for (const StackFrame& frame : one.stack) {
    if (!std::binary_search(test_files.begin(), test_files.end(), frame.file)) continue;
    one.file = frame.file;
    one.line = frame.line;
  }
  return one;
}

StatusOr<TestReport> RunTests(const Context& ctx, Workspace& workspace,
                              const TestRunRequest& request) {
  return Run(workspace, request).Execute(ctx);
}

}  // namespace coditect::native
