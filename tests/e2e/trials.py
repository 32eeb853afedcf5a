"""A run that is cut short at some moment, resumed, and examined: what the proofs have in common.

Used by test_proofs.py (short forms) and tools/prove.py (long forms).
"""

import ctypes
import fcntl
import hashlib
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from conftest import Person, Repository, finish, leftovers

# Two independent bugs, so that work runs in parallel and is merged; unittest, because it starts fast.
FILES = {
    "prices.py": """
        def discount(quantity):
            if quantity > 10:
                return 5
            return 0
        """,
    "stock.py": """
        def left(had, sold):
            return had + sold
        """,
    "tests/__init__.py": "",
    "tests/test_prices.py": """
        import unittest
        from prices import discount

        class Prices(unittest.TestCase):
            def test_below(self):
                self.assertEqual(discount(9), 0)

            def test_at(self):
                self.assertEqual(discount(10), 5)

            def test_above(self):
                self.assertEqual(discount(11), 5)
        """,
    "tests/test_stock.py": """
        import unittest
        from stock import left

        class Stock(unittest.TestCase):
            def test_none(self):
                self.assertEqual(left(3, 0), 3)

            def test_some(self):
                self.assertEqual(left(3, 2), 1)
        """,
}
REPAIRS = 2
GOAL = "make the tests pass"


class Trial:
    """A person with a repository of two bugs in `folder`, which must be empty."""

    def __init__(self, folder, snapshots=False):
        self.person = Person(folder)
        if snapshots:  # as many as there can be: whatever ends the run ends one of them
            self.person.environment["CODITECT_STORAGE__SNAPSHOT_EVENTS"] = "10"
        self.repository = Repository(folder / "repository", FILES)
        self.before = self.repository.snapshot()

    def start(self, *arguments, **options):
        return self.person.start("run", GOAL, "--output", "json", "--seed", "1", *arguments,
                                 cwd=self.repository.path, **options)

    def rows(self):
        """Every block of the ledger: (last sequence, block id, digest of the frame)."""
        return read_rows(self.person.state / "ledger.db", 0)

    def runs(self):
        result = self.person.call("ps", "-a", "--json")
        if "there is no run yet" in result.err:
            return []
        assert result.code == 0, result
        return result.json["runs"]

    def resume(self):
        """Ends what was begun and returns the report; a run nobody heard of is asked for again."""
        runs = self.runs()
        if not runs:
            result = finish(self.start())
            assert result.code == 0, result
            return result.json
        assert len(runs) == 1, runs
        result = self.person.call("resume", "--last", "--output", "json")
        assert result.code == 0, result
        return result.json

    def problems(self, report, tree=None, seen_rows=(), seen_lines=()):
        """What does not hold after the resumed run, in words; empty is good."""
        out = []
        git = self.repository.git

        def check(condition, *words):
            if not condition:
                out.append(" ".join(str(word) for word in words))

        check(report["outcome"] == "verified", "outcome", report["outcome"], report["reason"])
        if out:
            return out
        branch = report["branch"]
        if tree is not None:
            found = git("rev-parse", branch + "^{tree}").strip()
            check(found == tree, "tree", found, "instead of", tree)
        commits = git("rev-list", self.repository.head() + ".." + branch).split()
        check(len(commits) == REPAIRS, "commits on the branch:", len(commits))
        check(git("rev-parse", branch).strip() == report["commit"], "the branch is not the report's")
        fsck = subprocess.run(["git", "fsck", "--full", "--strict", "--no-dangling"],
                              cwd=self.repository.path, capture_output=True, text=True)
        check(fsck.returncode == 0, "git fsck:", fsck.stdout, fsck.stderr)
        check(self.repository.snapshot() == self.before, "the person's work tree or refs changed")
        check(self.repository.suite_passes(branch, "/usr/bin/python3", "-m", "unittest", "-q"),
              "the branch does not pass its tests")
        reachable = set(git("rev-list", "--all").split())
        events = self.person.call("logs", report["run"], "--json")
        check(events.code == 0, events)
        for event in events.lines:
            commit = event["data"].get("result", {}).get("commit", "")
            check(not commit or commit in reachable, "reported commit", commit, "is unreachable")
        lines = set(events.out.splitlines())
        for line in seen_lines:
            check(line in lines, "an event that was shown is gone:", line)
        rows = self.rows()
        check(rows[:len(seen_rows)] == list(seen_rows), "acknowledged blocks are gone:",
              len(seen_rows), "seen,", len(rows), "there")
        for blob in (self.person.state / "blobs").rglob("*"):
            if blob.is_file():
                digest = hashlib.sha256(decompressed(blob)).hexdigest()
                check(blob.name == digest + ".zst", "blob", blob.name, "is not what it is named for")
        check(not leftovers(self.person), "left behind:", leftovers(self.person))
        locks = [str(path) for path in (self.repository.path / ".git").rglob("*.lock")]
        check(not locks, "locks left behind:", locks)
        return out


