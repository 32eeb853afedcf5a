// CPU time of the analysis of a C++ repository of 50,000 lines: build and tests found, symbols and
// executable lines of each file, the graph of includes.
#include <cstdio>

#include "src/adapters/native/layout.h"
#include "src/analysis/imports.h"
#include "src/analysis/language.h"
#include "src/analysis/statements.h"
#include "src/analysis/symbols.h"
#include "src/analysis/syntax_tree.h"
#include "src/base/strings.h"

#include "benchmarks/support/cxx_project.h"
#include "benchmarks/support/measure.h"

namespace coditect::bench {
namespace {

constexpr int kFiles = 160;
constexpr int kLinesOfFile = 300;
constexpr int kRuns = 5;

using Files = std::map<std::string, std::string>;

struct Step {
  double detection = 0, parsing = 0, graph = 0;  // CPU seconds
  size_t symbols = 0, edges = 0, lines = 0;
};

Step Analyse(const Files& files) {
  Step step;
  Stopwatch watch;
  std::vector<TreeEntry> entries;
  for (const auto& [path, text] : files) {
    entries.push_back({.path = path, .mode = 0100644, .object_id = "", .size_bytes = text.size()});
  }
  const auto layout = native::FindSources(
      entries, [&](const std::string& path) -> StatusOr<std::string> { return files.at(path); });
  CHECK(layout.build.runner == "ctest" && layout.test_files.size() > 10);
  step.detection = watch.Cpu();
  watch = Stopwatch();
  std::map<std::string, std::vector<analysis::Import>> imports;
  for (const auto& [path, text] : files) {
    const auto* language = analysis::LanguageOf(path);
    if (language == nullptr) continue;
    analysis::Parser parser(*language);
    const auto tree = Must(parser.Parse(text));
    step.symbols += analysis::Symbols(tree).size();
    step.lines += analysis::ExecutableLines(tree).size();
    imports[path] = analysis::Imports(tree);
  }
  step.parsing = watch.Cpu();
  watch = Stopwatch();
  std::vector<std::string> paths;
  for (const auto& [path, text] : files) paths.push_back(path);
  const analysis::ModuleIndex index(paths);
  analysis::DependencyGraph graph;
  for (const auto& [path, list] : imports) {
    for (const auto& import : list) {
      for (std::string& file : index.Resolve(path, import)) graph[path].insert(std::move(file));
    }
  }
  for (const auto& [path, reached] : graph) step.edges += reached.size();
  for (const auto& [path, text] : files) {
    if (path.starts_with("tests/")) CHECK(analysis::Reachable(graph, path).size() > 2);
  }
  step.graph = watch.Cpu();
  return step;
}

}  // namespace

int Main() {
  const Files files = CxxProject(kFiles, kLinesOfFile);
  size_t lines = 0;
  for (const auto& [path, text] : files) lines += Split(text, '\n').size();
  std::vector<double> detection, parsing, graph, all;
  Step last;
  for (int i = 0; i < kRuns; ++i) {
    last = Analyse(files);
    detection.push_back(last.detection);
    parsing.push_back(last.parsing);
    graph.push_back(last.graph);
    all.push_back(last.detection + last.parsing + last.graph);
  }
  std::printf(
      "A generated C++ repository of %zu lines in %zu files: %zu symbols, %zu executable lines, "
      "%zu "
      "edges of the include graph. CPU seconds, medians of %d [min-max].\n\n"
      "| Build and tests | Symbols, statements, includes | Graph | Together | Target |\n"
      "|---|---|---|---|---|\n| %.3f | %.2f | %.3f | %.2f [%.2f-%.2f] | <= 5 |\n",
      lines, files.size(), last.symbols, last.lines, last.edges, kRuns, RangeOf(detection).median,
      RangeOf(parsing).median, RangeOf(graph).median, RangeOf(all).median, RangeOf(all).min,
      RangeOf(all).max);
  return 0;
}

}  // namespace coditect::bench

int main() { return coditect::bench::Main(); }
