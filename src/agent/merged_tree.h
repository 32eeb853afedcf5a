// The test of a tree that several repairs were merged into.
#pragma once

#include <string>
#include <vector>

#include "src/agent/lease.h"

namespace coditect {

/// Runs the whole suite on `tree` once, in a clean workspace, for the clusters named by the lease,
/// and sets outcome, reason, evidence, outputs and usage of `result`:
///   kSuccess   every expected test was seen passing in one run; the evidence is about it
///   kRefuted   it does not build or pass; `reason` is the first error, output "failed_tests" the
///              ids as a blob of lines
///   kBlocked   it failed twice in tests that have nothing to do with the change and pass alone
/// What failed in an earlier, larger batch (parameter "failed_tests") is run first and alone: when
/// that fails, the suite is not run. A failing test outside the reach of the change is repeated a
/// bounded number of times alone; when it passes, it is named in output "flaky" and the suite is
/// run once more: only that run counts.
Status TestMerged(const Lease& lease, const std::string& tree, TaskResult* result);

/// Runs the tests of parameter "failed_tests" (without one: the suite) on `tree`, to learn whether
/// they fail: kSuccess or kRefuted, no evidence.
Status ProbeMerged(const Lease& lease, const std::string& tree, TaskResult* result);

}  // namespace coditect
