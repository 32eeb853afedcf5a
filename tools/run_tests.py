#!/usr/bin/env python3
"""Runs every test that is built and prints `N passed, N failed, N skipped`; exit 1 unless all pass.

usage: run_tests.py [PATTERN]    only the test programs and end-to-end tests that match
"""

import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

PROJECT = pathlib.Path(__file__).resolve().parents[1]
BUILD = PROJECT / "build" / "dev"
DOCTEST = re.compile(r"test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def programs(pattern, count):
    """The C++ test programs, by ctest; each doctest case counts as one test."""
    report = BUILD / "ctest.xml"
    report.unlink(missing_ok=True)
    subprocess.run(["ctest", "--test-dir", BUILD, "-j", str(os.cpu_count()), "--output-on-failure",
                    "--output-junit", report, *(["-R", pattern] if pattern else [])])
    for case in ElementTree.parse(report).iter("testcase"):
        output = case.findtext("system-out") or ""
        cases = ([None] + list(DOCTEST.finditer(output)))[-1]  # a test may show another's summary
        failed = case.get("status") != "run"
        if cases is None:
            count.add(int(not failed), int(failed), 0)
        else:
            # A program that dies after its last case has failed all the same.
            broken = int(failed and cases[2] == "0")
            count.add(int(cases[1]), int(cases[2]) + broken, int(cases[3]))


def end_to_end(pattern, count):
    """The shipped binary as a person uses it, by pytest."""
    report = BUILD / "e2e.xml"
    report.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs",
                    "-n", str(os.cpu_count()), "--junit-xml", report,
                    *(["-k", pattern] if pattern else []), "tests/e2e"], cwd=PROJECT)
    for suite in ElementTree.parse(report).iter("testsuite"):
        failed = int(suite.get("failures")) + int(suite.get("errors"))
        skipped = int(suite.get("skipped"))
        count.add(int(suite.get("tests")) - failed - skipped, failed, skipped)


def main():
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    count = Count()
    programs(pattern, count)
    end_to_end(pattern, count)
    print("%d passed, %d failed, %d skipped" % (count.passed, count.failed, count.skipped))
    return 0 if count.passed and not count.failed else 1


if __name__ == "__main__":
    sys.exit(main())
