// CPU time of a thousand alternatives of one C++ function: compiling them in one build, and judging
// them by its program.
//
// The file holds a dozen functions and the usual headers, so that what is paid for alternatives can
// be told from what the file costs anyway. Half of the alternatives pass the test's first checks.
// The commands run as plain processes: isolation costs CPU per start, not per alternative.
#include "src/adapters/native/alternatives.h"

#include <cstdio>

#include "src/adapters/native/judge_program.h"
#include "src/adapters/python/testing/workspace.h"
#include "src/base/file.h"
#include "src/base/strings.h"

#include "benchmarks/support/measure.h"

namespace coditect::bench {
namespace {

constexpr uint32_t kAlternatives = 1000;
constexpr int kRuns = 5;
constexpr const char* kPath = "code.cpp";

constexpr const char* kHead =
    "#include <algorithm>\n#include <map>\n#include <string>\n#include <vector>\n"
    "int rounds(const std::vector<int>& values, int limit) ";
constexpr const char* kBody =
    "{\n  int total = 0;\n  std::map<int, int> seen;\n  for (size_t i = 0; i < values.size(); ++i) "
    "{\n    if (values[i] > limit) {\n      total += values[i] - 0;\n    } else {\n"
    "      seen[values[i]] += 1;\n    }\n  }\n  for (const auto& [value, count] : seen) {\n"
    "    if (count > 1) total += value;\n  }\n  return total;\n}\n";
constexpr const char* kTest =
    "#include <vector>\nint rounds(const std::vector<int>& values, int limit);\n"
    "int main() {\n  if (rounds({}, 3) != 0) return 1;\n"
    "  return rounds({1, 1, 5, 9}, 3) == -1 ? 0 : 2;\n}\n";

std::string Source() {
  std::string text = StrCat(kHead, kBody);
  for (int i = 0; i < 12; ++i) {
    text += StrCat("std::string other_", i, "(const std::map<std::string, int>& all) {\n",
                   "  std::string out;\n  for (const auto& [name, count] : all) {\n",
                   "    if (count > ", i, ") out += name;\n  }\n",
                   "  std::sort(out.begin(), out.end());\n  return out;\n}\n");
  }
  return text;
}

/// Other constants at three places of the body.
std::vector<Candidate> Candidates(const std::string& text) {
  const std::string places[] = {"int total = 0", "values[i] - 0", "count > 1"};
  const auto start = static_cast<uint32_t>(text.find(kBody));
  const auto end = start + static_cast<uint32_t>(std::string_view(kBody).size()) - 1;
  std::vector<Candidate> candidates;
  for (uint32_t i = 0; i < kAlternatives; ++i) {
    const std::string& place = places[i % 3];
    const auto at = static_cast<uint32_t>(text.find(place) + place.size() - 1);
    Candidate candidate;
    candidate.number = i;
    candidate.edits = {{kPath, at, at + 1, std::to_string(i / 3 + 2)}};
    candidate.bodies = {{kPath, start, end}};
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

struct Bench {
  ScratchFolder scratch;
  python::TestingWorkspace workspace{scratch.path(), {{"PATH", "/usr/bin:/bin"}}};

  void Put(const std::string& path, const std::string& text) {
    Must(workspace.Apply({{.path = path, .content = text}}));
  }

  /// CPU seconds.
  double Run(const std::string& script) {
    native::Shell shell(workspace, {});
    const SandboxResult result = Must(shell.Run(Context{}, script));
    CHECK_WITH(result.exit_code == 0, result.output);
    return static_cast<double>(shell.cpu_ms()) / 1e3;
  }
};

}  // namespace

int Main() {
  const std::string text = Source();
  const std::vector<Candidate> candidates = Candidates(text);
  std::vector<const Candidate*> chosen;
  native::JudgeRequest request;
  for (const Candidate& candidate : candidates) {
    CHECK(native::IsAlternative(candidate, {{kPath, text}}));
    chosen.push_back(&candidate);
    request.numbers.push_back(static_cast<uint32_t>(chosen.size()));
  }
  const std::string many = native::WriteAlternatives(kPath, text, chosen).text;
  Bench bench;
  bench.Put("test.cpp", kTest);
  request.tests = {{.argv = {bench.scratch.path() + "/rounds"}, .folder = bench.scratch.path()}};
  request.test_cpu = std::chrono::milliseconds(300);
  request.test_wall = std::chrono::milliseconds(3000);
  native::Shell shell(bench.workspace, {});
  Must(native::MakeJudge(Context{}, shell));
  std::printf(
      "%u alternatives of a C++ function of 14 lines, in a file of %zu lines; CPU seconds, medians "
      "of %d [min-max].\n\n| Flags | the file alone | with its alternatives | beyond it | Target | "
      "judging them | Target |\n|---|---|---|---|---|---|---|\n",
      kAlternatives, Split(text, '\n').size(), kRuns);
  for (const char* flags : {"-O0", "-O2"}) {
    std::vector<double> alone, all, beyond, judged;
    for (int i = 0; i < kRuns; ++i) {
      bench.Put(kPath, text);
      alone.push_back(bench.Run(StrCat("c++ -std=c++17 ", flags, " -c code.cpp -o code.o")));
      bench.Put(kPath, many);
      all.push_back(bench.Run(StrCat("c++ -std=c++17 ", flags, " -c code.cpp -o code.o")));
      beyond.push_back(all.back() - alone.back());
      bench.Run("c++ test.cpp code.o -o rounds");
      native::Shell judging(bench.workspace, {});
      const auto verdicts = Must(native::RunJudge(Context{}, judging, request));
      CHECK(verdicts.size() == kAlternatives);
      for (const auto& verdict : verdicts) CHECK(verdict.passed == 0);
      judged.push_back(static_cast<double>(judging.cpu_ms()) / 1e3);
    }
    const Range one = RangeOf(alone), many_cpu = RangeOf(all), more = RangeOf(beyond),
                judge = RangeOf(judged);
    std::printf("| %s | %.2f | %.2f | %.2f [%.2f-%.2f] | <= 2 | %.2f [%.2f-%.2f] | <= 5 |\n", flags,
                one.median, many_cpu.median, more.median, more.min, more.max, judge.median,
                judge.min, judge.max);
  }
  return 0;
}

}  // namespace coditect::bench

int main() { return coditect::bench::Main(); }
