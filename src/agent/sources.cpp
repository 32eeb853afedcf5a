// Source files of the base commit.
#include "src/agent/sources.h"

#include <algorithm>
#include <map>

#include "src/analysis/language.h"
#include "src/analysis/syntax_tree.h"

namespace coditect {

StatusOr<std::vector<repair::SourceText>> ReadSources(const Lease& lease,
                                                      const std::set<std::string>& paths) {
  ASSIGN_OR_RETURN(Repository * git, lease.mission.repository(lease.ctx));
  ASSIGN_OR_RETURN(const auto* files, lease.mission.BaseFiles(lease.ctx));
  constexpr uint32_t kFileTypeMask = 0170000;
  constexpr uint32_t kRegular = 0100000;
  std::map<std::string, std::string> object_of;
  std::vector<std::string> objects;
  for (const std::string& path : paths) {
    const auto found = files->find(path);
    if (found == files->end() || analysis::LanguageOf(path) == nullptr) continue;
    const TreeEntry& entry = found->second;
    if ((entry.mode & kFileTypeMask) != kRegular || entry.size_bytes > analysis::kSourceBytesMax) {
      continue;
    }
    object_of[path] = entry.object_id;
    objects.push_back(entry.object_id);
  }
  ASSIGN_OR_RETURN(const auto blobs, git->ReadBlobs(lease.ctx, objects));
  std::vector<repair::SourceText> sources;
  for (const auto& [path, object] : object_of) {
    if (const auto blob = blobs.find(object); blob != blobs.end()) {
      sources.push_back({path, blob->second});
    }
  }
  return sources;
}

std::set<std::string> TestFiles(const Baseline& baseline) {
  return {baseline.harness.test_files.begin(), baseline.harness.test_files.end()};
}

std::set<std::string> FilesOfCases(const Baseline& baseline, const std::vector<TestCase>& cases) {
  const std::set<std::string> tests = TestFiles(baseline);
  std::set<std::string> files;
  for (const TestCase& test : cases) {
    files.insert(test.file);
    for (const StackFrame& frame : test.stack) {
      if (tests.contains(frame.file)) files.insert(frame.file);
    }
  }
  return files;
}

std::vector<TestCase> CasesOf(const Baseline& baseline, const std::vector<std::string>& ids) {
  std::map<std::string_view, const TestCase*> by_id;
  for (const TestCase& test : baseline.cases) by_id[test.id] = &test;
  std::vector<TestCase> cases;
  for (const std::string& id : ids) {
    if (const auto found = by_id.find(id); found != by_id.end()) cases.push_back(*found->second);
  }
  return cases;
}

analysis::DependencyGraph GraphOf(const std::vector<FileDependency>& dependencies) {
  analysis::DependencyGraph graph;
  for (const FileDependency& one : dependencies) {
    graph[one.file].insert(one.depends_on.begin(), one.depends_on.end());
  }
  return graph;
}

bool IsCollectionId(const Baseline& baseline, const std::string& id) {
  return std::any_of(baseline.cases.begin(), baseline.cases.end(),
                     [&](const TestCase& test) { return test.id == id && test.file == id; });
}

}  // namespace coditect
