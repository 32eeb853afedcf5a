// Changes to what judges are found by name, honest ones are not; protected paths are found by glob.
#include "src/domain/test_integrity.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr const char* kBuildText =
    "file(STRINGS cases.lst names)\nadd_library(range src/range.c)\n";

std::map<std::string, TreeEntry> Base() {
  std::map<std::string, TreeEntry> base;
  for (const char* file :
       {"tests/test_price.py", "tests/util.py", "tests/names.txt", "price.py", "tools/test_rig.py",
        "src/mock.py", "setup.cfg", "cases.lst", "src/range.c", "run.py", "mode.sh"}) {
    base[file].path = file;
    base[file].mode = std::string_view(file) == "run.py" ? 0100755 : 0100644;
  }
  return base;
}

Finding FindingOf(const FileChange& change) {
  const std::vector<std::string> tests = {"tests/test_price.py", "tests/util.py"};
  const auto base = Base();
  const std::vector<FileChange> changes = {{.path = "price.py"}, change};
  const auto found = FindJudgeChanges(
      {.changes = changes, .base = base, .test_files = tests, .build_text = kBuildText});
  REQUIRE_LE(found.size(), 1);
  return found.empty() ? Finding{} : found.front();
}

Finding FindingOf(const std::string& path, FileChange::Kind kind = FileChange::Kind::kWrite) {
  return FindingOf({.path = path, .kind = kind});
}

TEST_CASE("WhatJudgesIsFoundByItsNameWhereverItStands") {
  for (const char* path : {"tests/test_price.py",  // an assertion edited, a skip, a longer timeout
                           "tests/util.py",
                           "tests/names.txt",
                           "cases.lst",  // named by the build
                           "conftest.py",
                           "tests/deep/conftest.py",
                           "tests/__init__.py",
                           "tests/price.py",
                           "pytest.ini",
                           "setup.cfg",
                           "pyproject.toml",
                           "tox.ini",
                           "sitecustomize.py",
                           "usercustomize.py",
                           "src/evil.pth",
                           "pytest.py",
                           "_pytest/runner.py",
                           "unittest/__init__.py",
                           "json.py",
                           "mock.py",
                           "test_price.py",
                           "lib/price_test.py",
                           "CMakeLists.txt",
                           "cmake/hook.cmake",
                           "CTestCustom.cmake",
                           "CMakeUserPresets.json",
                           "sub/meson.build",
                           "Makefile",
                           "rules.mk",
                           "link.ld",
                           "libc.so",
                           "stub.o"}) {
    CAPTURE(path);
    const Finding found = FindingOf(path);
    CHECK_EQ(found.path, path);
    CHECK_FALSE(found.kind.empty());
    CHECK_FALSE(found.rule.empty());
  }
}

TEST_CASE("KindsTellAddedChangedAndDeletedTestsApart") {
  CHECK_EQ(FindingOf("tests/util.py").kind, kTestChanged);
  CHECK_EQ(FindingOf("tests/util.py", FileChange::Kind::kDelete).kind, kTestDeleted);
  CHECK_EQ(FindingOf("tests/test_new.py").kind, kTestAdded);
  CHECK_EQ(FindingOf("pytest.ini").kind, kConfigurationChanged);
}

TEST_CASE("AProgramMayRunInThePlaceOfWhatTheBuildMakes") {
  const std::string elf(
      "\x7f"
      "ELF\x02",
      5);
  CHECK_EQ(FindingOf({.path = "checker", .content = "#!/bin/sh\n", .executable = true}).kind,
           kConfigurationChanged);
  CHECK_EQ(FindingOf({.path = "checker", .content = elf}).kind, kConfigurationChanged);
  CHECK_EQ(FindingOf({.path = "mode.sh", .content = "x", .executable = true}).kind,
           kConfigurationChanged);
  CHECK_EQ(FindingOf({.path = "run.py", .content = "x", .executable = true}).kind, "");
  CHECK_EQ(FindingOf({.path = "run.py", .content = elf, .executable = true}).kind,
           kConfigurationChanged);
}

TEST_CASE("HonestChangesPass") {
  for (const char* path : {"price.py", "new/module.py", "src/mock.py", "tools/test_rig.py",
                           "README.md", "src/contest.py", "src/latest.c", "makefiles/list.txt",
                           "src/range.c", "lib/json.py", "mycases.lst"}) {
    CAPTURE(path);
    CHECK_EQ(FindingOf(path).kind, "");
  }
}

TEST_CASE("FindingsReadAsSentences") {
  CHECK_EQ(FindingText({.path = "a.py", .kind = "x", .rule = "does it", .line = 3}),
           "a.py:3 does it");
  CHECK_EQ(FindingText({.path = "", .kind = "x", .rule = "2 tests\x1b"}), "2 tests\\x1b");
  CHECK_EQ(ReviewText({}), "");
  CHECK_EQ(ReviewText({{.path = "a", .kind = "x", .rule = "b"}}), "a b");
  CHECK_EQ(ReviewText({{.path = "a", .kind = "x", .rule = "b"}, {}, {}}), "a b (and 2 more)");
}

TEST_CASE("GlobsMatchWholePathsAndDoubleStarsFolders") {
  struct Row {
    const char* glob;
    const char* path;
    bool matches;
  };
  const Row rows[] = {
      {".github/**", ".github/workflows/ci.yml", true},
      {".github/**", ".github", true},
      {".github/**", "x/.github/ci.yml", false},
      {"**/*.pem", "key.pem", true},
      {"**/*.pem", "a/b/key.pem", true},
      {"**/*.pem", "a/key.pem.txt", false},
      {"*.pem", "a/key.pem", false},
      {"a?c/*", "abc/d", true},
      {"a*c", "abbc", true},
      {"a*c", "abb", false},
      {"deploy/**/x", "deploy/x", true},
      {"deploy/**/x", "deploy/a/b/x", true},
      {"", "a", false},
      {"**", "a/b", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.glob);
    CAPTURE(row.path);
    CHECK_EQ(MatchesGlob(row.glob, row.path), row.matches);
  }
  const auto found = FindProtectedChanges({{.path = "a.py"}, {.path = "k/x.pem"}}, {"**/*.pem"});
  REQUIRE_EQ(found.size(), 1);
  CHECK_EQ(found[0].kind, kProtected);
  CHECK(Contains(FindingText(found[0]), "k/x.pem is protected"));
}

TEST_CASE("NamesOfTestsAndConfigurationAreKnownWithoutATree") {
  for (const char* path : {"test_x.py", "a/x_test.cpp", "conftest.py", "b/CMakeLists.txt"}) {
    CHECK(IsTestOrConfigurationName(path));
  }
  for (const char* path : {"x.py", "latest.c", "contest.py"}) {
    CHECK_FALSE(IsTestOrConfigurationName(path));
  }
}

}  // namespace
}  // namespace coditect
