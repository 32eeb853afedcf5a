"""What is kept of old runs, what is forgotten, and a ledger that is cut off in front."""

import json
import os
import signal
import sqlite3
import time

import pytest

import trials
from conftest import branches, finish, leftovers, verified, wait_until
from emergency import line_of

LATER = ("HOST_LEFT", "CLIENT_DETACHED")
OFTEN = {"CODITECT_STORAGE__SNAPSHOT_EVENTS": "10"}


def gc(person, *arguments, **options):
    result = person.call("gc", "--json", *arguments, **options)
    assert result.code == 0, result
    assert result.json["schema"] == "coditect.gc/v1"
    return result.json


def blobs(person):
    return sorted(path.name for path in (person.state / "blobs").rglob("*.zst"))


def age_blobs(person, hours=2):
    """As if all of them had been put so long ago."""
    then = time.time() - hours * 3600
    for path in (person.state / "blobs").rglob("*.zst"):
        os.utime(path, (then, then))


def pinned(repository):
    return repository.git("for-each-ref", "--format=%(refname)", "refs/coditect/").split()


def query(person, name, sql):
    connection = sqlite3.connect("file:%s?mode=ro" % (person.state / name), uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def first_event(person):
    return query(person, "ledger.db", "SELECT min(first_sequence) FROM block")[0][0]


def looked_at(person, run):
    """All that the verbs that only look say of a run. (The next owner notes that the run's host and
    client have left: that comes to the log after its end.)"""
    return [person.call(*words).out for words in (
        ("show", run, "--json"), ("diff", run), ("explain", run, "--json"), ("ps", "-a", "--json"))
    ] + [event for event in person.events(run) if event["event_type"] not in LATER]


def test_gc_forgets_what_is_due_and_keeps_the_rest(person, prices):
    """MISSION_FORGOTTEN takes the run's refs, blobs and telemetry with it, and nothing else."""
    before = prices.snapshot()
    old = verified(person, prices)["run"]
    refs = pinned(prices)
    assert refs
    kept = blobs(person)
    dry = gc(person, "--older-than", "0s", "--dry-run")
    assert (dry["dry_run"], dry["forgotten"], dry["refs_dropped"]) == (True, [old], len(refs))
    assert (pinned(prices), blobs(person)) == (refs, kept)
    assert [row["run"] for row in person.runs()] == [old]

    assert gc(person)["forgotten"] == []  # it ended just now
    age_blobs(person)
    done = gc(person, "--older-than", "0s")
    assert (done["forgotten"], done["runs_kept"], done["refs_dropped"]) == ([old], 0, len(refs))
    assert done["blobs_deleted"] > 0 and done["bytes_freed"] > 0
    assert done["telemetry_blocks"] > 0
    assert query(person, "telemetry.db",
                 "SELECT count(*) FROM telemetry_block WHERE mission_id != ''") == [(0,)]
    assert pinned(prices) == []
    assert branches(prices) == ["coditect/" + old]  # what was delivered is the person's
    assert prices.snapshot() == before
    assert person.runs() == []
    for verb in ("show", "logs", "diff", "explain"):
        result = person.call(verb, old)
        assert result.code == 1 and "forgotten by gc on 20" in result.err, result

    prices.git("branch", "-D", "coditect/" + old)
    new = verified(person, prices)["run"]
    seen = looked_at(person, new)
    age_blobs(person)
    assert gc(person)["forgotten"] == []
    assert looked_at(person, new) == seen
    assert leftovers(person) == []


def test_a_run_that_may_go_on_is_not_forgotten_and_its_work_stays(person, make):
    repository = make(trials.FILES)
    process = person.start("run", trials.GOAL, cwd=repository.path)
    run = line_of(process, "Run").split(",")[0].split()[-1]
    wait_until(lambda: pinned(repository))
    process.send_signal(signal.SIGKILL)
    finish(process)
    refs = pinned(repository)
    age_blobs(person, hours=0.1)
    assert gc(person, "--older-than", "0s")["forgotten"] == []
    assert set(refs) <= set(pinned(repository))
    result = person.call("resume", run, "--output", "json")
    assert result.code == 0 and result.json["outcome"] == "verified", result


def test_gc_beside_a_run_at_work_leaves_it_alone(person, prices, make):
    old = verified(person, prices)["run"]
    repository = make(trials.FILES, "busy")
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path)
    line_of(process, "Run")
    assert gc(person, "--older-than", "0s")["forgotten"] == [old]
    result = finish(process)
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert pinned(prices) == [] and pinned(repository)


def test_a_log_cut_off_in_front_still_tells_everything(person, prices):
    """Each gc is a SNAPSHOT_TAKEN and, from the second on, a LOG_TRUNCATED; what is shown stays."""
    runs, seen = [], {}
    for number in range(3):
        runs.append(verified(person, prices)["run"])
        prices.git("branch", "-D", "coditect/" + runs[-1])
        seen = {run: looked_at(person, run) for run in runs}
        begin = first_event(person)
        age_blobs(person)
        moved = gc(person)["events_moved"]
        if number == 0:  # the first snapshot; the log always reaches back to the one before the last
            assert (moved, first_event(person)) == (0, 1)
        else:
            assert first_event(person) == begin + moved > begin
        assert {run: looked_at(person, run) for run in runs} == seen
    assert gc(person)["events_moved"] == 0  # nothing happened meanwhile


