// The tests that a built repository has, as its own tools list them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/adapters/native/shell.h"
#include "src/adapters/native/test_cases.h"
#include "src/domain/test_report.h"

namespace coditect::native {

/// How one test is run, and what decides it.
struct ListedTest {
  std::string id;      // ctest's name; "suite:name" of meson; the command's digest; then "::case"
  std::string entry;   // the id without the case
  std::string script;  // runs it and ends with 0 when it passed
  std::vector<std::string> command;  // the program itself with its arguments; empty = unknown
  std::string folder;                // where it runs; "" = the repository's top
  std::map<std::string, std::string> environment;
  std::string target;  // of the build, that makes the program; "" = unknown
  bool disabled = false;
  bool by_exit_alone = false;   // passes if and only if `command` ends with 0
  bool skip_by_output = false;  // but for a pattern in its output that makes it skipped
  bool other_ways = false;      // WILL_FAIL, PASS_REGULAR_EXPRESSION, fixtures and the like decide
  int skip_code = -1;           // exit code that means skipped; -1 = none
  uint64_t wall_ms = 0;         // the project's own limit; 0 = none
  Framework framework = Framework::kNone;
  std::string case_name;  // of a program that lists cases; then `command` selects none
  std::string file;       // where the case stands, as the compiler named it; "" = unknown
  uint32_t line = 0;
};

/// What `ctest --show-only=json-v1` printed. INVALID_ARGUMENT for anything else.
StatusOr<std::vector<ListedTest>> ParseCTestList(std::string_view json, const std::string& folder);

/// What `meson introspect --tests` printed; `by_exit` says that no test of the project has another
/// way to pass than to end with 0. INVALID_ARGUMENT for anything else.
StatusOr<std::vector<ListedTest>> ParseMesonList(std::string_view json, const std::string& folder,
                                                 bool by_exit);

/// The id of the only test of the runner "command".
std::string CommandTestId(const std::string& command);

/// Lists the tests of a build folder, programs whole. What a command runs is not known before it
/// has: of its tests those of `ids` are listed beside it.
StatusOr<std::vector<ListedTest>> ListTests(const Context& ctx, Shell& shell,
                                            const HarnessPlan& plan, const std::string& folder,
                                            std::span<const std::string> ids = {});

/// Puts the cases in place of the programs that list them; whatever does not list them exactly as
/// its framework does stays whole.
StatusOr<std::vector<ListedTest>> ListCases(const Context& ctx, Shell& shell,
                                            std::vector<ListedTest> programs);

/// The id of an entry's case.
std::string CaseId(const std::string& entry, const std::string& name);

/// The test that `id` names among programs that are not broken up yet; null if none.
const ListedTest* FindProgram(const std::vector<ListedTest>& programs, const std::string& id);

/// True when one launch of their program can run both.
bool SameProgram(const ListedTest& a, const ListedTest& b);

}  // namespace coditect::native
