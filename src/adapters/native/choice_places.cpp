// Statements and conditions by their tokens: only what is surely one counts.
#include "src/adapters/native/choice_places.h"

#include <algorithm>
#include <array>
#include <vector>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

struct Token {
  uint32_t start = 0;
  uint32_t end = 0;
  std::string_view text;
};

bool StartsWord(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool InWord(char c) { return StartsWord(c) || (c >= '0' && c <= '9'); }

/// Words, numbers, quoted texts and single signs; "::", "->", "++" and "--" are one. Comments are
/// left out. Nothing for what cannot be read surely: a preprocessor line, a raw string, an open
/// comment.
std::optional<std::vector<Token>> TokensOf(std::string_view text) {
  std::vector<Token> tokens;
  bool line_start = false;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::string_view rest = text.substr(at);
    size_t length = 1;
    if (c == '\n') line_start = true;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++at;
      continue;
    }
    if (rest.starts_with("//") || rest.starts_with("/*")) {
      const bool line = rest[1] == '/';
      const size_t end = line ? rest.find('\n') : rest.find("*/", 2);
      if (end == std::string_view::npos) return std::nullopt;
      at += end + (line ? 0 : 2);
      continue;
    }
    if (c == '#' && line_start) return std::nullopt;
    line_start = false;
    if (c == '"' || c == '\'') {
      while (length < rest.size() && rest[length] != c && rest[length] != '\n') {
        length += rest[length] == '\\' ? 2 : 1;
      }
      if (length >= rest.size() || rest[length] != c) return std::nullopt;
      ++length;
    } else if (InWord(c)) {
      while (length < rest.size() &&
             (InWord(rest[length]) || (c >= '0' && c <= '9' && rest[length] == '.'))) {
        ++length;
      }
      const std::string_view word = rest.substr(0, length);
      if (word.ends_with('R') && length < rest.size() && rest[length] == '"') return std::nullopt;
    } else {
      for (const std::string_view two : {"::", "->", "++", "--", "&&", "||"}) {
        if (rest.starts_with(two)) length = 2;
      }
    }
    tokens.push_back(
        {static_cast<uint32_t>(at), static_cast<uint32_t>(at + length), rest.substr(0, length)});
    at += length;
  }
  return tokens;
}

template <size_t kSize>
bool IsOneOf(std::string_view text, const std::array<std::string_view, kSize>& list) {
  return std::ranges::find(list, text) != list.end();
}

constexpr std::array<std::string_view, 3> kOpening = {"(", "[", "{"};
constexpr std::array<std::string_view, 3> kClosing = {")", "]", "}"};
constexpr std::array<std::string_view, 6> kStatementWords = {"return", "break", "continue",
                                                             "goto",   "throw", "delete"};
constexpr std::array<std::string_view, 3> kControlWords = {"if", "for", "while"};
// What begins a statement that is no expression, or belongs to one around it.
constexpr std::array<std::string_view, 27> kOtherWords = {
    "else",  "case",     "default",  "do",        "try",           "catch",     "switch",
    "using", "typedef",  "struct",   "class",     "union",         "enum",      "auto",
    "const", "static",   "extern",   "register",  "volatile",      "constexpr", "template",
    "asm",   "co_await", "co_yield", "co_return", "static_assert", "typename"};

/// The token after the bracket that `at` opens; the end when it stays open.
size_t AfterBracket(const std::vector<Token>& tokens, size_t at) {
  int depth = 0;
  for (size_t i = at; i < tokens.size(); ++i) {
    if (IsOneOf(tokens[i].text, kOpening)) ++depth;
    if (IsOneOf(tokens[i].text, kClosing) && --depth == 0) return i + 1;
  }
  return tokens.size();
}

/// Whether the tokens from `at` begin an expression and surely no declaration: a sign, or a name
/// that an operator or a call follows.
bool BeginsExpression(const std::vector<Token>& tokens, size_t at) {
  if (at >= tokens.size()) return false;
  const std::string_view first = tokens[at].text;
  if (IsOneOf(first, kOtherWords) || first == "{" || first == "}") return false;
  constexpr std::array<std::string_view, 9> kSigns = {"*", "(",  "+",  "-", "!",
                                                      "~", "::", "++", "--"};
  if (!InWord(first[0]) && first[0] != '"' && first[0] != '\'') return IsOneOf(first, kSigns);
  size_t next = at + 1;
  while (next + 1 < tokens.size() && tokens[next].text == "::" &&
         StartsWord(tokens[next + 1].text[0])) {
    next += 2;
  }
  if (next >= tokens.size()) return true;  // a name alone, as a condition may be
  const std::string_view after = tokens[next].text;
  // "a * b" and "a & b" may declare b; "a < b" may open a template's arguments.
  return !StartsWord(after[0]) && after != "*" && after != "&" && after != "&&" && after != "<" &&
         after != ":" && after != "::" && after != "{";
}

/// Whether [begin, end) of the tokens, the semicolon included, is one statement of that kind.
bool IsStatement(const std::vector<Token>& tokens, size_t begin, size_t end) {
  while (begin < end && IsOneOf(tokens[begin].text, kControlWords)) {
    if (begin + 1 >= end || tokens[begin + 1].text != "(") return false;
    const bool loops = tokens[begin].text == "while";
    begin = AfterBracket(tokens, begin + 1);
    if (loops && begin < end && tokens[begin].text == ";") return false;  // the end of a `do`
  }
  if (begin >= end) return false;
  return IsOneOf(tokens[begin].text, kStatementWords) || BeginsExpression(tokens, begin);
}

