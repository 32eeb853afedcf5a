// Reading .pth files, egg links and editable finders as text.
#include "src/adapters/python/site_packages.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

constexpr size_t kFilesMax = 5000;
constexpr size_t kFileBytesMax = 256 << 10;
constexpr size_t kSiteFoldersMax = 200;

bool IsFolder(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

/// The path's folder when it names a file, itself when it names a folder, "" when neither.
std::string FolderOf(const std::string& path) {
  const StatusOr<std::string> real = RealPath(path);
  if (!real.ok()) return "";
  return IsFolder(*real) ? *real : DirName(*real);
}

/// Absolute paths in quotes anywhere in a text: the MAPPING of an editable finder.
std::vector<std::string> QuotedPaths(std::string_view text) {
  std::vector<std::string> paths;
  for (size_t i = 0; i + 1 < text.size() && paths.size() < kSiteFoldersMax; ++i) {
    if ((text[i] != '\'' && text[i] != '"') || text[i + 1] != '/') continue;
    const size_t end = text.find(text[i], i + 1);
    if (end == std::string_view::npos) break;
    const std::string_view path = text.substr(i + 1, end - i - 1);
    if (path.find('\n') == std::string_view::npos) paths.emplace_back(path);
    i = end;
  }
  return paths;
}

std::vector<std::string> PathsOfFile(const std::string& site_folder, const std::string& name) {
  const bool finder = name.starts_with("__editable__") && name.ends_with("_finder.py");
  const bool link = name.ends_with(".egg-link");
  if (!finder && !link && !name.ends_with(".pth")) return {};
  const StatusOr<std::string> text = ReadFile(JoinPath(site_folder, name), kFileBytesMax);
  if (!text.ok()) return {};
  if (finder) return QuotedPaths(*text);
  std::vector<std::string> paths;
  for (const std::string& line : Split(*text, '\n')) {
    const std::string path(TrimWhitespace(line));
    if (path.empty() || path[0] == '#' || path.starts_with("import ")) continue;
    paths.push_back(JoinPath(site_folder, path));
    if (link) break;  // the second line tells where the project's setup.py is
  }
  return paths;
}

}  // namespace

std::vector<std::string> SiteFolders(const std::string& prefix) {
  std::set<std::string> found;
  for (const char* lib : {"lib", "lib64"}) {
    const std::string libraries = JoinPath(prefix, lib);
    const StatusOr<std::vector<std::string>> names = ListDir(libraries);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (!name.starts_with("python")) continue;
      for (const char* site : {"site-packages", "dist-packages"}) {
        const StatusOr<std::string> folder = RealPath(JoinPath(JoinPath(libraries, name), site));
        if (folder.ok() && IsFolder(*folder)) found.insert(*folder);
      }
    }
  }
  return {found.begin(), found.end()};
}

std::vector<std::string> ReferencedFolders(const std::string& site_folder) {
  std::set<std::string> found;
  const StatusOr<std::vector<std::string>> names = ListDir(site_folder);
  if (!names.ok()) return {};
  const size_t count = std::min(names->size(), kFilesMax);
  for (size_t i = 0; i < count && found.size() < kSiteFoldersMax; ++i) {
    for (const std::string& path : PathsOfFile(site_folder, (*names)[i])) {
      const std::string folder = FolderOf(path);
      if (!folder.empty() && !IsBelow(folder, site_folder)) found.insert(folder);
    }
  }
  return {found.begin(), found.end()};
}

std::map<std::string, std::string> ReadKeyValues(const std::string& path) {
  std::map<std::string, std::string> values;
  const StatusOr<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text.ok()) return values;
  for (const std::string& line : Split(*text, '\n')) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    values[std::string(TrimWhitespace(line.substr(0, equals)))] =
        std::string(TrimWhitespace(line.substr(equals + 1)));
  }
  return values;
}

}  // namespace coditect::python
