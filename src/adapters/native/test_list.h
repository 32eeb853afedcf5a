// The tests that a built repository has, as its own tools list them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/adapters/native/shell.h"
#include "src/domain/test_report.h"

namespace coditect::native {

struct ListedTest {
  std::string id;                    // ctest's name; "suite:name" of meson; the command's digest
  std::string script;                // runs it and ends with 0 when it passed
  std::vector<std::string> command;  // the program itself with its arguments; empty = unknown
  std::string folder;                // where it runs; "" = the repository's top
  std::map<std::string, std::string> environment;
  bool disabled = false;
  bool by_exit_alone = false;  // passes if and only if `command` ends with 0
};

/// What `ctest --show-only=json-v1` printed. INVALID_ARGUMENT for anything else.
StatusOr<std::vector<ListedTest>> ParseCTestList(std::string_view json, const std::string& folder);

/// What `meson introspect --tests` printed. INVALID_ARGUMENT for anything else.
StatusOr<std::vector<ListedTest>> ParseMesonList(std::string_view json, const std::string& folder);

/// The id of the only test of the runner "command".
std::string CommandTestId(const std::string& command);

/// Lists the tests of a build folder.
StatusOr<std::vector<ListedTest>> ListTests(const Context& ctx, Shell& shell,
                                            const HarnessPlan& plan, const std::string& folder);

}  // namespace coditect::native
