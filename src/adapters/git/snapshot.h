// The person's work tree as it is, uncommitted changes and all, as a tree of the repository.
#pragma once

#include <map>
#include <string>

#include "src/adapters/git/resolve.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/work_tree.h"

namespace coditect::git {

inline constexpr uint64_t kSnapshotFileBytesMax = uint64_t{100} << 20;
inline constexpr uint64_t kSnapshotBytesMax = uint64_t{1} << 30;
inline constexpr size_t kSnapshotFilesMax = 50'000;

struct SnapshotOptions {
  RepositoryRef repository;  // resolved at HEAD
  std::string state_folder;  // as RepositoryOptions
  std::string label;
  std::string new_objects;  // as RepositoryOptions
  std::map<std::string, std::string> environment = PersonEnvironment();
};

/// Writes the work tree's files as a tree: what is staged, changed, deleted, meant to be added, and
/// files that are neither tracked nor ignored. A copy of the person's index is filled, theirs is
/// not touched; no hook and no filter runs; submodules stay as the index has them. The objects are
/// durable.
/// FAILED_PRECONDITION, naming the path and the next step: an operation (merge, rebase …) is under
/// way, paths are unmerged, a file is too large, cannot be read, is neither file nor link, or goes
/// through a filter of the person's. RESOURCE_EXHAUSTED above the limits.
StatusOr<WorkTreeState> TakeSnapshot(const Context& ctx, const SnapshotOptions& options);

}  // namespace coditect::git
