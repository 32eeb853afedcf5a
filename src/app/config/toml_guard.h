// The check of TOML text before the TOML library sees it.
#pragma once

#include <string_view>

#include "src/base/status.h"

namespace coditect {

/// OK when `text` is UTF-8 without NUL and nests brackets and dotted names at most `depth_max`
/// deep. INVALID_ARGUMENT "line:column: what; next step". One pass, constant memory.
Status CheckTomlShape(std::string_view text, int depth_max);

}  // namespace coditect
