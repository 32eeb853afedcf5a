// One configuration value.
#include "src/app/config/value.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"

#include "src/app/config/address.h"
#include "src/base/check.h"
#include "src/base/strings.h"
#include "src/wire/json.h"

namespace coditect {
namespace {

constexpr size_t kTextBytesMax = 4096;
constexpr size_t kGlobBytesMax = 200;
constexpr size_t kListMax = 100;
constexpr size_t kQuotedBytesMax = 60;

struct DurationUnit {
  std::string_view suffix;
  int64_t ms;
};
constexpr DurationUnit kUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};

enum class Notation { kText, kToml };

// What the key takes, for "write ...".
std::string Expected(const ConfigKey& key, Notation notation) {
  const std::string_view quote = notation == Notation::kToml ? "\"" : "";
  switch (key.type) {
    case ValueType::kText:
      return notation == Notation::kToml ? "text in quotes" : "text";
    case ValueType::kBool:
      return "true or false";
    case ValueType::kInteger:
      return StrCat("a whole number from ", key.min, " to ", key.max);
    case ValueType::kDuration: {
      const std::string_view example = key.default_text == "0s" ? "10m" : key.default_text;
      return StrCat("a duration from ", FormatDuration(key.min), " to ", FormatDuration(key.max),
                    " such as ", quote, example, quote);
    }
    case ValueType::kChoice:
      return StrCat(JoinChoices(key.choices), notation == Notation::kToml ? " in quotes" : "");
    case ValueType::kNames:
      return notation == Notation::kToml ? "a list of variable names such as [\"LANG\", \"TZ\"]"
                                         : "variable names such as LANG,TZ";
    case ValueType::kGlobs:
      return notation == Notation::kToml
                 ? "a list of patterns such as [\"deploy/**\", \"**/*.key\"]"
                 : "patterns such as deploy/**,**/*.key";
    case ValueType::kNodes:
      return notation == Notation::kToml
                 ? StrCat("a list such as [\"host-1:", key.port, "\", \"host-2\"]")
                 : StrCat("addresses such as host-1:", key.port, ",host-2");
    case ValueType::kUrl:
      return StrCat("an address such as ", quote, key.choices[0], "://host:", key.port, quote);
  }
  return "";
}

bool HoldsAddress(const ConfigKey& key) {
  return key.type == ValueType::kUrl || key.type == ValueType::kNodes;
}

Status NotValid(const ConfigKey& key, std::string_view text, Notation notation) {
  const std::string shown = HoldsAddress(key) ? "this" : QuoteForMessage(text);
  return InvalidArgument(shown, " is not valid; write ", Expected(key, notation));
}

bool ParseDuration(std::string_view text, int64_t min, int64_t max, int64_t* ms) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  long long count = 0;
  if (!ParseInt(text.substr(0, digits), 0, std::numeric_limits<long long>::max(), &count)) {
    return false;
  }
  for (const DurationUnit& unit : kUnits) {
    if (unit.suffix != text.substr(digits)) continue;
    if (count > max / unit.ms) return false;
    *ms = count * unit.ms;
    return *ms >= min;
  }
  return false;
}

StatusOr<ConfigValue> ParseChoice(const ConfigKey& key, std::string_view text, Notation notation) {
  if (std::find(key.choices.begin(), key.choices.end(), text) != key.choices.end()) {
    return ConfigValue(std::string(text));
  }
  if (std::find(key.later.begin(), key.later.end(), text) != key.later.end()) {
    return Unimplemented(QuoteForMessage(text), " is not in this version; use ",
                         JoinChoices(key.choices));
  }
  return NotValid(key, text, notation);
}

