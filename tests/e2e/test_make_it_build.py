"""Repositories of C and C++ that do not compile or link: `coditect run "make it build"`."""

import json

import pytest

from conftest import refused, verified

GOAL = "make it build"

SHAPES = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(shapes CXX)
enable_testing()
add_library(shapes src/shape.cpp src/store.cpp)
target_include_directories(shapes PUBLIC src)
add_executable(report src/report.cpp)
target_link_libraries(report shapes)
add_executable(shape_test tests/shape_test.cpp)
target_link_libraries(shape_test shapes)
add_test(NAME shape COMMAND shape_test)
""",
    "src/shape.h": """#pragma once
#include <string>

namespace geo {

class Shape {
 public:
  Shape(int width, int height);
  int area() const;
  int outline() const;
  std::string describe() const;

 private:
  int width_;
  int height_;
};

}  // namespace geo
""",
    "src/shape.cpp": """#include "shape.h"

namespace geo {

Shape::Shape(int width, int height) : width_(width), height_(height) {}

int Shape::area() const { return width_ * height_; }

int Shape::outline() const { return 2 * (width_ + height_); }

std::string Shape::describe() const {
  return std::to_string(width_) + "x" + std::to_string(height_);
}

}  // namespace geo
""",
    "src/store.h": """#pragma once
#include <vector>
#include "shape.h"

namespace geo {

int total_area(const std::vector<Shape>& shapes);
int total_outline(const std::vector<Shape>& shapes, int scale);

}  // namespace geo
""",
    "src/store.cpp": """#include "store.h"

namespace geo {

int total_area(const std::vector<Shape>& shapes) {
  int sum = 0;
  for (const Shape& shape : shapes) sum += shape.area();
  return sum;
}

int total_outline(const std::vector<Shape>& shapes, int scale) {
  int sum = 0;
  for (const Shape& shape : shapes) sum += shape.outline() * scale;
  return sum;
}

}  // namespace geo
""",
    "src/report.cpp": """#include <iostream>
#include "store.h"

int main() {
  const std::vector<geo::Shape> shapes = {geo::Shape(2, 3), geo::Shape(4, 5)};
  for (const geo::Shape& shape : shapes) std::cout << shape.describe() << "\\n";
  std::cout << geo::total_area(shapes) << " " << geo::total_outline(shapes, 2) << "\\n";
  return 0;
}
""",
    "tests/shape_test.cpp": """#undef NDEBUG
#include <cassert>
#include "store.h"

int main() {
  assert(geo::Shape(2, 3).area() == 6);
  assert(geo::total_outline({geo::Shape(2, 3)}, 2) == 20);
  return 0;
}
""",
}

COUNTER = {
    "Makefile": """CFLAGS = -Isrc -Wall
