// The command that starts one support script in a sandbox.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/ports/sandbox.h"

namespace coditect::python {

/// `<interpreter> <scripts>/start.py <verb>` at the repository's top, with the hash seed set and no
/// bytecode written. `scripts`: where the sandbox shows the support scripts.
SandboxCommand ScriptCommand(const std::string& scripts, const std::string& verb,
                             const std::string& interpreter, uint64_t seed,
                             const SandboxLimits& limits);

/// The last line of `text` that is not empty, cut to what a message can hold.
std::string LastLine(std::string_view text);

}  // namespace coditect::python
