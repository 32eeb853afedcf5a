// CPU time per candidate decided by the Python filter on micro tests.
//
// Real candidates of the repair library (every hypothesis space, its own order) for small functions
// with micro tests; no bug is planted: the failing test asks for what no edit gives, so that the
// search runs through whole epochs. The filter runs as a plain process: its isolation costs CPU per
// start, not per candidate.
#include <memory>

#include "src/adapters/python/testing/project.h"
#include "src/base/strings.h"
#include "src/repair/patch_search.h"

#include "benchmarks/support/measure.h"

namespace coditect::bench {
namespace {

constexpr uint64_t kCandidatesPerSearch = 2048;
constexpr size_t kBatch = 64;  // what a coder sends at once

struct Micro {
  const char* name;
  const char* code;
  const char* test;
};

constexpr Micro kMicros[] = {
    {"prices",
     "def discount(quantity, member):\n    rate = 0\n    if quantity > 100:\n        rate = 20\n"
     "    elif quantity >= 10:\n        rate = 5\n    if member:\n        rate += 1\n"
     "    return min(rate, 20)\n",
     "    assert [discount(n, False) for n in (9, 10, 99, 150)] == [0, 5, 5, 20]\n"
     "    assert discount(150, True) == 'never'\n"},
    {"words",
     "def common(text, n):\n    counts = {}\n    for word in text.lower().split():\n"
     "        counts[word] = counts.get(word, 0) + 1\n"
     "    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))\n"
     "    return [word for word, count in ordered[:n] if count > 0]\n",
     "    assert common('a b a', 1) == ['a']\n    assert common('a b b c', 2) == 'never'\n"},
    {"intervals",
     "def merge(spans):\n    merged = []\n    for start, end in sorted(spans):\n"
     "        if merged and start <= merged[-1][1]:\n"
     "            merged[-1][1] = max(merged[-1][1], end)\n        else:\n"
     "            merged.append([start, end])\n    return merged\n",
     "    assert merge([(1, 2), (4, 5)]) == [[1, 2], [4, 5]]\n"
     "    assert merge([(1, 3), (2, 5)]) == 'never'\n"},
    {"search",
     "def find(values, wanted):\n    low, high = 0, len(values) - 1\n    while low <= high:\n"
     "        middle = (low + high) // 2\n        if values[middle] == wanted:\n"
     "            return middle\n        if values[middle] < wanted:\n"
     "            low = middle + 1\n        else:\n            high = middle - 1\n    return -1\n",
     "    assert find([1, 3, 5, 7], 5) == 2\n    assert find([1, 3, 5, 7], 4) == 'never'\n"},
};

struct Cost {
  uint64_t candidates = 0;
  uint64_t tests = 0;
  double filter_ms = 0;  // CPU of the filter after it was opened
  double open_ms = 0;    // CPU until it was
  double search_ms = 0;  // CPU of making the candidates, in this process
};

repair::PatchSearchOptions Options(const Micro& micro, const TestReport& report,
                                   repair::Space space) {
  const std::string file = StrCat(micro.name, ".py");
  const std::string test_file = StrCat("test_", micro.name, ".py");
  repair::PatchSearchOptions options;
  options.files = {{file, micro.code}};
  const std::vector<std::string> lines = Split(micro.code, '\n');
  for (uint32_t line = 2; line + 1 <= lines.size(); ++line) {
    options.lines.push_back(
        {.file = file, .line = line, .score = 1.0 - line / 1000.0, .function = "f", .failed = 1});
  }
  for (const TestCase& test : report.cases) {
    if (test.status == TestStatus::kFailed) options.failing.push_back(test);
  }
  options.space = space;
  options.candidates_max = kCandidatesPerSearch;
  return options;
}

void Measure(const Micro& micro, repair::Space space, Cost& cost) {
  const std::string test_text =
      StrCat("from ", micro.name, " import *\n\ndef test_it():\n", micro.test);
  const std::string test_file = StrCat("test_", micro.name, ".py");
  python::Project project({{StrCat(micro.name, ".py"), micro.code}, {test_file, test_text}});
  const TestReport report = Must(project.Run());
  repair::PatchSearchOptions options = Options(micro, report, space);
  CHECK(!options.failing.empty());
  options.tests = {{test_file, test_text}};
  FilterRequest request;
  request.plan = Must(project.Detect());
  request.failing = {options.failing.front().id};
  request.files = {options.files.front().path};
  auto filter = Must(project.harness().OpenFilter(Context{}, project.workspace(), request));
  options.observed = Must(filter->Observe(Context{}));
  const Stopwatch watch;
  auto search = Must(repair::PatchSearch::Create(std::move(options)));
  bool first = true;
  uint64_t before = 0;
  while (!search->Exhausted()) {
    const auto batch = search->NextBatch(kBatch);
    if (batch.empty()) break;
    const auto judged = Must(filter->Judge(Context{}, batch));
    search->Report(judged);
    for (const JudgedCandidate& one : judged) cost.tests += one.tests;
    // The first answer tells what opening and observing cost, with its own batch.
    if (first) before = filter->usage().cpu_ms;
    if (!first) cost.candidates += judged.size();
    first = false;
  }
  cost.open_ms += static_cast<double>(before);
  cost.filter_ms += static_cast<double>(filter->usage().cpu_ms - before);
  cost.search_ms += watch.Cpu() * 1e3;
}

}  // namespace

int Main() {
  constexpr std::pair<repair::Space, const char*> kSpaces[] = {
      {repair::Space::kEdits, "edits"},
      {repair::Space::kSynthesis, "synthesis"},
      {repair::Space::kPairs, "pairs"}};
  std::printf(
      "Candidates of the repair library for %zu small functions, at most %llu a function and "
      "space, "
      "in batches of %zu. CPU of the filter's processes, as it reports them, from the second batch "
      "on; opening (interpreter, pytest, load, base runs) and the first batch stand apart.\n\n",
      std::size(kMicros), static_cast<unsigned long long>(kCandidatesPerSearch), kBatch);
  std::printf(
      "| Space | Candidates | Tests executed | CPU ms a candidate | Target | CPU ms to open, "
      "first batch | CPU ms a candidate to make it |\n|---|---|---|---|---|---|---|\n");
  for (const auto& [space, name] : kSpaces) {
    Cost cost;
    for (const Micro& micro : kMicros) Measure(micro, space, cost);
    const double candidates = static_cast<double>(cost.candidates);
    std::printf("| %s | %llu | %llu | %.2f | <= 0.5 | %.0f | %.3f |\n", name,
                static_cast<unsigned long long>(cost.candidates),
                static_cast<unsigned long long>(cost.tests), cost.filter_ms / candidates,
                cost.open_ms / static_cast<double>(std::size(kMicros)),
                cost.search_ms / candidates);
  }
  return 0;
}

}  // namespace coditect::bench

int main() { return coditect::bench::Main(); }