def decompressed(path):
    """The content of a zstd file, b"" when it is damaged."""
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    library.ZSTD_decompress.restype = ctypes.c_size_t
    data = path.read_bytes()
    size = library.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    if size >= 1 << 30:  # also how errors are told
        return b""
    content = ctypes.create_string_buffer(size or 1)
    written = library.ZSTD_decompress(content, ctypes.c_size_t(size), data,
                                      ctypes.c_size_t(len(data)))
    return content.raw[:written] if written == size else b""


def read_rows(ledger, after):
    connection = sqlite3.connect("file:%s?mode=ro" % ledger, uri=True, timeout=5)
    try:
        return [(last, bytes(block), hashlib.sha256(frame).hexdigest())
                for last, block, frame in connection.execute(
                    "SELECT last_sequence, block_id, frame FROM block WHERE last_sequence > ?"
                    " ORDER BY last_sequence", (after,))]
    finally:
        connection.close()


class Observer:
    """Somebody who looks at the ledger while a run writes it: what he saw was acknowledged."""

    def __init__(self, ledger):
        self.rows = []
        self._ledger = ledger
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self):
        while not self._end.is_set():
            try:
                if self._ledger.exists():
                    after = self.rows[-1][0] if self.rows else 0
                    self.rows += read_rows(self._ledger, after)
            except sqlite3.Error:
                pass  # not there yet, or the disk has just gone
            self._end.wait(0.01)

    def stop(self):
        self._end.set()
        self._thread.join()
        return self.rows


class Follower:
    """`logs RUN --json --follow` beside a run: the lines it printed."""

    def __init__(self, person, process):
        self._person, self._process = person, process
        self._lines, self._logs = [], None
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self):
        for line in self._process.stderr:  # until the run's end closes it
            words = line.split()
            if len(words) > 1 and words[0] == b"Run" and self._logs is None:
                self._logs = self._person.start(
                    "logs", words[1].rstrip(b",").decode(), "--json", "--follow")

    def stop(self):
        self._thread.join()
        if self._logs is None:
            return []
        self._logs.kill()
        text = self._logs.communicate()[0].decode()
        return text[:text.rfind("\n") + 1].splitlines()


def descendants(pid):
    """Processes below `pid`, nearest first."""
    children = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(0), [])
        found += below
        queue += below
    return found


