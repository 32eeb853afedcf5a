"""Runs as things that live long: killed, stopped, resumed, several at once, looked at meanwhile."""

import signal
import subprocess
import time

import pytest

from conftest import PRICES, PROJECT, finish, leftovers, wait_until

SLOW = {**PRICES, "test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(0.7)\n"}
GOAL = "make the tests pass"


def begin(person, repository, *arguments, **options):
    """A started run that is in the ledger: (process, id)."""
    before = {run["run"] for run in person.runs()}
    process = person.start("run", GOAL, "--output", "json", *arguments, cwd=repository.path,
                           **options)
    new = wait_until(lambda: [run["run"] for run in person.runs() if run["run"] not in before])
    return process, new[0]


def until(person, run, event_type, task=None):
    """Waits until the run has an event."""
    return wait_until(lambda: [e for e in person.events(run) if e["event_type"] == event_type and
                               (task is None or e["task"] == task)])


def kill(process):
    process.kill()
    process.communicate()


def tree_of(repository, branch):
    return repository.git("rev-parse", branch + "^{tree}").strip()


@pytest.fixture
def slow(make):
    return make(SLOW)


@pytest.mark.parametrize("moment", [
    ("LEASE_STARTED", "t-1"), ("LEASE_STARTED", "t-4"), ("MERGE_DECIDED", None),
    ("MISSION_COMPLETED", None)],
    ids=lambda moment: " ".join(filter(None, moment)))
def test_a_killed_run_is_resumed_to_the_same_tree(person, prices, moment):
    before = prices.snapshot()
    process, run = begin(person, prices)
    until(person, run, *moment)
    kill(process)
    ended = any(e["event_type"] == "MISSION_COMPLETED" for e in person.events(run))
    pinned = prices.git("for-each-ref", "--format=%(objectname)", "refs/coditect").split()
    resumed = person.call("resume", "--last", "--output", "json", cwd=prices.path)
    assert resumed.code == 0, resumed
    report = resumed.json
    assert report["run"] == run and report["outcome"] == "verified"
    assert tree_of(prices, report["branch"]) == repaired_tree(prices)
    types = {e["event_type"] for e in person.events(run)}
    assert ("MISSION_INTERRUPTED" in types) != ended
    kept = prices.git("for-each-ref", "--format=%(objectname)", "refs/coditect").split()
    assert set(pinned) <= set(kept)  # nothing that was finished is lost
    assert prices.snapshot() == before and leftovers(person) == []
    # Once more: there is nothing to do but to show the result again.
    again = person.call("resume", run, "--output", "json")
    assert again.code == 0 and again.json["commit"] == report["commit"]


def repaired_tree(repository):
    """The tree of the one repair that is right, made by hand."""
    text = (repository.path / "prices.py").read_text().replace("> 100", ">= 100")
    blob = subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=repository.path, input=text,
                          capture_output=True, text=True, check=True).stdout.strip()
    listing = repository.git("ls-tree", "HEAD").splitlines()
    lines = ["100644 blob %s\tprices.py" % blob if line.endswith("\tprices.py") else line
             for line in listing]
    return subprocess.run(["git", "mktree"], cwd=repository.path, input="\n".join(lines) + "\n",
                          capture_output=True, text=True, check=True).stdout.strip()


def test_an_interrupted_run_says_so_until_it_is_resumed(person, slow):
    process, run = begin(person, slow)
    until(person, run, "LEASE_STARTED")
    assert [r["status"] for r in person.runs()] == ["running"]
    assert person.call("show", run, "--json").json["status"] == "running"
    kill(process)
    assert [r["status"] for r in person.runs()] == ["interrupted"]
    shown = person.call("show", "--last")
    assert "(interrupted)" in shown.out and "t-1 observe" in shown.out
    assert "`coditect resume %s` goes on" % run in shown.err
    followed = person.call("logs", run, "-f", timeout=30)  # does not wait for ever
    assert followed.code == 0 and "nobody works on" in followed.err
    stopped = person.call("stop", run)
    assert stopped.code == 0 and [r["status"] for r in person.runs()] == ["stopped"]
    assert leftovers(person) == []  # whoever owns the ledger next sweeps


