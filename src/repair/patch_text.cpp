// Patches as text for people.
#include "src/repair/patch_text.h"

#include <algorithm>

namespace coditect::repair {
namespace {

constexpr size_t kQuotedMax = 48;
constexpr size_t kContext = 3;
/// Above this many differing lines a diff is one block: a table of them would cost too much.
constexpr size_t kTableMax = 2000;

/// Code on one line, shortened.
std::string Quoted(std::string_view code) {
  std::string out;
  for (char c : TrimWhitespace(code)) {
    bool space = c == '\n' || c == '\t' || c == ' ';
    if (space && !out.empty() && out.back() == ' ') continue;
    out += space ? ' ' : c;
  }
  if (out.size() > kQuotedMax) out = StrCat(out.substr(0, kQuotedMax - 3), "...");
  return StrCat("`", out, "`");
}

std::vector<std::string> Lines(std::string_view text) {
  auto lines = Split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

struct Line {
  char sign;  // ' ', '-' or '+'
  std::string text;
};

/// Longest common subsequence of the lines between the common ends.
void Middle(const std::vector<std::string>& a, const std::vector<std::string>& b, size_t head,
            size_t tail, std::vector<Line>* out) {
  size_t n = a.size() - head - tail, m = b.size() - head - tail;
  if (n > kTableMax || m > kTableMax) {
    for (size_t i = 0; i < n; ++i) out->push_back({'-', a[head + i]});
    for (size_t j = 0; j < m; ++j) out->push_back({'+', b[head + j]});
    return;
  }
  std::vector<std::vector<uint16_t>> common(n + 1, std::vector<uint16_t>(m + 1));
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      common[i][j] = a[head + i] == b[head + j] ? common[i + 1][j + 1] + 1
                                                : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  for (size_t i = 0, j = 0; i < n || j < m;) {
    if (i < n && j < m && a[head + i] == b[head + j]) {
      out->push_back({' ', a[head + i]});
      ++i, ++j;
    } else if (i < n && (j == m || common[i + 1][j] >= common[i][j + 1])) {
      out->push_back({'-', a[head + i++]});
    } else {
      out->push_back({'+', b[head + j++]});
    }
  }
}

}  // namespace

std::string Describe(const SourceModel& source, const std::vector<Splice>& splices,
                     std::string_view phrase) {
  const std::string& text = source.tree().text();
  std::string what;
  for (size_t i = 0; i < splices.size() && i < 2; ++i) {
    const Splice& splice = splices[i];
    std::string_view old = std::string_view(text).substr(splice.start, splice.end - splice.start);
    if (i > 0) what += ", ";
    if (TrimWhitespace(old).empty()) {
      what += StrCat("insert ", Quoted(splice.text));
    } else if (TrimWhitespace(splice.text).empty()) {
      what += StrCat("delete ", Quoted(old));
    } else {
      what += StrCat("replace ", Quoted(old), " by ", Quoted(splice.text));
    }
  }
  if (splices.size() > 2) what += StrCat(" and ", splices.size() - 2, " more");
  uint32_t at = splices.front().start;
  uint32_t line = 1 + static_cast<uint32_t>(std::count(text.begin(), text.begin() + at, '\n'));
  std::string out = StrCat(what, " (", phrase, ") at ", source.path(), ":", line);
  const analysis::Symbol* function = analysis::FunctionAt(source.symbols(), at);
  return function == nullptr ? out : StrCat(out, " in ", function->qualified_name);
}

std::string UnifiedDiff(std::string_view path, std::string_view before, std::string_view after) {
  auto a = Lines(before), b = Lines(after);
  size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  while (tail + head < a.size() && tail + head < b.size() &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  if (head == a.size() && head == b.size()) return "";
  std::vector<Line> script;
  for (size_t i = 0; i < head; ++i) script.push_back({' ', a[i]});
  Middle(a, b, head, tail, &script);
  for (size_t i = a.size() - tail; i < a.size(); ++i) script.push_back({' ', a[i]});

  std::string out = StrCat("--- a/", path, "\n+++ b/", path, "\n");
  size_t old_line = 1, new_line = 1;
  for (size_t i = 0; i < script.size();) {
    if (script[i].sign == ' ') {
      ++i, ++old_line, ++new_line;
      continue;
    }
    size_t start = i > kContext ? i - kContext : 0;
    size_t end = i, quiet = 0;  // the hunk ends after enough unchanged lines
    while (end < script.size() && quiet <= 2 * kContext)
      quiet = script[end++].sign == ' ' ? quiet + 1 : 0;
    if (quiet > kContext) end -= quiet - kContext;
    size_t olds = 0, news = 0;
    std::string body;
    for (size_t k = start; k < end; ++k) {
      olds += script[k].sign != '+';
      news += script[k].sign != '-';
      body += StrCat(std::string(1, script[k].sign), script[k].text, "\n");
    }
    size_t back = i - start;
    out +=
        StrCat("@@ -", old_line - back, ",", olds, " +", new_line - back, ",", news, " @@\n", body);
    old_line += olds - back;
    new_line += news - back;
    i = end;
  }
  return out;
}

}  // namespace coditect::repair
