"""The ledger's disk fails, fills up or hangs while coditect runs, or its file is damaged."""

import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

import pytest

import trials
from conftest import PROJECT, finish, leftovers

HIT_TIMEOUT = 60
# Slow enough that processes run in the sandbox whenever somebody looks.
SLOW = {
    "prices.py": trials.FILES["prices.py"],
    "test_prices.py": """
        import time
        import unittest
        from prices import discount

        class Prices(unittest.TestCase):
            def test_below(self):
                time.sleep(1)
                self.assertEqual(discount(9), 0)

            def test_at(self):
                self.assertEqual(discount(10), 5)
        """,
}


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "disk_faults.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library,
                    PROJECT / "tests" / "e2e" / "shim" / "disk_faults.c", "-ldl"], check=True)
    return library


class Disk:
    """The disk below the ledger of the processes started with `env`."""

    def __init__(self, shim, control):
        self.control = control
        self.env = {"LD_PRELOAD": str(shim), "DISK_FAULTS": str(control)}

    def becomes(self, word):
        """hang, hang N, eio, eio-once, full, or "" for sound. Atomically: it is being read."""
        unfinished = self.control.with_suffix(".new")
        unfinished.write_text(word)
        os.replace(unfinished, self.control)

    def wait_for_hit(self, process):
        hit = pathlib.Path(str(self.control) + ".hit")
        end = time.monotonic() + HIT_TIMEOUT
        while not hit.exists():
            assert process.poll() is None, finish(process)
            assert time.monotonic() < end, "the fault never happened"
            time.sleep(0.005)


@pytest.fixture
def disk(shim, tmp_path):
    return Disk(shim, tmp_path / "faults")


def sandboxed(process):
    """Processes below the broker, which is the run's own child."""
    own = {child for child in trials.descendants(process.pid) if parent(child) == process.pid}
    return [pid for pid in trials.descendants(process.pid) if pid not in own]