@pytest.mark.parametrize("first, second, code", [
    (signal.SIGINT, None, 130), (signal.SIGTERM, None, 143), (signal.SIGINT, signal.SIGINT, 130),
    (signal.SIGTERM, signal.SIGTERM, 143)], ids=["ctrl-c", "term", "ctrl-c twice", "term twice"])
def test_an_interrupt_stops_the_run_and_says_how_to_go_on(person, slow, first, second, code):
    before = slow.snapshot()
    process, run = begin(person, slow)
    until(person, run, "LEASE_STARTED", "t-1")
    process.send_signal(first)
    if second is not None:
        process.send_signal(second)
    result = finish(process, 60)
    assert result.code == code, result
    assert result.json["outcome"] == "stopped" and result.json["branch"] == ""
    assert "coditect resume " + run in result.err and "coditect resume " + run in result.json["next"]
    assert leftovers(person) == [] and slow.snapshot() == before
    types = [e["event_type"] for e in person.events(run)]
    assert "MISSION_STOPPED" in types or second is not None


def test_a_stopped_run_keeps_what_was_finished_and_goes_on(person, prices):
    process, run = begin(person, prices)
    until(person, run, "TASK_DONE", "t-2")
    stopped = person.call("stop", run[:-1])  # from another shell, by a part of its name
    assert stopped.code == 0 and "coditect resume " + run in stopped.err
    result = finish(process, 60)
    assert result.code == 130 and result.json["reason"].startswith("stopped by uid:")
    assert leftovers(person) == []
    again = person.call("stop", run)
    assert again.code == 0 and "nothing to stop" in again.err
    resumed = person.call("resume", run, "--json")
    assert resumed.code == 0 and resumed.json["outcome"] == "verified"
    events = person.events(run)
    assert [e for e in events if e["event_type"] == "RESUME_REQUESTED"]
    # t-1 was done before the stop and is not done again.
    assert len([e for e in events if e["event_type"] == "LEASE_GRANTED" and e["task"] == "t-1"]) == 1
    ended = person.call("stop", "--all")
    assert ended.code == 0 and "no run is open" in ended.err


def test_an_emergency_stop_ends_every_process(person, slow):
    process, run = begin(person, slow)
    until(person, run, "LEASE_STARTED", "t-1")
    assert person.call("stop", "--all", "--emergency").code == 0
    assert finish(process, 60).code == 130
    assert leftovers(person) == []
    # An owner that leaves while it is told may be told, or its successor, again.
    assert {e["data"]["emergency"] for e in person.events(run)
            if e["event_type"] == "STOP_REQUESTED"} == {True}


def test_a_time_limit_ends_a_run_that_can_be_resumed(person, make):
    # Nothing mends it, and each candidate takes a while: only the limit ends the search.
    body = "".join("    value = value * %d + other - %d\n" % (i + 2, i) for i in range(60))
    repository = make({
        "deep.py": "def deep(value, other):\n" + body + "    return value\n",
        "test_deep.py": "import time\nfrom deep import deep\n\ndef test_deep():\n"
                        "    time.sleep(0.2)\n    assert deep(3, 4) == 'never'\n"})
    result = person.run(repository, "--max-time", "16s")
    assert result.code == 6, result
    assert result.json["outcome"] == "limit" and "--max-time" in result.json["reason"]
    run = result.json["run"]
    assert "coditect resume " + run in result.json["next"]
    assert {"TIMER_FIRED", "MISSION_STOPPED"} <= {e["event_type"] for e in person.events(run)}
    assert leftovers(person) == []
    process = person.start("resume", run, "--json")
    wait_until(lambda: "MISSION_RESUMED" in [e["event_type"] for e in person.events(run)])
    person.call("stop", run)
    assert finish(process, 60).code == 130


