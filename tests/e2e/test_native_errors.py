"""Memory errors and undefined behaviour in C and C++: where they are found, and what mends them."""

import pytest

from conftest import leftovers, verified

# The name past the end is a null pointer, whatever the compiler does.
TABLE = {
    "src/table.h": "#pragma once\nint find(const char *name);\n",
    "src/table.c": """#include "table.h"
#include <string.h>

static int letters(const char *name) {
  int count = 0;
  while (name[count] != 0) ++count;
  return count;
}

int find(const char *name) {
  static const struct {
    const char *names[3];
    const char *end;
  } table = {{"red", "green", "blue"}, 0};
  int i;
  if (letters(name) == 0) return -1;
  for (i = 0; i <= 3; ++i) {
    if (strcmp(table.names[i], name) == 0) return i;
  }
  return -1;
}
""",
    "tests/test_known.c": """#undef NDEBUG
#include <assert.h>
#include "table.h"

int main(void) {
  assert(find("green") == 1);
  assert(find("") == -1);
  return 0;
}
""",
    "tests/test_unknown.c": """#undef NDEBUG
#include <assert.h>
#include "table.h"

int main(void) {
  assert(find("none") == -1);
  return 0;
}
""",
}
CMAKE = {"CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(table C)
enable_testing()
add_library(table src/table.c)
target_include_directories(table PUBLIC src)
foreach(name known unknown)
  add_executable(test_${name} tests/test_${name}.c)
  target_link_libraries(test_${name} table)
  add_test(NAME ${name} COMMAND test_${name})
endforeach()
"""}
MAKE = {"Makefile": """CFLAGS = -Isrc
check: test_known test_unknown
\t./test_known
\t./test_unknown
test_known: tests/test_known.o src/table.o
\t$(CC) -o $@ $^
test_unknown: tests/test_unknown.o src/table.o
\t$(CC) -o $@ $^
"""}
MESON = {"meson.build": """project('table', 'c')
table = static_library('table', 'src/table.c')
foreach name : ['known', 'unknown']
  test(name, executable('test_' + name, 'tests/test_' + name + '.c', link_with: table,
                        include_directories: 'src'))
endforeach
"""}


def told(person, report, kind):
    """The data of the run's events of a kind."""
    return [event["data"] for event in person.events(report["run"]) if event["event_type"] == kind]


@pytest.mark.parametrize("build", [CMAKE, MAKE, MESON], ids=["cmake", "make", "meson"])
def test_a_crash_is_mended_where_the_sanitizers_see_it(person, make, build):
    repository = make({**TABLE, **build})
    report = verified(person, repository)
    found = told(person, report, "SANITIZED")
    assert found[0]["first"] == "src/table.c:18: index out of bounds for type"
    assert "src/table.c:18 in find" in told(person, report, "FAULTS")[0]["summary"]
    changed = repository.git("show", f"{report['branch']}:src/table.c")
    assert "i < 3" in changed or "i <= 2" in changed


def test_a_build_that_takes_no_sanitizers_is_searched_without_them(person, make):
    static = CMAKE["CMakeLists.txt"].replace("test_${name} table)", "test_${name} table -static)")
    report = verified(person, make({**TABLE, "CMakeLists.txt": static}))
    reason = told(person, report, "NOT_SANITIZED")[0]["reason"]
    assert reason.startswith("the build with sanitizers failed: ") and "-static" in reason
    assert not told(person, report, "SANITIZED")


@pytest.mark.parametrize("flags", ["-O2", "-O2 -DNDEBUG"])
def test_a_bug_that_only_the_optimizer_shows_is_mended(person, make, flags):
    listed = {
        "list.h": "#pragma once\nvoid put(int at, int value);\nint contains(int value);\n",
        "list.c": """#include "list.h"

static int list[4];

static int size(void) { return 5; }

void put(int at, int value) { list[at] = value; }

int contains(int value) {
  int i;
  for (i = 0; i < size(); ++i) {
    if (list[i] == value) return 1;
  }
  return 0;
}
""",
        "test_list.c": """#include <stdio.h>
#include "list.h"

int main(void) {
  put(3, 8);
  if (!contains(8)) return 1;
  if (contains(9)) return 2;
  return 0;
}
""",
        "CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(list C)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "%s")
enable_testing()
add_executable(test_list test_list.c list.c)
add_test(NAME list COMMAND test_list)
""" % flags,
    }
    repository = make(listed)
    report = verified(person, repository)
    assert told(person, report, "FAILS_ONLY_OPTIMIZED") == [{"tests": "list"}]
    assert told(person, report, "SANITIZED")[0]["first"].startswith("list.c:12: ")
    # `list[i - 1]` passes the test, too: it reads before the list in place of behind it.
    assert any(data["fault"].startswith("sanitizers still report")
               for data in told(person, report, "CONFIRM"))
    changed = repository.git("show", f"{report['branch']}:list.c")
    assert "list[i - 1]" not in changed
    assert repository.suite_passes(report["branch"], "sh", "-c",
                                   "cmake -S . -B b && cmake --build b && ctest --test-dir b")


def test_candidates_that_allocate_or_fork_without_end_are_contained(person, make):
    """Nearly every edit of these loops' steps and bounds makes one run away."""
    repository = make({
        "work.h": "#pragma once\nint filled(int blocks);\nint answered(int children);\n",
        "work.c": """#include "work.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int filled(int blocks) {
  int made = 0;
  char *last = 0;
  while (blocks > 0) {
    last = malloc(1 << 20);
    if (last == 0) return -1;
    memset(last, blocks, 1 << 20);
    made += 2;
    blocks -= 1;
  }
  return made;
}

int answered(int children) {
  int answers = 0;
  while (children > 0) {
    if (fork() == 0) {
      pause();
      _exit(0);
    }
    children -= 1;
    answers += 1;
  }
  return answers;
}
""",
        "test_work.c": """#include "work.h"

int main(void) {
  if (answered(2) != 2) return 1;
  return filled(3) == 3 ? 0 : 2;
}
""",
        "CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(work C)
enable_testing()
add_executable(test_work test_work.c work.c)
add_test(NAME work COMMAND test_work)
""",
    })
    report = verified(person, repository)
    assert leftovers(person) == []
    assert "made += 1" in repository.git("show", f"{report['branch']}:work.c")