bool IsVariableName(std::string_view name) {
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

// Text of a key whose values are text in every notation.
StatusOr<ConfigValue> ParsePlain(const ConfigKey& key, std::string_view text, Notation notation) {
  if (TrimWhitespace(text).empty()) {
    return InvalidArgument("is empty; write ", Expected(key, notation));
  }
  if (text.size() > kTextBytesMax) {
    return InvalidArgument("is longer than ", kTextBytesMax, " bytes; shorten it");
  }
  if (text.find('\0') != std::string_view::npos) {
    return InvalidArgument("has a NUL character in it; remove that");
  }
  if (key.type == ValueType::kChoice) return ParseChoice(key, text, notation);
  if (key.type == ValueType::kUrl) RETURN_IF_ERROR(CheckUrl(text, key.choices));
  if (key.type != ValueType::kDuration) return ConfigValue(std::string(text));
  int64_t ms = 0;
  if (!ParseDuration(text, key.min, key.max, &ms)) return NotValid(key, text, notation);
  return ConfigValue(ms);
}

Status CheckGlob(const std::string& glob, size_t number, size_t count) {
  const bool plain = !glob.empty() && glob.size() <= kGlobBytesMax && IsValidUtf8(glob) &&
                     glob.find_first_of(std::string_view("\0\n", 2)) == std::string::npos;
  if (plain && glob[0] != '/') return absl::OkStatus();
  return InvalidArgument("entry ", number, " of ", count, " (", QuoteForMessage(glob),
                         ") is no pattern of paths inside the repository; write one such as "
                         "deploy/** or **/*.key");
}

StatusOr<ConfigValue> ParseList(const ConfigKey& key, const std::vector<std::string>& entries) {
  if (entries.size() > kListMax) {
    return InvalidArgument("has more than ", kListMax, " entries; shorten it");
  }
  std::vector<std::string> out;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string& entry = entries[i];
    if (key.type == ValueType::kNodes) {
      StatusOr<std::string> node = ParseNode(entry, key.port);
      if (!node.ok()) {
        return InvalidArgument("entry ", i + 1, " of ", entries.size(), " ",
                               Message(node.status()));
      }
      out.push_back(*std::move(node));
    } else if (key.type == ValueType::kGlobs) {
      RETURN_IF_ERROR(CheckGlob(entry, i + 1, entries.size()));
      out.push_back(entry);
    } else if (entry.size() > kTextBytesMax || !IsVariableName(entry)) {
      return InvalidArgument("entry ", i + 1, " of ", entries.size(), " (", QuoteForMessage(entry),
                             ") is no variable name; write letters, digits and _ only");
    } else {
      out.push_back(entry);
    }
  }
  return ConfigValue(std::move(out));
}

StatusOr<ConfigValue> CheckInteger(const ConfigKey& key, int64_t value) {
  if (value < key.min || value > key.max) {
    return NotValid(key, StrCat(value), Notation::kToml);
  }
  return ConfigValue(value);
}

std::string_view UnitWord(int64_t unit_ms) {
  return unit_ms == 1 ? "milliseconds" : unit_ms == 1000 ? "seconds" : "hours";
}

// TOML has \uNNNN where a terminal's escapes are \xNN and \u{NNNN}.
std::string TomlQuote(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  const std::string escaped = EscapeForTerminal(quoted);
  std::string out = "\"";
  for (size_t i = 0; i < escaped.size(); ++i) {
    const std::string_view rest = std::string_view(escaped).substr(i);
    if (rest.substr(0, 2) == "\\x") {
      out += StrCat("\\u00", rest.substr(2, 2));
      i += 3;
    } else if (rest.substr(0, 3) == "\\u{") {
      out += StrCat("\\u", rest.substr(3, 4));
      i += 7;
    } else if (rest[0] == '\\') {
      out += rest.substr(0, 2);
      i += 1;
    } else {
      out += rest[0];
    }
  }
  return out + "\"";
}

std::string_view WordOf(const TomlValue& value) {
  constexpr std::string_view kWords[] = {"a boolean", "a whole number", "text", "a list"};
  if (const auto* other = std::get_if<TomlOther>(&value)) return other->what;
  return kWords[value.index()];
}

}  // namespace

ConfigValue DefaultValue(const ConfigKey& key) {
  if (key.default_text.empty()) {
    const bool list = key.type == ValueType::kNames || key.type == ValueType::kNodes;
    return list ? ConfigValue(std::vector<std::string>()) : ConfigValue(std::string());
  }
  StatusOr<ConfigValue> value = ParseText(key, key.default_text);
  CHECK_WITH(value.ok(), std::string(key.name));
  return *std::move(value);
}

StatusOr<ConfigValue> ParseText(const ConfigKey& key, std::string_view text) {
  if (text.empty()) {
    return InvalidArgument("is empty; write ", Expected(key, Notation::kText));
  }
  switch (key.type) {
    case ValueType::kBool:
      if (text != "true" && text != "false") return NotValid(key, text, Notation::kText);
      return ConfigValue(text == "true");
    case ValueType::kInteger: {
      long long value = 0;
      if (!ParseInt(text, key.min, key.max, &value)) return NotValid(key, text, Notation::kText);
      return ConfigValue(static_cast<int64_t>(value));
    }
    case ValueType::kNames:
    case ValueType::kGlobs:
    case ValueType::kNodes:
      if (text.size() > kTextBytesMax) {
        return InvalidArgument("is longer than ", kTextBytesMax, " bytes; shorten it");
      }
      return ParseList(key, Split(text, ','));
    default:
      return ParsePlain(key, text, Notation::kText);
  }
}

