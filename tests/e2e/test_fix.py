"""fix: a run whose goal is the tests that somebody named."""

import subprocess

import pytest

from conftest import leftovers

TWO = {
    "prices.py": """
        def discount(quantity):
            if quantity > 100:
                return 20
            return 0
        """,
    "ranges.py": """
        def width(low, high):
            return high + low
        """,
    "tests/test_prices.py": """
        import os, sys
        sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        from prices import discount

        class TestDiscount:
            def test_a_hundred(self):
                assert discount(100) == 20

            def test_none(self):
                assert discount(9) == 0

            def test_ninety_nine(self):
                assert discount(99) == 0
        """,
    "tests/test_ranges.py": """
        import os, sys
        sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        from ranges import width

        def test_width():
            assert width(2, 5) == 3

        def test_wide():
            assert width(1, 9) == 8

        def test_from_zero():
            assert width(0, 5) == 5
        """,
}
PRICES_TEST = "tests/test_prices.py::TestDiscount::test_a_hundred"
RANGES_TESTS = ["tests/test_ranges.py::test_wide", "tests/test_ranges.py::test_width"]


@pytest.fixture
def two(make):
    return make(TWO)


def test_only_the_named_tests_are_mended_and_the_others_are_told(person, two):
    before = two.snapshot()
    result = person.call("fix", PRICES_TEST, "--json", cwd=two.path)
    assert result.code == 0, result
    report = result.json
    assert report["outcome"] == "verified" and len(report["changes"]) == 1
    assert report["tests"]["outside"] == RANGES_TESTS
    assert PRICES_TEST in report["tests"]["expected"]
    assert not set(RANGES_TESTS) & set(report["tests"]["expected"])
    assert sorted(report["tests"]["failed"]) == RANGES_TESTS
    assert two.git("diff", "--name-only", report["base"], report["branch"]) == "prices.py\n"
    shown = person.call("show", report["run"]).out
    assert "Failing, but not asked for: " + ", ".join(RANGES_TESTS) in shown
    assert "test_width: " not in shown.split("What was changed:")[0]
    assert two.snapshot() == before and leftovers(person) == []
    again = person.call("retry", report["run"], "--json")
    assert again.code == 0 and again.json["tests"]["outside"] == RANGES_TESTS, again


def test_the_failing_tests_of_a_junit_file_are_the_goal(person, two):
    file = person.home / "report.xml"
    subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                    "tests/test_ranges.py", "--junitxml", file], cwd=two.path, capture_output=True)
    two.git("clean", "-fdxq")
    result = person.call("fix", "--from", file, "--json", cwd=two.path)
    assert result.code == 0, result
    assert result.json["tests"]["outside"] == [PRICES_TEST]
    assert two.git("diff", "--name-only", result.json["base"], result.json["branch"]) == "ranges.py\n"


def test_without_names_every_failing_test_is_the_goal(person, two):
    result = person.call("fix", "--json", cwd=two.path)
    assert result.code == 0 and result.json["tests"]["outside"] == [], result
    assert two.git("diff", "--name-only", result.json["base"], result.json["branch"]) == (
        "prices.py\nranges.py\n")


def test_a_test_that_is_not_there_is_an_error_with_the_nearest(person, two):
    result = person.call("fix", PRICES_TEST, "tests/test_ranges.py::test_widht", "--json",
                         cwd=two.path)
    assert result.code == 1 and result.json["outcome"] == "error", result
    assert ("there is no test tests/test_ranges.py::test_widht; "
            "did you mean tests/test_ranges.py::test_width?") == result.json["reason"]
    assert "coditect" not in two.git("branch", "--list", "--all")


def test_a_named_test_that_passes_needs_nothing(person, two):
    result = person.call("fix", "tests/test_ranges.py::test_from_zero", "--json", cwd=two.path)
    assert result.code == 0 and result.json["outcome"] == "nothing_to_do", result
    assert result.json["reason"].startswith("none of the named tests is to be mended")
    assert len(result.json["tests"]["outside"]) == 3


@pytest.mark.parametrize("text, code, message", [
    (None, 1, "--from: "),
    ("<html></html>", 2, "this is no JUnit XML"),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite/>", 2, "line 1: unexpected document type"),
    ("<testsuite><testcase name='a'/></testsuite>", 0, "no test failed in "),
], ids=["none", "html", "entities", "passing"])
def test_a_report_that_is_none_starts_no_run(person, two, text, code, message):
    file = person.home / "report.xml"
    if text is not None:
        file.write_text(text)
    result = person.call("fix", "--from", file, "--json", cwd=two.path)
    assert result.code == code and message in result.json["reason"], result
    assert not person.state.exists() or person.runs() == []
