// Submodules whose objects are here already: found by the tree and the local object store alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "src/adapters/git/git_dir.h"
#include "src/adapters/git/tree.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/ids.h"

namespace coditect::git {

inline constexpr int kSubmoduleDepthMax = 8;

/// A submodule of a tree.
struct Submodule {
  std::string path;
  CommitId commit;      // that the tree records
  std::string git_dir;  // where its objects are: .git/modules/NAME; "" = they were never fetched
};

/// Those of `entries`, which are a whole tree: NAME is that of the tree's .gitmodules. A folder
/// outside the repository and its .git is never taken. `checkout`: the person's work tree, "" for
/// none; a linked one keeps its submodules elsewhere, which their .git files say.
StatusOr<std::vector<Submodule>> FindSubmodules(const Context& ctx, const GitDir& git,
                                                const std::vector<TreeEntry>& entries,
                                                const std::string& checkout);

/// A gitdir of ours over the submodule's objects; none of its configuration, hooks and filters
/// holds. NOT_FOUND when the commit is not there.
StatusOr<std::unique_ptr<GitDir>> OpenSubmodule(const Context& ctx, const GitDir& git,
                                                const Submodule& submodule);

/// Paths of submodules, also those in submodules, whose commit is not here.
StatusOr<std::vector<std::string>> MissingSubmodules(const Context& ctx, const GitDir& git,
                                                     const std::vector<TreeEntry>& entries,
                                                     const std::string& checkout, int depth = 0);

}  // namespace coditect::git
