// Places of environments by their managers' rules.
#include "src/adapters/python/managed_environments.h"

#include <algorithm>

#include "src/adapters/python/site_packages.h"
#include "src/base/file.h"
#include "src/base/sha256.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr size_t kProjectFileMax = size_t{1} << 20;
constexpr size_t kEnvironmentsMax = 32;
constexpr size_t kExpandedMax = 64;

/// "a, py{310,311}" and lines of them, expanded: tox's list of environments.
std::vector<std::string> ExpandEnvironments(std::string_view text) {
  std::vector<std::string> open = {""};
  std::vector<std::string> out;
  int depth = 0;
  std::string word;
  const auto flush = [&] {
    open = {std::string(TrimWhitespace(word))};
    word.clear();
    while (!open.empty() && out.size() < kExpandedMax) {
      const std::string one = open.front();
      open.erase(open.begin());
      const size_t begin = one.find('{');
      const size_t end = one.find('}', begin == std::string::npos ? 0 : begin);
      if (begin == std::string::npos || end == std::string::npos) {
        if (!one.empty() && one.find('/') == std::string::npos && one[0] != '.') out.push_back(one);
        continue;
      }
      std::vector<std::string> next;
      for (const std::string& choice : Split(one.substr(begin + 1, end - begin - 1), ',')) {
        next.push_back(StrCat(one.substr(0, begin), TrimWhitespace(choice), one.substr(end + 1)));
      }
      open.insert(open.begin(), next.begin(), next.end());
      if (open.size() > kExpandedMax) open.resize(kExpandedMax);
    }
  };
  for (const char c : text) {
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if ((c == ',' || c == '\n') && depth <= 0) {
      flush();
    } else {
      word += c;
    }
  }
  flush();
  return out;
}

class Finder {
 public:
  Finder(const std::string& repository, const std::string& home,
         const std::map<std::string, std::string>& environment)
      : repository_(repository), home_(home), environment_(environment) {}

  ManagedEnvironments Find() {
    project_ = ReadFile(InRepository("pyproject.toml"), kProjectFileMax).value_or("");
    FindUv();
    FindPoetry();
    FindPipenv();
    FindPdm();
    FindHatch();
    FindConda();
    FindTox();
    FindNox();
    return std::move(result_);
  }

