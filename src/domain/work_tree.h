// What is not committed in a person's work tree, and what a run took of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/domain/fields.h"
#include "src/domain/ids.h"

namespace coditect {

/// A work tree, uncommitted changes and all, as a tree of its repository.
struct WorkTreeState {
  TreeId tree;                        // HEAD's when nothing differs
  uint32_t tracked = 0;               // files changed, staged, added or deleted
  uint32_t untracked = 0;             // files git does not know and does not ignore
  std::vector<std::string> left_out;  // folders that are repositories of their own
};

/// The commit on top of HEAD that holds them: a run's base (`run --include-uncommitted`).
struct WorkTreeSnapshot {
  std::string ref;  // keeps it: below refs/coditect/
  CommitId commit;
  CommitId head;  // its parent: what was checked out
  uint32_t tracked = 0;
  uint32_t untracked = 0;

  bool operator==(const WorkTreeSnapshot&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "ref", self.ref);
    visit(2, "commit", self.commit);
    visit(3, "head", self.head);
    visit(4, "tracked", self.tracked);
    visit(5, "untracked", self.untracked);
  }
};

}  // namespace coditect
