// The analyzer's second task: clusters of failures, suspicious lines, the dependency graph.
#include <algorithm>
#include <map>
#include <utility>

#include "src/agent/lease.h"
#include "src/agent/sources.h"
#include "src/analysis/imports.h"
#include "src/domain/fault_report.h"
#include "src/repair/compile_index.h"
#include "src/repair/failure_clusters.h"
#include "src/repair/fault_localization.h"
#include "src/repair/literal_mining.h"

namespace coditect {
namespace {

constexpr size_t kCoveringMax = 200;  // passing tests that a candidate is shown
constexpr size_t kImportersMax = 20;  // of these, tests that only import a suspicious file
constexpr size_t kSourceFilesMax = 5000;
constexpr size_t kPassingFilesMax = 1000;  // test files looked at for what they import
constexpr double kMillion = 1e6;

class Localization {
 public:
  explicit Localization(const Lease& lease) : lease_(lease) {}

  StatusOr<Work> Run() {
    ASSIGN_OR_RETURN(baseline_, lease_.Get<Baseline>(lease_.Parameter("baseline")));
    if (baseline_.goal.empty()) return Finish(report_);
    passing_.insert(baseline_.passed.begin(), baseline_.passed.end());
    ASSIGN_OR_RETURN(traced_, lease_.Get<TestReport>(lease_.Parameter("coverage")));
    RETURN_IF_ERROR(ReadFiles());
    FindErrors();
    ASSIGN_OR_RETURN(report_.dependencies, Dependencies());
    FindImporters();
    repair::ClusterRequest request;
    request.failing = failing_;
    request.passing = baseline_.passed;
    request.coverage = traced_.coverage;
    request.errors = errors_;
    request.files = editable_;
    request.findings = traced_.findings;
    for (const repair::FailureCluster& found : Clusters(request)) {
      ASSIGN_OR_RETURN(FaultCluster cluster, MakeCluster(found));
      report_.clusters.push_back(std::move(cluster));
    }
    return Finish(report_);
  }

 private:
  /// A candidate is one claim about all that fails, and so is what is searched in its stead.
  std::vector<repair::FailureCluster> Clusters(const repair::ClusterRequest& request) const {
    std::vector<repair::FailureCluster> found = repair::ClusterFailures(request);
    if (lease_.mission.request().candidates.empty() || found.size() < 2) return found;
    repair::FailureCluster& all = found.front();
    for (size_t i = 1; i < found.size(); ++i) {
      all.tests.insert(all.tests.end(), found[i].tests.begin(), found[i].tests.end());
      all.collection_errors.insert(all.collection_errors.end(), found[i].collection_errors.begin(),
                                   found[i].collection_errors.end());
    }
    found.resize(1);
    return found;
  }

  Status ReadFiles() {
    ASSIGN_OR_RETURN(const auto* files, lease_.mission.BaseFiles(lease_.ctx));
    const std::set<std::string> tests = TestFiles(baseline_);
    std::set<std::string> wanted;
    // What the traced tests executed is what can be wrong; without a trace, everything.
    for (const TestCoverage& coverage : traced_.coverage) {
      for (const FileLines& file : coverage.files) wanted.insert(file.file);
    }
    for (const TestCase& test : baseline_.cases) {
      for (const StackFrame& frame : test.stack) wanted.insert(frame.file);
    }
    for (const SanitizerFinding& finding : traced_.findings) {
      for (const StackFrame& frame : finding.stack) wanted.insert(frame.file);
      for (const StackFrame& frame : finding.involved) wanted.insert(frame.file);
    }
    if (wanted.empty()) {
      for (const auto& [path, entry] : *files) wanted.insert(path);
    }
    std::set<std::string> editable;
    for (const std::string& path : wanted) {
      if (!tests.contains(path) && editable.size() < kSourceFilesMax) editable.insert(path);
    }
    ASSIGN_OR_RETURN(editable_, ReadSources(lease_, editable));
    const std::set<std::string> failing_files =
        FilesOfCases(baseline_, CasesOf(baseline_, baseline_.goal));
    ASSIGN_OR_RETURN(test_sources_, ReadSources(lease_, failing_files));
    std::set<std::string> passing_files = tests;
    for (const std::string& file : failing_files) passing_files.erase(file);
    while (passing_files.size() > kPassingFilesMax) passing_files.erase(--passing_files.end());
    ASSIGN_OR_RETURN(passing_sources_, ReadSources(lease_, passing_files));
    return absl::OkStatus();
  }

  /// Splits the goal into tests that fail and files that cannot be collected.
  void FindErrors() {
    for (const TestCase& test : CasesOf(baseline_, baseline_.goal)) {
      if (IsCollectionId(baseline_, test.id)) {
        errors_.push_back({.file = test.id, .message = test.message, .stack = test.stack});
      } else {
        failing_.push_back(test);
      }
    }
  }

