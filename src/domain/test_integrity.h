// What a change does to what it is judged by, and what of it a person must see (invariant I8).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "src/domain/change.h"
#include "src/domain/fields.h"

namespace coditect {

// Kinds of findings, as reports and JSON say them.
inline constexpr std::string_view kTestAdded = "test_added";
inline constexpr std::string_view kTestChanged = "test_changed";
inline constexpr std::string_view kTestDeleted = "test_deleted";
inline constexpr std::string_view kConfigurationChanged = "configuration_changed";
inline constexpr std::string_view kBaseTestsFail = "base_tests_fail";
inline constexpr std::string_view kSuspicious = "suspicious";
inline constexpr std::string_view kProtected = "protected";

/// One thing about a change that a person must see before it is delivered.
struct Finding {
  std::string path;  // "" = about the change as a whole
  std::string kind;
  std::string rule;   // continues the path as a sentence: "is an existing test, and was changed"
  uint32_t line = 0;  // of the changed file, from 1; 0 = the whole file

  bool operator==(const Finding&) const = default;
  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "path", self.path);
    visit(2, "kind", self.kind);
    visit(3, "rule", self.rule);
    visit(4, "line", self.line);
  }
};

/// Everything of a change that a person must see; a blob named by Evidence::review.
struct Review {
  std::vector<Finding> findings;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor&& visit) {
    visit(1, "findings", self.findings);
  }
};

/// "tests/test_x.py:3 is an existing test, and was changed", safe for a terminal.
std::string FindingText(const Finding& finding);

/// The first finding as a sentence and how many more there are; "" for none.
std::string ReviewText(const std::vector<Finding>& findings);

/// True for a name that makes a file a test of some language, or configures how tests run, wherever
/// it stands: test_x.py, x_test.c, conftest.py, CTestCustom.cmake, …
bool IsTestOrConfigurationName(std::string_view path);

struct JudgeRequest {
  const std::vector<FileChange>& changes;
  const std::map<std::string, TreeEntry>& base;  // the base's entries by path
  const std::vector<std::string>& test_files;    // of the base: hold tests or configure them
  std::string_view build_text;  // text of the base's build files; what they name judges too
};

/// The changes to what judges: existing tests, new ones (their import can change the others), and
/// whatever test runners, build tools, linkers and interpreters read or load on their own, also
/// where the base has no such file. At most one finding a change. For the base's verdict these
/// files are put back.
std::vector<Finding> FindJudgeChanges(const JudgeRequest& request);

/// True when `path` matches the glob: `*` and `?` within one folder, `**` over any number of them.
bool MatchesGlob(std::string_view glob, std::string_view path);

/// The changes to paths that match one of `globs`, of kind kProtected.
std::vector<Finding> FindProtectedChanges(const std::vector<FileChange>& changes,
                                          const std::vector<std::string>& globs);

}  // namespace coditect
