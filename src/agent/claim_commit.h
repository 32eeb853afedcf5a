// A coder's claim as a commit.
#pragma once

#include <string>
#include <vector>

#include "src/agent/mission_resources.h"

namespace coditect {

struct ClaimText {
  TreeId tree;
  std::string summary;  // one line: what was changed
  std::string mended;   // whole lines: what that mends
  std::vector<FileChange> changes;
};

/// Commits the tree on the base and pins the commit below refs/coditect/. Sets commit, tree and the
/// outputs summary, files and message of the result.
Status CommitClaim(const Lease& lease, const ClaimText& claim, TaskResult* result);

}  // namespace coditect
