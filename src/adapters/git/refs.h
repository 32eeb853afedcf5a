// Moving coditect's refs in the person's repository: compare and swap, durable, with what a crash
// left behind cleared away.
//
// Rule for stale lock files. Git guards a ref by `<ref>.lock`; a killed git leaves it, and then
// nobody can move that ref again. Such a file has no owner's name in it, so:
//   1. Every ref update of ours holds a shared flock on a file of the state folder, and the git
//      that does it inherits the descriptor. Whoever holds that file exclusively knows that no
//      git of any coditect with this state folder is updating refs, not even one whose
//      coditect was killed.
//   2. What else takes such locks is the person's own git (gc, branch -d) or a coditect with
//      another state folder: for milliseconds. So a lock counts as stale when its file has not
//      changed for kLockStaleAge: by its own time stamp, or (were the clock set back) as watched.
//   3. A lock on a branch of the person's is never removed. Ours is removed with the exclusive
//   flock held, after looking again that it is still the same
//      file, and only below refs/coditect/ and refs/heads/coditect/.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "src/adapters/git/git_dir.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/ids.h"

namespace coditect::git {

inline constexpr std::chrono::seconds kLockStaleAge{2};
inline constexpr std::chrono::seconds kLockWaitMax{10};

/// Rule 1's file for the repository of `common_dir`, in the state folder's `parent`.
std::string RefsGuardPath(const std::string& parent, const std::string& common_dir);

/// The refs of one repository. Thread-safe.
class Refs {
 public:
  struct Options {
    std::string common_dir;
    std::string object_format;
    std::string guard_path;  // rule 1's file, one per repository and state folder; made when absent
    std::chrono::milliseconds lock_stale_age = kLockStaleAge;
  };
  Refs(const GitDir& git, Options options) : git_(git), options_(std::move(options)) {}

  /// Port Repository::UpdateRef. Besides its errors: FAILED_PRECONDITION when the branch is checked
  /// out somewhere, when another ref stands in the way (refs/heads/coditect itself), or when a
  /// folder below refs is a symbolic link; UNAVAILABLE when the ref stays locked. Passes crash
  /// point effect#branch or effect#ref; torn leaves a half-written lock file.
  Status Update(const Context& ctx, const std::string& ref, const CommitId& old_commit,
                const CommitId& new_commit) const;

  /// Port Delivery::FastForward for the branch `ref`: the only way to move a branch that is not
  /// coditect's. Besides its errors as Update, but a lock on it is never removed. Passes crash
  /// point effect#branch.
  Status FastForward(const Context& ctx, const std::string& ref, const CommitId& old_commit,
                     const CommitId& new_commit) const;

  /// Deletes the branch refs/heads/coditect/… if it is at `commit`; OK when it is gone already.
  /// ABORTED when it is elsewhere; FAILED_PRECONDITION when a work tree has it checked out or is in
  /// the middle of something with it; else as Update.
  Status Delete(const Context& ctx, const std::string& ref, const CommitId& commit) const;

  /// Deletes refs below refs/coditect/, each if it is still at its commit, in transactions of
  /// kDropMax. One that is gone already or has moved since stays as it is. UNAVAILABLE when one
  /// stays locked. Passes crash point effect#refs_dropped.
  Status DropPins(const Context& ctx,
                  const std::vector<std::pair<std::string, CommitId>>& pins) const;

  /// FAILED_PRECONDITION naming the work tree that has the branch checked out or uses it.
  Status CheckNotInUse(const std::string& ref) const;

  /// The git folder of a work tree that has the branch checked out or uses it; "" = there is none.
  std::string UserOf(const std::string& ref) const;

  /// What the ref holds, "" when there is none. Symbolic refs are not followed:
  /// FAILED_PRECONDITION.
  StatusOr<CommitId> Read(const Context& ctx, const std::string& ref) const;

  /// Removes stale lock files below our two folders (what a crash left). Bounded walk.
  Status Sweep() const;

 private:
  StatusOr<ProcessResult> UpdateRef(const Context& ctx, const std::string& ref,
                                    const std::vector<std::string>& args) const;
  std::vector<std::string> GitDirs() const;
  Status WaitForLock(const Context& ctx, const std::string& lock_path) const;
  Status CheckNotCheckedOut(const std::string& ref) const;
  std::string HeadUserOf(const std::string& ref) const;
  Status CheckNoLinks(const std::string& ref) const;
  Status SweepFolder(const std::string& folder, int depth, size_t* visited) const;
  StatusOr<UniqueFd> Guard(const Context& ctx, int operation) const;

  const GitDir& git_;
  const Options options_;
};

}  // namespace coditect::git
