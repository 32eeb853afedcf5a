// What sanitizers say of tests on the base, and against a patch.
#pragma once

#include <string>
#include <vector>

#include "src/agent/mission_resources.h"
#include "src/domain/result.h"
#include "src/domain/test_report.h"

namespace coditect {

struct SanitizedTests {
  std::vector<std::string> failing;
  std::vector<std::string> passing;
};

/// What the sanitizers report of failing tests on the base: misuse of memory, and what they report
/// of no passing test, since what tests do that pass is not why others fail. At most 64 of each are
/// run, each alone; the passing ones only when something was found. Says in the log what was found,
/// or why nothing could be. Costs one build, kept for RemainingFinding; added to `usage`. Nothing
/// for a language without sanitizers.
StatusOr<std::vector<SanitizerFinding>> FindingsOnBase(const Lease& lease, const HarnessPlan& plan,
                                                       SanitizedTests tests, Usage* usage);

/// The first of `findings` (of the base) that the sanitizers still report, of the same kind in the
/// same function, when its tests run on the base with `changes`: one sentence with the place; ""
/// when none is, or when the tests do not run with sanitizers to their normal end. Costs what
/// `changes` makes be built of the base's sanitized build; added to `usage`.
StatusOr<std::string> RemainingFinding(const Lease& lease, const HarnessPlan& plan,
                                       const std::vector<SanitizerFinding>& findings,
                                       const std::vector<FileChange>& changes, Usage* usage);

}  // namespace coditect
