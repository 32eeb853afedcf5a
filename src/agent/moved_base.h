// The test of a result on a branch that moved since the mission began.
#pragma once

#include <string>

#include "src/agent/lease.h"

namespace coditect {

struct MovedClaim {
  Evidence evidence;
  Usage usage;
  std::string fault;  // why it proves nothing, as a sentence; "" when it passes
};

/// Runs the whole expected suite on `tree` in a clean workspace whose base is the moved branch:
/// what the person changed there is theirs, only the repairs are judged. The lease has the
/// parameters of an "integrate" (baseline, faults, clusters, seed, changed_tests).
StatusOr<MovedClaim> TestOnMoved(const Lease& lease, const BaseBranch& branch, const TreeId& tree);

}  // namespace coditect
