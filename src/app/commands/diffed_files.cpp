// What a diff does to each file.
#include "src/app/commands/diffed_files.h"

#include <string_view>

#include "src/base/strings.h"

namespace coditect {
namespace {

/// The path of a `--- a/…` or `+++ b/…` line; "" for /dev/null.
std::string PathOfHeader(std::string_view line) {
  std::string path(line.substr(4));
  if (path.ends_with('\t')) path.pop_back();  // git marks the end of a name with spaces
  if (path == "/dev/null") return "";
  const size_t prefix = path.starts_with('"') ? 1 : 0;
  return path.erase(prefix, 2);
}

}  // namespace

std::vector<DiffedFile> ChangesOf(const std::string& diff) {
  std::vector<DiffedFile> changes;
  bool header = false;
  for (const std::string& line : Split(diff, '\n')) {
    if (line.starts_with("diff --git ")) {
      changes.emplace_back();
      header = true;
    } else if (changes.empty()) {
      continue;
    } else if (line.starts_with("@@ ")) {
      header = false;
    } else if (header && (line.starts_with("--- ") || line.starts_with("+++ "))) {
      const std::string path = PathOfHeader(line);
      if (!path.empty()) changes.back().path = path;
    } else if (!header) {
      changes.back().added += line.starts_with('+') ? 1 : 0;
      changes.back().removed += line.starts_with('-') ? 1 : 0;
    }
  }
  return changes;
}

}  // namespace coditect
