// A tree with changes applied, by an index of its own.
#pragma once

#include <string>
#include <vector>

#include "src/adapters/git/git_dir.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/change.h"
#include "src/domain/ids.h"

namespace coditect::git {

inline constexpr size_t kChangesMax = 100'000;

/// INVALID_ARGUMENT unless every change may become part of a tree: no PathFault, no LinkFault, no
/// path twice or below another written one, and none of .gitmodules (what git does by it is the
/// person's business).
Status CheckChanges(const std::vector<FileChange>& changes);

/// The tree `id` (of a tree or commit) with `changes` applied; all its new objects are durable. A
/// written path replaces whatever was there or in its way; deleting an absent path is no error.
/// INVALID_ARGUMENT as CheckChanges and when a change would replace a submodule.
StatusOr<TreeId> WriteTree(const Context& ctx, const GitDir& git, const std::string& id,
                           const std::vector<FileChange>& changes);

}  // namespace coditect::git
