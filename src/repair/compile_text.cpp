// A lexer for C and C++.
#include "src/repair/compile_text.h"

#include <algorithm>
#include <cctype>

#include "src/base/strings.h"

namespace coditect::repair {
namespace {

bool IsNameByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool IsDigitByte(char c) { return c >= '0' && c <= '9'; }

}  // namespace

CodeText::CodeText(std::string path, std::string text)
    : path_(std::move(path)), text_(std::move(text)) {
  lines_.push_back(0);
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n' && i + 1 < text_.size()) lines_.push_back(static_cast<uint32_t>(i + 1));
  }
  Scan();
  Pair();
}

void CodeText::Scan() {
  bool line_begins = true;
  uint32_t line = 1;
  for (size_t at = 0; at < text_.size();) {
    const char c = text_[at];
    if (c == '\n') {
      line_begins = true;
      ++at;
      continue;
    }
    if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == '\\') {
      ++at;
      continue;
    }
    if (text_.compare(at, 2, "//") == 0) {
      at = std::min(text_.find('\n', at), text_.size());
      continue;
    }
    if (text_.compare(at, 2, "/*") == 0) {
      const size_t end = text_.find("*/", at + 2);
      at = end == std::string::npos ? text_.size() : end + 2;
      continue;
    }
    while (line < lines_.size() && lines_[line] <= at) ++line;
    if (c == '#' && line_begins) {
      ScanDirective(&at);
      continue;
    }
    line_begins = false;
    CodeToken token;
    token.start = static_cast<uint32_t>(at);
    token.line = line;
    const size_t quoted = EndOfText(at);
    if (quoted != at) {
      token.kind = CodeToken::Kind::kText;
      at = quoted;
    } else if (IsDigitByte(c)) {
      token.kind = CodeToken::Kind::kNumber;
      while (at < text_.size() &&
             (IsNameByte(text_[at]) || text_[at] == '.' ||
              (text_[at] == '\'' && at + 1 < text_.size() && IsNameByte(text_[at + 1])))) {
        ++at;
      }
    } else if (IsNameByte(c)) {
      token.kind = CodeToken::Kind::kName;
      while (at < text_.size() && IsNameByte(text_[at])) ++at;
    } else {
      const std::string two = text_.substr(at, 2);
      at += two == "::" || two == "->" ? 2 : 1;
    }
    token.end = static_cast<uint32_t>(at);
    tokens_.push_back(token);
  }
}

/// The end of the string or character that begins at `at`; `at` when none does.
size_t CodeText::EndOfText(size_t at) const {
  size_t quote = at;
  while (quote < text_.size() && quote < at + 3 &&
         std::string_view("uUL8R").find(text_[quote]) != std::string_view::npos) {
    ++quote;
  }
  if (quote >= text_.size() || (text_[quote] != '"' && text_[quote] != '\'')) return at;
  const char mark = text_[quote];
  if (mark == '"' && quote > at && text_[quote - 1] == 'R') {
    const size_t open = text_.find('(', quote);
    if (open == std::string::npos || open - quote > 17) return quote + 1;
    const std::string close = StrCat(")", text_.substr(quote + 1, open - quote - 1), "\"");
    const size_t end = text_.find(close, open);
    return end == std::string::npos ? text_.size() : end + close.size();
  }
  for (size_t i = quote + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == mark) {
      return i + 1;
    } else if (text_[i] == '\n') {
      return i;  // it never ends: what stands behind is code again
    }
  }
  return text_.size();
}

void CodeText::ScanDirective(size_t* at) {
  const size_t start = *at;
  size_t end = start;
  for (;;) {
    end = std::min(text_.find('\n', end), text_.size());
    if (end >= text_.size() || end == 0 || text_[end - 1] != '\\') break;
    ++end;
  }
  *at = end;
  const std::string line = text_.substr(start, end - start);
  std::string_view rest = TrimWhitespace(std::string_view(line).substr(1));
  if (rest.starts_with("include")) {
    rest = TrimWhitespace(rest.substr(7));
    const char close = rest.starts_with('<') ? '>' : '"';
    const size_t stop = rest.empty() ? std::string_view::npos : rest.find(close, 1);
    if (stop == std::string_view::npos) return;
    IncludeLine include;
    include.path = std::string(rest.substr(1, stop - 1));
    include.quoted = close == '"';
    include.line = static_cast<uint32_t>(std::upper_bound(lines_.begin(), lines_.end(), start) -
                                         lines_.begin());
    include.start = LineStart(include.line);
    include.end = static_cast<uint32_t>(std::min(end + 1, text_.size()));
    includes_.push_back(std::move(include));
    return;
  }
  directives_.push_back(line);
  if (!rest.starts_with("define")) return;
  rest = TrimWhitespace(rest.substr(6));
  size_t length = 0;
  while (length < rest.size() && IsNameByte(rest[length])) ++length;
  if (length > 0) macros_.emplace_back(rest.substr(0, length));
}

void CodeText::Pair() {
  match_.assign(tokens_.size(), kNoToken);
  std::vector<size_t> open;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const std::string_view text = Text(i);
    if (text == "(" || text == "[" || text == "{") open.push_back(i);
    const bool brace = text == "}";
    if (!brace && text != ")" && text != "]") continue;
    const std::string_view wanted = brace ? "{" : text == ")" ? "(" : "[";
    // A brace closes a block whatever was forgotten in it; a bracket reaches no further than that.
    size_t depth = open.size();
    while (depth > 0 && Text(open[depth - 1]) != wanted &&
           (brace || Text(open[depth - 1]) != "{")) {
      --depth;
    }
    if (depth == 0 || Text(open[depth - 1]) != wanted) continue;
    match_[i] = open[depth - 1];
    match_[open[depth - 1]] = i;
    open.resize(depth - 1);
  }
}

size_t CodeText::TokenAt(uint32_t offset) const {
  const auto behind =
      std::upper_bound(tokens_.begin(), tokens_.end(), offset,
                       [](uint32_t value, const CodeToken& token) { return value < token.end; });
  return static_cast<size_t>(behind - tokens_.begin());
}

uint32_t CodeText::LineStart(uint32_t line) const {
  if (line == 0) return 0;
  return line <= lines_.size() ? lines_[line - 1] : static_cast<uint32_t>(text_.size());
}

std::string_view CodeText::Line(uint32_t line) const {
  const uint32_t start = LineStart(line);
  const size_t end = std::min(text_.find('\n', start), text_.size());
  return std::string_view(text_).substr(start, end - start);
}

uint32_t CodeText::Offset(uint32_t line, uint32_t column) const {
  const uint32_t start = LineStart(line);
  const auto length = static_cast<uint32_t>(Line(line).size());
  return start + std::min(column == 0 ? 0 : column - 1, length);
}

}  // namespace coditect::repair
