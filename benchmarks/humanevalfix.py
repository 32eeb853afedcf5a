#!/usr/bin/env python3
"""Repairs the public half of HumanEvalFix with the shipped binary; prints a row each for Python,
Python with fewer tests, and C++.

The bugs and their judge are not part of this repository: they lie in the folder `shared` beside it
(`--shared` names another). The judge makes a git repository of each bug, runs the binary, and tests
its branch in a fresh clone. Python twice: once the repository holds all tests, once only the few
examples of the task's text, so that the tests show how often a repair fits the examples alone.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[1]
CASE = re.compile(r"^(\S+)\s+rc=(\d+)\s+([\d.]+)s (PASS|fail) (.*?)\s*$")


def judged(options, language, search):
    """[(bug, exit code, seconds, passes)], and how many could not be used. A bug over which the
    judge itself falls is one of those: it goes on behind it."""
    fixtures = options.shared / "fixtures" / "humanevalfix" / (language + ".jsonl")
    total = sum(1 for line in open(fixtures) if line.strip())
    total = min(total, options.bugs or total)
    cases, unusable = [], 0
    while len(cases) + unusable < total:
        done = len(cases) + unusable
        command = [sys.executable, str(options.shared / "tools" / "eval_repair.py"), options.binary,
                   str(fixtures), language, "--search", search, "--time", str(options.max_time),
                   "--offset", str(done), "--n", str(total - done)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                print(line, end="", file=sys.stderr, flush=True)
                match = CASE.match(line)
                if match:
                    bug, code, seconds, verdict, _ = match.groups()
                    cases.append((bug, int(code), float(seconds), verdict == "PASS"))
                unusable += "unusable" in line
        if process.returncode == 0:
            break
        unusable += 1
    return cases, unusable


def share(part, whole):
    return "%d of %d (%.0f %%)" % (part, whole, 100 * part / max(1, whole))


def row(name, cases, unusable):
    seconds = sorted(case[2] for case in cases) or [0]
    claimed = [case for case in cases if case[1] == 0]
    wrong = [case for case in claimed if not case[3]]
    return "| %s | %d | %s | %s | %s | %.1f | %.1f |" % (
        name, unusable, share(sum(case[3] for case in cases), len(cases)),
        share(len(claimed), len(cases)), share(len(wrong), len(claimed)),
        seconds[len(seconds) // 2], seconds[int(0.9 * len(seconds))])


def section(rows, load, missed):
    return "\n".join([
        "Judged in a fresh clone by the full tests. With all tests in the repository a claimed repair "
        "that fails them is a false claim; with the examples only it is an over-fitted one. Load "
        "average at the start %.1f, at the end %.1f." % load, "",
        "| language, tests in the repository | left out | passes the full tests | claimed | claimed, but fails "
        "the full tests | median s | p90 s |", "|---|---|---|---|---|---|---|", *rows, "",
        "Not mended with all tests: %s." % (", ".join(missed) or "none")])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(PROJECT / "build" / "coditect"))
    parser.add_argument("--shared", type=pathlib.Path, default=PROJECT.parent / "shared")
    parser.add_argument("--bugs", type=int, default=0, help="a sample; 0 = all")
    parser.add_argument("--max-time", type=int, default=120, help="seconds for each bug")
    options = parser.parse_args()
    if not (options.shared / "tools" / "eval_repair.py").exists():
        print("skipped: no folder `shared` with the bugs beside the repository; name it with "
              "--shared")
        return 0
    before = os.getloadavg()[0]
    results = {(language, search): judged(options, language, search)
               for language, search in (("python", "full"), ("python", "examples"), ("cpp", "full"))}
    full = [case for (_, search), (cases, _) in results.items() if search == "full"
            for case in cases]
    print(section([row("%s, %s" % key, *result) for key, result in results.items()],
                  (before, os.getloadavg()[0]), [case[0] for case in full if not case[3]]))
    return 1 if any(case[1] == 0 and not case[3] for case in full) else 0


if __name__ == "__main__":
    sys.exit(main())