def kill_all(process):
    """As a machine that goes off: the run and everything it started, at once."""
    for pid in [process.pid, *descendants(process.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def undisturbed(folder):
    """The tree a run comes to, the seconds it takes, and the crash points it passes."""
    trial = Trial(folder)
    log = folder / "points"
    begun = time.monotonic()
    result = finish(trial.start("--agents", "1", env={"CODITECT_CRASH_LOG": str(log)}))
    seconds = time.monotonic() - begun
    assert result.code == 0, result
    assert trial.problems(result.json) == []
    tree = trial.repository.git("rev-parse", result.json["branch"] + "^{tree}").strip()
    return tree, seconds, log.read_text().split()


def crash(folder, point, moment, tree):
    """Problems of a run that dies at `point` and is resumed."""
    trial = Trial(folder)
    process = trial.start("--agents", "1", env={"CODITECT_CRASH_AT": point + ":" + moment})
    result = finish(process)
    if result.code != -signal.SIGKILL:
        return ["the point was never reached (exit %s)" % result.code]
    torn_ref = moment == "torn" and point.startswith(("effect#ref", "effect#branch"))
    if torn_ref:  # its lock is as old as the crash of a machine
        for lock in (trial.repository.path / ".git").rglob("*.lock"):
            os.utime(lock, (1e9, 1e9))
    # A torn block was not acknowledged; everything else that is there must stay.
    rows = trial.rows() if (trial.person.state / "ledger.db").exists() else []
    return trial.problems(trial.resume(), tree, rows)


def kill9(folder, seconds, tree):
    """Problems of a run that is killed after `seconds` and resumed, and how much was seen of it."""
    trial = Trial(folder, snapshots=True)
    observer = Observer(trial.person.state / "ledger.db")
    process = trial.start()
    follower = Follower(trial.person, process)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.wait()
    lines, rows = follower.stop(), observer.stop()
    return trial.problems(trial.resume(), tree, rows, lines), len(rows)


class LoopDisk:
    """A disk of its own in a file, whose power can be cut. Root only."""

    EXT4_IOC_SHUTDOWN = 0x8004587D  # _IOR('X', 125, __u32)
    DROP_EVERYTHING = 2             # EXT4_GOING_FLAGS_NOLOGFLUSH

    def __init__(self, folder, size_bytes=4 << 30):
        self.image, self.folder = folder / "disk.img", folder / "disk"
        self.folder.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(size_bytes)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E",
                        "nodiscard,lazy_itable_init=1,lazy_journal_init=1", self.image],
                       check=True)  # lazy: the image is zeros already
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True)

    def cut_power(self):
        fd = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, self.EXT4_IOC_SHUTDOWN, ctypes.c_uint32(self.DROP_EVERYTHING))
        finally:
            os.close(fd)

    def unmount(self):
        """Until the file system is gone, also from the namespaces of processes that are dying."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            subprocess.run(["umount", self.folder], capture_output=True)
            users = subprocess.run(["losetup", "-j", self.image], capture_output=True, text=True)
            if not users.stdout.strip():
                return
            time.sleep(0.05)
        raise AssertionError("the disk stays in use")

    @staticmethod
    def missing():
        """Why there can be none here, "" when there can."""
        if os.geteuid() != 0:
            return "needs root"
        if not os.path.exists("/dev/loop-control"):
            return "no loop devices"
        for tool in ("mkfs.ext4", "losetup", "mount"):
            if shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
                return "no " + tool
        return ""


def power_cut(folder, seconds, tree):
    """Problems of a run whose machine loses power after `seconds`, and how much was seen of it."""
    disk = LoopDisk(folder)
    try:
        trial = Trial(disk.folder, snapshots=True)
        subprocess.run(["sync", "-f", disk.folder], check=True)  # the repository is an old one
        observer = Observer(trial.person.state / "ledger.db")
        process = trial.start()
        follower = Follower(trial.person, process)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            pass
        disk.cut_power()
        kill_all(process)
        process.wait()
        lines, rows = follower.stop(), observer.stop()
        disk.unmount()
        disk.mount()
        return trial.problems(trial.resume(), tree, rows, lines), len(rows)
    finally:
        disk.unmount()


def moments(seed, count, seconds):
    """`count` moments of a run of `seconds`, drawn evenly from `seed`."""
    rng = random.Random(seed)
    return [(i + rng.random()) * seconds / count for i in range(count)]


# Moments of a `coditect gc` that forgets two runs and cuts the log.
SWEEP_POINTS = [
    "mission_forgotten#0#1:after",
    "mission_forgotten#0#2:torn",
    "effect#refs_dropped#1:before",
    "snapshot_taken#0#1:before",
    "snapshot_taken#0#1:torn",
    "log_truncated#0#1:after",
    "effect#log_truncated#1:before",
    "effect#log_truncated#1:after",
    "effect#ledger_shrunk#1:before",
    "effect#ledger_shrunk#1:after",
    "effect#blob_deleted#2:before",
]


class SweepTrial:
    """A person with two old runs and a snapshot between them: the next gc has everything to do."""

    def __init__(self, folder):
        self.trial = Trial(folder)
        self.runs = [self._run()]
        assert self.call("gc").code == 0  # a snapshot
        self.runs.append(self._run())
        then = time.time() - 7200
        for path in (self.trial.person.state / "blobs").rglob("*.zst"):
            os.utime(path, (then, then))

    def call(self, *arguments, **options):
        return self.trial.person.call(*arguments, **options)

    def _run(self):
        result = finish(self.trial.start("--agents", "1"))
        assert result.code == 0, result
        self.trial.repository.git("branch", "-D", result.json["branch"])
        return result.json["run"]

    def sweep(self, **options):
        return self.call("gc", "--older-than", "0s", "--json", **options)

    def problems(self):
        """What does not hold after the sweep that was cut short and the next one."""
        out = []
        for _ in range(2):  # the first one finishes, the second one finds nothing left
            swept = self.sweep()
            if swept.code != 0:
                return [repr(swept)]
        if swept.json["forgotten"] or swept.json["refs_dropped"] or swept.json["blobs_deleted"]:
            out.append("the sweep did not come to its end: %s" % swept.out)
        for run in self.runs:
            shown = self.call("show", run)
            if shown.code != 1 or "forgotten by gc" not in shown.err:
                out.append("run %s: %r" % (run, shown))
        if self.trial.repository.git("for-each-ref", "refs/coditect/"):
            out.append("refs of forgotten runs are still there")
        rows = self.trial.rows()
        if rows[0][0] == 1:
            out.append("the log was not cut off: it begins with the block of event %d" % rows[0][0])
        report = finish(self.trial.start("--agents", "1"))
        if report.code != 0:
            return out + [repr(report)]
        return out + self.trial.problems(report.json, seen_rows=rows)


def sweep_kill(folder, seconds):
    """Problems of a sweep that is killed after `seconds` and made again."""
    trial = SweepTrial(folder)
    process = trial.trial.person.start("gc", "--older-than", "0s")
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return trial.problems()


def sweep_cut(folder, seconds):
    """Problems of a sweep whose machine loses power after `seconds`, made again."""
    disk = LoopDisk(folder)
    try:
        trial = SweepTrial(disk.folder)
        subprocess.run(["sync", "-f", disk.folder], check=True)
        process = trial.trial.person.start("gc", "--older-than", "0s")
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            pass
        disk.cut_power()
        kill_all(process)
        process.communicate()
        disk.unmount()
        disk.mount()
        return trial.problems()
    finally:
        disk.unmount()


def sweep_points(folder):
    """The crash points that a sweep passes."""
    trial, log = SweepTrial(folder), folder / "points"
    swept = trial.sweep(env={"CODITECT_CRASH_LOG": str(log)})
    assert swept.code == 0, swept
    assert trial.problems() == []
    return log.read_text().split()


def sweep_crash(folder, point, moment):
    """Problems of a sweep that dies at `point` and is made again."""
    trial = SweepTrial(folder)
    swept = trial.sweep(env={"CODITECT_CRASH_AT": point + ":" + moment})
    if swept.code != -signal.SIGKILL:
        return ["the point was never reached (exit %s)" % swept.code]
    return trial.problems()
