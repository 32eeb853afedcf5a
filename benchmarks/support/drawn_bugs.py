"""Single-token bugs drawn by a hash, put into a real package, repaired by the shipped binary and
judged here: a fresh clone, the package's own copies of its tests, the whole suite.

Used by real_package.py (Python) and real_native.py (C and C++).
"""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time


class Package:
    """What a benchmark says about its package; `below` are the files and folders that may be
    broken."""
    name = version = origin = ""
    below = ()

    def fetch(self, folder):
        """The unpacked source in `folder`; its hash is checked."""
        raise NotImplementedError

    def places(self, pristine):
        """{kind: [(file, offset, old, [new])]}"""
        raise NotImplementedError

    def command(self, stop_early):
        """The package's own suite."""
        raise NotImplementedError

    def environment(self):
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}

    def sources(self, pristine):
        return [path for part in self.below for path in sorted((pristine / part).rglob("*"))
                or [pristine / part] if path.is_file()]

    def may_break(self, relative):
        return any(str(relative) == part or str(relative).startswith(part + "/")
                   for part in self.below)

    def suite(self, folder, seconds, stop_early=False):
        """True when it passes, False when it fails, None when it does not end in time."""
        process = subprocess.Popen(self.command(stop_early), cwd=folder, env=self.environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            return process.wait(timeout=seconds) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return None


def drawn(package, found, number):
    """Bug `number`: its kind, its place and its new text, each by a hash nobody chose."""
    def draw(what, n):
        text = "%s %s %d %s" % (package.name, package.version, number, what)
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % n
    kind = sorted(found)[draw("kind", len(found))]
    file, offset, old, new = found[kind][draw("place", len(found[kind]))]
    return kind, file, offset, old, new[draw("text", len(new))]


def git(folder, *arguments):
    return subprocess.run(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org",
                           *arguments], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


def break_it(pristine, bug, folder):
    """A git repository of the package with the bug as its only commit."""
    _, file, offset, old, new = bug
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(pristine, folder)
    source = (folder / file).read_bytes()
    (folder / file).write_bytes(source[:offset] + new.encode() + source[offset + len(old):])
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start")


def judge(package, repository, branch, pristine, seconds):
    """Whether the branch passes the package's own tests in a fresh clone."""
    clone = repository.with_name("judged")
    shutil.rmtree(clone, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "-b", branch, repository, clone], check=True,
                   capture_output=True)
    for path in pristine.rglob("*"):  # all but the package itself is as it was published
        relative = path.relative_to(pristine)
        if path.is_file() and not package.may_break(relative):
            shutil.copy2(path, clone / relative)
    return package.suite(clone, seconds) is True, clone


def noticed(package, folder, seconds):
    """Whether the suite fails, and comes to its end."""
    return (package.suite(folder, seconds, stop_early=True) is False and
            package.suite(folder, seconds) is False)