  /// What ran at import is not told by test: a test is taken to need what its file imports.
  void FindImporters() {
    const analysis::DependencyGraph graph = GraphOf(report_.dependencies);
    for (const auto* sources : {&test_sources_, &passing_sources_}) {
      for (const repair::SourceText& source : *sources) {
        reached_[source.path] = analysis::Reachable(graph, source.path);
      }
    }
    for (const TestCase& test : baseline_.cases) {
      passed_in_[test.file] += passing_.contains(test.id);
    }
    for (const TestCoverage& coverage : traced_.coverage) {
      if (!coverage.id.empty()) continue;
      for (const FileLines& file : coverage.files) ran_at_import_.insert(file.file);
    }
  }

  std::map<std::string, repair::Importers> CountImporters(
      const repair::LocalizationRequest& request) const {
    std::map<std::string, uint32_t> failed;
    for (const TestCase& test : request.failing) failed[test.file] += 1;
    for (const CollectionError& error : request.errors) failed[error.file] += 1;
    std::map<std::string, repair::Importers> importers;
    for (const auto& [test_file, files] : reached_) {
      for (const std::string& file : files) {
        if (!ran_at_import_.contains(file)) continue;
        importers[file].failed += failed[test_file];
        const auto passed = passed_in_.find(test_file);
        if (passed != passed_in_.end()) importers[file].passed += passed->second;
      }
    }
    return importers;
  }

  StatusOr<FaultCluster> MakeCluster(const repair::FailureCluster& found) {
    FaultCluster cluster;
    cluster.tests = found.tests;
    cluster.tests.insert(cluster.tests.end(), found.collection_errors.begin(),
                         found.collection_errors.end());
    repair::LocalizationRequest request;
    request.files = editable_;
    request.coverage = traced_.coverage;
    request.failing = CasesOf(baseline_, found.tests);
    for (const CollectionError& error : errors_) {
      const auto& files = found.collection_errors;
      if (std::find(files.begin(), files.end(), error.file) != files.end()) {
        request.errors.push_back(error);
      }
    }
    for (const SanitizerFinding& finding : traced_.findings) {
      if (std::ranges::find(cluster.tests, finding.id) == cluster.tests.end()) continue;
      cluster.findings.push_back(finding);
    }
    request.findings = cluster.findings;
    request.passing = baseline_.passed;
    request.called = repair::MineLiterals(test_sources_, CasesOf(baseline_, cluster.tests)).called;
    request.tests = test_sources_;
    request.importers = CountImporters(request);
    ASSIGN_OR_RETURN(const auto lines, repair::Localize(request));
    for (const repair::SuspiciousLine& line : lines) {
      cluster.lines.push_back({.file = line.file,
                               .line = line.line,
                               .score_ppm = static_cast<uint32_t>(line.score * kMillion + 0.5),
                               .function = line.function,
                               .failed = line.failed,
                               .passed = line.passed});
    }
    cluster.covering = Covering(cluster);
    ASSIGN_OR_RETURN(cluster.submodules, SubmodulesOf(found.tests));
    return cluster;
  }

  /// The submodules in which something of these tests ran.
  StatusOr<std::vector<std::string>> SubmodulesOf(const std::vector<std::string>& tests) const {
    constexpr uint32_t kGitlink = 0160000;
    ASSIGN_OR_RETURN(const auto* files, lease_.mission.BaseFiles(lease_.ctx));
    std::set<std::string> ran;
    for (const TestCoverage& coverage : traced_.coverage) {
      if (std::find(tests.begin(), tests.end(), coverage.id) == tests.end()) continue;
      for (const FileLines& file : coverage.files) ran.insert(file.file);
    }
    std::vector<std::string> submodules;
    for (const auto& [path, entry] : *files) {
      if (entry.mode != kGitlink) continue;
      const auto below = ran.lower_bound(path + "/");
      if (below != ran.end() && below->starts_with(path + "/")) submodules.push_back(path);
    }
    return submodules;
  }

  struct Rank {
    uint32_t score = 0;
    uint64_t wall_us = 0;
    std::string_view id;
  };

