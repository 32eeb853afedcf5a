"""C and C++ repositories, built and tested by their own tools."""

import pytest

from conftest import refused, verified

LIBRARY = {
    "src/range.h": "#pragma once\nint clamp(int value, int low, int high);\n"
                   "int width(int low, int high);\n",
    "src/range.c": """#include "range.h"

int clamp(int value, int low, int high) {
  if (value < low) return low;
  if (value < high) return high;
  return value;
}

int width(int low, int high) { return high - low; }
""",
    "tests/test_clamp.c": """#undef NDEBUG
#include <assert.h>
#include "range.h"

int main(void) {
  assert(clamp(-5, 0, 9) == 0);
  assert(clamp(4, 0, 9) == 4);
  assert(clamp(15, 0, 9) == 9);
  return 0;
}
""",
    "tests/test_width.c": """#undef NDEBUG
#include <assert.h>
#include "range.h"

int main(void) {
  assert(width(2, 5) == 3);
  return 0;
}
""",
}
MENDED = "if (value > high) return high;"
CMAKE = {"CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(range C)
enable_testing()
add_library(range src/range.c)
target_include_directories(range PUBLIC src)
foreach(name clamp width)
  add_executable(test_${name} tests/test_${name}.c)
  target_link_libraries(test_${name} range)
  add_test(NAME ${name} COMMAND test_${name})
endforeach()
"""}
MAKE = {"Makefile": """CFLAGS = -Isrc -g -Wall
all: test_clamp test_width
test_clamp: tests/test_clamp.o src/range.o
\t$(CC) -o $@ $^
test_width: tests/test_width.o src/range.o
\t$(CC) -o $@ $^
check: all
\t./test_clamp
\t./test_width
"""}
MESON = {"meson.build": """project('range', 'c')
range = static_library('range', 'src/range.c')
foreach name : ['clamp', 'width']
  test(name, executable('test_' + name, 'tests/test_' + name + '.c', link_with: range,
                        include_directories: 'src'))
endforeach
"""}


@pytest.mark.parametrize("build, ids, command", [
    (CMAKE, ["clamp", "width"], ["sh", "-c", "cmake -S . -B b && cmake --build b && "
                                 "ctest --test-dir b"]),
    (MAKE, None, ["make", "check"]),
    (MESON, ["range:clamp", "range:width"], ["sh", "-c", "meson setup b && meson test -C b"]),
], ids=["cmake", "make", "meson"])
def test_a_bug_is_mended_with_the_projects_own_build(person, make, build, ids, command):
    repository = make({**LIBRARY, **build})
    report = verified(person, repository)
    assert MENDED in repository.git("show", f"{report['branch']}:src/range.c")
    assert repository.suite_passes(report["branch"], *command)
    if ids:
        assert sorted(report["tests"]["passed"]) == ids
    changed = repository.git("diff", "--name-only", "HEAD", report["branch"]).split()
    assert changed == ["src/range.c"]


def test_a_tree_that_the_tests_change_is_not_kept_for_searches(person, make):
    makefile = MAKE["Makefile"].replace("check: all\n", "check: all\n\techo ran >> ran.txt\n")
    repository = make({**LIBRARY, "Makefile": makefile, "ran.txt": ""})
    report = verified(person, repository)
    reasons = [event["data"]["reason"] for event in person.events(report["run"])
               if event["event_type"] == "NOT_KEPT"]
    assert reasons == ["the tests or the build change ran.txt, a file of the repository"]


def test_a_passing_suite_leaves_nothing_to_do(person, make):
    fine = {**LIBRARY, **CMAKE}
    fine["src/range.c"] = fine["src/range.c"].replace("value < high", "value > high")
    reason = refused(person, make(fine), 0, "nothing_to_do")
    assert reason == "all tests pass already"


def test_a_build_that_fails_is_told_with_the_compilers_first_error(person, make):
    broken = {**LIBRARY, **CMAKE}
    broken["src/range.c"] += "int more(void) { return missing; }\n"
    reason = refused(person, make(broken), 3, "not_verified")
    assert "src/range.c:10" in reason and "missing" in reason


@pytest.mark.parametrize("line, says", [
    ("include(FetchContent)\nFetchContent_Declare(fancy URL https://example.invalid/fancy.tar.gz)\n"
     "FetchContent_MakeAvailable(fancy)\n", "downloads fancy, and the sandbox has no network"),
    ("find_package(Nonesuch REQUIRED)\n", "needs Nonesuch, which is not installed"),
    ("set(CMAKE_C_COMPILER none-such-gcc)\nenable_language(C)\n",
     "names the compiler none-such-gcc, which is not on PATH"),
], ids=["download", "package", "compiler"])
def test_what_a_build_lacks_is_named(person, make, line, says):
    lacking = {**LIBRARY, **CMAKE}
    rest = lacking["CMakeLists.txt"].split("\n", 1)[1]
    lacking["CMakeLists.txt"] = ("cmake_minimum_required(VERSION 3.14)\nproject(lacking NONE)\n" +
                                 line + rest)
    assert says in refused(person, make(lacking), 3, "not_verified")


def test_no_test_declared_names_what_is_looked_for(person, make):
    bare = {"CMakeLists.txt": "project(x C)\nadd_library(x x.c)\n", "x.c": "int x;\n"}
    reason = refused(person, make(bare), 3, "not_verified")
    assert "add_test" in reason and "--verify" in reason


def test_a_program_that_breaks_its_heap_still_tells_what_it_executed(person, make):
    repository = make({
        "CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(squares C)
enable_testing()
add_executable(test_squares squares.c test_squares.c)
add_test(NAME squares COMMAND test_squares)
""",
        "squares.h": "int *squares(int count);\nint *unused(int count);\n",
        "squares.c": """#include "squares.h"
#include <stdlib.h>

int *squares(int count) {
  int *out = malloc(count / sizeof *out);
  for (int i = 0; i < count; ++i) out[i] = 0x10000 * i * i;
  return out;
}

int *unused(int count) { return calloc(count, sizeof(int)); }
""",
        "test_squares.c": """#include "squares.h"
#include <stdlib.h>
#include <string.h>

int main(void) {
  int *found = squares(100);
  char *other = malloc(100000);
  memset(other, 1, 100000);
  int right = found[99] == 0x10000 * 99 * 99;
  free(other);
  free(found);
  return !right;
}
"""})
    report = verified(person, repository)
    shown = person.call("explain", report["run"])
    assert "squares.c:5 in squares, executed by 1 failing test" in shown.out, shown
    assert "in unused" not in shown.out


