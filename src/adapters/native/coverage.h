// Executed lines, from the records that measured programs write.
#pragma once

#include <string_view>
#include <vector>

#include "src/adapters/native/shell.h"
#include "src/domain/test_report.h"

namespace coditect::native {

/// Lines with a count in what `gcov --json-format --stdout` printed, of files below `repository`,
/// sorted by file. What is not gcov's JSON is passed over.
std::vector<FileLines> ParseCoverage(std::string_view output, std::string_view repository);

/// Lines executed by the programs of the build folder since the last call.
StatusOr<std::vector<FileLines>> TakeCoverage(const Context& ctx, Shell& shell,
                                              const std::string& folder);

}  // namespace coditect::native
