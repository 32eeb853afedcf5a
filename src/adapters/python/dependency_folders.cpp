// Finding dependency folders by their names.
#include "src/adapters/python/dependency_folders.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr int kLevelsMax = 3;
constexpr size_t kFoldersMax = 64;
constexpr size_t kSeenMax = 20'000;
constexpr std::array<std::string_view, 11> kNames = {
    ".venv",  "venv", ".tox",         ".nox",           ".eggs", "build",
    "_build", "dist", "node_modules", "__pypackages__", "target"};

bool IsRealFolder(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool HoldsDependencies(const std::string& path, const std::string& name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.ends_with(".egg-info") || PathExists(JoinPath(path, "pyvenv.cfg"));
}

}  // namespace

std::vector<std::string> DependencyFolders(
    const std::string& repository, const std::function<bool(const std::string&)>& is_tracked) {
  std::vector<std::string> found;
  std::vector<std::pair<std::string, int>> open = {{"", 0}};
  size_t seen = 0;
  while (!open.empty() && found.size() < kFoldersMax && seen < kSeenMax) {
    const auto [folder, level] = open.back();
    open.pop_back();
    const StatusOr<std::vector<std::string>> names = ListDir(JoinPath(repository, folder));
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const std::string relative = folder.empty() ? name : JoinPath(folder, name);
      const std::string path = JoinPath(repository, relative);
      seen += 1;
      if (name == ".git" || !IsRealFolder(path)) continue;
      if (HoldsDependencies(path, name) && !is_tracked(relative)) {
        if (found.size() < kFoldersMax) found.push_back(relative);
      } else if (level + 1 < kLevelsMax && name[0] != '.') {
        open.emplace_back(relative, level + 1);
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace coditect::python
