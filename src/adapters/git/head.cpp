// HEAD files of work trees.
#include "src/adapters/git/head.h"

#include <limits.h>
#include <unistd.h>

#include <array>

#include "src/adapters/git/names.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr size_t kHeadBytesMax = 8192;

}  // namespace

std::string ReadHead(const std::string& path, std::string_view object_format) {
  std::array<char, PATH_MAX> target;
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length > 0) {
    const std::string ref(target.data(), static_cast<size_t>(length));
    return IsRefName(ref) ? ref : "";
  }
  const StatusOr<std::string> text = ReadFile(path, kHeadBytesMax);
  if (!text.ok()) return "";
  std::string_view line = TrimWhitespace(*text);
  if (IsObjectId(line, object_format)) return std::string(line);
  constexpr std::string_view kRef = "ref:";
  if (line.substr(0, kRef.size()) != kRef) return "";
  line = TrimWhitespace(line.substr(kRef.size()));
  return IsRefName(line) ? std::string(line) : "";
}

}  // namespace coditect::git
