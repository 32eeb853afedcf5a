// The check of TOML text before the TOML library sees it. toml++ 3.3 recurses once for each level,
// and is undefined (is_non_ascii_horizontal_whitespace) for many characters outside ASCII wherever
// it looks for a blank: outside strings, and after a backslash in a block string.
#include "src/app/config/toml_guard.h"

#include <algorithm>
#include <string>

#include "src/base/strings.h"

namespace coditect {
namespace {

// A reading position. Bytes within a character do not count as columns.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  std::string_view Rest() const { return text_.substr(at_); }
  char Peek(size_t offset = 0) const {
    return at_ + offset < text_.size() ? text_[at_ + offset] : '\0';
  }

  void Advance(size_t bytes) {
    for (; bytes > 0 && at_ < text_.size(); --bytes, ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        column_ = 1;
      } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) {
        ++column_;
      }
    }
  }

  Status Problem(std::string_view what) const {
    return InvalidArgument(line_, ":", column_, ": ", what);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
};

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// What a value, a name, a string or a bracket may follow, blanks apart.
constexpr std::string_view kSeparators = "\n=,[{";

bool IsOneOf(char c, std::string_view characters) {
  return characters.find(c) != std::string_view::npos;
}

// Follows strings and comments as TOML 1.0 defines them and counts the levels outside them. Refuses
// a quote in the middle of a word, for the library looks for the end of a word across quotes.
class ShapeChecker {
 public:
  ShapeChecker(TextCursor& cursor, int depth_max) : cursor_(cursor), depth_max_(depth_max) {}

  Status Step() {
    return closing_.empty() ? StepOutside(cursor_.Peek()) : StepInString(cursor_.Peek());
  }

 private:
  Status StepOutside(char c) {
    if (!IsAscii(c)) {
      return cursor_.Problem("a character that is not ASCII outside quotes; put it into quotes");
    }
    if (c == '#') {
      return Skip(std::min(cursor_.Rest().find('\n'), cursor_.Rest().size()));
    }
    if (IsOneOf(c, " \t\r")) return Skip(1);
    if (IsMisplaced(c)) {
      return cursor_.Problem(StrCat("a misplaced ", std::string(1, c), "; correct the TOML"));
    }
    if (IsOneOf(before_, kSeparators)) word_after_ = before_;
    if (c == '"' || c == '\'') return OpenString(c);
    before_ = c;
    CountLevels(c);
    if (static_cast<int>(brackets_.size()) + dots_ > depth_max_) {
      return cursor_.Problem(StrCat("nested deeper than ", depth_max_, " levels; flatten it"));
    }
    return Skip(1);
  }

  bool IsMisplaced(char c) const {
    if (c == '"' || c == '\'') return before_ != '.' && !IsOneOf(before_, kSeparators);
    if (c == '[' || c == '{') return !IsOneOf(before_, kSeparators);
    const bool in_list = !brackets_.empty() && brackets_.back() == '[';
    return c == '=' && (in_list || word_after_ == '=');
  }

  Status OpenString(char quote) {
    ascii_only_ = before_ == '.';
    before_ = quote;
    const bool block = cursor_.Peek(1) == quote && cursor_.Peek(2) == quote;
    closing_ = cursor_.Rest().substr(0, block ? 3 : 1);
    return Skip(closing_.size());
  }

  void CountLevels(char c) {
    if (c == '.') ++dots_;
    if (IsOneOf(c, kSeparators)) dots_ = 0;
    if (c == '[' || c == '{') brackets_ += c;
    if ((c == ']' || c == '}') && !brackets_.empty()) brackets_.pop_back();
  }

  Status StepInString(char c) {
    if (ascii_only_ && !IsAscii(c)) {
      return cursor_.Problem("a character that is not ASCII after a dot; remove it");
    }
    const bool block = closing_.size() == 3;
    if (c == '\n' && !block) {  // unclosed: the library says so
      closing_ = {};
      return absl::OkStatus();
    }
    if (c == '\\' && closing_[0] == '"') return StepAfterBackslash(block);
    if (cursor_.Rest().substr(0, closing_.size()) != closing_) return Skip(1);
    // A block string may end in up to two quotes of its own before the three that close it.
    size_t length = closing_.size();
    while (block && length < 5 && cursor_.Peek(length) == c) ++length;
    closing_ = {};
    return Skip(length);
  }

  // An escaped character, or in a block string a line that goes on after its blanks.
  Status StepAfterBackslash(bool block) {
    cursor_.Advance(1);
    const size_t blanks =
        std::min(cursor_.Rest().find_first_not_of(" \t\r\n"), cursor_.Rest().size());
    if (block) cursor_.Advance(blanks);
    if (!IsAscii(cursor_.Peek())) {
      return cursor_.Problem("a character that is not ASCII after \\; remove that \\");
    }
    return Skip(blanks > 0 ? 0 : 1);
  }

  Status Skip(size_t bytes) {
    cursor_.Advance(bytes);
    return absl::OkStatus();
  }

  TextCursor& cursor_;
  const int depth_max_;
  std::string brackets_;      // the open ones, at most depth_max_
  int dots_ = 0;              // in the dotted name we are in
  char before_ = '\n';        // the last character outside strings that is no blank
  char word_after_ = '\n';    // the separator before the word or dotted name we are in
  std::string_view closing_;  // what closes the string we are in, empty outside one
  bool ascii_only_ = false;   // in a string after a dot, which the library may take for a number's
};

// Length of the character that `text` starts with, 0 when that is not UTF-8.
size_t CharacterBytes(std::string_view text) {
  for (size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (IsValidUtf8(text.substr(0, length))) return length;
  }
  return 0;
}

}  // namespace

Status CheckTomlShape(std::string_view text, int depth_max) {
  TextCursor characters(text);
  while (!characters.AtEnd()) {
    const size_t length = CharacterBytes(characters.Rest());
    if (length == 0) return characters.Problem("bytes that are not UTF-8; save the file as UTF-8");
    if (characters.Peek() == '\0') return characters.Problem("a NUL byte; remove it");
    characters.Advance(length);
  }
  TextCursor cursor(text);
  ShapeChecker checker(cursor, depth_max);
  while (!cursor.AtEnd()) RETURN_IF_ERROR(checker.Step());
  return absl::OkStatus();
}

}  // namespace coditect
