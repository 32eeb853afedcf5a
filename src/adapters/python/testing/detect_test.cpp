// Detection against a real interpreter.
#include <doctest/doctest.h>
#include <unistd.h>

#include "src/adapters/python/interpreter.h"
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

TEST_CASE("ASrcLayoutInstalledIntoItsOwnEnvironmentRuns") {
  Project project(Files{{"src/pkg/__init__.py", "def f():\n    return 1\n"},
                        {"tests/test_pkg.py",
                         "import pathlib, pkg\nTOP = pathlib.Path(__file__).parents[1]\n"
                         "def test_f():\n    assert pkg.f() == 1\n"
                         "    assert pathlib.Path(pkg.__file__).parents[2] == TOP\n"
                         "    assert (TOP / 'data.txt').read_text() == 'x'\n"},
                        {"data.txt", "x"}});
  const std::string repository = JoinPath(project.folder(), "repository");
  // The distribution's Python has no ensurepip everywhere; pytest comes from its own packages.
  const std::string make = StrCat(project.interpreter(), " -m venv --without-pip ",
                                  "--system-site-packages ", repository, "/.venv");
  REQUIRE(std::system(make.c_str()) == 0);
  const ResolvedToolchain found =
      ResolveToolchain({.repository = repository,
                        .environment = {{"PATH", "/usr/bin"}},
                        .is_tracked = [](const std::string&) { return false; }});
  CHECK(found.toolchain.python == repository + "/.venv/bin/python");
  CHECK(found.toolchain.overlays == std::vector<std::string>{".venv"});
  const auto libraries = ListDir(repository + "/.venv/lib");
  REQUIRE(libraries.ok());
  REQUIRE(WriteFile(StrCat(repository, "/.venv/lib/", libraries->front(),
                           "/site-packages/__editable__.pkg-1.0.pth"),
                    repository + "/src\n")
              .ok());
  DetectRequest request;
  request.toolchain = found.toolchain;
  request.files = {
      {.path = "tests/test_pkg.py", .mode = 0100644, .object_id = "", .size_bytes = 9}};
  TestRunRequest run;
  const auto plan = project.harness().Detect({}, project.workspace(), request);
  REQUIRE_MESSAGE(plan.ok(), Message(plan.status()));
  run.plan = *plan;
  const auto report = project.RunWith(std::move(run));
  REQUIRE_MESSAGE(report.ok(), Message(report.status()));
  CHECK(CaseOf(*report, "tests/test_pkg.py::test_f").message == "");
  CHECK(StatusOf(*report, "tests/test_pkg.py::test_f") == "passed");
}

}  // namespace
}  // namespace coditect::python
