// The tests that automake's harness runs within `make check`, each as a test of its own.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/adapters/native/job_program.h"
#include "src/adapters/native/shell.h"
#include "src/adapters/native/test_list.h"
#include "src/domain/test_report.h"

namespace coditect::native {

/// One test as its .trs file tells it.
struct MakeCase {
  std::string name;  // the file without its ending, relative to the repository: "tests/parse"
  TestStatus status = TestStatus::kUnspecified;
  std::string log;  // the end of what the test said
};

/// The moment that MakeCasesSince counts from.
Status MarkMakeRun(const Context& ctx, Shell& shell);

/// What the harness wrote since the mark, by name. A file that is not whole is left out.
StatusOr<std::vector<MakeCase>> MakeCasesSince(const Context& ctx, Shell& shell);

/// The same of what was printed of the files.
std::vector<MakeCase> ParseMakeCases(std::string_view printed);

/// The test of a case: it builds, and has the harness run that one. Nothing when `command` is no
/// call of make that checks.
std::optional<ListedTest> MakeCaseTest(const std::string& command, const std::string& name);

/// The tests of those of `ids` that name cases of `command`.
std::vector<ListedTest> MakeCaseTests(const std::string& command, std::span<const std::string> ids);

/// True when the cases explain how the command ended: with 0 when none failed, with an error when
/// one did. Else they are no verdict.
bool Explains(std::span<const MakeCase> cases, const JobOutcome& outcome);

}  // namespace coditect::native