report: src/report.o src/counter.o
\t$(CC) -o $@ $^
test_counter: tests/test_counter.o src/counter.o
\t$(CC) -o $@ $^
check: test_counter
\t./test_counter
clean:
\trm -f report test_counter src/*.o tests/*.o
""",
    "src/counter.h": """#ifndef COUNTER_H
#define COUNTER_H
struct counter {
  int count;
  int limit;
};
void counter_init(struct counter *counter, int limit);
int counter_add(struct counter *counter, int amount);
#endif
""",
    "src/counter.c": """#include "counter.h"

void counter_init(struct counter *counter, int limit) {
  counter->count = 0;
  counter->limit = limit;
}

int counter_add(struct counter *counter, int amount) {
  int sum = counter->count + amount;
  if (sum > counter->limit) return 0;
  counter->count = sum;
  return 1;
}
""",
    "src/report.c": """#include <stdio.h>
#include "counter.h"

int main(void) {
  struct counter counter;
  counter_init(&counter, 3);
  for (int i = 0; i < 5; i++) printf("%d\\n", counter_add(&counter, 1));
  return 0;
}
""",
    "tests/test_counter.c": """#undef NDEBUG
#include <assert.h>
#include "counter.h"

int main(void) {
  struct counter counter;
  counter_init(&counter, 2);
  assert(counter_add(&counter, 2) == 1);
  assert(counter_add(&counter, 1) == 0);
  return 0;
}
""",
}
MESON = {"meson.build": """project('counter', 'c')
counter = static_library('counter', 'src/counter.c')
executable('report', 'src/report.c', link_with: counter)
test('counter', executable('test_counter', 'tests/test_counter.c', link_with: counter,
                           include_directories: 'src'))
"""}


def broken(files, *slips):
    """The files with each (path, old, new) applied at every place."""
    out = dict(files)
    for path, old, new in slips:
        assert old in out[path], (path, old)
        out[path] = out[path].replace(old, new)
    return out


def run(person, repository, *arguments, goal=GOAL):
    return person.run(repository, *arguments, goal=goal)


def mended(person, repository):
    """The report of a run that ends verified, by a build that was seen."""
    result = run(person, repository)
    assert result.code == 0, result
    report = result.json
    assert report["outcome"] == "verified" and report["kind"] == "build", report
    assert report["build"]["base"] == "fails" and report["build"]["delivered"] == "builds"
    assert report["evidence"][-1]["kind"] == "build"
    assert report["evidence"][-1]["tests_unchanged"]
    return report


def text_of(repository, report, path):
    return repository.git("show", f"{report['branch']}:{path}")


def without(files, name):
    return {path: text for path, text in files.items() if path != name}


CMAKE_SLIPS = {
    "missing include": [("src/store.h", "#include <vector>\n", "")],
    "misspelt member": [("src/store.cpp", "shape.area()", "shape.aera()")],
    "rename and drift": [("src/shape.h", "int area() const;", "long area();"),
                         ("src/shape.h", "outline()", "circumference()")],
    "linker": [("src/store.cpp", "int total_area(", "int total_aera(")],
    "const": [("src/shape.h", "int outline() const;", "int outline();"),
              ("src/shape.cpp", "int Shape::outline() const {", "int Shape::outline() {")],
    "brace": [("src/store.cpp", "  return sum;\n}\n\nint total_outline",
               "  return sum;\n\nint total_outline")],
    "two places": [("src/store.h", "#include <vector>\n", ""),
                   ("src/shape.cpp", "std::to_string(height_)", "std::to_string(heigth_)")],
}


@pytest.mark.parametrize("slips", CMAKE_SLIPS.values(), ids=CMAKE_SLIPS)
def test_a_build_of_cmake_is_mended(person, make, slips):
    repository = make(broken(SHAPES, *slips))
    report = mended(person, repository)
    assert repository.suite_passes(report["branch"], "sh", "-c",
                                   "cmake -S . -B b && cmake --build b && ctest --test-dir b")
    assert report["tests"]["passed"] == ["shape"] and report["tests"]["failed"] == []
    assert report["reason"] == "it builds"


def test_callers_of_a_renamed_function_are_brought_in_line(person, make):
    callers = {f"src/use_{i}.cpp": f"""#include "store.h"

int use_{i}(const std::vector<geo::Shape>& shapes) {{ return geo::total_area(shapes) + {i}; }}
""" for i in range(4)}
    files = {**SHAPES, **callers}
    files["CMakeLists.txt"] = files["CMakeLists.txt"].replace(
        "src/store.cpp)", "src/store.cpp " + " ".join(callers) + ")")
    for path in ("src/store.h", "src/store.cpp"):
        files[path] = files[path].replace("total_area", "sum_of_areas")
    repository = make(files)
    report = mended(person, repository)
    for path in [*callers, "src/report.cpp"]:
        assert "geo::sum_of_areas(shapes)" in text_of(repository, report, path)


MAKE_SLIPS = {
    "semicolon": ([("src/counter.c", "counter->count = 0;", "counter->count = 0")],
                  "src/counter.c"),
    "undeclared function": ([("src/counter.h",
                              "int counter_add(struct counter *counter, int amount);\n", ""),
                             ("Makefile", "-Wall", "-Wall -Werror")], "src/counter.h"),
    "misspelt call": ([("src/report.c", "printf(", "prinft(")], "src/report.c"),
    "member and arrow": ([("src/counter.c", "counter->limit)", "counter->limti)"),
                          ("src/counter.c", "counter->count = sum", "counter.count = sum")],
                         "src/counter.c"),
}


@pytest.mark.parametrize("slips, path", MAKE_SLIPS.values(), ids=MAKE_SLIPS)
def test_a_build_of_make_is_mended(person, make, slips, path):
    repository = make(broken(COUNTER, *slips))
    report = mended(person, repository)
    assert repository.git("diff", "--name-only", "HEAD", report["branch"]).split() == [path]
    assert repository.suite_passes(report["branch"], "sh", "-c", "make && make check")


def test_a_build_of_meson_is_mended(person, make):
    files = {**without(COUNTER, "Makefile"), **MESON}
    repository = make(broken(files, ("src/counter.c", "sum > counter", "sun > counter")))
    report = mended(person, repository)
    assert "if (sum > counter->limit)" in text_of(repository, report, "src/counter.c")
    assert report["tests"]["passed"] == ["counter:counter"]
    builds = [e for e in person.events(report["run"]) if e["event_type"] == "BUILD"]
    assert len(builds) >= 3  # of the base, of the claim and of its proof


def test_tests_that_fail_behind_the_build_are_told_and_are_no_part_of_it(person, make):
    repository = make(broken(SHAPES, ("src/store.cpp", "int sum = 0;", "int sum = 1"),))
    report = mended(person, repository)
    assert report["reason"].startswith("it builds; `")
    assert 'coditect run "make the tests pass"' in report["reason"]
    assert report["tests"]["failed"] == ["shape"]
    shown = person.call("show", report["run"], cwd=repository.path)
    assert "it builds; " in shown.out and "tests: " not in shown.out
    # Nor are they where the base has moved: what the merge makes is built, and is merged.
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        repository.git("config", name, value)
    repository.write({"note.txt": "later\n"})
    repository.commit("later")
    merged = person.call("merge", report["run"], "--json", cwd=repository.path)
    assert merged.code == 0 and merged.json["evidence"]["kind"] == "build", merged


def test_what_builds_already_leaves_nothing_to_do(person, make):
    result = run(person, make(SHAPES))
    assert result.code == 0 and result.json["outcome"] == "nothing_to_do"
    assert result.json["reason"] == "it builds already"


def test_a_hopeless_error_ends_unverified_with_what_was_tried(person, make):
    hopeless = broken(SHAPES, ("src/store.cpp", "int sum = 0;",
                               "int sum = zygomorphic_quux(shapes, 17, nullptr);"))
    repository = make(hopeless)
    result = run(person, repository)
    assert result.code == 3 and result.json["outcome"] == "not_verified", result
    assert not result.json["branch"]
    tried = json.dumps(result.json["tried"])
    assert "zygomorphic_quux" in tried and "src/store.cpp:6" in tried and "tried" in tried


def test_code_is_not_removed_to_make_it_compile(person, make):
    # Without the call it would compile, and nothing else makes it.
    cheat = broken(COUNTER, ("src/counter.c", "  counter->count = sum;",
                             "  counter->count = sum;\n  vanish_without_trace(counter);"),
                   ("Makefile", "-Wall", "-Wall -Werror"))
    result = run(person, make(cheat))
    assert result.code == 3 and not result.json["branch"], result


def test_an_error_in_a_test_is_told_and_left_alone(person, make):
    files = broken(COUNTER, ("tests/test_counter.c", "return 0;", "return 0"))
    result = run(person, make(files))
    assert result.code == 3, result
    assert "never changes" in json.dumps(result.json["tried"])


def test_a_broken_build_is_mended_before_the_tests(person, make):
    for files, slip in ((SHAPES, ("src/store.cpp", "shape.area()", "shape.aera()")),
                        (COUNTER, ("src/counter.c", "counter->count = 0;", "counter->count = 0"))):
        path, text, _ = slip
        repository = make(broken(files, slip), path.replace("/", "-"))
        report = verified(person, repository)
        assert report["reason"] == "it builds again, and every expected test was seen passing"
        assert report["build"]["base"] == "fails" and report["build"]["delivered"] == "builds"
        assert {e["kind"] for e in report["evidence"]} > {"build"}
        assert {e["tree"] for e in report["evidence"]} == {
            repository.git("rev-parse", report["branch"] + "^{tree}").strip()}
        assert text in text_of(repository, report, path)
        shown = person.call("show", report["run"], cwd=repository.path).out
        assert "it builds again" in shown
        types = [event["event_type"] for event in person.events(report["run"])]
        assert types.count("BROKEN_BUILD") == types.count("BASE_ADVANCED") == 1


def test_tests_that_fail_behind_a_mended_build_are_mended_too(person, make):
    repository = make(broken(SHAPES, ("src/store.cpp", "shape.area()", "shape.aera()"),
                             ("src/shape.cpp", "width_ * height_", "width_ + height_")))
    report = verified(person, repository)
    assert len(report["changes"]) == 2, report["changes"]
    commits = repository.git("rev-list", "HEAD.." + report["branch"]).split()
    assert commits[::-1] == [change["commit"] for change in report["changes"]]
    first, last = report["evidence"][0], report["evidence"][-1]
    assert first["kind"] == "build" and last["kind"] == "tests" and first["tree"] != last["tree"]
    assert report["tests"]["passed"] == ["shape"]
    assert repository.suite_passes(report["branch"], "sh", "-c",
                                   "cmake -S . -B b && cmake --build b && ctest --test-dir b")


def test_a_mended_build_whose_tests_fail_is_a_partial_result(person, make):
    strange = broken(COUNTER, ("src/counter.c", "counter->count = 0;", "counter->count = 0"),
                     ("Makefile", "\t./test_counter\n", "\t./test_counter\n\tfalse\n"))
    repository = make(strange)
    reason = refused(person, repository, 3, "not_verified", "-c", "search.tests_max=40")
    assert reason.startswith("the build is mended, the tests behind it are not: "), reason
    report = person.call("show", person.runs()[0]["run"], "--json").json
    assert len(report["tests"]["failed"]) == 1 and report["commit"] == ""
    assert "counter->count = 0;" in repository.git("show", report["partial"] + ":src/counter.c")
    assert report["partial"][:12] in report["next"][0]


def test_a_repository_without_a_build_says_so(person, make):
    result = run(person, make({"calc.py": "def add(a, b):\n    return a + b\n"}))
    assert result.code == 8 and "nothing to build" in result.json["reason"], result


def test_building_something_new_needs_a_model(person, make):
    result = run(person, make(SHAPES), goal="build a web server")
    assert result.code == 8, result
