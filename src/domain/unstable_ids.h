// Test ids that change from one collection to the next, made comparable (design.md section 3,
// detail 9).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/domain/test_report.h"

namespace coditect {

/// `file::function` of an id: what stands before the parameters of a parametrised test.
std::string_view TestFunction(std::string_view id);

/// Functions of which only one of two collections of the same tests has some id; ascending.
std::vector<std::string> UnstableFunctions(const std::vector<std::string>& first,
                                           const std::vector<std::string>& second);

/// The ids of `functions` become `function[#1]`, `function[#2]` … in the order they ran, in cases
/// and coverage: expecting these expects a count that does not shrink. A harness runs them by these
/// ids too.
void FoldUnstableIds(const std::vector<std::string>& functions, TestReport* report);

}  // namespace coditect
