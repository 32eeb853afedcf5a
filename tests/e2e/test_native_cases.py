"""Test programs that list their cases: each case is a test of its own."""

import pytest

from conftest import verified

HEADER = """#pragma once
int clamp(int value, int low, int high);
int width(int low, int high);
int third(const int* values);
"""
SOURCE = """#include "range.h"

int clamp(int value, int low, int high) {
  if (value < low) return low;
  if (value < high) return high;
  return value;
}

int width(int low, int high) { return high - low; }

int third(const int* values) { return values[2]; }
"""
MENDED = "if (value > high) return high;"


def cmake(sources, add, language="CXX"):
    return f"""cmake_minimum_required(VERSION 3.16)
project(range {language})
enable_testing()
add_library(range {sources})
target_include_directories(range PUBLIC src)
{add}
"""


GOOGLE = {
    "tests/range_test.cpp": """#include <gtest/gtest.h>
#include "range.h"
TEST(Clamp, Below) { EXPECT_EQ(clamp(-5, 0, 9), 0); }
TEST(Clamp, Inside) { EXPECT_EQ(clamp(4, 0, 9), 4); }
TEST(Clamp, Above) { EXPECT_EQ(clamp(15, 0, 9), 9); }
TEST(Width, Positive) { EXPECT_EQ(width(2, 5), 3); }
TEST(Width, DISABLED_Later) { EXPECT_EQ(width(2, 5), 4); }
class Wide : public testing::TestWithParam<int> {};
TEST_P(Wide, Grows) { EXPECT_EQ(width(0, GetParam()), GetParam()); }
INSTANTIATE_TEST_SUITE_P(Some, Wide, testing::Values(1, 7));
""",
    "CMakeLists.txt": cmake("src/range.cpp", """find_package(GTest REQUIRED)
add_executable(range_test tests/range_test.cpp)
target_link_libraries(range_test range GTest::gtest_main)
add_test(NAME unit COMMAND range_test)"""),
}
GOOGLE_IDS = ["Clamp.Above", "Clamp.Below", "Clamp.Inside", "Some/Wide.Grows/0",
              "Some/Wide.Grows/1", "Width.Positive"]
DISCOVERED = {**GOOGLE, "CMakeLists.txt": GOOGLE["CMakeLists.txt"].replace(
    "add_test(NAME unit COMMAND range_test)",
    "include(GoogleTest)\ngtest_discover_tests(range_test)")}
CATCH = {
    "tests/range_test.cpp": """#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#include "range.h"
TEST_CASE("clamp, all [sides]") {
  SECTION("below") { CHECK(clamp(-5, 0, 9) == 0); }
  SECTION("inside") { CHECK(clamp(4, 0, 9) == 4); }
  SECTION("above") { CHECK(clamp(15, 0, 9) == 9); }
}
TEST_CASE("width") { CHECK(width(2, 5) == 3); }
""",
    "CMakeLists.txt": cmake("src/range.cpp", """find_package(Catch2 REQUIRED)
add_executable(range_test tests/range_test.cpp)
target_link_libraries(range_test range Catch2::Catch2)
add_test(NAME unit COMMAND range_test)"""),
}
DOCTEST = {
    "tests/range_test.cpp": """#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
#include "range.h"
TEST_CASE("clamp, above") { CHECK(clamp(15, 0, 9) == 9); }
TEST_CASE("clamp inside") { CHECK(clamp(4, 0, 9) == 4); }
TEST_SUITE("more") {
  TEST_CASE("width") { CHECK(width(2, 5) == 3); }
  TEST_CASE("off" * doctest::skip()) { CHECK(false); }
}
""",
    "CMakeLists.txt": cmake("src/range.cpp", """add_executable(range_test tests/range_test.cpp)
target_link_libraries(range_test range)
add_test(NAME unit COMMAND range_test)"""),
}
CRITERION = {
    "tests/range_test.c": """#include <criterion/criterion.h>
#include "range.h"
Test(clamp, above) { cr_assert_eq(clamp(15, 0, 9), 9); }
Test(clamp, inside) { cr_assert_eq(clamp(4, 0, 9), 4); }
Test(width, positive) { cr_assert_eq(width(2, 5), 3); }
Test(width, off, .disabled = true) { cr_assert(0); }
""",
    "CMakeLists.txt": cmake("src/range.c", """add_executable(range_test tests/range_test.c)
target_link_libraries(range_test range criterion)
add_test(NAME unit COMMAND range_test)""", "C"),
}


BOOST = {
    "tests/range_test.cpp": """#define BOOST_TEST_MODULE range
#include <boost/test/unit_test.hpp>
#include "range.h"
BOOST_AUTO_TEST_SUITE(clamping)
BOOST_AUTO_TEST_CASE(above) { BOOST_TEST(clamp(15, 0, 9) == 9); }
BOOST_AUTO_TEST_CASE(inside) { BOOST_TEST(clamp(4, 0, 9) == 4); }
BOOST_AUTO_TEST_CASE(off, * boost::unit_test::disabled()) { BOOST_TEST(false); }
BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_CASE(positive) { BOOST_REQUIRE_EQUAL(width(2, 5), 3); }
""",
    "CMakeLists.txt": cmake("src/range.cpp", """add_executable(range_test tests/range_test.cpp)
target_compile_definitions(range_test PRIVATE BOOST_TEST_DYN_LINK)
target_link_libraries(range_test range boost_unit_test_framework)
add_test(NAME unit COMMAND range_test)"""),
}


