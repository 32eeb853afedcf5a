// Imports resolved to files of the repository: the dependency graph.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/analysis/syntax_tree.h"

namespace coditect::analysis {

/// One imported module as it is written.
struct Import {
  std::string module;              // "a.b"; "" for `from . import x`; "a/b.h" of an include
  int level = 0;                   // leading dots
  std::vector<std::string> names;  // of a `from` import
  uint32_t line = 0;
  bool included = false;  // by `#include`: the module is a path
};

std::vector<Import> Imports(const SyntaxTree& tree);

/// Which file depends on which, all paths relative to the repository.
using DependencyGraph = std::map<std::string, std::set<std::string>>;

/// Resolves module names to files: a module `a.b` is a file `…/a/b.py` or `…/a/b/__init__.py` below
/// any folder that begins a package path (so src layouts resolve). The nearest to the importer
/// wins. An included path is a file beside the importer, else any file whose path ends so, and the
/// source files of its name, since what a header declares they define.
class ModuleIndex {
 public:
  /// `files`: every file of the repository.
  explicit ModuleIndex(const std::vector<std::string>& files);

  /// Files that `import` in `importer` names, sorted; empty for a foreign module.
  std::vector<std::string> Resolve(const std::string& importer, const Import& import) const;

 private:
  std::string Find(const std::string& importer, const std::string& module) const;
  std::vector<std::string> ResolveInclude(const std::string& importer,
                                          const std::string& path) const;

  std::set<std::string> files_;
  std::map<std::string, std::vector<std::string>> by_last_name_;
  std::map<std::string, std::vector<std::string>> by_stem_;  // headers and sources: "b" of "a/b.h"
};

/// Every file `root` depends on, itself included.
std::set<std::string> Reachable(const DependencyGraph& graph, const std::string& root);

}  // namespace coditect::analysis
