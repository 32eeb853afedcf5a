#!/usr/bin/env python3
"""The long proofs on the release binary; results with the commit into docs/proofs.md.

usage: prove.py [crash_points|kill9|power_cuts|sweeps|emergency_stop] [--jobs N]
"""

import argparse
import concurrent.futures
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
REPORT = PROJECT / "docs" / "proofs.md"
sys.path.insert(0, str(PROJECT / "tests" / "e2e"))
import emergency  # noqa: E402
import trials  # noqa: E402
from conftest import BINARY  # noqa: E402

KILLS = 50
CUTS = 50
SWEEPS = 15
SWEEP_SECONDS = 0.8  # a gc takes about that long
STOPS = 3  # of each state of an agent, fault of the disk and way to stop
STOP_SECONDS_MAX = 0.1
SEED = 20240521
HEAD = """# Proofs

Written by `./dev prove [NAME]`; the method is in `tests/e2e/trials.py`. A trial is one run on a repository with two
bugs that is ended in the way named, resumed, and examined: it is verified, with the same tree as an undisturbed run
where that is claimed, one commit per repair, every ledger block seen before still there with the same hash, every line
shown by `logs --follow` still shown, every reported commit reachable, `git fsck` clean, the person's files and refs
untouched, nothing left behind. In `kill9` and `power_cuts` a snapshot of the state is taken after every ten events.
`sweeps`: a `coditect gc` that forgets two runs and cuts the log off is ended, made again, and then finds nothing left to
do, the runs are told to be forgotten, the chain holds and a new run is verified. `emergency_stop`: a run is stopped (second Ctrl-C, `stop --emergency`) while an agent is
in a state of its lifecycle and the ledger is stuck in fsync or its disk is full (`tests/e2e/emergency.py`); a trial fails
when a process of the run lives for more than 100 ms (from the signal, or from the start of `stop`, by looking at /proc).

| Proof | Trials | Failed | Result | Minutes | Commit | Command | Load, cores |
|---|---|---|---|---|---|---|---|
"""


class Progress:
    def __init__(self, total):
        self.total, self.done, self.failed = total, 0, []
        self._lock = threading.Lock()

    def add(self, name, problems):
        with self._lock:
            self.done += 1
            if problems:
                self.failed.append(name)
                print("FAILED %s: %s" % (name, "; ".join(problems)), flush=True)
            if self.done % 10 == 0 or self.done == self.total:
                print("%d of %d, %d failed" % (self.done, self.total, len(self.failed)), flush=True)


def run_all(jobs, cases):
    """cases: (name, callable of a folder giving problems)."""
    progress = Progress(len(cases))

    def one(case):
        name, trial = case
        folder = pathlib.Path(tempfile.mkdtemp(prefix="coditect-prove-"))
        try:
            progress.add(name, trial(folder))
        except Exception as error:  # a trial that cannot be made is a failed trial
            progress.add(name, [repr(error)])
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, cases))
    return progress


