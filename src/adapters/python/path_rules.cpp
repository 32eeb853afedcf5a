// Rules for folders outside the repository.
#include "src/adapters/python/path_rules.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr std::array<std::string_view, 5> kSystem = {"/usr", "/bin", "/sbin", "/lib", "/lib64"};
/// Folders that hold much else; only what lies below them may be shown.
constexpr std::array<std::string_view, 14> kTooWide = {"/",    "/home", "/root", "/etc", "/var",
                                                       "/srv", "/opt",  "/data", "/mnt", "/tmp",
                                                       "/run", "/proc", "/sys",  "/dev"};
/// Hidden folders of a home that hold toolchains, and how deep the toolchain lies at least.
constexpr std::array<std::pair<std::string_view, size_t>, 13> kToolchains = {{
    {".pyenv/versions", 1},
    {".virtualenvs", 1},
    {".venvs", 1},
    {".venv", 0},
    {".conda/envs", 1},
    {".asdf/installs", 1},
    {".rye", 1},
    {".local/lib", 1},
    {".local/pipx/venvs", 1},
    {".local/share/uv/python", 1},
    {".local/share/virtualenvs", 1},
    {".local/share/hatch/env", 1},
    {".cache/pypoetry/virtualenvs", 1},
}};

size_t Depth(std::string_view relative) {
  return relative.empty()
             ? 0
             : static_cast<size_t>(std::count(relative.begin(), relative.end(), '/')) + 1;
}

}  // namespace

bool IsSystemFolder(std::string_view path) {
  return std::any_of(kSystem.begin(), kSystem.end(),
                     [&](std::string_view system) { return IsBelow(path, system); });
}

ReadOnlyFolders::ReadOnlyFolders(std::string repository, std::string home)
    : repository_(std::move(repository)), home_(std::move(home)) {}

bool ReadOnlyFolders::IsPrivate(std::string_view folder) const {
  if (home_.empty() || !IsBelow(folder, home_)) return false;
  const std::string_view inside = folder.substr(std::min(folder.size(), home_.size() + 1));
  if (!inside.starts_with('.')) return false;
  for (const char* sign : {"pyvenv.cfg", "conda-meta"}) {
    if (PathExists(JoinPath(folder, sign))) return false;  // an environment, whatever its name
  }
  for (const auto& [name, deeper] : kToolchains) {
    if (inside != name && !inside.starts_with(StrCat(name, "/"))) continue;
    const std::string_view rest = inside.substr(std::min(inside.size(), name.size() + 1));
    return Depth(rest) < deeper;
  }
  return true;
}

bool ReadOnlyFolders::Shows(std::string_view path) const {
  return IsSystemFolder(path) || IsBelow(path, repository_) ||
         std::any_of(folders_.begin(), folders_.end(),
                     [&](const std::string& folder) { return IsBelow(path, folder); });
}

bool ReadOnlyFolders::Add(const std::string& folder, std::string_view why) {
  if (Shows(folder)) return true;
  std::string reason;
  if (!folder.starts_with('/')) {
    reason = "is not absolute";
  } else if (std::find(kTooWide.begin(), kTooWide.end(), folder) != kTooWide.end() ||
             (!home_.empty() && IsBelow(home_, folder))) {
    reason = "holds more than a toolchain";
  } else if (IsBelow(repository_, folder)) {
    reason = "contains the repository";
  } else if (IsPrivate(folder)) {
    reason = "may hold credentials";
  }
  if (!reason.empty()) {
    notes_.push_back(StrCat(why, " names ", EscapeForTerminal(folder), ", which ", reason,
                            ": it is not shown to the tests"));
    return false;
  }
  std::erase_if(folders_, [&](const std::string& known) { return IsBelow(known, folder); });
  folders_.push_back(folder);
  return true;
}

}  // namespace coditect::python
