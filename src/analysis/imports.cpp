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

std::string Stem(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.find('.'));
}

bool IsHeader(std::string_view path) {
  for (std::string_view end : {".h", ".hh", ".hpp", ".hxx"}) {
    if (path.ends_with(end)) return true;
  }
  return false;
}

size_t CommonStart(const std::string& a, const std::string& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

/// `folder/../a` and `folder/./a` as plain paths.
std::string Plain(const std::string& path) {
  std::vector<std::string> parts;
  for (const std::string& part : Split(path, '/')) {
    if (part == ".." && !parts.empty()) {
      parts.pop_back();
    } else if (part != "." && part != "..") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (const std::string& part : parts) out += StrCat(out.empty() ? "" : "/", part);
  return out;
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
    if (role == Role::kImport && tree.language().form.braces) {
      NodeId path = tree.Child(id, Field::kModuleName);
      std::string_view text = path == kNoNode ? std::string_view() : tree.Text(path);
      if (text.size() < 3 || (text.front() != '"' && text.front() != '<')) continue;  // a macro
      out.push_back({.module = std::string(text.substr(1, text.size() - 2)),
                     .line = tree[id].line,
                     .included = true});
    } else if (role == Role::kImport) {
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
    if (!file.ends_with(kSuffix)) {
      const Language* language = LanguageOf(file);
      if (language != nullptr && language->form.braces) by_stem_[Stem(file)].push_back(file);
      continue;
    }
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

std::vector<std::string> ModuleIndex::ResolveInclude(const std::string& importer,
                                                     const std::string& path) const {
  auto found = by_stem_.find(Stem(path));
  if (found == by_stem_.end()) return {};
  const std::string beside = Plain(Below(Folder(importer), path));
  std::string header;
  for (const std::string& file : found->second) {
    if (file == beside) {
      header = file;
      break;
    }
    if (file != path && !file.ends_with(StrCat("/", Plain(path)))) continue;
    if (header.empty() || CommonStart(file, importer) > CommonStart(header, importer))
      header = file;
  }
  if (header.empty()) return {};
  std::set<std::string> out{header};
  size_t nearest = 0;
  if (IsHeader(header)) {
    for (const std::string& file : found->second) {
      if (!IsHeader(file)) nearest = std::max(nearest, CommonStart(file, header));
    }
    for (const std::string& file : found->second) {
      if (!IsHeader(file) && file != importer && CommonStart(file, header) == nearest)
        out.insert(file);
    }
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> ModuleIndex::Resolve(const std::string& importer,
                                              const Import& import) const {
  if (import.included) return ResolveInclude(importer, import.module);
  std::set<std::string> out;
  auto add_file = [&](const std::string& stem) {
    for (const std::string& path : {StrCat(stem, kSuffix), Below(stem, kPackageFile)}) {
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
