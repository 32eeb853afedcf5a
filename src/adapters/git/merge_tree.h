// Merging in memory.
#pragma once

#include "src/adapters/git/git_dir.h"
#include "src/ports/repository.h"

namespace coditect::git {

/// Merges the two commits in `call.args`, which may hold more options of `git merge-tree`; the
/// result is in the object store that `call` writes to. `doing` names the call in errors.
StatusOr<MergeForecast> MergeTree(const Context& ctx, const GitDir& git, GitCall call,
                                  std::string_view doing);

}  // namespace coditect::git
