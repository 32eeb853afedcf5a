// One configuration value: read from text or TOML, checked against its key, shown without secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/app/config/keys.h"
#include "src/base/status.h"

namespace coditect {

/// By the key's type: bool, integer or milliseconds, text (also choice and URL), list (names,
/// nodes). Empty text and, of nodes, an empty list mean unset.
using ConfigValue = std::variant<bool, int64_t, std::string, std::vector<std::string>>;

/// A TOML value that no key takes; `what` names it: "a float", "a date".
struct TomlOther {
  std::string_view what;
};
/// What a TOML file says; lists only of text.
using TomlValue = std::variant<bool, int64_t, std::string, std::vector<std::string>, TomlOther>;

/// The key's default.
ConfigValue DefaultValue(const ConfigKey& key);

/// The value of text from -c, a flag or CODITECT_A__B: lists are separated by commas. Errors say
/// what is wrong and what to write instead, without the place: INVALID_ARGUMENT; UNIMPLEMENTED for
/// a choice of a later version.
StatusOr<ConfigValue> ParseText(const ConfigKey& key, std::string_view text);

/// The same for the key's own variable, which has its unit in its name.
StatusOr<ConfigValue> ParseVariable(const ConfigKey& key, std::string_view text);

/// The same for a TOML value, where numbers, booleans and lists are typed.
StatusOr<ConfigValue> ParseToml(const ConfigKey& key, const TomlValue& value);

/// What the key takes in a file: `a duration from 100ms to 24h such as "30s"`.
std::string DescribeValue(const ConfigKey& key);

bool IsUnset(const ConfigKey& key, const ConfigValue& value);

/// The value's texts as a person writes them, passwords in URLs as "***"; one for each entry of a
/// list.
std::vector<std::string> DisplayTexts(const ConfigKey& key, const ConfigValue& value);

enum class Passwords { kHidden, kShown };

/// The value as TOML, on one line and safe on a terminal; hidden passwords as "***".
std::string ToToml(const ConfigKey& key, const ConfigValue& value,
                   Passwords passwords = Passwords::kHidden);

/// The value as JSON, null when unset; passwords as "***".
std::string ToJson(const ConfigKey& key, const ConfigValue& value);

/// `text` in double quotes for an error message: short, safe on a terminal, without passwords.
std::string QuoteForMessage(std::string_view text);

/// Milliseconds as "30s", "5m", "100ms": the largest unit that leaves a whole number.
std::string FormatDuration(int64_t ms);

}  // namespace coditect
