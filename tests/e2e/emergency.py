"""A failing disk under the ledger, agents caught in a state of their lifecycle, and the emergency stop.

Used by test_disk_faults.py, test_emergency_stop.py and tools/prove.py.
"""

import os
import pathlib
import signal
import subprocess
import time

import trials
from conftest import PROJECT, Person, Repository, finish, leftovers, wait_until

HIT_TIMEOUT = 60
PATIENCE = 10  # seconds, of a test on a machine with other work
DEAD_WITHIN = 1.0  # seconds; the product's figure is 0.1 s on a machine that has time for it

# The first bug is mended in a moment, the second never, by tests that take their time: while the
# first one's agents go through every state, others have processes in the sandbox.
FILES = {
    "a_price.py": """
        def price(count):
            if count > 10:
                return 5
            return 0
        """,
    "deep.py": "def deep(value, other):\n" + "".join(
        "    value = value * %d + other - %d\n" % (i + 2, i) for i in range(40)) +
        "    return value\n",
    "test_a_price.py": """
        import unittest
        from a_price import price

        class Price(unittest.TestCase):
            def test_below(self):
                self.assertEqual(price(9), 0)

            def test_at(self):
                self.assertEqual(price(10), 5)
        """,
    "test_deep.py": """
        import time
        import unittest
        from deep import deep

        class Deep(unittest.TestCase):
            def test_deep(self):
                time.sleep(0.8)
                self.assertEqual(deep(3, 4), "never")
        """,
}

# One bug that is mended, by tests slow enough that somebody may look at what runs.
SLOW = {
    "prices.py": trials.FILES["prices.py"],
    "test_prices.py": """
        import time
        import unittest
        from prices import discount

        class Prices(unittest.TestCase):
            def test_below(self):
                time.sleep(0.5)
                self.assertEqual(discount(9), 0)

            def test_at(self):
                self.assertEqual(discount(10), 5)
        """,
}

# State: the task whose agent is caught in it, and the ledger's event whose block fails. No event:
# the fault begins when the agent has processes in the sandbox.
STATES = {
    "IDLE": ("t-4", "lease_granted#4#1"),
    "RECEIVE_TASK": ("t-10", "lease_started#10#1"),
    "EXECUTE": ("t-1", ""),
    "REPORT": ("t-4", "result_reported#4#1"),
}
FAULTS = ("hang", "full")
WAYS = ("ctrl-c twice", "stop --emergency")


def build_shim(folder):
    library = folder / "disk_faults.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library,
                    PROJECT / "tests" / "e2e" / "shim" / "disk_faults.c", "-ldl"], check=True)
    return library


class Disk:
    """The disk below the ledger of the processes started with `env`."""

    def __init__(self, shim, control):
        self.control = control
        self.env = {"LD_PRELOAD": str(shim), "DISK_FAULTS": str(control),
                    "CODITECT_CRASH_LOG": str(control.with_suffix(".points"))}

    def becomes(self, word):
        """hang, hang N, hang-at POINT, eio, eio-once, full, full-at POINT, or "" for sound.
        Atomically: it is being read."""
        unfinished = self.control.with_suffix(".new")
        unfinished.write_text(word)
        os.replace(unfinished, self.control)

    def is_hit(self):
        return pathlib.Path(str(self.control) + ".hit").exists()

    def wait_for_hit(self, process):
        end = time.monotonic() + HIT_TIMEOUT
        while not self.is_hit():
            assert process.poll() is None, finish(process)
            assert time.monotonic() < end, "the fault never happened"
            time.sleep(0.005)


def line_of(process, verb):
    """Reads progress until a line of `verb`; its text."""
    for line in process.stderr:
        words = line.decode().split(maxsplit=1)
        if words and words[0] == verb:
            return words[1]
    raise AssertionError("the run ended without '%s': %r" % (verb, process.wait()))


def sandboxed(process):
    """Every process a run started, but the broker of its sandboxes, which only waits."""
    def is_broker(pid):
        try:
            name = pathlib.Path("/proc/%d/cmdline" % pid).read_bytes()
            parent = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[1]
        except OSError:
            return True  # gone
        return name.startswith(b"coditect-sandbox") and int(parent) == process.pid

    return [pid for pid in trials.descendants(process.pid) if not is_broker(pid)]


