// Command lines of launches, and verdicts by how they ended.
#include "src/adapters/native/test_launches.h"

#include <algorithm>
#include <csignal>
#include <set>

#include "src/adapters/native/failure_text.h"
#include "src/adapters/native/layout.h"
#include "src/adapters/native/sanitizers.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kSaidMax = 300;
constexpr size_t kNamesBytesMax =
    60'000;  // of the argument that selects; the system's limit is 128 K

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

std::string SignalWord(int number) {
  switch (number) {
    case SIGSEGV:
      return "SegFault";
    case SIGABRT:
      return "Aborted";
    case SIGFPE:
      return "FloatingPointException";
    case SIGBUS:
      return "BusError";
    case SIGILL:
      return "IllegalInstruction";
    default:
      return StrCat("signal ", number);
  }
}

/// What ended a test that did not exit; "" for an exit.
std::string EndWord(const JobOutcome& outcome) {
  switch (outcome.end) {
    case JobEnd::kExit:
      return "";
    case JobEnd::kSignal:
      return SignalWord(outcome.code);
    case JobEnd::kCpu:
      return std::string(kCpuLimitError);
    case JobEnd::kWall:
      return "Timeout";
    case JobEnd::kOutput:
      return "output";
    case JobEnd::kLaunch:
      return std::string(EndedByName(outcome.launch_ended));
  }
  return "";
}

/// A test file that the program or the test is named after; "" when there is none.
std::string FileNamedAs(const ListedTest& test, const std::vector<std::string>& test_files) {
  std::set<std::string> names = {test.entry};
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

TestCase Named(const ListedTest& test, const Places& places) {
  TestCase one;
  one.id = test.id;
  one.file = FileNamedAs(test, places.test_files);
  std::string listed = test.file;
  if (listed.starts_with(places.repository + "/")) listed.erase(0, places.repository.size() + 1);
  if (std::ranges::binary_search(places.test_files, listed)) {
    one.file = listed;
    one.line = test.line;
  }
  return one;
}

/// Message, stack and place of a failure, from what it said.
void Explain(std::string_view said, const Places& places, TestCase* one) {
  FailureText failure = ReadFailure(said, places.repository);
  one->message = failure.message;
  one->stack = std::move(failure.stack);
  for (const StackFrame& frame : one->stack) {
    if (!std::ranges::binary_search(places.test_files, frame.file)) continue;
    one->file = frame.file;
    one->line = frame.line;
  }
}

/// A case by its program's report.
TestCase Reported(const ListedTest& test, const CaseReport& report, const Places& places) {
  TestCase one = Named(test, places);
  one.status = report.status;
  if (report.status != TestStatus::kFailed) return one;
  one.error_type = "Failed";
  Explain(report.message, places, &one);
  if (one.message.empty()) one.message = ReplaceInvalidUtf8(report.message);
  if (one.message.empty()) one.message = "the program's report says that it failed";
  return one;
}

}  // namespace

