// From a path a person named to the repository and base commit a mission works on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/mission.h"

namespace coditect::git {

/// The repository, and what a client must know to start or to say beforehand.
struct ResolvedRepository {
  RepositoryRef ref;
  std::string branch;               // checked out here, "main"; "" when HEAD is detached
  std::string author;               // "Name <mail>" as git would write into a commit made here
  bool author_is_fallback = false;  // git knows nobody: the author above is kFallbackAuthor
  bool dirty = false;               // tracked files differ from HEAD, staged or not
  std::string operation;  // in progress: "merge", "rebase", "cherry-pick", "revert", "bisect" or ""
  bool linked_worktree = false;
  bool shallow = false;
  bool partial_clone = false;
  bool branch_name_blocked = false;  // a branch "coditect" exists: "coditect/<run>" cannot
  uint64_t files = 0;                // of the base tree, links included
  uint64_t submodules = 0;           // of the base tree
  uint64_t lfs_pointers = 0;         // of the base tree: files whose content git-lfs keeps
  std::vector<std::string> missing_submodules;  // their folders stay empty in workspaces
  std::vector<std::string> missing_lfs;         // files that stay pointers in workspaces
};

/// What the person should hear before the work starts: one sentence each, none for an ordinary
/// clean repository. `include_uncommitted`: the work starts from the work tree, not from HEAD.
std::vector<std::string> Notes(const ResolvedRepository& repository,
                               bool include_uncommitted = false);

/// Whether this process may add objects and refs to the repository, before work is done that could
/// not be kept. PERMISSION_DENIED names the folder.
Status CheckWritable(const RepositoryRef& repository);

inline constexpr char kFallbackAuthor[] = "coditect <coditect@localhost>";

/// The variables of this process by which git finds the person's own configuration and name.
std::map<std::string, std::string> PersonEnvironment();

/// Finds the repository of `path` as git does and resolves `base_name` (branch, tag, commit id;
/// "" = HEAD) in it. `environment`: the person's. `git_program`: absolute path, "" = look for it.
/// No file of the repository or the work tree is changed and nothing of it is run: git is asked in
/// the person's own setting only where the repository is and what the author's name is; all else is
/// read through a gitdir of ours (git_dir.h) in a temporary folder.
/// INVALID_ARGUMENT: no such base (with the nearest name). NOT_FOUND: no such path, not a
/// repository, no git.
/// FAILED_PRECONDITION: bare, no commit yet, inside .git, another person's repository, git too old,
/// unknown extensions. DATA_LOSS: damaged. Each message ends with the next step.
StatusOr<ResolvedRepository> Resolve(
    const Context& ctx, const std::string& path, const std::string& base_name,
    const std::map<std::string, std::string>& environment = PersonEnvironment(),
    const std::string& git_program = "");

}  // namespace coditect::git
