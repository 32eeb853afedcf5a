// Places within a function body where a program can choose among texts: whole statements and
// conditions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coditect::native {

struct ChoicePlace {
  enum class Kind { kStatement, kCondition };
  Kind kind = Kind::kStatement;
  uint32_t start = 0;  // in the file's text
  uint32_t end = 0;

  bool operator==(const ChoicePlace&) const = default;
};

/// The smallest place in the body [body_start, body_end) of `text`, braces included, that holds
/// the range [start, end): the parentheses of an `if` or `while` without them, or a statement that
/// ends with a semicolon and declares nothing. Nothing when there is none, or when a choice there
/// could mean something else (a declaration, a label, an `else` that belongs to it, a
/// preprocessor line).
std::optional<ChoicePlace> FindChoicePlace(std::string_view text, uint32_t body_start,
                                           uint32_t body_end, uint32_t start, uint32_t end);

/// False when a text cannot stand at such a place as one of several: its brackets do not match, or
/// it is no statement, or declares something.
bool FitsChoice(ChoicePlace::Kind kind, std::string_view text);

/// True when `break` or `case` in the text could belong to a switch written around it.
bool MindsSwitch(std::string_view text);

}  // namespace coditect::native
