// SHA-256 (FIPS 180-4), by OpenSSL.
#pragma once

#include <string>
#include <string_view>

namespace coditect {

/// The 32 raw bytes of the digest.
std::string Sha256(std::string_view bytes);

/// The digest as 64 hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace coditect
