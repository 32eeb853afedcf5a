// Setting one key in the text of a TOML file, with all else left as it is.
#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"

namespace coditect {

/// `text` with `name` ("agent.timeout") set to `toml_value`: where it is set already, that value is
/// replaced; else a line is added after its commented-out default, below its section's heading or
/// with a new section at the end. Comments and every other setting stay: the result is read again
/// to prove it. INVALID_ARGUMENT "line:column: …" for a text that is no TOML; FAILED_PRECONDITION
/// when the file's own way of writing leaves no place for it.
StatusOr<std::string> SetTomlValue(const std::string& text, std::string_view name,
                                   std::string_view toml_value);

}  // namespace coditect