def repair(options, package, pristine, bug, folder, suite_seconds):
    """(outcome, seconds, claimed, passes, same text as before the bug, detail)"""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    command = [options.binary, "run", "make the tests pass", "--output", "json", "--max-time",
               "%ds" % options.max_time]
    environment = {**package.environment(), "HOME": str(home),
                   "CODITECT_STATE_DIR": str(folder / "state")}
    started = time.monotonic()
    process = subprocess.run(command, cwd=folder / "repository", env=environment,
                             stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.monotonic() - started
    report = json.loads(process.stdout) if process.stdout.strip() else {}
    outcome = report.get("outcome", "exit %d" % process.returncode)
    branch = report.get("branch")
    passes = same = False
    if branch:
        passes, clone = judge(package, folder / "repository", branch, pristine, 10 * suite_seconds + 30)
        same = (clone / bug[1]).read_bytes() == (pristine / bug[1]).read_bytes()
    lines = process.stderr.strip().splitlines()
    return {"outcome": outcome, "code": process.returncode, "seconds": seconds,
            "claimed": process.returncode == 0 and outcome == "verified", "passes": passes,
            "same": same, "detail": "\n".join(lines), "run": report.get("run")}


def line_of(pristine, file, offset):
    return (pristine / file).read_bytes()[:offset].count(b"\n") + 1


def row(pristine, number, bug, result):
    kind, file, offset, old, new = bug
    passes = {True: "yes", False: "no"}[result["passes"]] if result["claimed"] else "-"
    same = ("yes" if result["same"] else "no") if result["claimed"] else "-"
    return "| %d | %s:%d | %s: `%s` became `%s` | %s | %s | %s | %.0f |" % (
        number, file, line_of(pristine, file, offset), kind, old.strip(), new.strip() or " ",
        result["outcome"], passes, same, result["seconds"])


def section(package, pristine, suite_seconds, rows, results, dropped, load):
    claimed = [r for r in results if r["claimed"]]
    false = [r for r in claimed if not r["passes"]]
    honest = [r for r in results if not r["claimed"] and r["code"] in (3, 6)]
    seconds = sorted(r["seconds"] for r in results)
    lines = sum(path.read_bytes().count(b"\n") for path in package.sources(pristine))
    out = ["%s %s (%s): %d lines below `%s`, its own suite takes %.1f s. Bugs 0 to %d were drawn; %d were dropped because the suite does not notice them, "
           "hangs, or has them already." % (
               package.name, package.version, package.origin, lines, "`, `".join(package.below),
               suite_seconds,
               rows[-1][0] if rows else 0, dropped), "",
           "**%d of %d (%d %%) end as a verified branch that passes in a fresh clone; %d false "
           "claims; %d honest refusals or limits; %d of %d repairs are the original text.** Seconds: "
           "median %.0f, slowest %.0f; load average during the run %.1f." % (
               sum(r["passes"] for r in claimed), len(results),
               100 * sum(r["passes"] for r in claimed) // max(1, len(results)), len(false),
               len(honest), sum(r["same"] for r in claimed), len(claimed),
               seconds[len(seconds) // 2] if seconds else 0, seconds[-1] if seconds else 0, load),
           "", "| bug | place | change | outcome | passes | original | s |",
           "|---|---|---|---|---|---|---|"]
    return "\n".join(out + [text for _, text in rows])


def add_options(parser, binary, packages):
    parser.add_argument("--binary", default=str(binary))
    parser.add_argument("--bugs", type=int, default=40)
    parser.add_argument("--max-time", type=int, default=120)
    parser.add_argument("--only", help="numbers of the bugs to repair, e.g. 3,17")
    parser.add_argument("--keep", help="a folder for what is made; the package stays there")
    parser.add_argument("--package", choices=[package.name for package in packages],
                        help="this one only")


def measure_all(options, packages):
    """A section for each package; 1 when a claim was false or a suite does not pass here."""
    return max(measure(options, package) for package in packages
               if options.package in (None, package.name))


def measure(options, package):
    """Prints the package's section; 1 when a claim was false."""
    options.binary = str(pathlib.Path(options.binary).resolve())
    # Tests may depend on the name of their folder: no random ones.
    unnamed = pathlib.Path(tempfile.gettempdir()) / ("real-package-%d" % os.getpid())
    folder = pathlib.Path(options.keep or unnamed).resolve() / package.name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return run(options, package, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


def run(options, package, folder):
    (folder / "package").mkdir(exist_ok=True)
    kept = [path for path in (folder / "package").iterdir() if path.is_dir()]
    pristine = kept[0] if kept else package.fetch(folder / "package")
    started = time.monotonic()
    if not package.suite(pristine, 300):
        print("the suite of %s does not pass here" % package.name, file=sys.stderr)
        return 1
    suite_seconds = time.monotonic() - started
    found = package.places(pristine)
    only = [int(text) for text in options.only.split(",")] if options.only else None
    rows, results, seen, number = [], [], set(), -1
    loads = []
    while len(results) < (len(only) if only else options.bugs):
        number += 1
        if only:
            number = only[len(results)]
        bug = drawn(package, found, number)
        if bug in seen and not only:
            continue
        seen.add(bug)
        break_it(pristine, bug, folder / "repository")
        if not only and not noticed(package, folder / "repository", 5 * suite_seconds + 10):
            continue
        result = repair(options, package, pristine, bug, folder, suite_seconds)
        loads.append(os.getloadavg()[0])
        rows.append((number, row(pristine, number, bug, result)))
        results.append(result)
        print(rows[-1][1], result["run"], file=sys.stderr, flush=True)
    print(section(package, pristine, suite_seconds, rows, results, number + 1 - len(results),
                  sum(loads) / max(1, len(loads))) + "\n")
    return 1 if any(r["claimed"] and not r["passes"] for r in results) else 0
