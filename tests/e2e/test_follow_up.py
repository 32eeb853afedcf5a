"""wait, explain and retry: what a person does with a run while it goes on and after it."""

import signal
import time

import pytest

from conftest import PRICES, finish, leftovers, wait_until

SLOW = {"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(%s)\n"}


@pytest.fixture(scope="module")
def repaired(tmp_path_factory):
    """A person, their repository and the report of a verified run; nothing here changes them."""
    from conftest import Person, Repository
    folder = tmp_path_factory.mktemp("repaired")
    repository = Repository(folder / "repository", PRICES)
    person = Person(folder)
    return person, repository, person.run(repository).json


def started(person, repository):
    """A run under way, with its id."""
    process = person.start("run", "make the tests pass", cwd=repository.path)
    run = wait_until(lambda: [row for row in person.runs() if row["status"] == "running"])[0]["run"]
    return process, run


def test_wait_ends_with_the_run_and_as_the_run_did(person, make):
    process, run = started(person, make({"test_bad.py": "def test_bad():\n    assert 1 == 2\n"}))
    waiting = person.call("wait", run, "--json")
    assert waiting.code == 3, waiting  # not verified
    assert waiting.json["ended"] is True
    assert [(row["run"], row["status"]) for row in waiting.json["runs"]] == [(run, "not_verified")]
    assert finish(process).code == 3
    text = person.call("wait", "--last")
    assert text.code == 3 and run in text.out and "not_verified" in text.out


def test_wait_gives_up_after_its_time_and_the_run_goes_on(person, make):
    process, run = started(person, make({"test_slow.py": SLOW["test_slow.py"] % 6}))
    late = person.call("wait", "--all", "--max-time", "100ms", "--json")
    assert late.code == 124 and late.json["ended"] is False, late
    assert [row["run"] for row in late.json["runs"]] == [run]
    assert "`coditect wait %s` waits again" % run in late.err
    waiting = person.start("wait", run)
    time.sleep(0.5)  # it watches for interrupts before anything else
    waiting.send_signal(signal.SIGINT)
    assert finish(waiting).code == 130
    assert finish(process).code == 0  # nobody stopped it
    assert person.call("wait", "--all").err == "no run is open\n"


def test_wait_does_not_wait_for_a_run_nobody_works_on(person, make):
    process, run = started(person, make({"test_slow.py": SLOW["test_slow.py"] % 60}))
    process.kill()
    process.wait()
    for target in ([run], ["--all"], ["--last"]):
        waiting = person.call("wait", *target)
        assert waiting.code == 1, waiting
        assert "nobody works on %s; `coditect resume %s` goes on" % (run, run) in waiting.err
    assert person.call("stop", run).code == 0
    assert leftovers(person) == []
    process.stdout.close()
    process.stderr.close()


def test_wait_goes_on_with_an_approved_run_that_nobody_works_on(person, prices):
    run = person.run(prices, "--approve", "plan").json["run"]
    assert person.call("wait", run).code == 5  # nobody has said anything
    assert person.call("approve", run).code == 0
    dry = person.call("wait", run, "--dry-run", "--json")
    assert dry.code == 0 and dry.json["would_go_on"] == [run], dry
    assert person.runs()[0]["status"] == "interrupted"
    result = person.call("wait", run, "--json", cwd=prices.path)
    assert result.code == 0 and "was approved; going on with it" in result.err, result
    assert result.json["ended"] and result.json["runs"][0]["status"] == "verified"
    assert prices.suite_passes("coditect/" + run)


@pytest.mark.parametrize("arguments, message", [
    (["wait"], "a run's id or --last or --all is required"),
    (["wait", "r-1", "--all"], "excludes"),
    (["wait", "--last", "--all"], "excludes"),
    (["wait", "--all", "--max-time", "5"], "write a duration"),
    (["explain"], "a run's id or --last is required"),
    (["retry"], "a run's id or --last is required"),
])
def test_a_follow_up_without_a_subject_is_a_usage_error(person, arguments, message):
    result = person.call(*arguments)
    assert result.code == 2 and message in result.err, result