  /// Passing tests that execute one of the cluster's lines, or import a file of theirs: those of
  /// most suspicion first, the quick before the slow.
  std::vector<std::string> Covering(const FaultCluster& cluster) const {
    std::map<std::pair<std::string_view, uint32_t>, uint32_t> suspicion;
    std::set<std::string> at_import;  // files with lines that no failing test executed
    for (const SuspiciousLine& line : cluster.lines) {
      suspicion[{line.file, line.line}] = line.score_ppm;
      if (line.failed == 0 && ran_at_import_.contains(line.file)) at_import.insert(line.file);
    }
    std::map<std::string_view, uint64_t> wall;
    std::set<std::string_view> importing;
    for (const TestCase& test : baseline_.cases) {
      wall[test.id] = test.wall_us;
      const auto files = reached_.find(test.file);
      if (files == reached_.end()) continue;
      const auto needs = [&](const std::string& file) { return files->second.contains(file); };
      if (std::any_of(at_import.begin(), at_import.end(), needs)) importing.insert(test.id);
    }
    std::vector<Rank> ranks;
    for (const TestCoverage& coverage : traced_.coverage) {
      if (!passing_.contains(coverage.id)) continue;
      uint32_t best = 0;
      for (const FileLines& file : coverage.files) {
        for (const uint32_t line : file.lines) {
          const auto found = suspicion.find({file.file, line});
          if (found != suspicion.end()) best = std::max(best, found->second);
        }
      }
      if (best == 0) continue;
      importing.erase(coverage.id);
      ranks.push_back({best, wall[coverage.id], coverage.id});
    }
    const auto before = [](const Rank& a, const Rank& b) {
      return std::tie(b.score, a.wall_us, a.id) < std::tie(a.score, b.wall_us, b.id);
    };
    std::sort(ranks.begin(), ranks.end(), before);
    std::vector<Rank> importers;
    for (const std::string_view id : importing) {
      if (passing_.contains(id)) importers.push_back({0, wall[id], id});
    }
    std::sort(importers.begin(), importers.end(), before);
    importers.resize(std::min(importers.size(), kImportersMax));
    ranks.insert(ranks.end(), importers.begin(), importers.end());
    std::vector<std::string> ids;
    for (size_t i = 0; i < ranks.size() && i < kCoveringMax; ++i) ids.emplace_back(ranks[i].id);
    return ids;
  }

  StatusOr<std::vector<FileDependency>> Dependencies() {
    ASSIGN_OR_RETURN(const auto* files, lease_.mission.BaseFiles(lease_.ctx));
    std::vector<std::string> paths;
    for (const auto& [path, entry] : *files) paths.push_back(path);
    const analysis::ModuleIndex index(paths);
    std::vector<FileDependency> out;
    std::set<std::string> read;
    std::set<std::string> headers;  // that were not executed: what they declare counts, too
    const auto add = [&](const std::vector<repair::SourceText>& sources) {
      for (const repair::SourceText& source : sources) {
        read.insert(source.path);
        analysis::Parser parser(*analysis::LanguageOf(source.path));
        const auto tree = parser.Parse(source.text);
        if (!tree.ok()) continue;
        std::set<std::string> targets;
        for (const analysis::Import& import : analysis::Imports(*tree)) {
          for (std::string& file : index.Resolve(source.path, import)) {
            if (repair::IsHeaderPath(file)) headers.insert(file);
            targets.insert(std::move(file));
          }
        }
        out.push_back({source.path, {targets.begin(), targets.end()}});
      }
    };
    for (const auto* sources : {&editable_, &test_sources_, &passing_sources_}) add(*sources);
    while (std::erase_if(headers, [&](const auto& path) { return read.contains(path); }),
           !headers.empty() && out.size() < kSourceFilesMax) {
      ASSIGN_OR_RETURN(const auto sources, ReadSources(lease_, std::exchange(headers, {})));
      add(sources);
    }
    return out;
  }

  StatusOr<Work> Finish(const FaultReport& report) {
    Work work;
    work.result = lease_.NewResult(ResultOutcome::kSuccess);
    ASSIGN_OR_RETURN(work.result.outputs["faults"], lease_.Put(report));
    std::string summary = Counted(report.clusters.size(), "independent fault");
    for (const FaultCluster& cluster : report.clusters) {
      if (cluster.lines.empty()) continue;
      const SuspiciousLine& top = cluster.lines.front();
      summary +=
          StrCat(&cluster == &report.clusters.front() ? ": " : ", ", top.file, ':', top.line);
      if (!top.function.empty()) summary += " in " + top.function;
      if (summary.size() > 200) break;
    }
    work.result.outputs["summary"] = summary;
    lease_.Think("FAULTS", {{"summary", summary}});
    return work;
  }

  const Lease& lease_;
  Baseline baseline_;
  std::set<std::string_view> passing_;         // ids of baseline_
  std::map<std::string, uint32_t> passed_in_;  // how many of them, by test file
  TestReport traced_;
  std::vector<repair::SourceText> editable_;
  std::vector<repair::SourceText> test_sources_;     // with failing tests
  std::vector<repair::SourceText> passing_sources_;  // with none
  std::vector<TestCase> failing_;
  std::vector<CollectionError> errors_;
  FaultReport report_;
  std::map<std::string, std::set<std::string>> reached_;  // files by the test file that needs them
  std::set<std::string> ran_at_import_;
};

}  // namespace

StatusOr<Work> Localize(const Lease& lease) {
  return WorksOnBuild(lease) ? LocalizeBuild(lease) : Localization(lease).Run();
}

}  // namespace coditect
