// Which files of repositories a person trusts.
#include "src/app/config/trust.h"

#include "src/base/file.h"
#include "src/base/sha256.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr size_t kTrustBytesMax = size_t{4} << 20;
constexpr size_t kDigestDigits = 64;

}  // namespace

StatusOr<TrustedFiles> TrustedFiles::Read(const std::string& path) {
  TrustedFiles trusted;
  if (path.empty()) return trusted;
  const StatusOr<std::string> text = ReadFile(path, kTrustBytesMax);
  if (absl::IsNotFound(text.status())) return trusted;
  if (!text.ok()) {
    return FailedPrecondition(EscapeForTerminal(Message(text.status())), "; correct or remove ",
                              EscapeForTerminal(path));
  }
  for (const std::string& line : Split(*text, '\n')) {
    if (line.size() < kDigestDigits + 2 || line[kDigestDigits] != ' ') continue;
    trusted.files_.emplace(line.substr(kDigestDigits + 1), line.substr(0, kDigestDigits));
  }
  return trusted;
}

bool TrustedFiles::Trusts(const std::string& file, std::string_view bytes) const {
  return files_.contains({file, Sha256Hex(bytes)});
}

bool TrustedFiles::KnowsOther(const std::string& file, std::string_view bytes) const {
  const auto at = files_.lower_bound({file, ""});
  return at != files_.end() && at->first == file && !Trusts(file, bytes);
}

void TrustedFiles::Trust(const std::string& file, std::string_view bytes) {
  Revoke(file);
  files_.emplace(file, Sha256Hex(bytes));
}

bool TrustedFiles::Revoke(const std::string& file) {
  return std::erase_if(files_, [&](const auto& entry) { return entry.first == file; }) > 0;
}

Status TrustedFiles::Write(const std::string& path) const {
  if (path.empty()) return FailedPrecondition("there is no home: set HOME or XDG_CONFIG_HOME");
  std::string text;
  for (const auto& [file, digest] : files_) {
    if (Contains(file, "\n")) {
      return InvalidArgument(EscapeForTerminal(file), " has a line break in its name");
    }
    text += StrCat(digest, " ", file, "\n");
  }
  RETURN_IF_ERROR(MakeDirs(DirName(path)));
  return WriteFileDurably(path, text, 0600);
}

}  // namespace coditect
