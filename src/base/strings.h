// String building and escaping that accepts std::string_view (Debian's absl::StrCat does not).
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coditect {

inline void AppendPiece(std::string& out, std::string_view piece) { out += piece; }
template <typename Value>
  requires std::is_arithmetic_v<Value>
void AppendPiece(std::string& out, Value piece) {
  if constexpr (std::same_as<Value, bool>) {
    out += piece ? "true" : "false";
  } else if constexpr (std::same_as<Value, char>) {
    out += piece;
  } else {
    char text[32];  // the longest integer has 20 digits
    if constexpr (std::is_integral_v<Value>) {
      out.append(text, std::to_chars(text, text + sizeof text, piece).ptr);
    } else {
      out += std::to_string(piece);
    }
  }
}

/// Appends the pieces (text, characters, numbers).
template <typename... Parts>
void StrAppend(std::string& out, const Parts&... parts) {
  (AppendPiece(out, parts), ...);
}

/// The pieces (text, characters, numbers) as one string.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  std::string out;
  StrAppend(out, parts...);
  return out;
}

/// "1 run", "2 runs": for nouns with a regular plural.
inline std::string Counted(uint64_t count, std::string_view noun) {
  return StrCat(count, ' ', noun, count == 1 ? "" : "s");
}

/// "12.3 s", cut after the tenth.
inline std::string SecondsText(uint64_t ms) {
  return StrCat(ms / 1000, '.', ms % 1000 / 100, " s");
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator);

/// Splits at every `separator`; "" gives one empty piece.
std::vector<std::string> Split(std::string_view text, char separator);

std::string_view TrimWhitespace(std::string_view text);

bool Contains(std::string_view text, std::string_view part);

/// Bytes as lower-case hexadecimal digits.
std::string HexEncode(std::string_view bytes);
/// False when `text` is not an even number of lower-case hexadecimal digits.
bool HexDecode(std::string_view text, std::string* bytes);

/// `text` safe to print on a terminal: control characters (C0, C1, ESC, DEL), bidirectional
/// overrides and invalid UTF-8 appear as \xNN or \u{NNNN}; with `keep_newlines` line feeds and
/// tabs stay.
std::string EscapeForTerminal(std::string_view text, bool keep_newlines = false);

bool IsValidUtf8(std::string_view text);

/// `text` with each byte that is not valid UTF-8 replaced by U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view text);

/// `text` in POSIX single quotes where a shell would need them.
std::string ShellQuote(std::string_view text);

/// `argv` as one line that a POSIX shell reads back as the same words.
std::string ShellJoin(const std::vector<std::string>& argv);

/// The element of `choices` nearest to `word` by edit distance, or "" when none is near enough
/// (more than a third of the letters differ) to be worth suggesting.
std::string NearestWord(std::string_view word, const std::vector<std::string>& choices);

/// Whole number of `text` in [min, max]; false when it is anything else.
bool ParseInt(std::string_view text, long long min, long long max, long long* value);

}  // namespace coditect
