// Choice of the interpreter and of what has to be shown for it.
#include "src/adapters/python/interpreter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "src/adapters/python/dependency_folders.h"
#include "src/adapters/python/managed_environments.h"
#include "src/adapters/python/path_rules.h"
#include "src/adapters/python/pyenv.h"
#include "src/adapters/python/site_packages.h"
#include "src/base/file.h"
#include "src/base/strings.h"
#include "src/base/unique_fd.h"

namespace coditect::python {
namespace {

constexpr std::array<const char*, 2> kProgramNames = {"python3", "python"};

struct Choice {
  std::string python;  // the path to start, in the folder whose packages count
  std::string origin;
};

bool IsExecutable(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

/// A program, not a script: shims that only their own manager understands are scripts.
bool IsProgram(const std::string& path) {
  constexpr std::string_view kMagic =
      "\x7f"
      "ELF";
  if (!IsExecutable(path)) return false;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  char start[kMagic.size()];
  return fd.valid() && ::read(fd.get(), start, sizeof start) == sizeof start &&
         std::string_view(start, sizeof start) == kMagic;
}

class Resolver {
 public:
  explicit Resolver(const InterpreterRequest& request)
      : request_(request), home_(Real(Variable("HOME"))), folders_(request.repository, home_) {}

  ResolvedToolchain Resolve();

 private:
  static std::string Real(const std::string& path) {
    const StatusOr<std::string> real = RealPath(path);
    return real.ok() ? *real : path;
  }
  std::string Variable(const char* name) const {
    const auto found = request_.environment.find(name);
    return found == request_.environment.end() ? "" : found->second;
  }
  void Note(std::string text) { result_.notes.push_back(std::move(text)); }

  /// Whether the path lies in the repository and git tracks something at or below it.
  bool IsTrackedContent(const std::string& path) const;
  std::optional<Choice> FromPrefix(const std::string& prefix, const std::string& origin);
  std::optional<Choice> FromPath();
  std::optional<Choice> FromPathEntry(const std::string& folder, const char* name);
  std::optional<Choice> Choose();
  void ShowInstallation(const Choice& choice);
  void ShowSite(const std::string& site_folder);
  void ShowUserSite(const std::string& version_folder);
  void PassPythonPath();
  void FillPath();

  const InterpreterRequest& request_;
  const std::string home_;
  ReadOnlyFolders folders_;
  ResolvedToolchain result_;
};

bool Resolver::IsTrackedContent(const std::string& path) const {
  if (!IsBelow(path, request_.repository)) return false;
  if (path.size() <= request_.repository.size()) return true;
  return request_.is_tracked(path.substr(request_.repository.size() + 1));
}

std::optional<Choice> Resolver::FromPrefix(const std::string& prefix, const std::string& origin) {
  if (!prefix.starts_with('/')) return std::nullopt;
  const std::string real = Real(prefix);
  if (IsTrackedContent(real)) {
    Note(StrCat(origin, " is tracked by git: it is content of the repository and not used"));
    return std::nullopt;
  }
  for (const char* name : {"python", "python3"}) {
    const std::string python = JoinPath(JoinPath(real, "bin"), name);
    if (IsProgram(python)) return Choice{python, origin};
  }
  return std::nullopt;
}

std::optional<Choice> Resolver::FromPathEntry(const std::string& folder, const char* name) {
  const std::string python = JoinPath(folder, name);
  if (!IsExecutable(python)) return std::nullopt;
  if (const auto root = PyenvRootOfShims(folder)) {
    for (const std::string& version :
         PyenvVersions(*root, request_.repository, request_.environment)) {
      if (version.empty()) return std::nullopt;  // "system": the rest of PATH
      const std::string shimmed = JoinPath(JoinPath(Real(version), "bin"), name);
      if (IsProgram(shimmed)) return Choice{shimmed, StrCat("PATH, pyenv ", BaseName(version))};
    }
    return std::nullopt;
  }
  if (!IsProgram(python)) {
    Note(StrCat(EscapeForTerminal(python), " is a script, not an interpreter: it is not used"));
    return std::nullopt;
  }
  return Choice{JoinPath(Real(folder), name), "PATH"};
}

std::optional<Choice> Resolver::FromPath() {
  for (const char* name : kProgramNames) {
    for (const std::string& folder : Split(Variable("PATH"), ':')) {
      // A relative entry would take what the repository offers.
      if (!folder.starts_with('/') || IsTrackedContent(Real(folder))) continue;
      if (auto choice = FromPathEntry(folder, name)) return choice;
    }
  }
  return std::nullopt;
}

std::optional<Choice> Resolver::Choose() {
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
    const std::string prefix = Variable(name);
    if (prefix.empty()) continue;
    if (auto choice = FromPrefix(prefix, name)) return choice;
    Note(StrCat(name, " names ", EscapeForTerminal(prefix), ", where no interpreter is usable"));
  }
  ManagedEnvironments managed =
      FindManagedEnvironments(request_.repository, home_, request_.environment);
  managed.found.insert(managed.found.begin(), {{JoinPath(request_.repository, ".venv"), ".venv"},
                                               {JoinPath(request_.repository, "venv"), "venv"}});
  for (const auto& [prefix, origin] : managed.found) {
    if (!PathExists(JoinPath(prefix, "pyvenv.cfg")) &&
        !PathExists(JoinPath(prefix, "conda-meta"))) {
      continue;
    }
    if (auto choice = FromPrefix(prefix, origin)) return choice;
    if (IsTrackedContent(Real(prefix))) continue;  // which was said
    Note(StrCat(
        "the environment ", EscapeForTerminal(prefix), " has no usable interpreter; `",
        managed.command.empty() ? "python3 -m venv --clear " + ShellQuote(prefix) : managed.command,
        "` makes it anew"));
  }
  if (!managed.manager.empty() && result_.notes.empty()) {
    Note(StrCat("this is a project of ", managed.manager, " and its environment is not there; `",
                managed.command, "` creates it"));
  }
  return FromPath();
}

/// Everything the interpreter loads: its installation, the one below a virtual environment, and
/// what their site-packages refer to.
void Resolver::ShowInstallation(const Choice& choice) {
  const std::string prefix = DirName(DirName(choice.python));
  const std::string program = Real(choice.python);
  std::vector<std::string> prefixes = {prefix, DirName(DirName(program))};
  const auto settings = ReadKeyValues(JoinPath(prefix, "pyvenv.cfg"));
  bool system_packages = settings.empty();
  if (const auto base = settings.find("home"); base != settings.end()) {
    prefixes.push_back(DirName(base->second));
    prefixes.push_back(Real(DirName(base->second)));
  }
  if (const auto all = settings.find("include-system-site-packages"); all != settings.end()) {
    system_packages = all->second == "true";
  }
  if (std::find(prefixes.begin(), prefixes.end(), "/usr") != prefixes.end()) {
    prefixes.emplace_back("/usr/local");  // Debian's pip installs there
  }
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (!prefixes[i].starts_with('/')) continue;
    if (!folders_.Add(prefixes[i], "the interpreter")) continue;
    if (i > 0 && !system_packages) continue;
    for (const std::string& site : SiteFolders(prefixes[i])) ShowSite(site);
  }
  if (system_packages && Variable("PYTHONNOUSERSITE").empty()) ShowUserSite(program);
  if (!settings.empty()) result_.toolchain.environment["VIRTUAL_ENV"] = prefix;
  if (PathExists(JoinPath(prefix, "conda-meta")))
    result_.toolchain.environment["CONDA_PREFIX"] = prefix;
}

void Resolver::ShowSite(const std::string& site_folder) {
  for (const std::string& folder : ReferencedFolders(site_folder)) {
    folders_.Add(folder, "an editable install or .pth file");
  }
}

/// Packages of `pip install --user`: only their folder, and a variable that says where it is.
void Resolver::ShowUserSite(const std::string& program) {
  const std::string version = BaseName(program);  // "python3.11"
  if (home_.empty() || version.find('.') == std::string::npos) return;
  const std::string base = JoinPath(home_, ".local");
  const std::string site = JoinPath(JoinPath(JoinPath(base, "lib"), version), "site-packages");
  if (!PathExists(site) || !folders_.Add(site, "the user's site-packages")) return;
  ShowSite(site);
  result_.toolchain.environment["PYTHONUSERBASE"] = base;
}

void Resolver::PassPythonPath() {
  std::vector<std::string> kept;
  for (const std::string& entry : Split(Variable("PYTHONPATH"), ':')) {
    if (entry.empty()) continue;
    const std::string path = Real(JoinPath(request_.repository, entry));
    if (PathExists(path) && folders_.Add(path, "PYTHONPATH")) kept.push_back(path);
  }
  if (!kept.empty()) result_.toolchain.environment["PYTHONPATH"] = Join(kept, ":");
}

void Resolver::FillPath() {
  std::vector<std::string>& path = result_.toolchain.path;
  const auto add = [&](const std::string& folder) {
    if (std::find(path.begin(), path.end(), folder) == path.end()) path.push_back(folder);
  };
  if (!result_.toolchain.python.empty()) add(DirName(result_.toolchain.python));
  for (const std::string& folder : Split(Variable("PATH"), ':')) {
    if (!folder.starts_with('/') || PyenvRootOfShims(folder)) continue;
    const std::string real = Real(folder);
    if (IsTrackedContent(real)) continue;
    if (IsSystemFolder(real) || folders_.Shows(real)) add(folder);
  }
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/bin"}) add(folder);
}

ResolvedToolchain Resolver::Resolve() {
  result_.toolchain.overlays = DependencyFolders(request_.repository, request_.is_tracked);
  if (const auto choice = Choose()) {
    result_.toolchain.python = choice->python;
    result_.toolchain.python_origin = choice->origin;
    ShowInstallation(*choice);
  }
  PassPythonPath();
  FillPath();
  if (!folders_.Shows(DirName(result_.toolchain.python)) && !result_.toolchain.python.empty()) {
    Note(StrCat("the interpreter ", EscapeForTerminal(result_.toolchain.python),
                " lies in a folder that cannot be shown to the tests"));
    result_.toolchain.python.clear();
    result_.toolchain.python_origin.clear();
  }
  result_.toolchain.read_only = folders_.folders();
  std::sort(result_.toolchain.read_only.begin(), result_.toolchain.read_only.end());
  for (const std::string& note : folders_.notes()) Note(note);
  return std::move(result_);
}

}  // namespace

ResolvedToolchain ResolveToolchain(const InterpreterRequest& request) {
  return Resolver(request).Resolve();
}

}  // namespace coditect::python
