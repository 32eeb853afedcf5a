// What the support scripts say and are told, as values: the only place that knows the JSON.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/status.h"
#include "src/domain/test_report.h"
#include "src/ports/test_harness.h"

namespace coditect::python {

struct Hello {
  std::string runner;
  std::string version;
};
/// Number and path of a file, told before Lines refers to it.
struct FileName {
  uint32_t number = 0;
  std::string path;
};
struct Collected {
  std::vector<std::string> ids;
};
struct Started {
  std::string id;
};
/// Lines executed by a test ("" = by none); `watched`: some of the lines asked for.
struct Lines {
  bool watched = false;
  std::string id;
  std::vector<std::pair<uint32_t, std::vector<uint32_t>>> files;  // number of the file, lines
};
struct Warning {
  std::string text;
};
/// The runner's own end; `normal` is false when a process it followed did not end by itself.
struct Done {
  int exit_code = 0;
  bool normal = false;
};
/// What the interpreter is; `pytest` is its version, "" = cannot be imported for `error`.
struct Probe {
  std::string python;
  std::string implementation;
  std::string pytest;
  std::string error;
};
/// The filter is up; the failing tests that fail in it.
struct Ready {
  std::vector<std::string> failing;
};
/// The filter cannot work.
struct Refused {
  std::string text;
};
struct Judged {
  std::vector<JudgedCandidate> answers;
  uint64_t cpu_ms = 0;  // of the filter's processes since it started
};
struct Observed {};

using ChannelMessage =
    std::variant<Hello, FileName, Collected, CollectionError, Started, TestCase, Lines, Warning,
                 Done, Probe, Ready, Refused, Judged, ObservedName, Observed>;

/// One line of the channel. INVALID_ARGUMENT, naming the field, for anything that is not exactly a
/// known message within its bounds.
StatusOr<ChannelMessage> ParseMessage(std::string_view line);

/// The request of a run of tests, one line.
std::string RunRequestLine(const TestRunRequest& request);
struct FilterLimits {
  uint64_t memory_bytes = 0;  // that a judging process may add
  double wall_seconds = 0;    // that a test may sleep
};
std::string FilterRequestLine(const FilterRequest& request, const FilterLimits& limits);
std::string JudgeLine(std::span<const Candidate> candidates);
std::string ObserveLine();

/// "command:" and the first 12 hexadecimal digits of the command's SHA-256.
std::string CommandTestId(std::string_view command);

}  // namespace coditect::python
