#!/usr/bin/env python3
"""Runs benchmarks and writes their sections into docs/figures.md.

usage: bench.py [NAME...]    without names: all but the long ones

A benchmark is benchmarks/NAME.cpp (built as target bench_NAME of the release preset) or
benchmarks/NAME.py; it prints its section in Markdown on stdout. Everything else of the section (the
commit, the command that repeats it, the machine and its load) is added here.
"""

import os
import pathlib
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = PROJECT / "benchmarks"
FIGURES = PROJECT / "docs" / "figures.md"
RELEASE = PROJECT / "build" / "release"
LONG = {"humanevalfix", "make_it_build", "real_native", "real_package", "parallel",
        "warm_workspace"}  # minutes: only when named


def names():
    return sorted(path.stem for path in PROGRAMS.iterdir() if path.suffix in (".cpp", ".py"))


def output(*command):
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True).stdout.strip()


def commit():
    changed = output("git", "status", "--porcelain", "--", ".", ":!docs/figures.md")
    return output("git", "rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), os.uname().machine)
    return "%d x %s, Linux %s" % (os.cpu_count(), model, os.uname().release)


def load():
    return " ".join("%.1f" % value for value in os.getloadavg())


def build(name):
    """The command that runs the benchmark."""
    targets = ["coditect"]
    if (PROGRAMS / (name + ".cpp")).exists():
        targets = ["bench_" + name]
    subprocess.run(["cmake", "--build", RELEASE, "-j", os.environ.get("JOBS", str(os.cpu_count())),
                    "--target", *targets], cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    if targets == ["coditect"]:
        return [sys.executable, PROGRAMS / (name + ".py")]
    return [RELEASE / targets[0]]


def section(name):
    command = build(name)
    before = load()
    run = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    if run.returncode != 0:
        sys.exit("bench: %s ended with %d" % (name, run.returncode))
    return "## %s\n\n%s\n\n`./dev bench %s`, commit %s, %s, load average before %s, after %s.\n" % (
        name, run.stdout.strip(), name, commit(), machine(), before, load())


def put(text, name, body):
    """`text` with the section of `name` replaced, or added at the end."""
    begin, end = "<!-- bench:%s -->\n" % name, "<!-- /bench:%s -->\n" % name
    if begin in text and end in text:
        return text[:text.index(begin) + len(begin)] + body + text[text.index(end):]
    return text.rstrip("\n") + "\n\n" + begin + body + end


def main():
    wanted = sys.argv[1:] or [name for name in names() if name not in LONG]
    unknown = set(wanted) - set(names())
    if unknown:
        sys.exit("bench: no benchmark %s; there are: %s" % (", ".join(unknown), ", ".join(names())))
    for name in wanted:
        print("bench: %s" % name, file=sys.stderr)
        body = section(name)
        sys.stdout.write(body)
        FIGURES.write_text(put(FIGURES.read_text(), name, body))


if __name__ == "__main__":
    main()
