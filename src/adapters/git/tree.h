// Reading trees and blobs: what git stores, checked before anybody acts on it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/adapters/git/git_dir.h"
#include "src/base/context.h"
#include "src/base/status.h"
#include "src/domain/change.h"

namespace coditect::git {

inline constexpr size_t kTreeEntriesMax = 1'000'000;

enum class Sizes { kNone, kBytes };

/// The tree's files, links and submodules in git's order. `id`: a full object id of a tree or
/// commit. size_bytes is filled only with Sizes::kBytes (git then opens every object). DATA_LOSS
/// when objects are damaged, INVALID_ARGUMENT for a tree that CheckEntries refuses,
/// RESOURCE_EXHAUSTED above kTreeEntriesMax.
StatusOr<std::vector<TreeEntry>> ReadTree(const Context& ctx, const GitDir& git,
                                          const std::string& id, Sizes sizes = Sizes::kNone);

/// INVALID_ARGUMENT when the entries must not become files: a PathFault, one path twice, a path
/// below a file or link of the same tree, a mode that git does not know.
Status CheckEntries(const std::vector<TreeEntry>& entries);

/// Takes blobs as they arrive, in the order they were asked for.
class BlobSink {
 public:
  virtual ~BlobSink() = default;
  virtual Status Begin(size_t index, uint64_t size_bytes) = 0;
  virtual Status Piece(std::string_view bytes) = 0;
  virtual Status End() = 0;
};

/// Streams the blobs into `sink`, holding none of them. `names[i]` is what object `ids[i]` is
/// called in errors. A missing object: FAILED_PRECONDITION in a partial clone, else DATA_LOSS.
Status StreamBlobs(const Context& ctx, const GitDir& git, const std::vector<std::string>& ids,
                   const std::vector<std::string>& names, BlobSink& sink);

/// One path that differs between two trees (`git diff-tree --raw`).
struct TreeDifference {
  std::string path;
  uint32_t old_mode = 0;
  uint32_t new_mode = 0;
  std::string old_id;  // all zeros when new
  std::string new_id;  // all zeros when deleted
};

/// What differs, folders included. `from`, `to`: object ids of trees or commits.
StatusOr<std::vector<TreeDifference>> DiffTrees(const Context& ctx, const GitDir& git,
                                                const std::string& from, const std::string& to);

inline constexpr uint32_t kModeFolder = 0040000;
inline constexpr uint32_t kModeFile = 0100644;
inline constexpr uint32_t kModeExecutable = 0100755;
inline constexpr uint32_t kModeLink = 0120000;
inline constexpr uint32_t kModeSubmodule = 0160000;

}  // namespace coditect::git
