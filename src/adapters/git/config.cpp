// The repository's own configuration, as data.
#include "src/adapters/git/config.h"

#include <algorithm>
#include <array>

#include "src/base/file.h"

namespace coditect::git {
namespace {

template <size_t kCount>
bool IsOneOf(std::string_view word, const std::array<std::string_view, kCount>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsTrue(std::string_view value) { return IsOneOf<4>(value, {"true", "yes", "on", "1"}); }

// Git's own words and modes; anything else would be a way to write into our configuration.
bool IsSharing(std::string_view value) {
  if (IsOneOf<9>(value,
                 {"group", "true", "all", "world", "everybody", "umask", "false", "0", "1"})) {
    return true;
  }
  return value.size() == 4 && value.front() == '0' &&
         value.find_first_not_of("01234567") == std::string_view::npos;
}

// How the person's git stats and reads files; only words and numbers are taken over.
bool IsIndexSetting(std::string_view key, std::string_view value) {
  return IsOneOf<7>(key, {"core.filemode", "core.trustctime", "core.checkstat", "core.ignorecase",
                          "core.autocrlf", "core.eol", "core.symlinks"}) &&
         value.size() <= 16 &&
         value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

Status CheckExtension(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 7> kHarmless = {
      "objectformat", "worktreeconfig", "partialclone",     "preciousobjects",
      "noop",         "noop-v1",        "relativeworktrees"};
  if (IsOneOf(name, kHarmless) || (name == "refstorage" && value == "files")) {
    return absl::OkStatus();
  }
  if (name == "refstorage") {
    return FailedPrecondition("the repository keeps its refs in the format '",
                              EscapeForTerminal(value.substr(0, 40)), "', which coditect cannot ",
                              "write; convert it with `git refs migrate --ref-format=files`");
  }
  return FailedPrecondition("the repository uses git's extension '",
                            EscapeForTerminal(name.substr(0, 40)),
                            "', which coditect does not know; use a plain clone of it");
}

}  // namespace

StatusOr<RepositoryConfig> ReadConfig(const Context& ctx, const GitProgram& program,
                                      const std::string& common_dir) {
  RepositoryConfig config;
  const std::string path = JoinPath(common_dir, "config");
  ProcessRequest request{
      .argv = {program.path(), "config", "--file", path, "--no-includes", "-z", "--list"},
      .environment = program.CleanEnvironment(),
      .stdout_bytes_max = 1 << 20};
  request.environment.emplace_back("GIT_DIR=/dev/null");
  ASSIGN_OR_RETURN(const ProcessResult result, RunProcess(ctx, request));
  if (result.exit_code != 0) {
    return DataLoss("the repository's configuration ", EscapeForTerminal(path),
                    " cannot be read: ", EscapeForTerminal(TrimWhitespace(result.err)));
  }
  for (const std::string& record : Split(result.out, '\0')) {
    // "section.[sub.]key\nvalue"; no newline when there is no value, which means true.
    const size_t end = record.find('\n');
    const std::string key = record.substr(0, end);
    const std::string value = end == std::string::npos ? "true" : record.substr(end + 1);
    constexpr std::string_view kExtensions = "extensions.";
    constexpr std::string_view kPromisor = ".promisor";
    if (key.substr(0, kExtensions.size()) == kExtensions) {
      RETURN_IF_ERROR(CheckExtension(key.substr(kExtensions.size()), value));
      config.partial_clone |= key == "extensions.partialclone";
    }
    if (key.size() > kPromisor.size() && key.substr(key.size() - kPromisor.size()) == kPromisor &&
        IsTrue(value)) {
      config.partial_clone = true;
    }
    if (key == "core.sharedrepository" && IsSharing(value)) config.shared = value;
    if (IsIndexSetting(key, value)) config.index_settings.push_back(StrCat(key, "=", value));
  }
  return config;
}

}  // namespace coditect::git
