// Network addresses in configuration values: checked strictly, shown without passwords.
#pragma once

#include <string>
#include <string_view>

#include "src/app/config/keys.h"
#include "src/base/status.h"

namespace coditect {

/// `text` as "host:port". `default_port` (1..65535; 0 = none) is added when it names no port. The
/// host is a DNS name, an IPv4 address or an IPv6 address in brackets. INVALID_ARGUMENT says what
/// is wrong and never repeats the text, for a password may be in it.
StatusOr<std::string> ParseNode(std::string_view text, int default_port);

/// OK when `text` is [scheme://][user[:password]@]host[:port][/path][?query] with one of `schemes`.
/// INVALID_ARGUMENT says what is wrong and never repeats the text.
Status CheckUrl(std::string_view text, const KeyWords& schemes);

/// An address that passed CheckUrl with "***" for user, password and query.
std::string RedactUrl(std::string_view url);

/// Any text with "***" for what stands between "://" and "@" in each of its words.
std::string RedactText(std::string_view text);

}  // namespace coditect
