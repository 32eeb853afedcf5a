// Recognition of tests by files.
#include "src/adapters/python/layout.h"

#include <doctest/doctest.h>

#include <map>

namespace coditect::python {
namespace {

TestLayout Look(const std::map<std::string, std::string>& files) {
  std::vector<TreeEntry> entries;
  for (const auto& [path, text] : files) {
    entries.push_back({.path = path, .mode = 0100644, .object_id = "", .size_bytes = text.size()});
  }
  return FindTests(
      entries, [&](const std::string& path) -> StatusOr<std::string> { return files.at(path); });
}

TEST_CASE("TestModulesAreKnownByTheirNames") {
  for (const char* path : {"test_a.py", "a/test_b.py", "b_test.py", "tests.py", "x/test.py"}) {
    CHECK(IsTestModule(path));
  }
  for (const char* path : {"contest.py", "testing.py", "test_a.txt", "attest_.py", "latest.py"}) {
    CHECK(!IsTestModule(path));
  }
}

TEST_CASE("EverythingInATestFolderBelongsToTheTests") {
  const TestLayout layout = Look({{"pkg/tests/data/x.json", ""},
                                  {"pkg/testsuite.py", ""},
                                  {"test/run.sh", ""},
                                  {"contest/a.py", ""},
                                  {"src/a.py", ""}});
  CHECK(layout.test_files == std::vector<std::string>{"pkg/tests/data/x.json", "test/run.sh"});
  CHECK(layout.any_python);
  CHECK(!layout.any_test);
}

TEST_CASE("PytestsConfigurationNamesFilesAndFolders") {
  const TestLayout layout =
      Look({{"pyproject.toml",
             "[project]\nname = \"x\"\n\n[tool.pytest.ini_options]\ntestpaths = [\n  \"spec\",\n]\n"
             "python_files = [\"check_*.py\", \"*_spec.py\"]\naddopts = \"-q\"\n"},
            {"spec/a_spec.py", "def test_a(): pass\n"},
            {"spec/data.txt", ""},
            {"other/check_b.py", "def test_b(): pass\n"},
            {"other/source.py", ""},
            {"tox.ini", "[tox]\nenvlist = py311\n"}});
  CHECK(layout.asks_for_pytest);
  CHECK(layout.any_test);
  CHECK(layout.test_files == std::vector<std::string>{"other/check_b.py", "pyproject.toml",
                                                      "spec/a_spec.py", "spec/data.txt"});
}

TEST_CASE("SignsOfTheRunnerAreReadFromTestsOnly") {
  TestLayout layout =
      Look({{"lib.py", "import pytest\nclass Fake(TestCase):\n  pass\n"},
            {"test_a.py", "class T(unittest.TestCase):\n    def test_a(self): pass\n"}});
  CHECK(!layout.asks_for_pytest);
  CHECK(layout.test_cases);
  CHECK(!layout.plain_functions);
  layout = Look({{"test_a.py", "x = 1\nasync def test_a():\n    pass\n"}});
  CHECK(layout.plain_functions);
}

TEST_CASE("HugeAndUnreadableFilesAreNotRead") {
  std::vector<TreeEntry> entries = {
      {.path = "test_big.py", .mode = 0100644, .object_id = "", .size_bytes = uint64_t{1} << 40},
      {.path = "test_gone.py", .mode = 0100644, .object_id = "", .size_bytes = 1}};
  const TestLayout layout =
      FindTests(entries, [](const std::string& path) -> StatusOr<std::string> {
        CHECK(path == "test_gone.py");
        return NotFound("gone");
      });
  CHECK(layout.any_test);
  CHECK(layout.test_files.size() == 2);
}

}  // namespace
}  // namespace coditect::python
