// Entries of a CMakeCache.txt.
#include "src/adapters/native/person_build.h"

#include <algorithm>
#include <map>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr size_t kValueBytesMax = 100;

bool IsOn(std::string_view value) {
  for (const std::string_view on : {"ON", "1", "TRUE", "YES", "Y", "on", "true", "yes", "y"}) {
    if (value == on) return true;
  }
  return false;
}

/// True for a value that can stand in an argument and in a sentence.
bool IsPlain(std::string_view value) {
  return !value.empty() && value.size() <= kValueBytesMax && std::ranges::all_of(value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '+';
  });
}

/// NAME:TYPE=VALUE, by name.
std::map<std::string, std::string> EntriesOf(std::string_view cache) {
  std::map<std::string, std::string> entries;
  for (const std::string& line : Split(cache, '\n')) {
    if (line.empty() || line[0] == '#' || line[0] == '/') continue;
    const size_t colon = line.find(':');
    const size_t equal = colon == std::string::npos ? colon : line.find('=', colon);
    if (equal == std::string::npos) continue;
    entries[line.substr(0, colon)] = std::string(TrimWhitespace(line.substr(equal + 1)));
  }
  return entries;
}

}  // namespace

bool IsTestOption(const std::string& name) {
  bool tests = false;
  for (const std::string& word : Split(name, '_')) {
    constexpr std::string_view kTests[] = {"TEST", "TESTS", "TESTING", "UNITTEST", "UNITTESTS"};
    constexpr std::string_view kSpecial[] = {"INSTALL", "FUZZ",    "FUZZING", "VALGRIND", "BENCH",
                                             "PERF",    "NETWORK", "DISABLE", "NO",       "SKIP",
                                             "WITHOUT", "GPU",     "SLOW",    "ONLY"};
    if (std::ranges::find(kSpecial, word) != std::end(kSpecial)) return false;
    tests |= std::ranges::find(kTests, word) != std::end(kTests);
  }
  return tests;
}

std::vector<DeclaredOption> DeclaredOptions(const std::string& text) {
  std::vector<DeclaredOption> options;
  constexpr std::string_view kOption = "option(";
  for (size_t at = text.find(kOption); at != std::string::npos; at = text.find(kOption, at + 1)) {
    const size_t start = text.find_first_not_of(" \t\r\n", at + kOption.size());
    const size_t quote = text.find('"', at);
    const size_t close = quote == std::string::npos ? quote : text.find('"', quote + 1);
    if (start == std::string::npos || close == std::string::npos) break;
    const std::string name = text.substr(start, text.find_first_of(" \t\r\n\")", start) - start);
    const size_t value = std::min(text.find_first_not_of(" \t\r\n", close + 1), text.size());
    const std::string_view rest = std::string_view(text).substr(value);
    const bool off = rest.starts_with("OFF") || rest.starts_with("FALSE") || rest.starts_with(')');
    options.push_back({.name = name, .on = !off});
  }
  return options;
}

std::vector<std::string> ArgumentsOfCache(std::string_view cache, std::string_view source,
                                          const std::vector<DeclaredOption>& options) {
  const auto entries = EntriesOf(cache);
  const auto value = [&](const std::string& name) {
    const auto found = entries.find(name);
    return found == entries.end() ? std::string() : found->second;
  };
  std::vector<std::string> arguments;
  if (value("CMAKE_HOME_DIRECTORY") != source) return arguments;
  if (value("CMAKE_GENERATOR") == "Ninja") arguments.emplace_back("-GNinja");
  if (const std::string type = value("CMAKE_BUILD_TYPE"); IsPlain(type)) {
    arguments.push_back("-DCMAKE_BUILD_TYPE=" + type);
  }
  for (const DeclaredOption& option : options) {
    const std::string chosen = value(option.name);
    if (IsTestOption(option.name) || !IsPlain(chosen) || !IsPlain(option.name) ||
        IsOn(chosen) == option.on)
      continue;
    arguments.push_back(StrCat("-D", option.name, "=", IsOn(chosen) ? "ON" : "OFF"));
  }
  return arguments;
}

}  // namespace coditect::native