StatusOr<ConfigValue> ParseVariable(const ConfigKey& key, std::string_view text) {
  const int64_t unit = key.variable_unit_ms;
  if (unit == 0) return ParseText(key, text);
  const int64_t min = std::max<int64_t>(1, key.min / unit);
  const int64_t max = key.max / unit;
  long long count = 0;
  if (!ParseInt(text, min, max, &count)) {
    return InvalidArgument(QuoteForMessage(text), " is not valid; write a whole number of ",
                           UnitWord(unit), ", without a unit, from ", min, " to ", max);
  }
  return ConfigValue(static_cast<int64_t>(count * unit));
}

StatusOr<ConfigValue> ParseToml(const ConfigKey& key, const TomlValue& value) {
  switch (key.type) {
    case ValueType::kBool:
      if (const auto* flag = std::get_if<bool>(&value)) return ConfigValue(*flag);
      break;
    case ValueType::kInteger:
      if (const auto* number = std::get_if<int64_t>(&value)) return CheckInteger(key, *number);
      break;
    case ValueType::kNames:
    case ValueType::kGlobs:
    case ValueType::kNodes:
      if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        if (list->empty() && key.type == ValueType::kNodes) {
          return InvalidArgument("is an empty list; write ", Expected(key, Notation::kToml));
        }
        return ParseList(key, *list);
      }
      break;
    default:
      if (const auto* text = std::get_if<std::string>(&value)) {
        return ParsePlain(key, *text, Notation::kToml);
      }
  }
  return InvalidArgument("found ", WordOf(value), "; write ", Expected(key, Notation::kToml));
}

std::string DescribeValue(const ConfigKey& key) { return Expected(key, Notation::kToml); }

bool IsUnset(const ConfigKey& key, const ConfigValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty();
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return list != nullptr && list->empty() && key.type == ValueType::kNodes;
}

std::vector<std::string> DisplayTexts(const ConfigKey& key, const ConfigValue& value) {
  if (IsUnset(key, value)) return {};
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return *list;
  if (const auto* flag = std::get_if<bool>(&value)) return {*flag ? "true" : "false"};
  if (const auto* text = std::get_if<std::string>(&value)) {
    return {key.type == ValueType::kUrl ? RedactUrl(*text) : RedactText(*text)};
  }
  const int64_t number = std::get<int64_t>(value);
  return {key.type == ValueType::kDuration ? FormatDuration(number) : StrCat(number)};
}

std::string ToToml(const ConfigKey& key, const ConfigValue& value, Passwords passwords) {
  std::vector<std::string> texts = DisplayTexts(key, value);
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && !text->empty() && passwords == Passwords::kShown) texts = {*text};
  const bool list = std::holds_alternative<std::vector<std::string>>(value);
  const bool bare = key.type == ValueType::kBool || key.type == ValueType::kInteger;
  for (std::string& shown : texts) {
    if (!bare) shown = TomlQuote(shown);
  }
  const std::string joined = Join(texts, ", ");
  return list ? StrCat("[", joined, "]") : joined;
}

std::string ToJson(const ConfigKey& key, const ConfigValue& value) {
  if (IsUnset(key, value)) return "null";
  const bool list = std::holds_alternative<std::vector<std::string>>(value);
  const bool bare = key.type == ValueType::kBool || key.type == ValueType::kInteger;
  std::string out = list ? "[" : "";
  std::string_view separator;
  for (const std::string& text : DisplayTexts(key, value)) {
    out += separator;
    separator = ",";
    if (bare) {
      out += text;
    } else {
      wire::AppendJsonString(out, text);
    }
  }
  return list ? out + "]" : out;
}

std::string QuoteForMessage(std::string_view text) {
  const std::string redacted = RedactText(text);
  if (redacted.size() <= kQuotedBytesMax) return StrCat('"', EscapeForTerminal(redacted), '"');
  size_t end = kQuotedBytesMax;
  while (end > 0 && (static_cast<unsigned char>(redacted[end]) & 0xC0) == 0x80) --end;
  return StrCat('"', EscapeForTerminal(redacted.substr(0, end)), "…\"");
}

std::string FormatDuration(int64_t ms) {
  for (const DurationUnit& unit : kUnits) {
    if (unit.suffix == "d" && ms <= unit.ms) continue;  // a day is 24h
    if (ms != 0 && ms % unit.ms == 0) return StrCat(ms / unit.ms, unit.suffix);
  }
  return "0s";
}

}  // namespace coditect
