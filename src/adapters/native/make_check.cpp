// Result files of automake's harness, and the way to run one of its tests.
#include "src/adapters/native/make_check.h"

#include <algorithm>

#include "src/base/strings.h"

namespace coditect::native {
namespace {

constexpr std::string_view kCaseId = "check:";
constexpr char kFile = '\x1e';  // before each file that is printed
constexpr char kLog = '\x1f';   // between results and log
constexpr uint64_t kPrintedBytesMax = uint64_t{16} << 20;
constexpr std::string_view kResult = ":test-result:";
constexpr std::string_view kWhole = ":copy-in-global-log:";  // the harness writes it last

constexpr const char* kPrintScript = R"sh(
find . -name .git -prune -o -path ./.coditect-build -prune -o -name '*.trs' -type f \
    -newer .coditect-build/checked -print | sort | while IFS= read -r file; do
  printf '\036%s\n' "$file"
  head -c 65536 "$file"
  printf '\037'
  tail -c 2048 "${file%.trs}.log" 2>/dev/null || true
done
)sh";

/// Failed wins over passed, passed over skipped: a file may tell several results of one test.
TestStatus StatusOf(std::string_view results) {
  TestStatus status = TestStatus::kUnspecified;
  for (const std::string& line : Split(results, '\n')) {
    if (!line.starts_with(kResult)) continue;
    const std::string_view rest = TrimWhitespace(std::string_view(line).substr(kResult.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (word == "PASS" || word == "XFAIL") {
      if (status != TestStatus::kFailed) status = TestStatus::kPassed;
    } else if (word == "SKIP") {
      if (status == TestStatus::kUnspecified) status = TestStatus::kSkipped;
    } else {
      status = TestStatus::kFailed;
    }
  }
  return status;
}

/// Where `make … check` stands in a command: begin and end; npos when it does not.
std::pair<size_t, size_t> FindCheck(const std::string& command) {
  const size_t begin = command.rfind("make ");
  if (begin == std::string::npos || (begin > 0 && command[begin - 1] != ' ')) {
    return {std::string::npos, 0};
  }
  size_t at = begin + std::string_view("make ").size();
  while (at < command.size() && command[at] == '-') {  // options, none with a value of its own
    at = std::min(command.find(' ', at), command.size());
    at = std::min(command.find_first_not_of(' ', at), command.size());
  }
  constexpr std::string_view kTarget = "check";
  const size_t end = at + kTarget.size();
  const bool target = command.compare(at, kTarget.size(), kTarget) == 0 &&
                      (end == command.size() || command[end] == ' ' || command[end] == ';');
  return target ? std::pair(begin, end) : std::pair(std::string::npos, size_t{0});
}

}  // namespace

Status MarkMakeRun(const Context& ctx, Shell& shell) {
  return shell.Run(ctx, "mkdir -p .coditect-build && touch .coditect-build/checked").status();
}

StatusOr<std::vector<MakeCase>> MakeCasesSince(const Context& ctx, Shell& shell) {
  ShellOptions options;
  options.keep_bytes = kPrintedBytesMax;
  ASSIGN_OR_RETURN(const SandboxResult printed, shell.Run(ctx, kPrintScript, options));
  return ParseMakeCases(printed.output);
}

std::vector<MakeCase> ParseMakeCases(std::string_view printed) {
  std::vector<MakeCase> cases;
  for (const std::string& file : Split(printed, kFile)) {
    const size_t name_end = file.find('\n');
    const size_t log = file.find(kLog);
    if (name_end == std::string::npos || log == std::string::npos || log < name_end) continue;
    constexpr std::string_view kEnd = ".trs";
    std::string name = file.substr(0, name_end);
    const std::string_view results = std::string_view(file).substr(name_end, log - name_end);
    if (!name.starts_with("./") || !name.ends_with(kEnd) || !Contains(results, kWhole)) continue;
    MakeCase one;
    one.name = name.substr(2, name.size() - 2 - kEnd.size());
    one.status = StatusOf(results);
    one.log = file.substr(log + 1);
    if (one.status != TestStatus::kUnspecified) cases.push_back(std::move(one));
  }
  return cases;
}

std::optional<ListedTest> MakeCaseTest(const std::string& command, const std::string& name) {
  const auto [begin, end] = FindCheck(command);
  if (begin == std::string::npos || name.empty()) return std::nullopt;
  ListedTest test;
  test.id = StrCat(kCaseId, name);
  test.entry = test.id;
  // The test belongs to the nearest Makefile above it, which the build may have to make first.
  test.script = StrCat(
      "top=$PWD; ", command.substr(0, begin), "make && { cd \"$top\"; name=", ShellQuote(name),
      "; dir=$(dirname \"$name\"); while [ ! -f \"$dir/Makefile\" ] && [ \"$dir\" != . ]; do "
      "dir=$(dirname \"$dir\"); done; VERBOSE=1 make -C \"$dir\" check "
      "TEST_LOGS=\"${name#\"$dir/\"}.log\"; }",
      command.substr(end));
  return test;
}

std::vector<ListedTest> MakeCaseTests(const std::string& command,
                                      std::span<const std::string> ids) {
  std::vector<ListedTest> tests;
  for (const std::string& id : ids) {
    if (!id.starts_with(kCaseId)) continue;
    if (auto test = MakeCaseTest(command, id.substr(kCaseId.size()))) {
      tests.push_back(*std::move(test));
    }
  }
  return tests;
}

bool Explains(std::span<const MakeCase> cases, const JobOutcome& outcome) {
  const bool failed =
      std::ranges::find(cases, TestStatus::kFailed, &MakeCase::status) != cases.end();
  return !cases.empty() && outcome.end == JobEnd::kExit && (outcome.code != 0) == failed;
}

}  // namespace coditect::native