def seconds_until_dead(process, pids, begun):
    """From `begun` until none of `pids` and nothing else of the run's lives, and nothing begins."""
    def alive(pid):
        try:
            return pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    while any(map(alive, pids)):
        assert time.monotonic() < begun + PATIENCE, "the sandbox is still alive"
        time.sleep(0.001)
    dead = time.monotonic()
    while time.monotonic() < dead + 0.25:
        assert time.monotonic() < begun + PATIENCE, "something runs again and again"
        if sandboxed(process):
            dead = time.monotonic()
        time.sleep(0.005)
    return dead - begun


def long_lived(process):
    """What is in the sandbox for a while already: tests, not a look at the interpreter."""
    before = set(sandboxed(process))
    time.sleep(0.2)
    return before & set(sandboxed(process))


def state_of(person, run, task):
    """Of the agent that has the task; IDLE before it has."""
    moves = [event["data"]["to"] for event in person.events(run)
             if event["event_type"] == "LIFECYCLE" and event["task"] == task]
    return moves[-1] if moves else "IDLE"


class Stop:
    """One run that is stopped by `way` while its disk has `fault` and an agent is in `state`."""

    def __init__(self, folder, shim, state, fault, way):
        self.person = Person(folder)
        self.disk = Disk(shim, folder / "faults")
        self.state, self.fault, self.way = state, fault, way
        self.task, self.point = STATES[state]
        files = dict(FILES)
        if not self.point:  # caught in the first run of the tests, which is still there when killed
            files["test_deep.py"] = files["test_deep.py"].replace("sleep(0.8)", "sleep(30)")
        self.repository = Repository(folder / "repository", files)

    def measure(self):
        """Seconds until every process was dead, how many there were, and what does not hold."""
        if self.point:
            self.disk.becomes("%s-at %s" % (self.fault, self.point))
        process = self.person.start("run", trials.GOAL, "--output", "json", "--agents", "2",
                                    cwd=self.repository.path, env=self.disk.env)
        try:
            return self._stop(process)
        finally:
            self.disk.becomes("")
            trials.kill_all(process)
            process.wait()

    def _stop(self, process):
        run = line_of(process, "Run").split(",")[0]
        if self.point:
            self.disk.wait_for_hit(process)
        wait_until(lambda: state_of(self.person, run, self.task) == self.state, HIT_TIMEOUT)
        if self.state != "IDLE":
            wait_until(lambda: long_lived(process), HIT_TIMEOUT)
        self.disk.becomes(self.fault)
        pids, seconds, ended = self._halt(process, run)
        problems = []
        if ended is not None and self.fault == "hang" and ended.poll() is not None:
            problems.append("acknowledged, but not recorded")
        self.disk.becomes("")
        if ended is not None and finish(ended).code != (0 if self.fault == "hang" else 1):
            problems.append("exit code of stop %s" % ended.returncode)
        result = finish(process)
        if result.code != 130:
            problems.append("exit code %s: %s" % (result.code, result.err))
        (row,) = self.person.runs()
        kept = ("stopped",) if ended is not None else ("interrupted", "stopped")
        if row["status"] not in kept:  # whether Ctrl-C's stop reached the file
            problems.append("the run is " + row["status"])
        left = leftovers(self.person)
        if ended is None:  # who waits for nobody leaves folders for the next start to sweep
            left = [line for line in left if not line.startswith(str(self.person.state))]
        return seconds, len(pids), problems + left

    def _halt(self, process, run):
        """Stops; what lived, the seconds until it was dead, the process of `stop`."""
        if self.way == "stop --emergency":
            pids, begun = sandboxed(process), time.monotonic()
            stop = self.person.start("stop", run, "--emergency")
            return pids, seconds_until_dead(process, pids, begun), stop
        pids = sandboxed(process)
        process.send_signal(signal.SIGINT)
        line_of(process, "Stopping")  # what is to be recorded of it hangs or is refused
        if self.fault == "hang":
            pids = sandboxed(process)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        return pids, seconds_until_dead(process, pids, begun), None
