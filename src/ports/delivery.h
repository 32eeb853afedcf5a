// How a result reaches a person: the branch they work on, and patches. Apart from Repository, which
// can never touch a branch of theirs (ADR-0010).
#pragma once

#include <string>

#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/ids.h"

namespace coditect {

/// The branch that a mission's base was, as it is now.
struct BaseBranch {
  CommitId commit;             // "" = there is no such branch
  TreeId tree;                 // of that commit
  bool contains_base = false;  // the commit the mission began from is part of it
  std::string work_tree;       // that has it checked out or is busy with it; "" = none
};

/// One mission's repository. Thread-safe; every call blocks.
class Delivery {
 public:
  virtual ~Delivery() = default;

  /// The base branch. An answer without commit also where the base was a tag, a commit or HEAD.
  virtual StatusOr<BaseBranch> Look(const Context& ctx) = 0;

  /// Moves the base branch from `old_commit` to its descendant `new_commit`, durably; OK when it
  /// contains that already. ABORTED when it is somewhere else; FAILED_PRECONDITION when a work tree
  /// uses it (its index would differ at once); INVALID_ARGUMENT when it would be no fast-forward.
  virtual Status FastForward(const Context& ctx, const CommitId& old_commit,
                             const CommitId& new_commit) = 0;

  /// The commits after `from` up to `to`, oldest first, as a mailbox: `git am` makes them anew,
  /// `git apply` takes their sum. RESOURCE_EXHAUSTED above the adapter's limit.
  virtual StatusOr<std::string> Patch(const Context& ctx, const CommitId& from,
                                      const CommitId& to) = 0;
};

}  // namespace coditect
