// Positions in the output of tools.
#include "src/adapters/native/failure_text.h"

#include <doctest/doctest.h>

namespace coditect::native {
namespace {

TEST_CASE("PositionsOfAssertionsAndFrameworksAreRead") {
  const struct {
    const char* output;
    const char* file;
    uint32_t line;
  } cases[] = {
      {"sum: /r/tests/sum.c:12: main: Assertion `a == b' failed.", "tests/sum.c", 12},
      {"/r/a.cc:7: Failure\nExpected equality", "a.cc", 7},
      {"../r/a.cpp(9): FATAL ERROR: CHECK( x ) is NOT correct!", "../r/a.cpp", 9},
      {"  File src/b.hpp:3", "src/b.hpp", 3},
      {"b.cpp:31:7: error: 'x' was not declared", "b.cpp", 31},
  };
  for (const auto& one : cases) {
    CAPTURE(one.output);
    const FailureText failure = ReadFailure(one.output, "/r");
    REQUIRE_EQ(failure.stack.size(), 1);
    CHECK_EQ(failure.stack[0].file, one.file);
    CHECK_EQ(failure.stack[0].line, one.line);
    CHECK_FALSE(failure.message.empty());
  }
}

TEST_CASE("ChecksThatHoldSayNothingOfTheFailure") {
  const FailureText failure = ReadFailure(
      "/r/tests/p.c:162:parses_errors:PASS\n/r/tests/p.c:170:parses_arrays:FAIL: Expected 1 Was 2\n"
      "ok 3 - p.c:9\nnot ok 4 - p.c:11\n",
      "/r");
  REQUIRE_EQ(failure.stack.size(), 2);
  CHECK_EQ(failure.stack[1].line, 170);  // what was said first is innermost
  CHECK_EQ(failure.stack[0].line, 11);
  CHECK_EQ(failure.message, "/r/tests/p.c:170:parses_arrays:FAIL: Expected 1 Was 2");
}

TEST_CASE("WhatIsNoPositionIsNotTakenForOne") {
  for (const char* output : {"ratio 3:4", "at 12:30:01", "x.txt:12: no", "a.c: no line", "a.c:12x",
                             "a.c:0: zero", "a.c:99999999999: huge", ":12", ".c"}) {
    CAPTURE(output);
    const FailureText failure = ReadFailure(output, "/r");
    CHECK(failure.message.empty());
  }
}

TEST_CASE("TheFirstErrorOfABuildIsTold") {
  CHECK_EQ(BuildErrorLine("[1] cc\na.c:1:2: error: no\nmake: *** [a.o] Error 1\n"),
           "a.c:1:2: error: no");
  CHECK_EQ(BuildErrorLine("-- found\nCMake Error at CMakeLists.txt:4 (message):\n  needs the\n"
                          "  preset\n\n\n-- Configuring incomplete\n"),
           "CMake Error at CMakeLists.txt:4 (message): needs the preset");
  CHECK_EQ(BuildErrorLine("cc\nmake: cc: Permission denied\n/bin/sh: 1: flex: not found\n"),
           "the build needs the program flex, which is not on PATH; install it");
  CHECK_EQ(BuildErrorLine("something\nended\n\n"), "ended");
  CHECK_EQ(BuildErrorLine(""), "");
}

}  // namespace
}  // namespace coditect::native