std::vector<TestLaunch> PlanLaunches(std::span<const ListedTest> tests,
                                     const LaunchOptions& options) {
  std::vector<TestLaunch> launches;
  std::vector<size_t> names_bytes;
  std::map<std::string, size_t> open;  // launches by program
  for (size_t i = 0; i < tests.size(); ++i) {
    const ListedTest& test = tests[i];
    if (test.disabled) continue;
    const bool is_case = test.framework != Framework::kNone;
    size_t place = launches.size();
    if (is_case && !options.alone) {
      const auto [found, added] = open.try_emplace(test.command[0], place);
      const bool fits = !added && SameProgram(tests[launches[found->second].tests[0]], test) &&
                        names_bytes[found->second] + test.case_name.size() < kNamesBytesMax;
      place = fits ? found->second : launches.size();
      found->second = place;
    }
    if (place == launches.size()) {
      TestLaunch launch;
      const bool direct = test.by_exit_alone || is_case;
      if (direct) launch.job.argv = test.command;
      if (!direct) launch.job.argv = {"/bin/sh", "-c", test.script};
      if (direct) launch.job.folder = test.folder;
      launch.job.environment = options.environment;
      if (direct) {
        for (const auto& [name, value] : test.environment) {
          launch.job.environment.insert_or_assign(name, value);
        }
      }
      launch.job.cpu = options.cpu;
      launch.job.wall = std::chrono::milliseconds(test.wall_ms);
      launch.job.report = is_case && options.reports;
      launch.job.measured = options.measured;
      launches.push_back(std::move(launch));
      names_bytes.push_back(0);
    }
    launches[place].tests.push_back(i);
    names_bytes[place] += test.case_name.size() + 8;
  }
  for (TestLaunch& launch : launches) {
    const Framework framework = tests[launch.tests[0]].framework;
    if (framework == Framework::kNone) continue;
    std::vector<std::string> names;
    for (const size_t i : launch.tests) names.push_back(tests[i].case_name);
    // A limit of each case's own entry grows with their number.
    const ListedTest& first = tests[launch.tests[0]];
    if (first.id == first.entry) launch.job.wall *= static_cast<int64_t>(names.size());
    for (auto& word : SelectingArguments(framework, names)) launch.job.argv.push_back(word);
    if (!options.reports) continue;
    for (auto& word : ReportArguments(framework)) launch.job.argv.push_back(word);
  }
  return launches;
}

TestCase CaseOf(const ListedTest& test, const JobOutcome& outcome, const Places& places) {
  TestCase one = Named(test, places);
  const bool is_case = test.framework != Framework::kNone;
  const bool direct = test.by_exit_alone || is_case;
  const bool normal = outcome.end == JobEnd::kExit;
  if (is_case && normal) {
    auto report = ReadCaseReport(test.framework, outcome.report);
    const auto found = report.ok() ? report->find(test.case_name) : decltype(report->end()){};
    if (report.ok() && found != report->end()) {
      const bool decides = found->second.status != TestStatus::kPassed;
      if (decides || outcome.code == 0) return Reported(test, found->second, places);
    }
  }
  const bool passed = normal && outcome.code == 0 && !is_case &&
                      (direct || !FoundNoTest(places.runner, outcome.output));
  if (passed) {
    const bool skipped = !direct && WasSkipped(places.runner, outcome.output);
    one.status = skipped ? TestStatus::kSkipped : TestStatus::kPassed;
    return one;
  }
  if (direct && normal && !is_case && test.skip_code >= 0 && outcome.code == test.skip_code) {
    one.status = TestStatus::kSkipped;
    return one;
  }
  one.status = TestStatus::kFailed;
  one.crashed = EndedByFault(outcome);
  one.error_type = EndWord(outcome);
  if (normal) one.error_type = direct ? "Failed" : CTestWord(outcome.output);
  Explain(outcome.output, places, &one);
  if (one.message.empty()) {
    one.message = normal && (one.error_type.empty() || direct)
                      ? StrCat("it ended with ", outcome.code)
                      : one.error_type;
    if (places.runner == "command" || direct) {
      const std::string said = LastSaid(outcome.output);
      if (!said.empty()) one.message += StrCat("; it said: ", said);
    }
  }
  return one;
}

std::optional<std::vector<TestCase>> CasesOf(std::span<const ListedTest> tests,
                                             const TestLaunch& launch, const JobOutcome& outcome,
                                             const Places& places) {
  if (launch.tests.size() == 1) {
    return std::vector<TestCase>{CaseOf(tests[launch.tests[0]], outcome, places)};
  }
  if (outcome.end != JobEnd::kExit) return std::nullopt;
  const auto report = ReadCaseReport(tests[launch.tests[0]].framework, outcome.report);
  if (!report.ok()) return std::nullopt;
  std::vector<TestCase> cases;
  bool failed = false;
  for (const size_t i : launch.tests) {
    const auto found = report->find(tests[i].case_name);
    if (found == report->end()) return std::nullopt;
    cases.push_back(Reported(tests[i], found->second, places));
    failed |= cases.back().status == TestStatus::kFailed;
  }
  if (outcome.code != 0 && !failed) return std::nullopt;
  return cases;
}

}  // namespace coditect::native
