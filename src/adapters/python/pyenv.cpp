// Reading pyenv's files.
#include "src/adapters/python/pyenv.h"

#include <algorithm>
#include <array>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr size_t kVersionFileMax = 4096;

/// Versions named by a file: one a word, comments left out.
std::vector<std::string> VersionsIn(const std::string& path) {
  std::vector<std::string> versions;
  const StatusOr<std::string> text = ReadFile(path, kVersionFileMax);
  if (!text.ok()) return versions;
  for (const std::string& line : Split(*text, '\n')) {
    for (const std::string& word : Split(line.substr(0, line.find('#')), ' ')) {
      const std::string_view name = TrimWhitespace(word);
      if (!name.empty()) versions.emplace_back(name);
    }
  }
  return versions;
}

std::vector<std::string> SelectedVersions(const std::string& root, const std::string& repository,
                                          const std::map<std::string, std::string>& environment) {
  const auto variable = environment.find("PYENV_VERSION");
  if (variable != environment.end() && !variable->second.empty()) {
    return Split(variable->second, ':');
  }
  for (std::string folder = repository; folder.size() > 1; folder = DirName(folder)) {
    const std::vector<std::string> versions = VersionsIn(JoinPath(folder, ".python-version"));
    if (!versions.empty()) return versions;
  }
  return VersionsIn(JoinPath(root, "version"));
}

/// "3.11.7" as numbers; what is no number counts as -1, before every release.
std::array<long long, 4> VersionNumbers(std::string_view version) {
  std::array<long long, 4> numbers = {0, 0, 0, 0};
  const std::vector<std::string> parts = Split(version, '.');
  for (size_t i = 0; i < parts.size() && i < numbers.size(); ++i) {
    if (!ParseInt(parts[i], 0, 1'000'000, &numbers[i])) numbers[i] = -1;
  }
  return numbers;
}

/// The installed version a name means: itself, or the newest of which it is a prefix.
std::string InstalledVersion(const std::string& versions, const std::string& name) {
  if (PathExists(JoinPath(versions, name))) return name;
  std::string best;
  const StatusOr<std::vector<std::string>> installed = ListDir(versions);
  if (!installed.ok()) return best;
  for (const std::string& candidate : *installed) {
    if (!candidate.starts_with(name + ".")) continue;
    if (best.empty() || VersionNumbers(candidate) > VersionNumbers(best)) best = candidate;
  }
  return best;
}

}  // namespace

std::optional<std::string> PyenvRootOfShims(const std::string& folder) {
  if (BaseName(folder) != "shims") return std::nullopt;
  const std::string root = DirName(folder);
  if (!PathExists(JoinPath(root, "versions"))) return std::nullopt;
  return root;
}

std::vector<std::string> PyenvVersions(const std::string& root, const std::string& repository,
                                       const std::map<std::string, std::string>& environment) {
  const std::string versions = JoinPath(root, "versions");
  std::vector<std::string> folders;
  for (const std::string& name : SelectedVersions(root, repository, environment)) {
    if (name == "system") {
      folders.emplace_back();
    } else if (!name.empty() && name.find('/') == std::string::npos && name[0] != '.') {
      const std::string installed = InstalledVersion(versions, name);
      if (!installed.empty()) folders.push_back(JoinPath(versions, installed));
    }
  }
  if (folders.empty()) folders.emplace_back();
  return folders;
}

}  // namespace coditect::python