def repository_of(make, files, source=SOURCE):
    suffix = "c" if "tests/range_test.c" in files else "cpp"
    return make({"src/range.h": HEADER, f"src/range.{suffix}": source, **files})


@pytest.mark.parametrize("files, ids", [
    (GOOGLE, ["unit::" + name for name in GOOGLE_IDS]),
    # CMake names a case of a parameter by its value.
    (DISCOVERED, [name.replace("Grows/1", "Grows/7").replace("Grows/0", "Grows/1")
                  for name in GOOGLE_IDS]),
    (CATCH, ["unit::clamp, all [sides]", "unit::width"]),
    (DOCTEST, ["unit::clamp inside", "unit::clamp, above", "unit::width"]),
    (CRITERION, ["unit::clamp/above", "unit::clamp/inside", "unit::width/positive"]),
    (BOOST, ["unit::clamping/above", "unit::clamping/inside", "unit::positive"]),
], ids=["googletest", "discovered", "catch2", "doctest", "criterion", "boost"])
def test_each_case_is_a_test_of_its_own(person, make, files, ids):
    repository = repository_of(make, files)
    report = verified(person, repository)
    assert sorted(report["tests"]["passed"]) == sorted(ids)
    assert repository.suite_passes(report["branch"], "sh", "-c",
                                   "cmake -S . -B b && cmake --build b && ctest --test-dir b")
    changed = repository.git("show", report["branch"])
    assert MENDED in changed




def test_a_crash_in_the_middle_costs_only_its_own_case(person, make):
    crashing = GOOGLE["tests/range_test.cpp"].replace(
        "{ EXPECT_EQ(clamp(15, 0, 9), 9); }", "{ if (clamp(15, 0, 9) != 9) abort(); }")
    repository = repository_of(make, {**GOOGLE, "tests/range_test.cpp": crashing})
    report = verified(person, repository)
    assert sorted(report["tests"]["passed"]) == sorted("unit::" + name for name in GOOGLE_IDS)


def test_a_program_that_only_looks_like_a_framework_stays_whole(person, make):
    """It names GoogleTest's flag, but answers it with another list than its framework writes."""
    fake = """#include <cstdio>
#include <cstring>
#include "range.h"
int main(int count, char** words) {
  if (count > 1 && std::strcmp(words[1], "--gtest_list_tests") == 0) {
    std::puts("Suite.\\n  Case");
    return 0;
  }
  return clamp(15, 0, 9) == 9 && clamp(4, 0, 9) == 4 ? 0 : 1;
}
"""
    repository = repository_of(make, {**DOCTEST, "tests/range_test.cpp": fake})
    report = verified(person, repository)
    assert report["tests"]["passed"] == ["unit"]


AUTOMAKE = {
    "configure.ac": """AC_INIT([range],[1.0])
AM_INIT_AUTOMAKE([foreign])
AC_PROG_CC
AC_PROG_RANLIB
AC_CONFIG_FILES([Makefile src/Makefile tests/Makefile])
AC_OUTPUT
""",
    "Makefile.am": "SUBDIRS = src tests\n",
    "src/Makefile.am": "noinst_LIBRARIES = librange.a\nlibrange_a_SOURCES = range.c range.h\n",
    "tests/Makefile.am": """AM_CPPFLAGS = -I$(top_srcdir)/src
LDADD = ../src/librange.a
check_PROGRAMS = clamp width third
TESTS = $(check_PROGRAMS)
""",
    **{f"tests/{name}.c": f"""#undef NDEBUG
#include <assert.h>
#include "range.h"
int main(void) {{ {text} return 0; }}
""" for name, text in {
        "clamp": "assert(clamp(15, 0, 9) == 9); assert(clamp(4, 0, 9) == 4);",
        "width": "assert(width(2, 5) == 3);",
        "third": "const int values[] = {1, 2, 3}; assert(third(values) == 3);"}.items()},
    "src/range.h": HEADER,
    "src/range.c": SOURCE,
}


def test_each_test_of_automake_is_a_test_of_its_own(person, make):
    source = SOURCE.replace("return high - low", "return high + low")
    repository = make({**AUTOMAKE, "src/range.c": source})
    report = verified(person, repository)
    assert report["kind"] == "tests"
    assert sorted(report["tests"]["passed"]) == ["check:tests/clamp", "check:tests/third",
                                                 "check:tests/width"]
    # Two faults that were told apart, each with a repair of its own.
    assert len(report["changes"]) == 2, report["changes"]
    # The compilers run in folders below, and name the files from there.
    mended = repository.git("show", report["branch"] + ":src/range.c")
    assert MENDED in mended and "return high - low" in mended
    assert repository.suite_passes(report["branch"], "sh", "-c",
                                   "autoreconf -fi && ./configure && make check")


def test_a_check_that_its_cases_do_not_explain_stays_whole(person, make):
    files = {**AUTOMAKE, "tests/Makefile.am": AUTOMAKE["tests/Makefile.am"].replace(
        "TESTS = $(check_PROGRAMS)", "TESTS = width third") + "check-local:\n\t./clamp\n"}
    result = person.run(make(files), "--plan-only")
    assert result.code == 0, result
    assert result.json["kind"] == "command" and len(result.json["tests"]["failed"]) == 1
