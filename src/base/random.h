// Random identifiers from the operating system. Never used inside a decision.
#pragma once

#include <string>

namespace coditect {

/// `bytes` random bytes as hexadecimal digits.
std::string RandomHex(int bytes);

}  // namespace coditect