def parent(pid):
    try:
        return int(pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def wait_until(condition, seconds, what):
    """Seconds it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() < begun + seconds, what
        time.sleep(0.001)
    return time.monotonic() - begun


def line_of(process, verb):
    """Reads progress until a line of `verb`; its text."""
    for line in process.stderr:
        words = line.decode().split(maxsplit=1)
        if words and words[0] == verb:
            return words[1]
    raise AssertionError("the run ended without '%s': %r" % (verb, process.wait()))


# ---- input/output errors ---------------------------------------------------------------------------


def test_one_failed_sync_is_recovered_from_without_a_trace(person, make, disk):
    repository = make(trials.FILES)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    line_of(process, "Run")
    disk.becomes("eio-once")
    result = finish(process)
    assert result.code == 0, result
    assert pathlib.Path(str(disk.control) + ".hit").exists()
    sequences = [event["sequence"] for event in person.events(result.json["run"])
                 if event["topic"] == "system.decision"]
    assert len(set(sequences)) == len(sequences)
    assert leftovers(person) == []


def test_a_disk_that_keeps_failing_stops_the_run_which_is_resumed_when_it_is_mended(
        person, make, disk):
    repository = make(trials.FILES)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    line_of(process, "Run")
    disk.becomes("eio")
    result = finish(process)
    assert result.code == 1, result
    assert "disk I/O error" in result.err and str(person.state) in result.err
    assert "coditect resume" in result.err
    assert leftovers(person) == []
    disk.becomes("")
    result = person.call("resume", "--last", "--output", "json")
    assert result.code == 0 and result.json["outcome"] == "verified", result


def test_a_ledger_that_cannot_be_opened_for_an_error_is_not_taken_for_somebody_elses(
        person, make, disk):
    repository = make(trials.FILES)
    assert person.run(repository).code == 0
    disk.becomes("eio")
    result = person.run(repository, env=disk.env)
    assert result.code == 1, result
    assert "disk I/O error" in result.err and str(person.state) in result.err
    assert "owns the ledger" not in result.err


# ---- no space --------------------------------------------------------------------------------------


def test_a_full_disk_pauses_the_run_which_goes_on_by_itself(person, make, disk):
    repository = make(trials.FILES)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    line_of(process, "Run")
    disk.becomes("full")
    assert "no space left" in line_of(process, "Waiting")
    disk.becomes("")
    line_of(process, "Going")
    result = finish(process)
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert leftovers(person) == []


def test_a_full_disk_refuses_a_new_run_by_name(person, make, disk):
    repository = make(trials.FILES)
    assert person.run(repository).code == 0
    disk.becomes("full")
    refused = person.run(repository, env=disk.env)
    assert refused.code == 1, refused
    assert str(person.state) in refused.err and "space" in refused.err
    assert json.loads(refused.out)["outcome"] == "error"
    assert len(person.call("ps", "-a", "--json").json["runs"]) == 1  # nothing half-done


def test_a_run_on_a_full_disk_can_be_stopped_and_resumed(person, make, disk):
    repository = make(SLOW)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    line_of(process, "Run")
    disk.becomes("full")
    line_of(process, "Waiting")
    process.send_signal(signal.SIGINT)
    result = finish(process)
    assert result.code == 130, result
    assert "coditect resume" in result.err
    assert leftovers(person) == []
    disk.becomes("")
    result = person.call("resume", "--last", "--output", "json")
    assert result.code == 0 and result.json["outcome"] == "verified", result


@pytest.mark.skipif(bool(trials.LoopDisk.missing()), reason=trials.LoopDisk.missing())
def test_a_really_full_file_system_refuses_work_and_takes_it_again(tmp_path):
    place = trials.LoopDisk(tmp_path)
    try:
        trial = trials.Trial(place.folder)
        filler = place.folder / "filler"
        with open(filler, "wb") as file:
            for size in (1 << 28, 1 << 20, 1 << 12):
                try:
                    while True:
                        os.posix_fallocate(file.fileno(), file.seek(0, 2), size)
                except OSError:
                    pass
        refused = finish(trial.start())
        assert refused.code == 1, refused
        assert "space" in refused.err and str(place.folder) in refused.err
        filler.unlink()
        result = finish(trial.start())
        assert result.code == 0, result
        assert trial.problems(result.json) == []
    finally:
        place.unmount()


# ---- a damaged file --------------------------------------------------------------------------------


def damaged(person, repository, damage):
    """What verbs say after `damage` was done to the ledger's file."""
    assert person.run(repository).code == 0
    ledger = person.state / "ledger.db"
    ahead = person.state / "ledger.db-wal"
    assert not ahead.exists() or ahead.stat().st_size == 0  # the file is whole by itself
    damage(ledger)
    return [person.call("ps", "-a"), person.run(repository), person.call("doctor")]


def check_refused(results, person, *words):
    for result in results[:2]:
        assert result.code == 1, result
        for word in (str(person.state / "ledger.db"), "CODITECT_STATE_DIR", *words):
            assert word in result.err, result


@pytest.mark.parametrize("kept", [0, 100, 4096, 16384])
def test_a_truncated_ledger_is_refused_by_name_with_the_next_step(person, prices, kept):
    results = damaged(person, prices, lambda ledger: os.truncate(ledger, kept))
    check_refused(results, person, "damaged")


def test_a_flipped_bit_in_a_block_is_refused_by_name_with_the_next_step(person, prices):
    def flip(ledger):
        connection = sqlite3.connect(ledger)
        (frame,) = connection.execute(
            "SELECT frame FROM block ORDER BY last_sequence DESC LIMIT 1").fetchone()
        connection.close()
        text = bytearray(ledger.read_bytes())
        at = bytes(text).rindex(frame[-16:])
        text[at + 3] ^= 4
        ledger.write_bytes(text)

    check_refused(damaged(person, prices, flip), person, "damaged", "event")


def test_a_ledger_from_the_future_is_refused_by_name_with_the_next_step(person, prices):
    def advance(ledger):
        connection = sqlite3.connect(ledger)
        connection.execute("PRAGMA user_version = 2")
        connection.close()

    check_refused(damaged(person, prices, advance), person, "newer coditect")


@pytest.mark.parametrize("sync", range(1, 9))
def test_a_run_killed_while_the_ledger_is_made_leaves_one_that_can_be_read(
        person, prices, disk, sync):
    disk.becomes("hang %d" % sync)
    process = person.start("run", trials.GOAL, cwd=prices.path, env=disk.env)
    disk.wait_for_hit(process)
    process.kill()
    finish(process)
    listed = person.call("ps", "-a")
    assert listed.code == 0 or "there is no run yet" in listed.err, listed


# ---- a disk that hangs, and the emergency stop -----------------------------------------------------

PATIENCE = 10  # of a test on a machine with other work; the product's figure is 100 ms


def time_of_death(pids):
    """Seconds until none of them lives any more."""
    def alive(pid):
        try:
            return pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return wait_until(lambda: not any(map(alive, pids)), PATIENCE, "the sandbox is still alive")


@pytest.mark.parametrize("after", ["Run", "Plan"])
def test_the_second_ctrl_c_kills_running_tests_while_the_ledger_hangs(person, make, disk, after):
    """In the state EXECUTE, of the analyzer and of the coders."""
    repository = make(SLOW)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    line_of(process, after)
    wait_until(lambda: sandboxed(process), PATIENCE, "nothing runs")
    disk.becomes("hang")
    process.send_signal(signal.SIGINT)  # what is to be recorded of it hangs
    disk.wait_for_hit(process)
    wait_until(lambda: sandboxed(process), PATIENCE, "nothing runs")
    alive = sandboxed(process)
    process.send_signal(signal.SIGINT)
    print("%d processes dead after %.0f ms" % (len(alive), time_of_death(alive) * 1000))
    assert sandboxed(process) == []
    assert finish(process).code == 130
    disk.becomes("")
    assert leftovers_but_folders(person) == []
    (run,) = person.call("ps", "-a", "--json").json["runs"]
    assert run["status"] in ("interrupted", "stopped"), run  # whether the stop reached the file


@pytest.mark.parametrize("sync", [8, 11, 14, 17, 22, 27, 32])
def test_the_second_ctrl_c_kills_everything_while_the_ledger_hangs(person, make, disk, sync):
    """The ledger hangs at its `sync`th sync: agents wait for it in one state or another."""
    repository = make(SLOW)
    disk.becomes("hang %d" % sync)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    disk.wait_for_hit(process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)  # two interrupts, not one
    process.send_signal(signal.SIGINT)
    wait_until(lambda: not sandboxed(process), PATIENCE, "the sandbox is still alive")
    result = finish(process)
    assert result.code == 130, result
    disk.becomes("")
    assert leftovers_but_folders(person) == []
    if "nothing was recorded" in result.err:
        result = person.run(repository)
    else:
        result = person.call("resume", "--last", "--output", "json")
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert leftovers(person) == []


def test_stop_emergency_kills_while_the_ledger_hangs_and_is_recorded_when_it_answers(
        person, make, disk):
    repository = make(SLOW)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    run = line_of(process, "Run").split(",")[0]
    wait_until(lambda: sandboxed(process), PATIENCE, "nothing runs")
    disk.becomes("hang")
    stop = person.start("stop", run, "--emergency")
    wait_until(lambda: not sandboxed(process), PATIENCE, "the sandbox is still alive")
    disk.wait_for_hit(process)
    assert stop.poll() is None  # not recorded yet, so not acknowledged
    disk.becomes("")
    assert finish(stop).code == 0
    result = finish(process)
    assert result.code == 130, result
    assert result.json["outcome"] == "stopped"
    assert leftovers(person) == []


def test_stop_emergency_on_a_full_disk_kills_first_and_is_recorded_later(person, make, disk):
    repository = make(SLOW)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    run = line_of(process, "Run").split(",")[0]
    wait_until(lambda: sandboxed(process), PATIENCE, "nothing runs")
    disk.becomes("full")
    stop = person.call("stop", run, "--emergency")
    assert stop.code == 1 and "space" in stop.err, stop
    wait_until(lambda: not sandboxed(process), PATIENCE, "the sandbox is still alive")
    disk.becomes("")
    result = finish(process)  # nobody asks again
    assert result.code == 130, result
    assert result.json["outcome"] == "stopped"
    assert leftovers(person) == []


def leftovers_but_folders(person):
    """A stop that waits for nobody leaves folders for the next start to sweep, but nothing alive."""
    return [line for line in leftovers(person) if not line.startswith(str(person.state))]
