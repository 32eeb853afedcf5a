// What a file may say in the place of a name: what the headers it includes declare, constants.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "src/repair/source_model.h"

namespace coditect::repair {

/// Tells every model what may stand in it: what it and the headers it includes declare (of those
/// that are given), and constants that classes of any model hold, where there are no headers.
void DeclareNames(const std::vector<SourceText>& headers,
                  const std::vector<std::unique_ptr<SourceModel>>& models);

/// Share of the longer name that both have in common at its beginning and end; in [0, 1].
double Likeness(std::string_view a, std::string_view b);

}  // namespace coditect::repair
