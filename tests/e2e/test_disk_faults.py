"""The ledger's disk fails or fills up while coditect runs, or its file is damaged."""

import json
import os
import signal
import sqlite3

import pytest

import trials
from conftest import finish, leftovers
from emergency import SLOW, line_of

# ---- input/output errors ---------------------------------------------------------------------------


def test_one_failed_sync_is_recovered_from_without_a_trace(person, make, disk):
    repository = make(trials.FILES)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    line_of(process, "Run")
    disk.becomes("eio-once")
    result = finish(process)
    assert result.code == 0, result
    assert disk.is_hit()
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
        connection.execute("PRAGMA user_version = 3")
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
