// For the tests of this folder: throw-away repositories driven by the real git.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/repository.h"
#include "src/adapters/git/resolve.h"
#include "src/base/file.h"

namespace coditect::git {

template <typename Value>
Value Ok(StatusOr<Value> value) {
  REQUIRE_MESSAGE(value.ok(), value.status().ToString());
  return std::move(value).value();
}

inline void Ok(const Status& status) { REQUIRE_MESSAGE(status.ok(), status.ToString()); }

template <typename Value>
std::string ErrorOf(const StatusOr<Value>& value) {
  return value.ok() ? "OK" : value.status().ToString();
}

inline std::string ErrorOf(const Status& status) { return status.ToString(); }

inline bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

class TestFolder {
 public:
  TestFolder() {
    const char* folder = std::getenv("TMPDIR");
    std::string path = StrCat(folder == nullptr ? "/tmp" : folder, "/coditect-git-test-XXXXXX");
    REQUIRE(::mkdtemp(path.data()) != nullptr);
    path_ = Ok(RealPath(path));
  }
  ~TestFolder() { RemoveTree(path_).IgnoreError(); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string Sub(const std::string& name) const { return JoinPath(path_, name); }

 private:
  std::string path_;
};

/// A repository with the person's own way of using git.
class TestRepository {
 public:
  explicit TestRepository(const std::vector<std::string>& init_options = {},
                          const std::string& name = "repo")
      : top_(folder_.Sub(name)) {
    Ok(MakeDirs(top_, 0755));
    std::vector<std::string> args = {"init", "-q", "-b", "main"};
    args.insert(args.end(), init_options.begin(), init_options.end());
    Git(args);
  }

  const std::string& top() const { return top_; }
  const TestFolder& folder() const { return folder_; }
  std::string File(const std::string& path) const { return JoinPath(top_, path); }

  void Write(const std::string& path, std::string_view bytes, unsigned mode = 0644) const {
    Ok(MakeDirs(DirName(File(path)), 0755));
    Ok(WriteFile(File(path), bytes, mode));
    REQUIRE(::chmod(File(path).c_str(), mode) == 0);
  }

  /// Plain git in the work tree; hooks, filters and configuration of the repository act.
  ProcessResult TryGit(const std::vector<std::string>& args, std::string_view input = {},
                       const std::string& in = "") const {
    ProcessRequest request{
        .argv = {"/usr/bin/git"},
        .environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C",
                        "GIT_AUTHOR_NAME=Pat", "GIT_AUTHOR_EMAIL=pat@example.org",
                        "GIT_COMMITTER_NAME=Pat", "GIT_COMMITTER_EMAIL=pat@example.org",
                        "GIT_AUTHOR_DATE=@1700000000 +0000", "GIT_COMMITTER_DATE=@1700000000 +0000",
                        "GIT_CONFIG_NOSYSTEM=1", "GIT_PAGER=cat", "GIT_CONFIG_COUNT=1",
                        "GIT_CONFIG_KEY_0=gc.auto", "GIT_CONFIG_VALUE_0=0"},
        .folder = in.empty() ? top_ : in,
        .stdin_bytes = input};
    request.argv.insert(request.argv.end(), args.begin(), args.end());
    return Ok(RunProcess(Context().WithTimeout(std::chrono::seconds(60)), request));
  }

  std::string Git(const std::vector<std::string>& args, std::string_view input = {},
                  const std::string& in = "") const {
    const ProcessResult result = TryGit(args, input, in);
    REQUIRE_MESSAGE(result.exit_code == 0, ShellJoin(args), ": ", result.err);
    return std::string(TrimWhitespace(result.out));
  }

  std::string CommitAll(const std::string& message = "change") const {
    Git({"add", "-A"});
    Git({"commit", "-q", "--allow-empty", "-m", message});
    return Git({"rev-parse", "HEAD"});
  }

