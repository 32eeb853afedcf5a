// Folds the messages of one run of tests into a report, within bounds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/adapters/python/messages.h"
#include "src/domain/test_report.h"
#include "src/ports/sandbox.h"

namespace coditect::python {

/// One run. Add() every message in its order, then Finish().
class ReportBuilder {
 public:
  static constexpr size_t kCasesMax = 200'000;
  static constexpr uint64_t kCoverageLinesMax = 20'000'000;
  static constexpr size_t kWarningsMax = 50;

  explicit ReportBuilder(std::function<void(const TestCase&)> on_test)
      : on_test_(std::move(on_test)) {}

  /// RESOURCE_EXHAUSTED when the run tells more than a report holds.
  Status Add(ChannelMessage message);
  void Warn(std::string text);
  /// Something else than the runner ended the run: what follows proves nothing.
  void Spoil(std::string text);

  /// The report; a test that was running when the process ended has failed, by what ended it.
  TestReport Finish(const SandboxResult& result);

 private:
  Status AddCase(TestCase test);
  Status AddLines(const Lines& lines);

  const std::function<void(const TestCase&)> on_test_;
  TestReport report_;
  std::map<std::string, size_t> index_;  // id -> place in report_.cases
  std::map<uint32_t, std::string> files_;
  std::map<std::string, std::set<uint32_t>> executed_;
  uint64_t coverage_lines_ = 0;
  std::string running_;
  bool is_running_ = false;
  bool done_ = false;
  bool done_normally_ = false;
  bool spoilt_ = false;
};

}  // namespace coditect::python
