// git-lfs: pointers and local objects.
#include "src/adapters/git/lfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "src/base/file.h"
#include "src/base/sha256.h"
#include "src/base/strings.h"
#include "src/base/unique_fd.h"

namespace coditect::git {
namespace {

std::string LfsPath(const std::string& common_dir, const LfsPointer& pointer) {
  return JoinPath(common_dir, StrCat("lfs/objects/", pointer.oid.substr(0, 2), "/",
                                     pointer.oid.substr(2, 2), "/", pointer.oid));
}

}  // namespace

std::optional<LfsPointer> ParseLfsPointer(std::string_view text) {
  constexpr std::string_view kVersion = "version https://git-lfs.github.com/spec/v1\n";
  constexpr std::string_view kOid = "oid sha256:";
  constexpr std::string_view kSize = "size ";
  if (!text.starts_with(kVersion) || text.size() > kLfsPointerBytesMax) return std::nullopt;
  LfsPointer pointer;
  bool sized = false;
  for (const std::string& line : Split(text, '\n')) {
    if (line.starts_with(kOid)) {
      pointer.oid = line.substr(kOid.size());
    } else if (line.starts_with(kSize)) {
      const char* end = line.data() + line.size();
      const auto parsed = std::from_chars(line.data() + kSize.size(), end, pointer.size_bytes);
      sized = parsed.ec == std::errc() && parsed.ptr == end;
    }
  }
  const bool digits = pointer.oid.size() == 64 &&
                      pointer.oid.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!digits || !sized) return std::nullopt;
  return pointer;
}

bool HasLfsObject(const std::string& common_dir, const LfsPointer& pointer) {
  struct stat info{};
  return ::lstat(LfsPath(common_dir, pointer).c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         static_cast<uint64_t>(info.st_size) == pointer.size_bytes;
}

std::string FindLfsObject(const std::string& common_dir, const LfsPointer& pointer) {
  if (!HasLfsObject(common_dir, pointer)) return "";
  std::string path = LfsPath(common_dir, pointer);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  Sha256Stream digest;
  std::array<char, 1 << 16> buffer;
  while (fd.valid()) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return "";
    if (count == 0) break;
    digest.Add({buffer.data(), static_cast<size_t>(count)});
  }
  return digest.Hex() == pointer.oid ? path : "";
}

}  // namespace coditect::git
