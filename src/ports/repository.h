// The git broker's seam: the host's only way to the person's repository.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/base/context.h"
#include "src/domain/change.h"
#include "src/domain/mission.h"

namespace coditect {

/// A clean merge, or the paths that conflict.
struct MergeForecast {
  TreeId tree;                         // "" when it conflicts
  std::vector<std::string> conflicts;  // relative paths
};

struct CommitRequest {
  CommitId parent;
  CommitId merged_parent;  // a second one; "" = none
  TreeId tree;
  std::string author;  // "Name <mail>"
  std::string message;
  int64_t wall_ms = 0;
};

/// One repository. Hooks, filters and configuration of the repository's content never run; the
/// working tree, index, stash and branches are never touched. Thread-safe; every call blocks.
class Repository {
 public:
  virtual ~Repository() = default;

  /// Files of the commit's tree, by path.
  virtual StatusOr<std::vector<TreeEntry>> ListFiles(const Context& ctx,
                                                     const std::string& tree_ish) = 0;

  /// The bytes of blobs, by object id.
  virtual StatusOr<std::map<std::string, std::string>> ReadBlobs(
      const Context& ctx, const std::vector<std::string>& object_ids) = 0;

  /// Writes the tree's files into the empty folder `folder`, byte for byte as they are stored, with
  /// the modification time of the person's copy where the bytes are equal.
  virtual Status Materialize(const Context& ctx, const std::string& tree_ish,
                             const std::string& folder) = 0;

  /// The tree that has `changes` applied to `tree_ish`; its objects are durable.
  virtual StatusOr<TreeId> WriteTree(const Context& ctx, const std::string& tree_ish,
                                     const std::vector<FileChange>& changes) = 0;

  virtual StatusOr<CommitId> Commit(const Context& ctx, const CommitRequest& request) = 0;

  /// Merges `theirs` into `ours` with merge base `base`, in memory.
  virtual StatusOr<MergeForecast> MergeTrees(const Context& ctx, const CommitId& base,
                                             const CommitId& ours, const CommitId& theirs) = 0;

  /// Moves `ref` from `old_commit` ("" = must not exist) to `new_commit`, durably; OK when it is
  /// there already. ABORTED when the ref holds something else. Only refs/coditect/ and
  /// refs/heads/coditect/ (the latter only created) are allowed.
  virtual Status UpdateRef(const Context& ctx, const std::string& ref, const CommitId& old_commit,
                           const CommitId& new_commit) = 0;

  /// The unified diff from one commit to another, for people and for ParseUnifiedDiff
  /// (domain/change.h). RESOURCE_EXHAUSTED above the adapter's limit.
  virtual StatusOr<std::string> Diff(const Context& ctx, const CommitId& from,
                                     const CommitId& to) = 0;
};

}  // namespace coditect
