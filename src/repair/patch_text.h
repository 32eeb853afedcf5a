// Patches as text for people: one sentence, and a unified diff.
#pragma once

#include <string>
#include <vector>

#include "src/repair/source_model.h"

namespace coditect::repair {

/// "replace `<` by `<=` (comparison) at calc.py:12 in add".
std::string Describe(const SourceModel& source, const std::vector<Splice>& splices,
                     std::string_view phrase);

/// Unified diff of two texts with three lines of context; "" when they are equal.
std::string UnifiedDiff(std::string_view path, std::string_view before, std::string_view after);

}  // namespace coditect::repair