  /// `git mktree` of "mode type id\tname" lines, each ended by NUL; takes any name without '/'.
  std::string MakeTree(const std::vector<std::array<std::string, 3>>& entries) const {
    std::string input;
    for (const auto& [mode, id, name] : entries) {
      const char* type = mode == "40000" ? "tree" : mode == "160000" ? "commit" : "blob";
      input += StrCat(mode, " ", type, " ", id, "\t", name);
      input += '\0';
    }
    return Git({"mktree", "-z", "--missing"}, input);
  }

  std::string MakeBlob(std::string_view bytes) const {
    return Git({"hash-object", "-w", "--stdin", "--no-filters"},
               bytes.empty() ? std::string_view("\n") : bytes);
  }

  /// "" when `git fsck --strict` finds nothing but unreachable objects.
  std::string Fsck() const {
    const ProcessResult result = TryGit({"fsck", "--strict", "--no-dangling", "--no-progress"});
    return StrCat(result.exit_code == 0 ? "" : "failed: ", result.out, result.err);
  }

 private:
  TestFolder folder_;
  std::string top_;
};

/// Path -> "mode time bytes" of all that lies below `folder`, links by their names only.
inline void Snapshot(const std::string& folder, const std::string& prefix,
                     std::map<std::string, std::string>* out) {
  for (const std::string& name : Ok(ListDir(folder))) {
    const std::string path = JoinPath(folder, name);
    const std::string shown = prefix + name;
    struct stat info{};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    std::string& value = (*out)[shown];
    value = StrCat(info.st_mode, " ", info.st_mtim.tv_sec, ".", info.st_mtim.tv_nsec, " ");
    if (S_ISDIR(info.st_mode)) {
      value.clear();
      Snapshot(path, shown + "/", out);
    } else if (S_ISREG(info.st_mode)) {
      value += Ok(ReadFile(path));
    }
  }
}

inline void Fill(const TestRepository& repo) {
  repo.Write("README", "hello\n");
  repo.Write("src/a.py", "a = 1\n\n\n\nb = 2\n");
  repo.Write("bin/run", "#!/bin/sh\n", 0755);
  REQUIRE(::symlink("src/a.py", repo.File("link").c_str()) == 0);
  repo.Write("empty", "");
}

inline const std::map<std::string, std::string>& NoEnvironment() {
  static const std::map<std::string, std::string> environment = {
      {"HOME", "/nonexistent"},
      {"GIT_CONFIG_NOSYSTEM", "1"},
      {"GIT_AUTHOR_NAME", "Pat"},
      {"GIT_AUTHOR_EMAIL", "pat@example.org"}};
  return environment;
}

inline StatusOr<ResolvedRepository> TryResolve(const std::string& path,
                                               const std::string& base = "") {
  return Resolve(Context(), path, base, NoEnvironment());
}

/// The broker on the repository's HEAD; its state folder is <folder>/state.
inline std::unique_ptr<Repository> Open(const TestRepository& repo) {
  const ResolvedRepository resolved = Ok(TryResolve(repo.top()));
  return Ok(OpenRepository(
      Context(),
      {.repository = resolved.ref, .state_folder = repo.folder().Sub("state"), .label = "test"}));
}

inline FileChange WriteChange(std::string path, std::string content, bool executable = false) {
  return {.path = std::move(path), .content = std::move(content), .executable = executable};
}
inline FileChange DeleteChange(std::string path) {
  return {.path = std::move(path), .kind = FileChange::Kind::kDelete};
}
inline FileChange LinkChange(std::string path, std::string target) {
  return {
      .path = std::move(path), .kind = FileChange::Kind::kSymlink, .content = std::move(target)};
}

inline CommitRequest MakeCommit(const CommitId& parent, const TreeId& tree,
                                const std::string& message = "repair\n") {
  return {.parent = parent,
          .tree = tree,
          .author = "Bot <bot@example.org>",
          .message = message,
          .wall_ms = 1'700'000'000'000};
}

}  // namespace coditect::git