 private:
  std::string InRepository(std::string_view name) const { return JoinPath(repository_, name); }
  bool Has(std::string_view name) const { return PathExists(InRepository(name)); }
  bool HasTool(std::string_view name) const {
    return coditect::Contains(project_, StrCat("[tool.", name, "]")) ||
           coditect::Contains(project_, StrCat("[tool.", name, "."));
  }
  std::string Variable(const char* name, const std::string& otherwise = "") const {
    const auto found = environment_.find(name);
    return found == environment_.end() || found->second.empty() ? otherwise : found->second;
  }
  std::string InHome(std::string_view name) const {
    return home_.empty() ? "" : JoinPath(home_, name);
  }
  std::string DataFolder() const { return Variable("XDG_DATA_HOME", InHome(".local/share")); }
  void Managed(const char* manager, const char* command) {
    if (!result_.manager.empty()) return;
    result_.manager = manager;
    result_.command = command;
  }
  bool Add(const std::string& prefix, std::string origin) {
    if (result_.found.size() >= kEnvironmentsMax || !prefix.starts_with('/')) return false;
    if (!PathExists(JoinPath(prefix, "pyvenv.cfg")) &&
        !PathExists(JoinPath(prefix, "conda-meta"))) {
      return false;
    }
    result_.found.push_back({prefix, std::move(origin)});
    return true;
  }
  /// Names in the folder, newest Python first where they end with its version.
  static std::vector<std::string> Names(const std::string& folder) {
    auto names = folder.starts_with('/') ? ListDir(folder).value_or(std::vector<std::string>())
                                         : std::vector<std::string>();
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() > b.size() : a > b;  // 3.11 before 3.9
    });
    return names;
  }

  void FindUv() {
    if (!Has("uv.lock") && !HasTool("uv")) return;
    Managed("uv", "uv sync");
    const std::string named = Variable("UV_PROJECT_ENVIRONMENT");
    if (!named.empty()) Add(InRepository(named), "uv");
  }

  void FindPoetry() {
    if (!Has("poetry.lock") && !HasTool("poetry")) return;
    Managed("Poetry", "poetry install");
    const std::string cache = Variable(
        "POETRY_CACHE_DIR", JoinPath(Variable("XDG_CACHE_HOME", InHome(".cache")), "pypoetry"));
    const std::string folder = Variable("POETRY_VIRTUALENVS_PATH", JoinPath(cache, "virtualenvs"));
    const std::string letters = PathLetters(repository_);
    // envs.toml names the Python that `poetry env use` chose.
    const std::string chosen =
        ReadFile(JoinPath(folder, "envs.toml"), kProjectFileMax).value_or("");
    std::string minor;
    bool ours = false;
    for (const std::string& line : Split(chosen, '\n')) {
      if (line.starts_with("[")) ours = coditect::Contains(line, "-" + letters);
      if (!ours || !line.starts_with("minor")) continue;
      const size_t quote = line.find('"');
      if (quote != std::string::npos) {
        minor = line.substr(quote + 1, line.find('"', quote + 1) - quote - 1);
      }
    }
    const std::string mark = StrCat("-", letters, "-py");
    std::vector<std::string> names = Names(folder);
    std::stable_partition(names.begin(), names.end(), [&](const std::string& name) {
      return !minor.empty() && name.ends_with(mark + minor);
    });
    for (const std::string& name : names) {
      if (coditect::Contains(name, mark)) Add(JoinPath(folder, name), "Poetry");
    }
  }

  void FindPipenv() {
    if (!Has("Pipfile")) return;
    Managed("Pipenv", "pipenv install --dev");
    const std::string folder = Variable("WORKON_HOME", JoinPath(DataFolder(), "virtualenvs"));
    const std::string mark = "-" + PathLetters(InRepository("Pipfile"));
    for (const std::string& name : Names(folder)) {
      if (name.ends_with(mark) || coditect::Contains(name, mark + "-"))
        Add(JoinPath(folder, name), "Pipenv");
    }
  }

  void FindPdm() {
    if (!Has("pdm.lock") && !HasTool("pdm")) return;
    Managed("PDM", "pdm install");
    const std::string python(
        TrimWhitespace(ReadFile(InRepository(".pdm-python"), kProjectFileMax).value_or("")));
    if (python.starts_with('/')) Add(DirName(DirName(python)), "PDM");
  }

  void FindHatch() {
    if (!Has("hatch.toml") && !HasTool("hatch.envs")) return;
    Managed("Hatch", "hatch env create");
    const std::string data = Variable("HATCH_DATA_DIR", JoinPath(DataFolder(), "hatch"));
    const std::string folder = JoinPath(data, "env/virtual");
    const std::string letters = PathLetters(repository_);
    for (const std::string& project : Names(folder)) {
      const std::string environments = JoinPath(JoinPath(folder, project), letters);
      Add(JoinPath(environments, project), "Hatch");  // the default one bears the project's name
      for (const std::string& name : Names(environments)) {
        if (name != project) Add(JoinPath(environments, name), StrCat("Hatch ", name));
      }
    }
  }

  void FindConda() {
    std::string file;
    for (const char* name : {"environment.yml", "environment.yaml"}) {
      if (file.empty() && Has(name)) file = name;
    }
    if (file.empty()) return;
    Managed("conda", file == "environment.yml" ? "conda env create -f environment.yml"
                                               : "conda env create -f environment.yaml");
    std::string name;
    const std::string text = ReadFile(InRepository(file), kProjectFileMax).value_or("");
    for (const std::string& line : Split(text, '\n')) {
      if (!line.starts_with("name:")) continue;
      const std::string value = line.substr(
          5, line.find('#') == std::string::npos ? std::string::npos : line.find('#') - 5);
      name = std::string(TrimWhitespace(value));
      std::erase_if(name, [](char c) { return c == '"' || c == '\''; });
    }
    if (name.empty() || name[0] == '.' || name.find('/') != std::string::npos) return;
    std::vector<std::string> roots = {Variable("MAMBA_ROOT_PREFIX")};
    const std::string program = Variable("CONDA_EXE");  // <root>/bin/conda
    if (program.starts_with('/')) roots.push_back(DirName(DirName(program)));
    for (const char* root :
         {"miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda"}) {
      roots.push_back(InHome(root));
    }
    for (const char* root : {"/opt/conda", "/opt/miniconda3", "/opt/anaconda3"}) {
      roots.emplace_back(root);
    }
    for (const std::string& root : roots) {
      if (!root.empty() && Add(JoinPath(JoinPath(root, "envs"), name), StrCat("conda ", name))) {
        return;
      }
    }
  }

  void FindTox() {
    if (!Has("tox.ini") && !Has("tox.toml") && !HasTool("tox")) return;
    const std::string text = ReadFile(InRepository("tox.ini"), kProjectFileMax).value_or("");
    std::string list;
    bool inside = false;
    for (const std::string& line : Split(text, '\n')) {
      const size_t equals = line.find('=');
      const std::string key(TrimWhitespace(std::string_view(line).substr(0, equals)));
      const bool indented = line.starts_with(' ') || line.starts_with('\t');
      if (inside && indented) {
        StrAppend(list, line, "\n");
      } else {
        inside = equals != std::string::npos && (key == "envlist" || key == "env_list");
        if (inside) StrAppend(list, line.substr(equals + 1), "\n");
      }
    }
    std::vector<std::string> names = ExpandEnvironments(list);
    // What is there beside the list, environments for tests before those for chores.
    for (const std::string& name : Names(InRepository(".tox"))) {
      if (name.starts_with("py") || name.starts_with("test")) names.push_back(name);
    }
    for (const std::string& name : names) {
      Add(InRepository(StrCat(".tox/", name)), StrCat("tox ", name));
    }
  }

  void FindNox() {
    if (!Has("noxfile.py")) return;
    for (const std::string& name : Names(InRepository(".nox"))) {
      if (name.starts_with("test") || name.starts_with("unit") || name.starts_with("py")) {
        Add(InRepository(StrCat(".nox/", name)), StrCat("nox ", name));
      }
    }
  }

  const std::string& repository_;
  const std::string& home_;
  const std::map<std::string, std::string>& environment_;
  std::string project_;
  ManagedEnvironments result_;
};

}  // namespace

std::string PathLetters(std::string_view path) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const std::string digest = Sha256(path);
  std::string out;
  for (size_t i = 0; i < 6; i += 3) {
    const auto byte = [&](size_t k) { return static_cast<unsigned char>(digest[i + k]); };
    const unsigned bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (int shift = 18; shift >= 0; shift -= 6) out += kAlphabet[bits >> shift & 63];
  }
  return out;
}

ManagedEnvironments FindManagedEnvironments(const std::string& repository, const std::string& home,
                                            const std::map<std::string, std::string>& environment) {
  return Finder(repository, home, environment).Find();
}

}  // namespace coditect::python