def test_explain_says_why_a_line_was_changed(repaired):
    person, repository, report = repaired
    (repository.path / ".git").rename(repository.path / "away")  # the ledger is all it needs
    result = person.call("explain", report["run"], "--json")
    (repository.path / "away").rename(repository.path / ".git")
    assert result.code == 0 and result.json["schema"] == "coditect.explain/v1", result
    fault, = result.json["faults"]
    assert fault["summary"] == report["changes"][0]["summary"]
    assert fault["commit"] == report["commit"]
    assert [test["id"] for test in fault["failures"]] == ["test_prices.py::test_a_hundred"]
    assert {"file": "prices.py", "line": 2}.items() <= [
        line for line in fault["lines"] if line["line"] == 2][0].items()
    scores = [line["score_ppm"] for line in fault["lines"]]
    assert scores == sorted(scores, reverse=True)
    assert len([rival for rival in fault["rivals"] if rival.get("claimed")]) == 1
    assert all(rival["diff"].startswith("--- a/prices.py") for rival in fault["rivals"])
    assert [search["result"] for search in fault["searches"]][0] == "done"
    assert all(e["passed"] == e["expected"] == 5 for e in fault["evidence"])


@pytest.mark.parametrize("subject, code, says", [
    ("prices.py:2", 0, "because these failed:\n    test_prices.py::test_a_hundred: assert 5 == 20"),
    ("./prices.py:5", 0, "suspicious lines, most first:"),  # suspected, not changed
    ("test_prices.py::test_a_hundred", 0, "taken: "),
    ("prices.py:99", 1, "no repair changed prices.py:99"),
    ("test_prices.py::test_a_hundre", 1, "did you mean test_prices.py::test_a_hundred?"),
    ("", 2, ": is empty"),
])
def test_explain_answers_for_a_line_or_a_test(repaired, subject, code, says):
    person, _, report = repaired
    for target in ([report["run"]], ["--last"]):
        result = person.call("explain", *target, subject)
        assert result.code == code and says in result.out + result.err, result
        assert (result.out == "") == (code != 0)


def test_explain_says_what_was_tried_where_there_is_no_repair(person, make):
    repository = make({"test_bad.py": "def test_bad():\n    assert 1 == 2\n"})
    run = person.run(repository).json
    faults = person.call("explain", run["run"], "--json").json["faults"]
    assert not any("summary" in fault or "commit" in fault for fault in faults)
    text = person.call("explain", run["run"])
    assert text.code == 0 and text.out.startswith("No repair\n") == bool(faults), text
    fine = person.run(make({"test_fine.py": "def test_fine():\n    pass\n"}, name="fine")).json
    result = person.call("explain", fine["run"])
    assert result.code == 0 and result.out == "" and "sought no fault" in result.err, result


def test_retry_reaches_the_same_goal_with_a_new_seed_on_the_moved_base(person, prices):
    first = person.run(prices, "--max-time", "9m", "--agents", "1", "--seed", "4").json
    prices.write({"later.txt": "later\n"})
    prices.commit("later")
    assert "would test what the merge" in person.call("merge", first["run"], "--dry-run").err
    dry = person.call("retry", first["run"], "--dry-run", "--json", cwd=person.home)
    assert dry.code == 0 and (dry.json["base"], dry.json["seed"]) == ("main", 5), dry
    assert dry.json["retry_of"] == first["run"] and len(person.runs()) == 1
    result = person.call("retry", first["run"], "--json", cwd=person.home)
    assert result.code == 0 and result.json["base"] == prices.head(), result
    requests = {}
    for run in (first["run"], result.json["run"]):
        requests[run] = [e for e in person.events(run) if e["event_type"] == "MISSION_REQUESTED"][0]
    before, after = (r["data"]["request"] for r in requests.values())
    assert after["limits"] == before["limits"] and after["user_request"] == before["user_request"]
    assert int(after["seed"]) == 5
    assert person.call("merge", result.json["run"]).code == 0  # what was tested on it


def test_retry_leaves_a_run_alone_that_has_not_ended(person, make):
    process, run = started(person, make({"test_slow.py": SLOW["test_slow.py"] % 4}))
    result = person.call("retry", run)
    assert result.code == 1 and "`coditect resume %s` goes on" % run in result.err, result
    assert finish(process).code == 0 and len(person.runs()) == 1