def test_what_a_stopped_search_used_is_told(person, make):
    body = "".join("    value = value * %d + other - %d\n" % (i + 2, i) for i in range(60))
    repository = make({
        "deep.py": "def deep(value, other):\n" + body + "    return value\n",
        "test_deep.py": "import time\nfrom deep import deep\n\ndef test_deep():\n"
                        "    time.sleep(0.02)\n    assert deep(3, 4) == 'never'\n"})
    process, run = begin(person, repository)
    until(person, run, "PROGRESS", "t-4")
    process.send_signal(signal.SIGINT)
    result = finish(process, 60)
    assert result.code == 130, result
    assert result.json["usage"]["candidates"] > 0 and result.json["usage"]["tests"] > 0
    spent = [e["data"] for e in person.events(run) if e["event_type"] == "LEASE_SPENT"]
    assert "t-4" in {data["task_id"] for data in spent}
    assert person.call("show", run, "--json").json["usage"] == result.json["usage"]


def test_what_a_suite_used_that_a_stop_cut_short_is_told(person, make):
    """Nothing has ended by then: not one test, not one task."""
    repository = make({"test_spin.py": "def test_spin():\n    while True:\n        pass\n"})
    process, run = begin(person, repository)
    until(person, run, "LEASE_STARTED", "t-1")
    time.sleep(3)  # the suite needs some to begin; it spins for ever then
    assert person.call("stop", run).code == 0
    report = finish(process, 60).json
    assert report["outcome"] == "stopped" and report["usage"]["cpu_ms"] > 0, report
    assert person.call("show", run, "--json").json["usage"] == report["usage"]


def test_all_of_no_run_is_nothing(person):
    for verb in ("stop", "wait"):
        result = person.call(verb, "--all", "--json")
        assert result.code == 0 and "no run is open" in result.err and result.json, result
    assert not person.state.exists()


def test_two_runs_in_one_repository_do_not_touch_each_other(person, prices):
    before = prices.snapshot()
    first, _ = begin(person, prices)
    second, _ = begin(person, prices)
    reports = [finish(process).json for process in (first, second)]
    assert [report["outcome"] for report in reports] == ["verified", "verified"]
    assert reports[0]["branch"] != reports[1]["branch"]
    assert {tree_of(prices, report["branch"]) for report in reports} == {repaired_tree(prices)}
    assert prices.snapshot() == before and leftovers(person) == []


def test_the_other_run_finishes_unattended_when_the_owner_is_killed(person, make):
    ours, theirs = make(SLOW, "ours"), make(SLOW, "theirs")
    owner, killed = begin(person, ours)
    client, run = begin(person, theirs)
    until(person, run, "LEASE_STARTED", "t-1")
    kill(owner)
    result = finish(client)
    assert result.code == 0, result
    assert result.json["run"] == run and result.json["outcome"] == "verified"
    assert "goes on from what was acknowledged" in result.err
    assert sorted((r["run"], r["status"]) for r in person.runs()) == sorted(
        [(killed, "interrupted"), (run, "verified")])  # each request is one run
    types = [e["event_type"] for e in person.events(run)]
    assert types.count("SHARD_OPENED") == 2 and "HOST_LEFT" in types
    assert leftovers(person) == []
    resumed = person.call("resume", "--last", "--json", cwd=ours.path)
    assert resumed.code == 0 and resumed.json["run"] == killed


def test_a_leaving_owner_hands_over(person, make):
    quick, slow = make({"test_it.py": "import time\n\ndef test_it():\n    time.sleep(1)\n"},
                       "quick"), make(SLOW, "slow")
    owner, first = begin(person, quick)
    client, second = begin(person, slow)
    assert finish(owner).code == 0
    result = finish(client)
    assert result.code == 0 and result.json["run"] == second, result
    assert sorted(r["run"] for r in person.runs()) == sorted([first, second])
    assert leftovers(person) == []


