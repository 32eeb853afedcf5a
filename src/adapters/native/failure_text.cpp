// Finding `file:line` in the output of tools.
#include "src/adapters/native/failure_text.h"

#include <algorithm>
#include <cctype>

#include "src/adapters/native/build_obstacle.h"
#include "src/adapters/native/layout.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kMessageMax = 2048;
constexpr size_t kFramesMax = 16;
constexpr size_t kLinesMax = 4000;

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

/// The position at the colon or parenthesis at `at` ("x.c:12", "x.c(12)"); line 0 when there is
/// none.
StackFrame PositionAt(std::string_view line, size_t at) {
  size_t end = at + 1;
  while (end < line.size() && IsDigit(line[end]) && end - at < 8) ++end;
  if (end == at + 1) return {};
  if (end < line.size() && std::isalnum(static_cast<unsigned char>(line[end])) != 0) return {};
  size_t begin = at;
  while (begin > 0 &&
         std::string_view(" \t\"'`:(<>,;=").find(line[begin - 1]) == std::string_view::npos) {
    --begin;
  }
  const std::string_view file = line.substr(begin, at - begin);
  if (!IsNativeSource(file)) return {};
  long long number = 0;
  if (!ParseInt(line.substr(at + 1, end - at - 1), 1, 10'000'000, &number)) return {};
  return {.file = std::string(file), .line = static_cast<uint32_t>(number), .function = ""};
}

/// The first position a line names; line 0 when it names none.
StackFrame PositionIn(std::string_view line, std::string_view repository) {
  for (size_t at = 0; at < line.size(); ++at) {
    if (line[at] != ':' && line[at] != '(') continue;
    StackFrame frame = PositionAt(line, at);
    if (frame.line == 0) continue;
    const std::string prefix = StrCat(repository, "/");
    if (frame.file.starts_with(prefix)) frame.file.erase(0, prefix.size());
    return frame;
  }
  return {};
}

bool HasWord(std::string_view line, std::string_view word) {
  const auto is_letter = [&](size_t at) {
    return at < line.size() &&
           (std::isalnum(static_cast<unsigned char>(line[at])) != 0 || line[at] == '_');
  };
  for (size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + word.size())) return true;
  }
  return false;
}

/// Test programs tell the position of a check that holds, too: "x.c:12:name:PASS", "ok 3 - x.c:12".
bool SaysPassed(std::string_view line) {
  const auto has = [&](std::string_view word) { return HasWord(line, word); };
  return (has("PASS") || has("PASSED") || has("OK") || has("ok")) && !has("not") && !has("FAIL");
}

/// CMake tells in the lines after the place what is wrong: the first paragraph of them.
std::string Paragraph(const std::vector<std::string>& lines, size_t at) {
  std::string text;
  for (size_t i = at; i < lines.size() && text.size() < kMessageMax; ++i) {
    const std::string_view line = TrimWhitespace(lines[i]);
    if (line.empty() && !text.empty()) break;
    if (!line.empty()) text += StrCat(" ", line);
  }
  return text;
}

}  // namespace

FailureText ReadFailure(std::string_view output, std::string_view repository) {
  struct Said {
    std::string line;
    StackFrame frame;
    bool passed = false;
  };
  std::vector<Said> said;
  std::vector<std::string> lines = Split(output, '\n');
  lines.resize(std::min(lines.size(), kLinesMax));
  for (std::string& line : lines) {
    StackFrame frame = PositionIn(line, repository);
    if (frame.line == 0) continue;
    const bool passed = SaysPassed(line);
    said.push_back({std::move(line), std::move(frame), passed});
  }
  std::erase_if(said, [](const Said& one) { return one.passed; });
  FailureText failure;
  if (!said.empty()) {
    failure.message = ReplaceInvalidUtf8(TrimWhitespace(said[0].line).substr(0, kMessageMax));
  }
  for (Said& one : said) {
    if (failure.stack.size() >= kFramesMax) break;
    failure.stack.push_back(std::move(one.frame));
  }
  std::reverse(failure.stack.begin(), failure.stack.end());  // what was said first is innermost
  return failure;
}

std::string BuildErrorLine(std::string_view output) {
  if (std::string obstacle = BuildObstacle(output); !obstacle.empty()) {
    return EscapeForTerminal(obstacle);
  }
  std::string last;
  const std::vector<std::string> lines = Split(output, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view text = TrimWhitespace(lines[i]);
    if (text.empty()) continue;
    if (text.starts_with("CMake Error at ") && text.ends_with("):")) {
      return EscapeForTerminal(StrCat(text, Paragraph(lines, i + 1)).substr(0, kMessageMax));
    }
    if (Contains(text, "error:") || Contains(text, "Error:") || text.starts_with("CMake Error") ||
        Contains(text, "undefined reference")) {
      return EscapeForTerminal(text.substr(0, kMessageMax));
    }
    last = std::string(text.substr(0, kMessageMax));
  }
  return EscapeForTerminal(last);
}

}  // namespace coditect::native
