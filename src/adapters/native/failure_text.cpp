// Finding `file:line` in the output of tools.
#include "src/adapters/native/failure_text.h"

#include <algorithm>
#include <cctype>

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

}  // namespace

FailureText ReadFailure(std::string_view output, std::string_view repository) {
  FailureText failure;
  size_t lines = 0;
  for (const std::string& line : Split(output, '\n')) {
    if (++lines > kLinesMax || failure.stack.size() >= kFramesMax) break;
    for (size_t at = 0; at < line.size(); ++at) {
      if (line[at] != ':' && line[at] != '(') continue;
      StackFrame frame = PositionAt(line, at);
      if (frame.line == 0) continue;
      const std::string prefix = StrCat(repository, "/");
      if (frame.file.starts_with(prefix)) frame.file.erase(0, prefix.size());
      if (failure.message.empty()) {
        failure.message = ReplaceInvalidUtf8(TrimWhitespace(line).substr(0, kMessageMax));
      }
      failure.stack.push_back(std::move(frame));
      break;
    }
  }
  std::reverse(failure.stack.begin(), failure.stack.end());  // what was said first is innermost
  return failure;
}

std::string BuildErrorLine(std::string_view output) {
  std::string last;
  for (const std::string& line : Split(output, '\n')) {
    const std::string_view text = TrimWhitespace(line);
    if (text.empty()) continue;
    if (Contains(text, "error:") || Contains(text, "Error:") || text.starts_with("CMake Error") ||
        Contains(text, "undefined reference")) {
      return EscapeForTerminal(text.substr(0, kMessageMax));
    }
    last = std::string(text.substr(0, kMessageMax));
  }
  return EscapeForTerminal(last);
}

}  // namespace coditect::native
