// What gcc's sanitizers report in the output of a test.
#pragma once

#include <string_view>
#include <vector>

#include "src/adapters/native/job_program.h"
#include "src/domain/test_report.h"

namespace coditect::native {

/// The reports of AddressSanitizer and UndefinedBehaviorSanitizer in `output` that name a line of
/// the repository, in their order and without the test's id; at most 16. `repository` is its
/// absolute path inside.
std::vector<SanitizerFinding> ReadSanitizers(std::string_view output, std::string_view repository);

/// True when a test ended as undefined behaviour ends: by a fault's signal, or with a word of the
/// C library about a broken heap or stack; of a test run by others (ctest, make) by their word.
bool EndedByFault(const JobOutcome& outcome);

}  // namespace coditect::native
