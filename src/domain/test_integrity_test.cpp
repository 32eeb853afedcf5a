// Changes that would make a verdict worthless are refused by name, honest ones are not.
#include "src/domain/test_integrity.h"

#include <doctest/doctest.h>

#include "src/base/strings.h"

namespace coditect {
namespace {

std::string FaultOf(const std::string& path, FileChange::Kind kind = FileChange::Kind::kWrite) {
  const std::vector<std::string> tests = {"tests/test_price.py", "tests/util.py"};
  std::map<std::string, TreeEntry> base;
  for (const char* file : {"tests/test_price.py", "tests/util.py", "price.py", "tools/test_rig.py",
                           "src/mock.py", "setup.cfg"}) {
    base[file].path = file;
  }
  return TestsChangedBy({{.path = "price.py"}, {.path = path, .kind = kind}}, base, tests);
}

TEST_CASE("EveryCheatIsRefusedByItsFile") {
  for (const char* path : {"tests/test_price.py",  // an assertion edited, a skip, a longer timeout
                           "tests/util.py",
                           "conftest.py",
                           "tests/deep/conftest.py",
                           "pytest.ini",
                           "setup.cfg",
                           "pyproject.toml",
                           "tox.ini",
                           "sitecustomize.py",
                           "src/evil.pth",
                           "pytest.py",
                           "_pytest/runner.py",
                           "unittest/__init__.py",
                           "lib/mock.py",
                           "test_price.py",
                           "tests/price_test.py",
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
    CHECK(FaultOf(path).starts_with(StrCat(path, " ")));
  }
  CHECK(Contains(FaultOf("tests/test_price.py", FileChange::Kind::kDelete), "was deleted"));
  CHECK(Contains(FaultOf("data", FileChange::Kind::kSymlink), "link"));
}

TEST_CASE("HonestChangesPass") {
  for (const char* path : {"price.py", "new/module.py", "src/mock.py", "tools/test_rig.py",
                           "README.md", "src/contest.py", "src/latest.c", "makefiles/list.txt"}) {
    CAPTURE(path);
    CHECK_EQ(FaultOf(path), "");
  }
}

}  // namespace
}  // namespace coditect