bool IsBalanced(const std::vector<Token>& tokens) {
  std::string open;
  for (const Token& token : tokens) {
    if (IsOneOf(token.text, kOpening)) open += token.text[0];
    if (!IsOneOf(token.text, kClosing)) continue;
    const char wanted = token.text == ")" ? '(' : token.text == "]" ? '[' : '{';
    if (open.empty() || open.back() != wanted) return false;
    open.pop_back();
  }
  return open.empty();
}

/// A condition whose tokens are (first, last) without its parentheses.
bool IsCondition(const std::vector<Token>& tokens, size_t first, size_t last) {
  if (first >= last) return false;
  for (size_t i = first; i < last; ++i) {
    if (tokens[i].text == ";") return false;
  }
  // A name with an operator that could declare is a condition only without an "=" at its level.
  if (BeginsExpression(tokens, first)) return true;
  if (IsOneOf(tokens[first].text, kOtherWords) || tokens[first].text == "{") return false;
  int depth = 0;
  for (size_t i = first; i < last; ++i) {
    const std::string_view text = tokens[i].text;
    if (IsOneOf(text, kOpening)) ++depth;
    if (IsOneOf(text, kClosing)) --depth;
    const bool compares = i + 1 < last && text == "=" && tokens[i + 1].text == "=" &&
                          tokens[i + 1].start == tokens[i].end;
    const bool second = i > first && text == "=" && tokens[i].start == tokens[i - 1].end &&
                        Contains("=!<>", tokens[i - 1].text);
    if (depth == 0 && (text == "{" || (text == "=" && !compares && !second))) return false;
    const bool two_words = i + 1 < last && StartsWord(text[0]) && StartsWord(tokens[i + 1].text[0]);
    if (depth == 0 && two_words) return false;
  }
  return true;
}

}  // namespace

std::optional<ChoicePlace> FindChoicePlace(std::string_view text, uint32_t body_start,
                                           uint32_t body_end, uint32_t start, uint32_t end) {
  const std::string_view body = text.substr(body_start, body_end - body_start);
  const auto tokens = TokensOf(body);
  if (!tokens || !IsBalanced(*tokens) || start < body_start || end > body_end) return std::nullopt;
  const uint32_t from = start - body_start;
  const uint32_t to = end - body_start;
  std::optional<ChoicePlace> best;
  const auto offer = [&](ChoicePlace::Kind kind, uint32_t first, uint32_t last) {
    if (first > from || last < to) return;
    if (best && last - first >= best->end - best->start) return;
    best = ChoicePlace{kind, first + body_start, last + body_start};
  };
  std::vector<size_t> open;  // brackets
  size_t begin = 1;          // of the statement, after the last ";", "{" or "}" outside parentheses
  for (size_t i = 0; i < tokens->size(); ++i) {
    const std::string_view token = (*tokens)[i].text;
    const bool block = open.empty() || (*tokens)[open.back()].text == "{";
    if (token == ";" && block && !open.empty()) {
      const std::string_view next = i + 1 < tokens->size() ? (*tokens)[i + 1].text : "";
      const bool again = next == "else" || next == "while";
      if (begin <= i && !again && IsStatement(*tokens, begin, i + 1)) {
        offer(ChoicePlace::Kind::kStatement, (*tokens)[begin].start, (*tokens)[i].end);
      }
      begin = i + 1;
    }
    if (IsOneOf(token, kOpening)) open.push_back(i);
    if (!IsOneOf(token, kClosing) || open.empty()) {
      if (token == "{") begin = i + 1;
      continue;
    }
    const size_t opened = open.back();
    open.pop_back();
    if (token == "}") begin = i + 1;
    const bool asks = token == ")" && opened > 0 &&
                      ((*tokens)[opened - 1].text == "if" || (*tokens)[opened - 1].text == "while");
    if (asks && opened + 1 < i && IsCondition(*tokens, opened + 1, i)) {
      offer(ChoicePlace::Kind::kCondition, (*tokens)[opened].end, (*tokens)[i].start);
    }
  }
  return best;
}

bool FitsChoice(ChoicePlace::Kind kind, std::string_view text) {
  const auto tokens = TokensOf(text);
  if (!tokens || tokens->empty() || !IsBalanced(*tokens)) return false;
  if (kind == ChoicePlace::Kind::kCondition) return IsCondition(*tokens, 0, tokens->size());
  // More statements than one, or blocks, may be a candidate's; what they declare is theirs alone.
  if (tokens->back().text != ";" && tokens->back().text != "}") return false;
  return !IsOneOf(tokens->front().text, kOtherWords) && tokens->front().text != "}";
}

bool MindsSwitch(std::string_view text) {
  const auto tokens = TokensOf(text);
  if (!tokens) return true;
  return std::ranges::any_of(*tokens, [](const Token& token) {
    return token.text == "break" || token.text == "case" || token.text == "default";
  });
}

}  // namespace coditect::native
