// The fold from messages to a TestReport.
#include "src/adapters/python/report_builder.h"

#include <utility>

#include "src/adapters/python/packages.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

/// pytest's and unittest's codes for a run that came to its end: passed, failed, no tests.
bool IsNormalCode(int code) { return code == 0 || code == 1 || code == 5; }

}  // namespace

Status ReportBuilder::Add(ChannelMessage message) {
  if (auto* test = std::get_if<TestCase>(&message)) return AddCase(std::move(*test));
  if (const auto* lines = std::get_if<Lines>(&message)) return AddLines(*lines);
  if (auto* started = std::get_if<Started>(&message)) {
    running_ = std::move(started->id);
    is_running_ = true;
  } else if (auto* file = std::get_if<FileName>(&message)) {
    files_[file->number] = std::move(file->path);
  } else if (auto* error = std::get_if<CollectionError>(&message)) {
    if (report_.collection_errors.size() >= kCasesMax) {
      return ResourceExhausted("more than ", kCasesMax, " files could not be collected");
    }
    error->package = PackageOfModule(error->missing_module);
    report_.collection_errors.push_back(std::move(*error));
  } else if (auto* warning = std::get_if<Warning>(&message)) {
    Warn(std::move(warning->text));
  } else if (const auto* done = std::get_if<Done>(&message)) {
    done_ = true;
    done_normally_ = done->normal;
    if (!IsNormalCode(done->exit_code)) {
      Warn(StrCat("the test runner ended with code ", done->exit_code));
    }
    done_normally_ &= IsNormalCode(done->exit_code);
  }
  return absl::OkStatus();
}

Status ReportBuilder::AddCase(TestCase test) {
  is_running_ = false;
  if (on_test_) on_test_(test);
  const auto known = index_.find(test.id);
  if (known != index_.end()) {
    // The same id twice: a failure counts, whichever came first.
    TestCase& before = report_.cases[known->second];
    if (before.status != TestStatus::kFailed) before = std::move(test);
    return absl::OkStatus();
  }
  if (report_.cases.size() >= kCasesMax) {
    return ResourceExhausted("the run has more than ", kCasesMax, " tests");
  }
  index_.emplace(test.id, report_.cases.size());
  report_.cases.push_back(std::move(test));
  return absl::OkStatus();
}

Status ReportBuilder::AddLines(const Lines& lines) {
  TestCoverage coverage;
  coverage.id = lines.id;
  for (const auto& [number, executed] : lines.files) {
    const auto file = files_.find(number);
    if (file == files_.end()) return InvalidArgument("a message names an unknown file");
    if (lines.watched) {
      executed_[file->second].insert(executed.begin(), executed.end());
      continue;
    }
    coverage_lines_ += executed.size();
    coverage.files.push_back({.file = file->second, .lines = executed});
  }
  if (coverage_lines_ > kCoverageLinesMax) {
    return ResourceExhausted("the coverage of the tests has more than ", kCoverageLinesMax,
                             " lines");
  }
  if (coverage.files.empty()) return absl::OkStatus();
  if (!report_.coverage.empty() && report_.coverage.back().id == coverage.id) {
    // Collection may be told in two parts; a test's own lines come once.
    for (FileLines& file : coverage.files) report_.coverage.back().files.push_back(std::move(file));
    return absl::OkStatus();
  }
  report_.coverage.push_back(std::move(coverage));
  return absl::OkStatus();
}

void ReportBuilder::Warn(std::string text) {
  if (report_.warnings.size() < kWarningsMax) report_.warnings.push_back(std::move(text));
}

void ReportBuilder::Spoil(std::string text) {
  spoilt_ = true;
  Warn(std::move(text));
}

TestReport ReportBuilder::Finish(const SandboxResult& result) {
  const std::string ended_by(EndedByName(result.ended_by));
  if (is_running_ && !index_.contains(running_)) {
    TestCase test;
    test.id = running_;
    test.status = TestStatus::kFailed;
    test.error_type = ended_by;
    test.message = StrCat("the test process ended (", ended_by, ") while this test ran");
    report_.cases.push_back(std::move(test));
  }
  for (auto& [file, lines] : executed_) {
    report_.executed.push_back({.file = file, .lines = {lines.begin(), lines.end()}});
  }
  report_.normal_end = done_ && done_normally_ && !spoilt_ && result.ended_by == EndedBy::kExit;
  report_.ended_by = ended_by;
  report_.exit_code = result.ended_by == EndedBy::kExit ? result.exit_code : -result.signal;
  report_.wall_ms = static_cast<uint64_t>(result.wall.count());
  report_.cpu_ms = static_cast<uint64_t>(result.cpu.count());
  report_.memory_bytes = result.memory_bytes_max;
  report_.output = result.output;
  return std::move(report_);
}

}  // namespace coditect::python
