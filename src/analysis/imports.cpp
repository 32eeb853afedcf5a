// Imports resolved to files of the repository.
#include "src/analysis/imports.h"

#include <algorithm>

namespace coditect::analysis {
namespace {

constexpr std::string_view kPackageFile = "__init__.py";
constexpr std::string_view kSuffix = ".py";

std::string Folder(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string Below(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : StrCat(folder, "/", name);
}

/// The dotted name of a node, and how many dots lead it.
void ReadModule(const SyntaxTree& tree, NodeId node, Import* import) {
  std::string_view text = tree.Text(node);
  while (text.starts_with('.')) {
    ++import->level;
    text.remove_prefix(1);
  }
  import->module = TrimWhitespace(text);
}

std::string NameOf(const SyntaxTree& tree, NodeId node) {
  NodeId name = tree[node].role == Role::kAlias ? tree.Child(node, Field::kName) : node;
  return std::string(tree.Text(name == kNoNode ? node : name));
}

}  // namespace

std::vector<Import> Imports(const SyntaxTree& tree) {
  std::vector<Import> out;
  for (NodeId id = 0; id < tree.size(); ++id) {
    Role role = tree[id].role;
    if (role == Role::kImport) {
      for (NodeId child : tree.Children(id)) {
        out.push_back({.module = NameOf(tree, child), .line = tree[id].line});
      }
    } else if (role == Role::kImportFrom) {
      Import import{.line = tree[id].line};
      for (NodeId child : tree.Children(id)) {
        if (tree[child].field == Field::kModuleName) {
          ReadModule(tree, child, &import);
        } else if (tree[child].field == Field::kName) {
          import.names.push_back(NameOf(tree, child));
        }
      }
      out.push_back(std::move(import));
    }
  }
  return out;
}

ModuleIndex::ModuleIndex(const std::vector<std::string>& files)
    : files_(files.begin(), files.end()) {
  for (const std::string& file : files_) {
    if (!file.ends_with(kSuffix)) continue;
    std::string path = file.substr(0, file.size() - kSuffix.size());
    if (file.ends_with(kPackageFile)) path = Folder(file);
    size_t slash = path.rfind('/');
    by_last_name_[slash == std::string::npos ? path : path.substr(slash + 1)].push_back(file);
  }
}

std::string ModuleIndex::Find(const std::string& importer, const std::string& module) const {
  if (module.empty()) return "";
  std::string path = module;
  std::replace(path.begin(), path.end(), '.', '/');
  size_t slash = path.rfind('/');
  auto found = by_last_name_.find(slash == std::string::npos ? path : path.substr(slash + 1));
  if (found == by_last_name_.end()) return "";
  std::string best;
  size_t best_common = 0;
  for (const std::string& file : found->second) {
    std::string stem =
        file.ends_with(kPackageFile) ? Folder(file) : file.substr(0, file.size() - kSuffix.size());
    if (stem != path && !stem.ends_with("/" + path)) continue;
    std::string root = stem.substr(0, stem.size() - path.size());
    // A root inside a package would need the package's name in front.
    if (!root.empty() && files_.contains(StrCat(root, kPackageFile))) continue;
    size_t common =
        std::mismatch(file.begin(), file.end(), importer.begin(), importer.end()).first -
        file.begin();
    if (best.empty() || common > best_common) {
      best = file;
      best_common = common;
    }
  }
  return best;
}

std::vector<std::string> ModuleIndex::Resolve(const std::string& importer,
                                              const Import& import) const {
  std::set<std::string> out;
  auto add_file = [&](const std::string& stem) {
    for (std::string path : {StrCat(stem, kSuffix), Below(stem, kPackageFile)}) {
      if (!stem.empty() && files_.contains(path)) return out.insert(path), true;
    }
    return false;
  };
  if (import.level > 0) {
    std::string folder = Folder(importer);
    for (int i = 1; i < import.level; ++i) folder = Folder(folder);
    std::string path = import.module;
    std::replace(path.begin(), path.end(), '.', '/');
    std::string stem = path.empty() ? folder : Below(folder, path);
    add_file(stem);
    for (const std::string& name : import.names) add_file(Below(stem, name));
  } else {
    for (const std::string& name : import.names) {
      if (auto file = Find(importer, StrCat(import.module, ".", name)); !file.empty()) {
        out.insert(file);
      }
    }
    std::string module = import.module;
    while (!module.empty()) {  // `import a.b.c` runs a and a.b, too
      if (auto file = Find(importer, module); !file.empty()) out.insert(file);
      size_t dot = module.rfind('.');
      module = dot == std::string::npos ? "" : module.substr(0, dot);
    }
  }
  return {out.begin(), out.end()};
}

std::set<std::string> Reachable(const DependencyGraph& graph, const std::string& root) {
  std::set<std::string> seen{root};
  std::vector<std::string> open{root};
  while (!open.empty()) {
    auto found = graph.find(open.back());
    open.pop_back();
    if (found == graph.end()) continue;
    for (const std::string& next : found->second) {
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return seen;
}

}  // namespace coditect::analysis