def test_the_owner_takes_snapshots_beside_its_work(person, prices):
    verified(person, prices, env=OFTEN)
    (row,) = [row for row in person.call("doctor", "--json").json["checks"]
              if row["name"] == "ledger"]
    assert row["state"] == "ok" and "snapshot of the state at event" in row["detail"], row


def test_damaged_snapshots_are_passed_over_and_that_is_told(person, prices):
    first = verified(person, prices, env=OFTEN)["run"]
    for path in (person.state / "blobs").rglob("*.zst"):
        path.write_bytes(b"damaged")
    assert [row["run"] for row in person.runs()] == [first]
    assert person.events(first)
    prices.git("branch", "-D", "coditect/" + first)
    second = verified(person, prices)["run"]
    assert {row["run"] for row in person.runs()} == {first, second}
    assert query(person, "telemetry.db", "SELECT count(*) FROM telemetry_block WHERE "
                 "instr(body, 'SNAPSHOT_REFUSED') > 0")[0][0] > 0


def test_a_ledger_of_before_snapshots_opens_and_goes_on(person, prices):
    first = verified(person, prices)["run"]
    seen = looked_at(person, first)
    connection = sqlite3.connect(person.state / "ledger.db")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert looked_at(person, first) == seen
    prices.git("branch", "-D", "coditect/" + first)
    verified(person, prices)
    gc(person)


@pytest.mark.parametrize("words, hint", [
    (("--older-than", "soon"), "--older-than"),
    (("--older-than", "-1d"), "--older-than"),
    (("-c", "storage.retention=1s"), "storage.retention"),
])
def test_a_retention_that_is_none_is_refused_by_name(person, words, hint):
    result = person.call("gc", *words)
    assert result.code == 2 and hint in result.err, result


def test_gc_where_nothing_is_makes_nothing(person):
    result = person.call("gc")
    assert result.code == 1 and "there is no run yet" in result.err, result
    assert not person.state.exists()


def test_a_ledger_gives_back_what_was_deleted(person, prices):
    """The file is as long as if many runs had been cut off before; the next cut makes it short."""
    for number in range(2):
        run = verified(person, prices)["run"]
        prices.git("branch", "-D", "coditect/" + run)
        if number == 0:
            gc(person)  # a snapshot
    connection = sqlite3.connect(person.state / "ledger.db")
    connection.executescript("CREATE TABLE deleted (x); INSERT INTO deleted VALUES "
                             "(zeroblob(2000000)); DROP TABLE deleted")
    connection.close()
    before = (person.state / "ledger.db").stat().st_size
    assert before > 2_000_000
    done = gc(person)
    assert done["events_moved"] > 0 and done["ledger_bytes_before"] >= before, done
    assert done["ledger_bytes"] == (person.state / "ledger.db").stat().st_size < 500_000
    assert query(person, "ledger.db", "PRAGMA integrity_check") == [("ok",)]
    assert [row["run"] for row in person.runs()][0] == run
    assert "on the disk, now" in person.call("gc").out
    verified(person, prices)


def test_gc_runs_by_itself_once_a_day_after_a_run(person, prices):
    marker = person.state / "gc.last"

    def told(run):
        return [e for e in person.events(run) if e["event_type"] == "GARBAGE_COLLECTED"]

    def days_ago(days):
        then = time.time() - days * 86400
        os.utime(marker, (then, then))

    first = verified(person, prices)["run"]
    assert told(first) == [] and marker.exists()  # there is nothing old yet
    prices.git("branch", "-D", "coditect/" + first)
    days_ago(0.9)
    second = verified(person, prices)["run"]
    assert told(second) == []
    prices.git("branch", "-D", "coditect/" + second)
    days_ago(1.1)
    third = verified(person, prices)["run"]
    (event,) = told(third)
    assert event["topic"] == "system.decision" and event["data"]["forgotten"] == "", event
    assert int(event["data"]["ledger_bytes"]) > 0
    assert time.time() - marker.stat().st_mtime < 600
    assert {row["run"] for row in person.runs()} == {first, second, third}  # none is 30 days old
    assert leftovers(person) == []


@pytest.mark.parametrize("at", trials.SWEEP_POINTS)
def test_a_gc_cut_short_is_finished_by_the_next(tmp_path, at):
    point, moment = at.split(":")
    assert trials.sweep_crash(tmp_path, point, moment) == []


def test_the_report_for_people_says_what_was_freed(person, prices):
    old = verified(person, prices)["run"]
    result = person.call("gc", "--older-than", "0s")
    assert result.code == 0, result
    assert "Forgot 1 run that ended more than 0s ago: " + old in result.out, result
    assert "Freed" in result.out and "refs/coditect/" in result.out, result
    assert json.loads(person.call("config", "get", "storage.retention", "--json").out)
