// What was expected of a task against what its result says (sdd 2.2.2).
#pragma once

#include <string>
#include <vector>

#include "src/domain/state.h"

namespace coditect {

/// One difference. `type` is one of the source design's kinds: TEST_EXPECTATION, COMPILE,
/// FILE_LOCKED, CAPABILITY_MISMATCH, RESOURCE_EXHAUSTION, or STATE for any other belief.
struct Violation {
  std::string type;
  std::string expected;
  std::string actual;
};

/// Compares the result with the task's expectations. Predicates:
///   outcome          "success"
///   evidence         "passes": EvidenceFaultFor the result's tree and expected_digest parameter
///   tree             the tree the evidence and the result are about; "$claim" = the lease's claim
///   output.NAME      "present"
/// Pure.
std::vector<Violation> DetectViolations(const TaskState& task, const LeaseState& lease,
                                        const TaskResult& result);

}  // namespace coditect
