// Counting what must not become less.
#include "src/repair/compile_guard.h"

#include <algorithm>
#include <map>

#include "src/base/strings.h"
#include "src/repair/compile_index.h"

namespace coditect::repair {
namespace {

/// Tokens of an argument that was left out.
constexpr size_t kDroppedTokensMax = 12;

constexpr std::string_view kControl =
    " if else for while do switch case default return break continue goto throw try catch new "
    "delete virtual override class struct enum union namespace template ";

/// How often what counts stands in a text.
std::map<std::string, size_t> CountWhatCounts(const CodeText& code) {
  std::map<std::string, size_t> counts;
  for (size_t i = 0; i < code.tokens().size(); ++i) {
    const std::string_view text = code.Text(i);
    if (code.tokens()[i].kind == CodeToken::Kind::kText) ++counts["text"];
    if (text == ";" || text == "{" || text == "}") ++counts[std::string(text)];
    if (Contains(kControl, StrCat(" ", text, " "))) ++counts[std::string(text)];
    if (code.IsName(i) && code.Is(i + 1, "(") && !IsKeyword(text)) ++counts["call"];
  }
  counts["include"] = code.includes().size();
  return counts;
}

/// True when `after` is `before` without one statement that still stands in it.
bool DropsDouble(const CodeText& before, const CodeText& after) {
  const size_t n = before.tokens().size();
  const size_t m = after.tokens().size();
  if (m >= n) return false;
  const size_t length = n - m;
  size_t head = 0;
  while (head < m && before.Text(head) == after.Text(head)) ++head;
  for (size_t i = head; i < m; ++i) {
    if (before.Text(i + length) != after.Text(i)) return false;
  }
  // Where the texts part is not always where the statement begins: "; int x" is "int x ;".
  for (size_t start = head + 1; start-- > 0 && head - start < length;) {
    if (!before.Is(start + length - 1, ";")) continue;
    if (start > 0 && !before.Is(start - 1, ";") && !before.Is(start - 1, "{") &&
        !before.Is(start - 1, "}")) {
      continue;
    }
    for (size_t i = 0; i + length <= m; ++i) {
      size_t same = 0;
      while (same < length && after.Text(i + same) == before.Text(start + same)) ++same;
      if (same == length) return true;
    }
  }
  return false;
}

}  // namespace

std::string RemovedBy(const std::string& before, const std::string& after) {
  const CodeText old("before", before);
  const CodeText now("after", after);
  if (old.directives() != now.directives()) return "changes a line of the preprocessor";
  if (DropsDouble(old, now)) return "";
  if (now.tokens().size() + kDroppedTokensMax < old.tokens().size()) {
    return StrCat("removes ", old.tokens().size() - now.tokens().size(), " words of code");
  }
  const auto had = CountWhatCounts(old);
  auto has = CountWhatCounts(now);
  for (const auto& [what, count] : had) {
    if (has[what] >= count) continue;
    if (what == "call") return "removes a call";
    if (what == "include") return "removes an include";
    if (what == "text") return "removes a text";
    if (what == ";") return "removes a statement";
    return StrCat("removes a `", what, "`");
  }
  return "";
}

}  // namespace coditect::repair
