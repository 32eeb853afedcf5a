// Positions in what compilers, assertions and test frameworks print.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/domain/test_report.h"

namespace coditect::native {

/// What a failure says: the line with the first position, and every position `file:line` of C and
/// C++ files, the innermost last as far as the text tells. Paths below `repository` are made
/// relative, others are left as they are.
struct FailureText {
  std::string message;  // at most 2 KiB; "" when the text has no position
  std::vector<StackFrame> stack;
};
FailureText ReadFailure(std::string_view output, std::string_view repository);

/// The first error of a compiler or a build tool: its line, or the last line of the output.
std::string BuildErrorLine(std::string_view output);

}  // namespace coditect::native
