// The work tree as a tree.
#include "src/adapters/git/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "src/adapters/git/config.h"
#include "src/adapters/git/discover.h"
#include "src/adapters/git/durability.h"
#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/names.h"
#include "src/adapters/git/tree.h"
#include "src/base/file.h"

namespace coditect::git {
namespace {

constexpr size_t kUnmergedShown = 3;
constexpr uint64_t kPersonFileBytesMax = 1 << 20;  // of patterns: excludes, attributes
constexpr uint64_t kIndexBytesMax = uint64_t{512} << 20;
constexpr std::string_view kWithout = "or leave out --include-uncommitted";

/// A copy of the person's index in a scratch folder, and git over it and their work tree.
class WorkTree {
 public:
  WorkTree(const Context& ctx, const RepositoryRef& ref, const GitDir& git, std::string scratch,
           std::vector<std::string> settings)
      : ctx_(ctx),
        ref_(ref),
        git_(git),
        index_(JoinPath(scratch, "index")),
        settings_(std::move(settings)) {}

  Status CopyIndex() const;
  Status CheckMerged() const;
  StatusOr<std::vector<std::string>> Changed() const;
  StatusOr<std::vector<std::string>> Untracked(const std::vector<std::string>& exclude_files) const;
  StatusOr<std::vector<std::pair<std::string, std::string>>> Filters(
      const std::vector<std::string>& paths) const;
  Status Add(const std::vector<std::string>& paths) const;
  StatusOr<TreeId> WriteTree() const;

 private:
  GitCall Call(std::vector<std::string> args, std::string_view input = {}) const;

  const Context& ctx_;
  const RepositoryRef& ref_;
  const GitDir& git_;
  const std::string index_;
  const std::vector<std::string> settings_;
};

GitCall WorkTree::Call(std::vector<std::string> args, std::string_view input) const {
  GitCall call{
      .args = {"-c", "core.bare=false", "-c", "core.fsync=all,-index"},
      .environment = {StrCat("GIT_WORK_TREE=", ref_.path), StrCat("GIT_INDEX_FILE=", index_)},
      .stdin_bytes = input,
      .folder = ref_.path};
  for (const std::string& setting : settings_) call.args.insert(call.args.end(), {"-c", setting});
  call.args.insert(call.args.end(), args.begin(), args.end());
  return call;
}

// With its time: entries as young as the index are looked at, not trusted ("racily clean").
Status WorkTree::CopyIndex() const {
  const std::string path = JoinPath(ref_.git_dir, "index");
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 && errno == ENOENT) {
    return git_.Output(ctx_, "read the last commit", Call({"read-tree", ref_.base_commit}))
        .status();
  }
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kIndexBytesMax));
  RETURN_IF_ERROR(WriteFile(index_, bytes));
  const timespec times[2] = {info.st_mtim, info.st_mtim};
  if (::utimensat(AT_FDCWD, index_.c_str(), times, 0) == 0) return absl::OkStatus();
  return ErrnoStatus(errno, "cannot set the time of ", index_);
}

Status WorkTree::CheckMerged() const {
  ASSIGN_OR_RETURN(const std::string out,
                   git_.Output(ctx_, "read the index", Call({"ls-files", "-u", "-z"})));
  std::set<std::string> paths;
  for (const std::string& record : Split(out, '\0')) {
    const size_t tab = record.find('\t');
    if (tab != std::string::npos) paths.insert(Shown(record.substr(tab + 1)));
  }
  if (paths.empty()) return absl::OkStatus();
  std::vector<std::string> shown(paths.begin(), paths.end());
  if (shown.size() > kUnmergedShown) shown.resize(kUnmergedShown);
  const size_t more = paths.size() - shown.size();
  return FailedPrecondition("conflicts are not resolved in ", Join(shown, ", "),
                            more == 0 ? "" : StrCat(" and ", Counted(more, "more file")),
                            ": resolve them and `git add` them, ", kWithout);
}

// Paths whose file differs from the index. A submodule's own changes are its own.
StatusOr<std::vector<std::string>> WorkTree::Changed() const {
  ASSIGN_OR_RETURN(const std::string out,
                   git_.Output(ctx_, "compare the work tree with its index",
                               Call({"diff-files", "-z", "--raw", "--ignore-submodules=all"})));
  std::vector<std::string> paths;
  const std::vector<std::string> fields = Split(out, '\0');
  for (size_t i = 0; i + 1 < fields.size(); i += 2) {
    if (!fields[i].starts_with(":160000 ")) paths.push_back(fields[i + 1]);
  }
  return paths;
}

StatusOr<std::vector<std::string>> WorkTree::Untracked(
    const std::vector<std::string>& exclude_files) const {
  std::vector<std::string> args = {"ls-files", "--others", "-z",
                                   "--exclude-per-directory=.gitignore"};
  for (const std::string& file : exclude_files) args.push_back(StrCat("--exclude-from=", file));
  ASSIGN_OR_RETURN(const std::string out, git_.Output(ctx_, "list untracked files", Call(args)));
  std::vector<std::string> paths = Split(out, '\0');
  std::erase(paths, "");
  return paths;
}

