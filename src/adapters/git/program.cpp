// The git program.
#include "src/adapters/git/program.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr int kMajorMin = 2;
constexpr int kMinorMin = 38;
constexpr char kUsualFolders[] = "/usr/bin:/usr/local/bin:/bin";
constexpr size_t kMessageBytesMax = 600;

// Relative folders of PATH are left out: the repository could have put a program there.
std::string FindProgram() {
  const char* path = std::getenv("PATH");
  const std::string folders = StrCat(kUsualFolders, ":", path == nullptr ? "" : path);
  for (const std::string& folder : Split(folders, ':')) {
    if (folder.empty() || folder.front() != '/') continue;
    const std::string candidate = JoinPath(folder, "git");
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

// "git version 2.39.5 (anything)".
bool ParseVersion(std::string_view text, int* major, int* minor) {
  constexpr std::string_view kPrefix = "git version ";
  if (text.substr(0, kPrefix.size()) != kPrefix) return false;
  const std::vector<std::string> parts =
      Split(TrimWhitespace(text.substr(kPrefix.size(), text.find(' ', kPrefix.size()))), '.');
  if (parts.size() < 2) return false;
  long long first = 0;
  long long second = 0;
  if (!ParseInt(parts[0], 0, 1000, &first) || !ParseInt(parts[1], 0, 1000, &second)) return false;
  *major = static_cast<int>(first);
  *minor = static_cast<int>(second);
  return true;
}

template <size_t kCount>
bool ContainsAny(std::string_view text, const std::array<std::string_view, kCount>& parts) {
  for (const std::string_view part : parts) {
    if (Contains(text, part)) return true;
  }
  return false;
}

}  // namespace

StatusOr<GitProgram> GitProgram::Find(const Context& ctx, const std::string& path) {
  GitProgram program;
  program.path_ = path.empty() ? FindProgram() : path;
  if (program.path_.empty() || ::access(program.path_.c_str(), X_OK) != 0) {
    return NotFound("git is not installed: coditect needs git ", kMajorMin, ".", kMinorMin,
                    " or newer (on Debian and Ubuntu: apt install git)");
  }
  ASSIGN_OR_RETURN(const ProcessResult result,
                   RunProcess(ctx, {.argv = {program.path_, "version"},
                                    .environment = program.CleanEnvironment(),
                                    .stdout_bytes_max = 4096}));
  if (result.exit_code != 0 || !ParseVersion(result.out, &program.major_, &program.minor_)) {
    return FailedPrecondition(program.path_, " does not answer as git does; install git ",
                              kMajorMin, ".", kMinorMin, " or newer");
  }
  if (!program.AtLeast(kMajorMin, kMinorMin)) {
    return FailedPrecondition(program.path_, " is version ", program.major_, ".", program.minor_,
                              "; coditect needs git ", kMajorMin, ".", kMinorMin,
                              " or newer: update git");
  }
  return program;
}

std::vector<std::string> GitProgram::CleanEnvironment() const {
  return {
      StrCat("PATH=", DirName(path_), ":", kUsualFolders),
      "LC_ALL=C",
      "TZ=UTC",
      "GIT_CONFIG_NOSYSTEM=1",
      "GIT_CONFIG_GLOBAL=/dev/null",
      "GIT_ATTR_NOSYSTEM=1",
      "GIT_TERMINAL_PROMPT=0",
      "GIT_ASKPASS=/bin/false",
      "GIT_EDITOR=/bin/false",
      "GIT_PAGER=cat",
      "GIT_OPTIONAL_LOCKS=0",
      "GIT_NO_REPLACE_OBJECTS=1",
      "GIT_NO_LAZY_FETCH=1",
      "GIT_ALLOW_PROTOCOL=none",
      "GIT_LITERAL_PATHSPECS=1",
      "GIT_ADVICE=0",
  };
}

Status GitFailure(std::string_view doing, const ProcessResult& result) {
  std::string_view said = TrimWhitespace(result.err);
  // What matters is on the fatal line; hints and warnings may come before and after it.
  for (const std::string_view mark : {"fatal: ", "error: "}) {
    const size_t at = said.find(mark);
    if (at == std::string_view::npos) continue;
    said.remove_prefix(at + mark.size());
    break;
  }
  said = said.substr(0, said.find("\n\n"));
  const std::string text = EscapeForTerminal(said.substr(0, kMessageBytesMax));
  const std::string why = !text.empty() ? text
                          : result.signal != 0
                              ? StrCat("git was ended by signal ", result.signal)
                              : StrCat("git ended with exit code ", result.exit_code);
  const std::string message = StrCat("cannot ", doing, ": ", why);
  constexpr std::array<std::string_view, 2> kFull = {"No space left on device",
                                                     "Disk quota exceeded"};
  constexpr std::array<std::string_view, 3> kDenied = {"Permission denied", "Read-only file system",
                                                       "insufficient permission"};
  constexpr std::array<std::string_view, 10> kDamaged = {"Input/output error",
                                                         "unable to read",
                                                         "missing",
                                                         "corrupt",
                                                         "bad object",
                                                         "bad tree",
                                                         "not a tree object",
                                                         "inflate: data",
                                                         "hash mismatch",
                                                         "could not get object info"};
  if (ContainsAny(result.err, kFull)) {
    return ResourceExhausted(message, "; free some space and try again");
  }
  if (ContainsAny(result.err, kDenied)) {
    return PermissionDenied(message, "; check who owns the repository's .git folder");
  }
  if (ContainsAny(result.err, kDamaged)) return DataLoss(message);
  return Internal(message);
}

}  // namespace coditect::git