def test_runs_are_looked_at_while_open_after_the_end_and_by_part_of_their_name(person, slow):
    process, run = begin(person, slow)
    follower = person.start("logs", run, "-f", "--json")
    until(person, run, "LEASE_STARTED", "t-1")
    assert person.call("ps").out.splitlines()[1].startswith(run)
    nothing_yet = person.call("diff", run)
    assert nothing_yet.code == 1 and "changed nothing" in nothing_yet.err
    assert finish(process).code == 0
    followed = finish(follower, 30)
    assert [e for e in followed.lines if e["event_type"] == "MISSION_COMPLETED"]
    assert [e for e in followed.lines if e["event_type"] == "LIFECYCLE"]
    keys = [(e["topic"], e["sequence"], e["event_type"], e["task"]) for e in followed.lines]
    everything = [(e["topic"], e["sequence"], e["event_type"], e["task"])
                  for e in person.events(run)]
    assert sorted(keys) == sorted(everything)
    for name in ([run], [run[2:]], [run[:-1]], ["--last"]):
        shown = person.call("show", *name, "--json")
        assert shown.code == 0 and shown.json["run"] == run
        assert "prices.py" in person.call("diff", *name).out
        assert "1 line added, 1 removed" in person.call("diff", *name, "--stat").out
        assert run in person.call("logs", *name, "--json").out
    assert "t-1 observe" in person.call("show", run, "--graph").out
    assert person.call("show", run, "--evidence").out.count("expected passed") >= 2
    unknown = person.call("show", run + "0")
    assert unknown.code == 1 and "did you mean " + run in unknown.err
    empty = person.call("show", "")
    assert empty.code == 2 and "is empty" in empty.err
    assert person.call("ps").out.count("\n") == 1 and person.call("ps", "-a").out.count(run) == 1


def test_the_state_folder_is_the_persons_choice(person, make, tmp_path):
    fine = make({"test_fine.py": "def test_fine():\n    assert True\n"})
    other = {"CODITECT_STATE_DIR": str(tmp_path / "other")}
    first, second = person.run(fine), person.run(fine, env=other)
    assert first.code == 0 and second.code == 0
    assert [r["run"] for r in person.runs()] == [first.json["run"]]
    assert [r["run"] for r in person.runs(env=other)] == [second.json["run"]]
    assert person.call("show", second.json["run"]).code == 1
    empty = person.call("ps", env={"CODITECT_STATE_DIR": ""})
    assert empty.code == 2 and "CODITECT_STATE_DIR must be an absolute path" in empty.err
    del person.environment["CODITECT_STATE_DIR"]
    assert person.call("doctor", env={"XDG_STATE_HOME": str(tmp_path / "xdg")}).code == 0
    assert (tmp_path / "xdg" / "coditect").is_dir()
    assert person.call("doctor").code == 0
    assert (person.home / ".local" / "state" / "coditect").is_dir()


def test_a_stopped_clock_or_owner_delays_nothing_that_was_acknowledged(person, slow):
    """The whole process tree is suspended for a while, as by a lid: monotonic time goes on."""
    process, run = begin(person, slow, "--max-time", "10m")
    until(person, run, "LEASE_STARTED", "t-1")
    process.send_signal(signal.SIGSTOP)
    shown = person.call("show", run, "--json")  # looking needs nobody
    assert shown.code == 0 and shown.json["status"] == "running"
    time.sleep(1)
    process.send_signal(signal.SIGCONT)
    result = finish(process)
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert leftovers(person) == []


def test_a_wall_clock_that_jumps_changes_no_result_and_no_order(person, prices, tmp_path):
    library = tmp_path / "wall_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library,
                    PROJECT / "tests" / "e2e" / "shim" / "wall_clock.c"], check=True)
    result = person.run(prices, "--max-time", "10m", env={"LD_PRELOAD": str(library)})
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert tree_of(prices, result.json["branch"]) == repaired_tree(prices)
    decided = [e for e in person.events(result.json["run"]) if e["topic"] == "system.decision"]
    times = [e["timestamp"] for e in sorted(decided, key=lambda e: e["sequence"])]
    assert times == sorted(times) and times[0][:10] != times[-1][:10]  # it did jump
    later = person.run(prices, "--base", "main")  # by the right clock, and yet the newest
    assert person.call("show", "--last", "--json").json["run"] == later.json["run"]
    assert [run["run"] for run in person.runs()] == [later.json["run"], result.json["run"]]
