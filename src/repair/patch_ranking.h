// Which of the patches that pass are worth believing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/repair/literal_mining.h"
#include "src/repair/source_model.h"

namespace coditect::repair {

struct RankedPatch {
  uint64_t number = 0;     // of the candidate
  double score = 0;        // of the search
  std::string refused_by;  // the rule's name; "" = acceptable
};

/// The first rule that refuses the patch of one file, "" when none does. Rules, after Long and
/// Rinard 2016 and the prototype's over-fitted patches:
///   deletes_guard       an assert, a raise or an early return under a condition is gone
///   special_case        a comparison with a value that the tests pass in, and no value of the code
///   narrows_to_test     the same by `!=` or `not in`
///   unreachable_code    statements follow a jump in their block, or a condition became constant
///   constant_result     a literal is returned where something was computed
///   swallows_exception  a new handler without a raise
///   edits_tests         the file is a test, or an example in a docstring (doctest) is changed
std::string RefusalRule(const SourceModel& source, const std::vector<Splice>& splices,
                        const MinedLiterals& literals);

/// Acceptable ones first, then by score, then by number.
void SortPatches(std::vector<RankedPatch>* patches);

}  // namespace coditect::repair
