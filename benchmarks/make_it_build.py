#!/usr/bin/env python3
"""Mends drawn compile errors of real C projects with the shipped binary; prints what came of each.

The packages are those of real_native.py. Errors are put at places drawn from a hash of (package,
version, number): a semicolon, an include or an argument is dropped, a name is misspelt, a
declaration in a header is renamed. What the project's own build does not notice is not counted. A
branch is judged by the project's own build in a fresh clone, and by its own tests.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import real_native

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
import drawn_bugs  # noqa: E402

PROJECT = pathlib.Path(__file__).resolve().parents[1]
NAME = rb"[A-Za-z_][A-Za-z0-9_]*"
KEYWORDS = set(b"if for while switch return sizeof else do case static const struct void int char "
               b"double float long unsigned signed short extern enum union typedef goto break "
               b"continue default inline defined".split())
CALL = re.compile(rb"\b(" + NAME + rb")\(([^(){};]+),\s*([A-Za-z0-9_&*>.\-\[\]]+)\)(?=[;),])")


def misspelt(name):
    """Two letters swapped, or the last one doubled: nobody's name."""
    for i in range(len(name) // 2, len(name) - 1):
        if name[i] != name[i + 1]:
            return name[:i] + name[i + 1] + name[i] + name[i + 2:]
    return name + name[-1]


def places_in(path, source):
    """(kind, offset, old, new) of one file's bytes."""
    code = real_native.SILENT.sub(lambda match: re.sub(rb"[^\n]", b" ", match.group()), source)
    for match in re.finditer(rb";(?=[ \t]*\n)", code):
        yield "semicolon", match.start(), ";", ""
    for match in re.finditer(rb"^#[ \t]*include[^\n]*\n", source, re.M):
        yield "include", match.start(), match.group().decode(), ""
    for match in re.finditer(rb"\b" + NAME + rb"\b", code):
        word = match.group()
        if len(word) > 3 and word not in KEYWORDS:
            yield "name", match.start(), word.decode(), misspelt(word.decode())
    for match in CALL.finditer(code):
        if match.group(1) not in KEYWORDS:
            old = source[match.end(2):match.end(3)].decode()
            yield "argument", match.end(2), old, ""
    if path.suffix in (".h", ".hpp"):
        for match in re.finditer(rb"\b(" + NAME + rb")\([^;{}()]*\);", code):
            word = match.group(1)
            if len(word) > 3 and word not in KEYWORDS and not word.isupper():
                yield "declaration", match.start(1), word.decode(), misspelt(word.decode())


def places(package, pristine):
    found = {}
    for path in package.sources(pristine):
        if path.suffix not in (".c", ".cc", ".cpp", ".h", ".hpp"):
            continue
        for kind, offset, old, new in places_in(path, path.read_bytes()):
            found.setdefault(kind, []).append((str(path.relative_to(pristine)), offset, old, [new]))
    for rows in found.values():
        rows.sort()
    return found


def builds(package, folder):
    """Whether the project's own build of everything ends well."""
    script = ('b=$(mktemp -d); trap "rm -rf $b" EXIT; cmake -S . -B "$b" "$@"; '
              'cmake --build "$b" -j2')
    return subprocess.run(["sh", "-ec", script, "sh", *package._arguments], cwd=folder,
                          env=package.environment(), capture_output=True).returncode == 0


def mend(options, package, pristine, bug, folder):
    """What the binary makes of the broken repository, judged in a fresh clone."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**package.environment(), "HOME": str(home),
                   "CODITECT_STATE_DIR": str(folder / "state")}
    started = time.monotonic()
    process = subprocess.run(
        [options.binary, "run", "make it build", "--output", "json", "--max-time",
         "%ds" % options.max_time], cwd=folder / "repository", env=environment,
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.monotonic() - started
    report = json.loads(process.stdout) if process.stdout.strip() else {}
    out = {"outcome": report.get("outcome", "exit %d" % process.returncode), "seconds": seconds,
           "code": process.returncode, "claimed": process.returncode == 0, "builds": False,
           "tests": False, "same": False, "detail": process.stderr,
           "cpu": report.get("cpu_seconds", 0)}
    if report.get("branch"):
        clone = folder / "judged"
        shutil.rmtree(clone, ignore_errors=True)
        subprocess.run(["git", "clone", "-q", "-b", report["branch"], folder / "repository", clone],
                       check=True, capture_output=True)
        for path in pristine.rglob("*"):  # all but the package itself is as it was published
            relative = path.relative_to(pristine)
            if path.is_file() and not package.may_break(relative):
                shutil.copy2(path, clone / relative)
        out["builds"] = builds(package, clone)
        out["tests"] = package.suite(clone, 600) is True
        out["same"] = (clone / bug[1]).read_bytes() == (pristine / bug[1]).read_bytes()
    return out


def word(value, claimed):
    return {True: "yes", False: "no"}[value] if claimed else "-"


def measure(options, package, folder):
    """Rows and results of one package."""
    (folder / "package").mkdir(parents=True, exist_ok=True)
    kept = [path for path in (folder / "package").iterdir() if path.is_dir()]
    pristine = kept[0] if kept else package.fetch(folder / "package")
    found = places(package, pristine)
    rows, results, number, dropped = [], [], -1, 0
    while len(results) < options.bugs and number < 20 * options.bugs:
        number += 1
        bug = drawn_bugs.drawn(package, found, number)
        drawn_bugs.break_it(pristine, bug, folder / "repository")
        if builds(package, folder / "repository"):
            dropped += 1
            continue
        result = mend(options, package, pristine, bug, folder)
        results.append(result)
        kind, file, offset, old, new = bug
        rows.append("| %s %d | %s:%d | %s: `%s` became `%s` | %s | %s | %s | %s | %.0f |" % (
            package.name, number, file, drawn_bugs.line_of(pristine, file, offset), kind,
            old.strip(), new.strip() or " ", result["outcome"],
            word(result["builds"], result["claimed"]), word(result["tests"], result["claimed"]),
            word(result["same"], result["claimed"]), result["cpu"]))
        print(rows[-1], file=sys.stderr)
        if not result["claimed"]:
            print(result["detail"][-1500:], file=sys.stderr)
    return rows, results, dropped


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(PROJECT / "build" / "coditect"))
    parser.add_argument("--bugs", type=int, default=12, help="errors of each package")
    parser.add_argument("--max-time", type=int, default=600)
    parser.add_argument("--keep", help="a folder for what is made; the packages stay there")
    options = parser.parse_args()
    options.binary = str(pathlib.Path(options.binary).resolve())
    top = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="make-it-build-")).resolve()
    packages = [p for p in real_native.PACKAGES if p.name in ("cjson", "jansson")]
    rows, results, dropped = [], [], 0
    for package in packages:
        more, came, unnoticed = measure(options, package, top / package.name)
        rows, results, dropped = rows + more, results + came, dropped + unnoticed
    if not options.keep:
        shutil.rmtree(top, ignore_errors=True)
    claimed = [r for r in results if r["claimed"]]
    false = [r for r in claimed if not r["builds"]]
    print("Compile errors drawn in %s; %d more were dropped because the build does not notice "
          "them.\n" % (" and ".join("%s %s" % (p.name, p.version) for p in packages), dropped))
    print("**%d of %d (%d %%) end as a verified branch that builds in a fresh clone; %d false "
          "claims; behind %d of them all tests pass, %d are the original text.**\n" % (
              sum(r["builds"] for r in claimed), len(results),
              100 * sum(r["builds"] for r in claimed) // max(1, len(results)), len(false),
              sum(r["tests"] for r in claimed), sum(r["same"] for r in claimed)))
    print("| error | place | change | outcome | builds | tests pass | original | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
