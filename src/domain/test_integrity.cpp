// Names that decide what a test run says.
#include "src/domain/test_integrity.h"

#include <algorithm>
#include <string_view>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

struct Rule {
  std::string_view names;     // exact, separated by blanks
  std::string_view endings;   // of names, separated by blanks
  std::string_view sentence;  // after "PATH "
};

constexpr Rule kRules[] = {
    {"conftest.py pytest.ini .pytest.ini tox.ini setup.cfg pyproject.toml noxfile.py .coveragerc",
     "", "configures the test runner"},
    {"sitecustomize.py usercustomize.py", ".pth .egg-link", "is loaded by every interpreter"},
    {"CMakeLists.txt CMakePresets.json CMakeUserPresets.json CTestConfig.cmake CTestCustom.cmake "
     "meson.build meson_options.txt meson.options Makefile GNUmakefile makefile configure "
     "configure.ac build.ninja WORKSPACE BUILD",
     ".cmake .mk .am .bazel", "decides what is built and which tests there are"},
    {"", ".ld .lds .map .ver .so .a .o .dylib", "reaches the linker"},
};

bool IsOneOf(std::string_view name, std::string_view names) {
  for (const std::string& one : Split(names, ' ')) {
    if (!one.empty() && name == one) return true;
  }
  return false;
}

bool EndsWithOneOf(std::string_view name, std::string_view endings) {
  for (const std::string& one : Split(endings, ' ')) {
    if (!one.empty() && name.ends_with(one)) return true;
  }
  return false;
}

bool IsTestName(std::string_view name) {
  const std::string_view stem = name.substr(0, name.rfind('.'));
  return stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_tests");
}

/// What matters only where the base has no such file: its tests ran without it.
std::string RuleBrokenByNew(const std::string& path, const std::string& name) {
  constexpr std::string_view kRunners =
      "pytest.py _pytest.py unittest.py doctest.py pluggy.py mock.py";
  bool shadows = IsOneOf(name, kRunners);
  for (const std::string_view folder : {"_pytest/", "pytest/", "unittest/"}) {
    shadows |= path.starts_with(folder);
  }
  if (shadows) return "shadows a module that tests are run by";
  if (IsTestName(name))
    return "is a test that the base does not have: its import can change others";
  return "";
}

std::string RuleBrokenBy(const FileChange& change, const std::map<std::string, TreeEntry>& base,
                         const std::vector<std::string>& test_files) {
  if (std::ranges::find(test_files, change.path) != test_files.end()) {
    return change.kind == FileChange::Kind::kDelete ? "is an existing test, and was deleted"
                                                    : "is an existing test, and was changed";
  }
  const std::string name = BaseName(change.path);
  for (const Rule& rule : kRules) {
    if (IsOneOf(name, rule.names) || EndsWithOneOf(name, rule.endings)) {
      return std::string(rule.sentence);
    }
  }
  if (change.kind == FileChange::Kind::kSymlink) return "became a link, to what nobody tested";
  return base.contains(change.path) ? "" : RuleBrokenByNew(change.path, name);
}

}  // namespace

std::string TestsChangedBy(const std::vector<FileChange>& changes,
                           const std::map<std::string, TreeEntry>& base,
                           const std::vector<std::string>& test_files) {
  for (const FileChange& change : changes) {
    const std::string rule = RuleBrokenBy(change, base, test_files);
    if (!rule.empty()) return StrCat(EscapeForTerminal(change.path), " ", rule);
  }
  return "";
}

}  // namespace coditect