// (path, filter) of those that an attribute sends through a filter.
StatusOr<std::vector<std::pair<std::string, std::string>>> WorkTree::Filters(
    const std::vector<std::string>& paths) const {
  std::vector<std::pair<std::string, std::string>> filters;
  const std::string input = Join(paths, std::string(1, '\0'));
  ASSIGN_OR_RETURN(const std::string out,
                   git_.Output(ctx_, "read the attributes of changed files",
                               Call({"check-attr", "-z", "--stdin", "filter"}, input)));
  const std::vector<std::string> fields = Split(out, '\0');
  for (size_t i = 0; i + 2 < fields.size(); i += 3) {
    const std::string& value = fields[i + 2];
    if (value != "unspecified" && value != "unset") filters.emplace_back(fields[i], value);
  }
  return filters;
}

Status WorkTree::Add(const std::vector<std::string>& paths) const {
  std::string input;
  for (const std::string& path : paths) StrAppend(input, path, std::string(1, '\0'));
  return git_
      .Output(ctx_, "take the uncommitted changes",
              Call({"update-index", "-z", "--add", "--remove", "--replace", "--stdin"}, input))
      .status();
}

StatusOr<TreeId> WorkTree::WriteTree() const {
  ASSIGN_OR_RETURN(const std::string out, git_.Output(ctx_, "store the uncommitted changes",
                                                      Call({"write-tree", "--missing-ok"})));
  return TreeId(TrimWhitespace(out));
}

// Files that cannot be part of a commit, by name and before git stumbles over them. What is gone
// is a deletion.
Status CheckFiles(const std::string& top, const std::vector<std::string>& paths) {
  if (paths.size() > kSnapshotFilesMax) {
    return ResourceExhausted(paths.size(), " files are not committed, more than ",
                             kSnapshotFilesMax, ": commit or ignore (.gitignore) some, ", kWithout);
  }
  uint64_t total = 0;
  for (const std::string& path : paths) {
    const std::string file = JoinPath(top, path);
    struct stat info{};
    if (::lstat(file.c_str(), &info) != 0 || S_ISDIR(info.st_mode)) continue;
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) {
      return FailedPrecondition(Shown(path), " is neither a file nor a link: remove or ignore it, ",
                                kWithout);
    }
    const auto bytes = static_cast<uint64_t>(info.st_size);
    if (bytes > kSnapshotFileBytesMax) {
      return FailedPrecondition(Shown(path), " is not committed and has ", bytes >> 20,
                                " MiB, more than ", kSnapshotFileBytesMax >> 20,
                                ": commit or ignore it, ", kWithout);
    }
    total += bytes;
    if (S_ISREG(info.st_mode) && ::faccessat(AT_FDCWD, file.c_str(), R_OK, AT_EACCESS) != 0) {
      return FailedPrecondition("cannot read ", Shown(path), ": ", ::strerror(errno),
                                "; make it readable or ignore it, ", kWithout);
    }
  }
  if (total > kSnapshotBytesMax) {
    return ResourceExhausted("the files that are not committed have ", total >> 20,
                             " MiB, more than ", kSnapshotBytesMax >> 20,
                             ": commit or ignore some, ", kWithout);
  }
  return absl::OkStatus();
}

/// What the person's own configuration says, asked of their git.
class PersonSettings {
 public:
  PersonSettings(const Context& ctx, const GitProgram& program, const SnapshotOptions& options)
      : person_(ctx, program, options.repository.path, options.environment), options_(options) {}

  /// A file named by a setting, or its usual place; "" when there is none that can be read.
  StatusOr<std::string> File(const char* setting, const char* usual) const {
    ASSIGN_OR_RETURN(const ProcessResult result,
                     person_.Run({"config", "--type=path", "-z", "--get", setting}));
    std::string path = result.exit_code == 0 ? result.out.substr(0, result.out.find('\0')) : "";
    if (result.exit_code != 0) path = UsualPlace(usual);
    if (!path.empty() && path.front() != '/') path = JoinPath(options_.repository.path, path);
    return path.empty() || ::access(path.c_str(), R_OK) != 0 ? "" : path;
  }

  /// Names of filters that run a program when a file is added.
  StatusOr<std::set<std::string>> Filters() const {
    ASSIGN_OR_RETURN(const ProcessResult result,
                     person_.Run({"config", "-z", "--name-only", "--get-regexp",
                                  "^filter\\..*\\.(clean|process)$"}));
    std::set<std::string> names;
    for (const std::string& key : Split(result.out, '\0')) {
      const size_t first = key.find('.');
      const size_t last = key.rfind('.');
      if (last > first) names.insert(key.substr(first + 1, last - first - 1));
    }
    return names;
  }

 private:
  std::string UsualPlace(const char* name) const {
    const auto value = [&](const char* variable) {
      const auto found = options_.environment.find(variable);
      return found == options_.environment.end() ? std::string() : found->second;
    };
    if (!value("XDG_CONFIG_HOME").empty()) {
      return JoinPath(value("XDG_CONFIG_HOME"), StrCat("git/", name));
    }
    return value("HOME").empty() ? "" : JoinPath(value("HOME"), StrCat(".config/git/", name));
  }