def test_a_test_that_passes_may_need_longer_than_one_that_fails_early(person, make):
    busy = """#include <time.h>
#include "range.h"

int main(void) {
  while (clock() < 13 * (CLOCKS_PER_SEC / 4)) {
    if (width(2, 5) != 3 || clamp(4, 0, 9) < 0) return 1;
  }
  return 0;
}
"""
    verified(person, make({**LIBRARY, **CMAKE, "tests/test_width.c": busy}))


CHECKS = """#include <stdio.h>
#include "steps.h"
static int failed;
#define CHECK(what) if (!(what)) { failed = 1; printf("%s:%d: %s\\n", __FILE__, __LINE__, #what); }
"""


def test_one_program_with_all_tests_is_searched_from_the_check_that_failed(person, make):
    """It executes every line of 300 functions, more than are searched one by one."""
    steps = range(300)
    bug = 290
    repository = make({
        "src/steps.h": "".join(f"int step_{i}(int a, int b);\n" for i in steps),
        "src/steps.c": '#include "steps.h"\n' + "".join(
            f"int step_{i}(int a, int b) {{\n  int sum = a + {i};\n"
            f"  return sum {'+' if i == bug else '-'} b;\n}}\n" for i in steps),
        "tests/all.c": CHECKS + "".join(
            f"static void test_{i}(void) {{\n  CHECK(step_{i}(1, 1) == {i})\n"
            f"  CHECK(step_{i}(3, 2) == {i + 1})\n}}\n" for i in steps) +
            "int main(void) {\n" + "".join(f"  test_{i}();\n" for i in steps) +
            "  return failed;\n}\n",
        "Makefile": "CFLAGS = -Isrc -g\ncheck: tests/all.o src/steps.o\n"
                    "\t$(CC) -o all $^\n\t./all\n"})
    report = verified(person, repository)
    changed = repository.git("show", f"{report['branch']}:src/steps.c").splitlines()
    assert changed[4 * bug + 3] == "  return sum - b;"
