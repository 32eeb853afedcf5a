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

/// What stands between `before` and `after`; "" when they do not follow each other.
std::string Between(std::string_view text, std::string_view before, std::string_view after) {
  constexpr size_t kNameMax = 200;
  const size_t at = text.find(before);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = text.substr(at + before.size(), kNameMax);
  return std::string(TrimWhitespace(rest.substr(0, rest.find(after))));
}

std::string MissingDependency(std::string_view output) {
  if (Contains(output, "Could not resolve host") || Contains(output, "Couldn't resolve host") ||
      Contains(output, "Failed to clone repository")) {
    std::string name = Between(output, "Build step for ", " failed");
    if (name.empty()) name = Between(output, "Failed to clone repository: '", "'");
    if (name.empty()) name = Between(output, "Could not resolve host: ", "\n");
    return StrCat("the build downloads ", name, ", and the sandbox has no network: install it, or ",
                  "keep a copy in the repository");
  }
  constexpr struct {
    std::string_view before, after;
  } kUnfound[] = {
      {"package configuration file provided by \"", "\""},  // CMake, by config
      {"Could NOT find ", " (missing"},                     // CMake, by module
      {"ERROR: Dependency \"", "\" not found"},             // Meson
      {"No package '", "' found"},                          // pkg-config
  };
  for (const auto& [before, after] : kUnfound) {
    const std::string name = Between(output, before, after);
    if (name.empty() || name.find('\n') != std::string::npos) continue;
    return StrCat("the build needs ", name, ", which is not installed where it looks");
  }
  const std::string compiler = Between(output, "_COMPILER:\n\n    ", "\n");
  if (!compiler.empty() && Contains(output, "is not a full path and was not found in the PATH")) {
    return StrCat("the build names the compiler ", compiler, ", which is not on PATH");
  }
  return "";
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
  if (std::string missing = MissingDependency(output); !missing.empty()) {
    return EscapeForTerminal(missing);
  }
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
