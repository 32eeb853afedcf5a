// A delivered branch: what the ledger says of it, and how it stands in the repository now.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/mission.h"

namespace coditect {

enum class DeliveryMode {
  kBranch,       // a new branch coditect/<run>
  kFastForward,  // the base branch moves to a commit whose tree was tested
  kPatch,        // a file that `git am` takes; no ref of the person's
};

/// How a run is to deliver, as MissionRequest::deliver has it.
struct DeliveryPlan {
  DeliveryMode mode = DeliveryMode::kBranch;
  std::string patch_file;  // absolute; ends with '/': a file named after the run in that folder

  bool operator==(const DeliveryPlan&) const = default;
};
/// "branch", "ff", "patch" or "patch:/absolute/file".
std::string DeliveryText(const DeliveryPlan& plan);
/// What is unknown, or was written before there was a choice, is a branch.
DeliveryPlan ParseDelivery(std::string_view text);
/// "branch", "ff" or "patch".
std::string_view DeliveryWord(DeliveryMode mode);

/// "refs/heads/main" of the branch that the base is called after; "" when it can be none.
std::string BaseBranchRef(const RepositoryRef& repository);

/// What a run delivered, and where to.
struct Delivered {
  RepositoryRef repository;
  std::string branch;   // "refs/heads/coditect/r-7f3a"
  CommitId commit;      // what it was made at
  TreeId tree;          // of that commit: what was tested
  CommitId moved_from;  // the branch is the base, which was there; "" = it was made
};

/// The branch and the branch it was made for, as they are now.
struct Standing {
  CommitId branch_at;                  // "" = the branch is not there
  std::string base_branch;             // "main"; "" when the base was no branch, or that is gone
  CommitId base_at;                    // where that is
  uint64_t behind = 0;                 // commits of it that the delivered one does not contain
  bool rewritten = false;              // it does not contain the run's base any more
  bool merged = false;                 // it contains the delivered commit
  bool clean = false;                  // the two merge without a conflict
  TreeId merged_tree;                  // if clean: what that would make
  std::vector<std::string> conflicts;  // else the paths; empty: they share no history
};

/// What another open run of the same repository came to, and how it goes with this one's result.
struct OtherResult {
  MissionId run;
  CommitId commit;
  bool merges_cleanly = false;
  std::vector<std::string> conflicts;  // else the paths; empty: they share no history

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "run", self.run);
    visit(2, "commit", self.commit);
    visit(3, "merges_cleanly", self.merges_cleanly);
    visit(4, "conflicts", self.conflicts);
  }
};

enum class MergeKind {
  kAlready,      // nothing to do
  kFastForward,  // the branch moves to the delivered commit
  kMergeCommit,  // a new commit with both as parents and the tested tree
  kUntested,     // nothing was done: the merge would make a tree that nobody tested
};

/// What merging did, or would do.
struct MergeOutcome {
  MergeKind kind = MergeKind::kAlready;
  std::string work_tree;
  Standing standing;  // base_branch: the branch checked out there
  CommitId to;        // where that branch is now; "" when nothing was done
};

}  // namespace coditect