def usual():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coditect-prove-"))
    try:
        return trials.undisturbed(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def crash_points(jobs):
    tree, _, points = usual()
    cases = [("%s:%s" % (point, moment),
              lambda folder, point=point, moment=moment: trials.crash(folder, point, moment, tree))
             for point in points for moment in ("before", "after", "torn")]
    progress = run_all(jobs, cases)
    return progress, "%d points, each before, after and torn; tree %s" % (len(points), tree[:12])


def ended_at_random(jobs, trial, count):
    tree, seconds, _ = usual()
    seen = []

    def one(folder, after):
        problems, blocks = trial(folder, after, tree)
        seen.append(blocks)
        return problems

    cases = [("after %.2f s" % after, lambda folder, after=after: one(folder, after))
             for after in trials.moments(SEED, count, seconds)]
    progress = run_all(jobs, cases)
    return progress, "0 to %.1f s into the run; %d blocks seen before the end were there after it" % (
        seconds, sum(seen))


def kill9(jobs):
    return ended_at_random(jobs, trials.kill9, KILLS)


def power_cuts(jobs):
    reason = trials.LoopDisk.missing()
    if reason:
        return None, "skipped: " + reason
    return ended_at_random(jobs, trials.power_cut, CUTS)


def sweeps(jobs):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coditect-prove-"))
    try:
        points = trials.sweep_points(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    cases = [("%s:%s" % (point, moment),
              lambda folder, point=point, moment=moment: trials.sweep_crash(folder, point, moment))
             for point in points for moment in ("before", "after", "torn")
             # A ref, a deletion or a blob of a sweep has no half: torn is the same as before.
             if not (moment == "torn" and point.startswith("effect#"))]
    ends = [("killed", trials.sweep_kill)]
    if not trials.LoopDisk.missing():
        ends.append(("without power", trials.sweep_cut))
    cases += [("%s after %.2f s" % (how, after), lambda folder, end=end, after=after: end(folder, after))
              for how, end in ends for after in trials.moments(SEED, SWEEPS, SWEEP_SECONDS)]
    progress = run_all(jobs, cases)
    return progress, "%d points of a gc that forgets two runs and cuts the log; it killed, and its power cut, at %d moments each" % (
        len(points), SWEEPS)


def emergency_stop(jobs):
    del jobs  # one at a time: it is about milliseconds
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coditect-prove-"))
    seen = []

    def one(folder, shim, case):
        seconds, count, problems = emergency.Stop(folder, shim, *case).measure()
        seen.append((seconds, count))
        if seconds > STOP_SECONDS_MAX:
            problems.append("%.0f ms" % (seconds * 1000))
        return problems

    try:
        shim = emergency.build_shim(folder)
        cases = [(", ".join(case), lambda folder, case=case: one(folder, shim, case))
                 for case in itertools.product(emergency.STATES, emergency.FAULTS, emergency.WAYS)
                 for _ in range(STOPS)]
        progress = run_all(1, cases)
    finally:
        shutil.rmtree(folder)
    alive = sorted(seconds * 1000 for seconds, count in seen if count > 0)
    return progress, "%d processes; the last one dead after %.0f ms (median), %.0f ms (slowest)" % (
        sum(count for _, count in seen), alive[len(alive) // 2], alive[-1])


PROOFS = {"crash_points": crash_points, "kill9": kill9, "power_cuts": power_cuts, "sweeps": sweeps,
          "emergency_stop": emergency_stop}


def commit():
    """Of the binary that is proved, which may be older than the work tree."""
    said = subprocess.run([BINARY, "version"], capture_output=True, text=True, check=True).stdout
    return said.partition("(")[2].partition(")")[0]


def write(rows):
    """Keeps the rows of proofs that were not run now."""
    old = REPORT.read_text().splitlines() if REPORT.exists() else []
    kept = {line.split("|")[1].strip(): line for line in old if line.startswith("| ")}
    kept.pop("Proof", None)
    kept.update(rows)
    REPORT.write_text(HEAD + "".join(kept[name] + "\n" for name in PROOFS if name in kept))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", choices=sorted(PROOFS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    rows, failed, revision = {}, False, commit()
    for name in [options.name] if options.name else PROOFS:
        print("== " + name, flush=True)
        begun = time.monotonic()
        progress, result = PROOFS[name](options.jobs)
        minutes = (time.monotonic() - begun) / 60
        count = progress.total if progress else 0
        bad = progress.failed if progress else []
        failed |= bool(bad)
        if bad:
            result += "; failed: " + ", ".join(bad[:20])
        rows[name] = "| %s | %d | %d | %s | %.1f | %s | `./dev prove %s` | %.1f, %d |" % (
            name, count, len(bad), result, minutes, revision, name, os.getloadavg()[1],
            os.cpu_count())
        print(rows[name], flush=True)
        write(rows)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
