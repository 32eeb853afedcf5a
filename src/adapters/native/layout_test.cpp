// Which files are tests, and what runs them.
#include "src/adapters/native/layout.h"

#include <doctest/doctest.h>

#include <map>

namespace coditect::native {
namespace {

SourceLayout LayoutOf(const std::map<std::string, std::string>& files) {
  std::vector<TreeEntry> entries;
  for (const auto& [path, text] : files) {
    entries.push_back({.path = path, .mode = 0100644, .object_id = "", .size_bytes = text.size()});
  }
  return FindSources(
      entries, [&](const std::string& path) -> StatusOr<std::string> { return files.at(path); });
}

using Names = std::vector<std::string>;

TEST_CASE("CMakeWithATestIsRunByCTest") {
  const auto layout = LayoutOf({{"CMakeLists.txt", "enable_testing()\nadd_subdirectory(checks)\n"},
                                {"checks/CMakeLists.txt", "add_test(NAME a COMMAND a)\n"},
                                {"checks/a.cpp", "#include <gtest/gtest.h>\nTEST(A, B) {}\n"},
                                {"src/sum.cpp", "int sum();\n"}});
  CHECK_EQ(layout.build.runner, "ctest");
  CHECK_EQ(layout.test_files, Names{"CMakeLists.txt", "checks/CMakeLists.txt", "checks/a.cpp"});
}

TEST_CASE("TestsThatAProjectHasOffAreSwitchedOn") {
  const auto layout = LayoutOf(
      {{"CMakeLists.txt",
        "option(A_BUILD_TESTS \"Build tests\" OFF)\noption( B_TEST  \"on\" ON )\n"
        "option(INSTALL_TESTS \"no\" OFF)\noption(A_TESTING \"default\")\n"
        "cmake_dependent_option(C_TESTS \n \"x\" OFF \"X\" OFF)\noption(A_LATEST \"no\" OFF)\n"
        "add_test(NAME a COMMAND a)\n"},
       {"a.c", "int a;\n"}});
  CHECK_EQ(layout.build.arguments, Names{"-DA_BUILD_TESTS=ON", "-DA_TESTING=ON", "-DC_TESTS=ON"});
  CHECK_EQ(layout.build.command,
           "cmake -S . -B build -DA_BUILD_TESTS=ON -DA_TESTING=ON -DC_TESTS=ON && cmake "
           "--build build && "
           "ctest --test-dir build");
}

TEST_CASE("CMakeWithoutATestFallsBackToTheMakefile") {
  const auto layout = LayoutOf({{"CMakeLists.txt", "add_library(a a.c)\n"},
                                {"Makefile", "all:\n\ntests := 1\ncheck: all\n\t./a\n"},
                                {"a.c", "int a;\n"}});
  CHECK_EQ(layout.build.runner, "command");
  CHECK_EQ(layout.build.command, "make check");
}

TEST_CASE("AMakefileWithoutATestTargetIsNoTest") {
  CHECK_EQ(
      LayoutOf({{"Makefile", "all:\n\tcc a.c\ntest := x\n"}, {"a.c", "int a;\n"}}).build.runner,
      "");
}

TEST_CASE("TestsAreFoundByFolderNameMacroAndMainThatAsserts") {
  const auto layout = LayoutOf({{"meson.build", "test('a', exe)"},
                                {"Tests/util.h", "int u;\n"},
                                {"src/test_sum.c", "int x;\n"},
                                {"src/SumTest.cc", "int x;\n"},
                                {"src/contest.c", "int contest;\n"},
                                {"check.c", "int main(void) {\n  assert(1);\n}\n"},
                                {"main.c", "int main(void) { return run(); }\n"}});
  CHECK_EQ(layout.build.runner, "meson");
  CHECK_EQ(layout.test_files,
           Names{"Tests/util.h", "check.c", "meson.build", "src/SumTest.cc", "src/test_sum.c"});
}

TEST_CASE("APythonPackageWithAnExtensionIsPython") {
  CHECK(LayoutOf({{"setup.py", ""}, {"ext/fast.c", "int x;\n"}}).python_project);
  CHECK_FALSE(LayoutOf({{"tools/setup.py", ""}, {"fast.c", "int x;\n"}}).python_project);
}

}  // namespace
}  // namespace coditect::native