  const PersonGit person_;
  const SnapshotOptions& options_;
};

Status CheckFilters(const WorkTree& tree, const PersonSettings& settings,
                    const std::vector<std::string>& paths) {
  ASSIGN_OR_RETURN(const auto filters, tree.Filters(paths));
  if (filters.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::set<std::string> programs, settings.Filters());
  for (const auto& [path, filter] : filters) {
    if (!programs.contains(filter)) continue;
    return FailedPrecondition(Shown(path), " goes through the filter '", Shown(filter),
                              "', which coditect does not run: commit that file first, ", kWithout);
  }
  return absl::OkStatus();
}

/// Our gitdir with the person's own rules of which bytes a file becomes.
StatusOr<std::unique_ptr<GitDir>> OpenGitDir(const SnapshotOptions& options,
                                             const GitProgram& program,
                                             const RepositoryConfig& config) {
  const RepositoryRef& ref = options.repository;
  ASSIGN_OR_RETURN(std::unique_ptr<GitDir> git,
                   GitDir::Create({.program = program,
                                   .parent = JoinPath(options.state_folder, "git"),
                                   .label = options.label,
                                   .common_dir = ref.common_dir,
                                   .object_format = ref.object_format,
                                   .shared = config.shared,
                                   .new_objects = options.new_objects,
                                   .raw_bytes = false}));
  RETURN_IF_ERROR(git->LinkSharedIndexes(ref.git_dir));
  const auto attributes =
      ReadFile(JoinPath(ref.common_dir, "info/attributes"), kPersonFileBytesMax);
  if (attributes.ok()) {
    RETURN_IF_ERROR(WriteFile(JoinPath(git->path(), "info/attributes"), *attributes));
  }
  return git;
}

Status CheckOperation(const RepositoryRef& ref) {
  const std::string operation = OperationInProgress(ref.git_dir);
  // A bisection only moves HEAD.
  if (operation.empty() || operation == "bisect") return absl::OkStatus();
  return FailedPrecondition("a ", operation, " is under way at ", Shown(ref.path),
                            ": end it first (git status says how), ", kWithout);
}

}  // namespace

StatusOr<WorkTreeState> TakeSnapshot(const Context& ctx, const SnapshotOptions& options) {
  const RepositoryRef& ref = options.repository;
  RETURN_IF_ERROR(CheckOperation(ref));
  ASSIGN_OR_RETURN(const GitProgram program, GitProgram::Find(ctx));
  ASSIGN_OR_RETURN(const RepositoryConfig config, ReadConfig(ctx, program, ref.common_dir));
  ASSIGN_OR_RETURN(const std::unique_ptr<GitDir> git, OpenGitDir(options, program, config));
  ASSIGN_OR_RETURN(const ScratchFolder scratch, git->NewScratch());
  const PersonSettings person(ctx, program, options);
  std::vector<std::string> settings = config.index_settings;
  ASSIGN_OR_RETURN(const std::string attributes, person.File("core.attributesFile", "attributes"));
  if (!attributes.empty()) settings.push_back(StrCat("core.attributesFile=", attributes));
  const WorkTree tree(ctx, ref, *git, scratch.path(), std::move(settings));
  RETURN_IF_ERROR(tree.CopyIndex());
  RETURN_IF_ERROR(tree.CheckMerged());

  std::vector<std::string> excludes;  // of two that match, the later one decides
  ASSIGN_OR_RETURN(const std::string own, person.File("core.excludesFile", "ignore"));
  const std::string info = JoinPath(ref.common_dir, "info/exclude");
  if (!own.empty()) excludes.push_back(own);
  if (::access(info.c_str(), R_OK) == 0) excludes.push_back(info);
  ASSIGN_OR_RETURN(std::vector<std::string> paths, tree.Changed());
  ASSIGN_OR_RETURN(const std::vector<std::string> others, tree.Untracked(excludes));
  WorkTreeState snapshot;
  std::set<std::string> untracked;
  for (const std::string& path : others) {
    if (path.ends_with('/')) {
      snapshot.left_out.push_back(path);
    } else {
      paths.push_back(path);
      untracked.insert(path);
    }
  }
  RETURN_IF_ERROR(CheckFiles(ref.path, paths));
  if (!paths.empty()) {
    RETURN_IF_ERROR(CheckFilters(tree, person, paths));
    RETURN_IF_ERROR(tree.Add(paths));
  }
  ASSIGN_OR_RETURN(snapshot.tree, tree.WriteTree());
  ASSIGN_OR_RETURN(const auto differences, DiffTrees(ctx, *git, ref.base_commit, snapshot.tree));
  std::vector<std::string> ids = {snapshot.tree};
  for (const TreeDifference& difference : differences) {
    ids.push_back(difference.new_id);
    if (difference.old_mode == kModeFolder || difference.new_mode == kModeFolder) continue;
    (untracked.contains(difference.path) ? snapshot.untracked : snapshot.tracked) += 1;
  }
  RETURN_IF_ERROR(SyncObjects(git->objects(), ids));
  return snapshot;
}

}  // namespace coditect::git
