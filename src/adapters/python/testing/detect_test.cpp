// Detection against a real interpreter.
#include <doctest/doctest.h>
#include <unistd.h>

#include "src/adapters/python/testing/project.h"
#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect::python {
namespace {

TEST_CASE("TheRunnerFollowsFromTheFiles") {
  struct Row {
    Files files;
    std::string runner;
  };
  const std::string plain = "def test_a():\n    pass\n";
  const std::string cases = "import unittest\nclass T(unittest.TestCase):\n    pass\n";
  const std::vector<Row> rows = {
      {{{"test_a.py", plain}}, "pytest"},
      {{{"a_test.py", plain}}, "pytest"},
      {{{"test_a.py", cases}}, "unittest"},
      {{{"testsomething.py", cases}}, "unittest"},
      {{{"test_a.py", cases}, {"tests/test_b.py", plain}}, "pytest"},
      {{{"test_a.py", cases}, {"conftest.py", ""}}, "pytest"},
      {{{"test_a.py", cases}, {"setup.cfg", "[tool:pytest]\n"}}, "pytest"},
      {{{"test_a.py", cases}, {"setup.cfg", "[metadata]\n"}}, "unittest"},
      {{{"test_a.py", cases}, {"pyproject.toml", "[tool.pytest.ini_options]\n"}}, "pytest"},
      {{{"test_a.py", "import pytest\n" + cases}}, "pytest"},
  };
  for (const Row& row : rows) {
    Project project(row.files);
    CAPTURE(row.files.begin()->first);
    const auto plan = project.Detect();
    REQUIRE_MESSAGE(plan.ok(), Message(plan.status()));
    CHECK(plan->runner == row.runner);
    CHECK(plan->language == "python");
    CHECK(plan->interpreter == project.interpreter());
    CHECK(plan->language_version.substr(0, 2) == "3.");
    CHECK(!plan->runner_version.empty());
    CHECK(plan->command.find(row.runner) != std::string::npos);
  }
}

TEST_CASE("WhatIsMissingIsSaidInOneSentence") {
  Project nothing(Files{{"README", "x"}});
  CHECK(absl::IsNotFound(nothing.Detect().status()));
  Project untested(Files{{"app.py", "x = 1\n"}, {"testing.py", "def f():\n    pass\n"}});
  CHECK(absl::IsNotFound(untested.Detect().status()));
  Project none(Files{{"test_a.py", "def test_a(): pass\n"}}, "/no/such/python");
  const Status status = none.Detect().status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(Message(status).find("/no/such/python") != std::string::npos);
}

TEST_CASE("MissingPytestNamesTheCommandThatInstallsIt") {
  // A folder without site-packages on its path is an interpreter without pytest.
  Project project(Files{{"test_a.py", "def test_a(): pass\n"}});
  const std::string wrapper = JoinPath(project.folder(), "bare-python");
  REQUIRE(
      WriteFile(wrapper, StrCat("#!/bin/sh\nexec ", project.interpreter(), " -S \"$@\"\n"), 0755)
          .ok());
  DetectRequest request;
  request.toolchain.python = wrapper;
  request.files = {{.path = "test_a.py", .mode = 0100644, .object_id = "", .size_bytes = 20}};
  const Status status = project.harness().Detect({}, project.workspace(), request).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(Message(status).find(wrapper + " -m pip install pytest") != std::string::npos);
}

TEST_CASE("TestFilesAreListedAndSourcesAreNot") {
  Project project(Files{{"src/pkg/__init__.py", ""},
                        {"src/pkg/core.py", ""},
                        {"src/pkg/contest.py", ""},
                        {"src/pkg/tests/data.json", "{}"},
                        {"src/pkg/tests/test_core.py", "def test_a(): pass\n"},
                        {"test/helper.py", ""},
                        {"conftest.py", ""},
                        {"core_test.py", "def test_b(): pass\n"}});
  const auto plan = project.Detect();
  REQUIRE(plan.ok());
  CHECK(plan->test_files ==
        std::vector<std::string>{"conftest.py", "core_test.py", "src/pkg/tests/data.json",
                                 "src/pkg/tests/test_core.py", "test/helper.py"});
}

}  // namespace
}  // namespace coditect::python
