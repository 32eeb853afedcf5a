// The rules of evidence: when a run of tests proves something (invariants I3, I7, I8).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/domain/result.h"
#include "src/domain/test_report.h"

namespace coditect {

/// The id that stands for a build where a mission's goal is one; it is expected like a test's.
std::string BuildId(const std::string& command);
bool IsBuildGoal(const Baseline& baseline);

/// "tests"; "command" where all that is known is how a command ends.
std::string GoalKindOf(const Baseline& baseline);

/// SHA-256 of the ids, sorted and without doubles, each followed by a NUL.
std::string ExpectedDigest(std::vector<std::string> ids);

/// Digest of the union of the id sets that `digests` (of ExpectedDigest) stand for.
std::string UnionDigest(std::vector<std::string> digests);

/// Why the evidence proves nothing, as a sentence; "" when it passes: a normal end was seen, every
/// expected id was seen passing and no new test failing, at least one new line per changed hunk
/// ran, and what judged was the base's, or what is not is named in the review, without which
/// nothing of it is delivered.
std::string EvidenceFault(const Evidence& evidence);

/// The same, and that the evidence is about `tree` and about exactly the expected ids of
/// `expected_digest`.
std::string EvidenceFaultFor(const Evidence& evidence, std::string_view tree,
                             std::string_view expected_digest);

/// The expected ids that `report` does not show passing: failed, skipped or never seen.
std::vector<std::string> NotPassing(const std::vector<std::string>& expected,
                                    const TestReport& report);

/// Counts how `report` meets the expected ids. Sets expected, passed, failed, missing,
/// expected_digest, normal_end and wall_ms; leaves the rest.
void CompareWithExpected(const std::vector<std::string>& expected, const TestReport& report,
                         Evidence* evidence);

/// Tests that failed in `report` and that the base does not have, a file that could not be
/// collected by its path.
std::vector<std::string> NewFailures(const Baseline& baseline, const TestReport& report);

}  // namespace coditect
