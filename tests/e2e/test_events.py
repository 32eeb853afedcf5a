"""Every type of event occurs: the ordinary ones in the demo, each other one in a named test."""

import hashlib
import inspect
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys

import pytest

import test_config
import test_delivering
import test_delivery
import test_gc
import test_integrity
import test_make_it_build
import test_merging
import test_native
import test_native_errors
import test_runs
from conftest import PRICES, PROJECT, finish, leftovers, wait_until

KEYS = ["timestamp", "level", "trace_id", "span_id", "agent_id", "event_type", "duration_ms",
        "line_count", "topic", "run", "task", "sequence", "data"]  # sdd.md 6.3, and ours

HAPPY = {  # on the way of a run that ends well: each occurs in the demo
    "SHARD_OPENED", "HOST_JOINED", "MISSION_REQUESTED", "MISSION_ACCEPTED", "CLIENT_ATTACHED",
    "TASK_PLANNED", "PROPOSAL_SUBMITTED", "PLAN_ACCEPTED", "TEAM_ASSIGNED", "LEASE_GRANTED",
    "LEASE_STARTED", "RESULT_REPORTED", "LEASE_ENDED", "BUDGET_SETTLED", "RESULT_ACCEPTED",
    "TASK_DONE", "TASK_CANCELLED", "BATCH_DECIDED", "MERGE_DECIDED", "MISSION_COMPLETED",
    "LIFECYCLE", "HARNESS", "TEST_RUN", "BASELINE", "FAULTS", "PLAN", "PROGRESS", "CONFIRM", "RESULT",
}


def types_of_the_ledger():
    """The facts and decisions of the contract."""
    text = (PROJECT / "proto/coditect/v1/event.proto").read_text()
    body = text.split("message Event {")[1].split("oneof body {")[1].split("}")[0]
    return {name.upper() for name in re.findall(r"^\s+\w+ (\w+) = \d+;", body, re.M)}


def types_of_telemetry():
    """What agents publish: the names in their code."""
    names = set()
    for path in (PROJECT / "src/agent").glob("*.cpp"):
        names |= set(re.findall(r"\b(?:Think|Act)\(\s*\"([A-Z_]+)\"", path.read_text()))
    return names


def run_demo(person):
    result = person.call("demo", "--json")
    assert result.code == 0, result
    return result.json, person.events(result.json["run"])


def test_the_demo_shows_the_journey_in_one_schema(person):
    report, events = run_demo(person)
    run = report["run"]
    for event in events:
        assert list(event) == KEYS, event
        assert event["run"] == run and event["level"] in ("INFO", "WARN")
        assert re.fullmatch(r"[0-9a-f]{32}", event["trace_id"])
        assert re.fullmatch(r"[0-9a-f]{16}", event["span_id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["timestamp"])
    assert len({event["trace_id"] for event in events}) == 1
    assert [e["timestamp"] for e in events] == sorted(e["timestamp"] for e in events)
    types = {event["event_type"] for event in events}
    assert HAPPY <= types, HAPPY - types
    assert {e["topic"] for e in events} == {"agent.think", "agent.act", "system.decision"}

    def data(event_type, **wanted):
        return [e["data"] for e in events if e["event_type"] == event_type
                and all(e[key] == value for key, value in wanted.items())]

    # Row 1: what was asked, by whom.  Row 2: what was observed.
    assert data("MISSION_REQUESTED")[0]["request"]["user_request"] == "make the tests pass"
    assert data("MISSION_REQUESTED")[0]["request"]["principal"].startswith("uid:")
    observed = data("RESULT_REPORTED", task="t-1")[0]["result"]
    assert observed["baseline"]["failing"] == 3 and observed["outputs"]["world"]
    # Row 3: a plan of tasks with roles, dependencies, expected outcomes and forecasts.
    tasks = [d["task"] for d in data("TASK_PLANNED") if d["plan_version"] == 2]
    assert {t["assigned_agent_role"] for t in tasks} == {"Coder", "Tester", "Integrator"}
    assert any(t.get("dependencies") for t in tasks) and all(t["intent"] for t in tasks)
    assert all(t["expectations"] for t in tasks if t["intent"] != "deliver")
    assert any(t["forecast"] for t in tasks)
    # Rows 5, 6 and 7: a team, a concrete action, its lease by an agent, and what that did.
    assert data("TEAM_ASSIGNED")[-1]["team"]
    grants = [e for e in events if e["event_type"] == "LEASE_GRANTED"]
    assert all(e["agent_id"] and e["data"]["action"]["action"] for e in grants)
    assert {e["agent_id"].split("-")[0] for e in grants} == {
        "analyzer", "planner", "coder", "tester", "integrator"}
    walked = [(d["from"], d["to"]) for d in data("LIFECYCLE", task="t-1")]
    assert walked == [("IDLE", "RECEIVE_TASK"), ("RECEIVE_TASK", "PLAN"), ("PLAN", "EXECUTE"),
                      ("EXECUTE", "REPORT"), ("REPORT", "IDLE")]
    # Rows 8, 11 and 12: results accepted, the tested tree merged, the mission complete.
    accepted = {e["task"] for e in events if e["event_type"] == "RESULT_ACCEPTED"}
    assert accepted == {e["task"] for e in events if e["event_type"] == "TASK_DONE"}
    merges = data("MERGE_DECIDED")
    assert merges[-1]["ref"] == "refs/heads/" + report["branch"]
    verified = [d["result"]["evidence"]["tree"] for d in data("RESULT_REPORTED")
                if d["result"].get("evidence")]
    assert {m["tree"] for m in merges} <= set(verified)
    assert data("MISSION_COMPLETED")[0]["outcome"] == "OUTCOME_VERIFIED"
    # Two independent bugs: two coders of unlike clusters were at work at once.
    overlapping, open_clusters = False, set()
    clusters = {t["task_id"]: t["parameters"]["cluster"] for t in tasks if t["intent"] == "repair"}
    for event in events:
        if event["task"] in clusters and event["event_type"] == "LEASE_GRANTED":
            open_clusters.add(event["task"])
        elif event["task"] in clusters and event["event_type"] == "LEASE_ENDED":
            open_clusters.discard(event["task"])
        overlapping |= len({clusters[task] for task in open_clusters}) == 2
    assert overlapping


def test_a_trace_goes_on_in_the_run(person, make):
    repository = make({"test_fine.py": "def test_fine():\n    assert True\n"})
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    result = person.run(repository, env={"TRACEPARENT": "00-%s-00f067aa0ba902b7-01" % trace})
    assert {e["trace_id"] for e in person.events(result.json["run"])} == {trace}


def test_without_its_projections_a_run_is_what_it_was(person, prices):
    run = person.run(prices).json["run"]

    def everything():
        looks = (["show", run, "--json"], ["show", run, "--graph", "--evidence"], ["ps", "-a"],
                 ["ps", "-a", "--json"], ["diff", run])
        return [person.call(*look).out for look in looks], [
            e for e in person.events(run) if e["event_type"] in types_of_the_ledger()]

    before = everything()
    telemetry = list(person.state.glob("telemetry.db*"))
    assert telemetry
    for path in telemetry:
        path.unlink()
    for name in ("support", "work", "git"):
        shutil.rmtree(person.state / name, ignore_errors=True)
    assert everything() == before
    assert {e["event_type"] for e in person.events(run)} <= types_of_the_ledger()
    assert person.run(prices).code == 0  # and work goes on: projections are made anew


def test_a_claim_that_is_refuted_is_a_violation_and_is_tried_again(person, make):
    """The tests pass for the coder and fail for the tester, who runs them under another hash seed:
    VIOLATION_FOUND with what was expected and what happened, then TASK_RETRIED, and an end."""
    under = subprocess.run([sys.executable, "-c", "print(hash('coditect'))"], capture_output=True,
                           text=True, env={"PYTHONHASHSEED": str(1000003)}).stdout.strip()
    repository = make({**PRICES, "test_moody.py":
                       "def test_moody():\n    assert hash('coditect') != %s\n" % under})
    interpreter = {"PATH": os.path.dirname(sys.executable) + ":/usr/bin:/bin"}
    result = person.run(repository, env={"AGENT_MAX_RETRIES": "1", **interpreter})
    assert result.code == 3 and result.json["outcome"] == "not_verified", result
    assert result.json["branch"] == ""
    events = person.events(result.json["run"])
    violation = [e for e in events if e["event_type"] == "VIOLATION_FOUND"][0]
    assert violation["level"] == "WARN" and violation["topic"] == "system.error"
    assert violation["data"]["violation_type"] == "TEST_EXPECTATION"
    assert violation["data"]["expected"] and violation["data"]["actual"]
    retried = [e["data"] for e in events if e["event_type"] == "TASK_RETRIED"]
    assert any(d.get("excluded_tree") for d in retried)  # by another hypothesis
    assert "TASK_FAILED" in {e["event_type"] for e in events}
    assert "Surprise" in result.err and leftovers(person) == []


def test_a_task_that_takes_its_host_down_three_times_is_quarantined(person, make):
    """Killed while it runs, three times: TASK_QUARANTINED, and the run is over."""
    repository = make({"test_long.py": "import time\n\ndef test_long():\n    time.sleep(60)\n"})
    process = person.start("run", "make the tests pass", cwd=repository.path)
    run = wait_until(person.runs)[0]["run"]
    for attempt in range(1, 4):
        wait_until(lambda: sum(e["event_type"] == "LEASE_STARTED" and e["task"] == "t-1"
                               for e in person.events(run)) == attempt)
        process.kill()
        process.communicate()
        process = person.start("resume", run, "--json")
    result = finish(process)
    assert result.code == 1 and result.json["outcome"] == "error", result
    assert "died 3 times while it ran" in result.json["reason"]
    events = person.events(run)
    assert [e["task"] for e in events if e["event_type"] == "TASK_QUARANTINED"] == ["t-1"]
    assert sum(e["event_type"] == "CLIENT_DETACHED" for e in events) == 3
    assert leftovers(person) == []


def slow_ledger(process, seconds):
    """The owner's thread that writes the ledger waits `seconds` in each sync from now on."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    for task in os.listdir("/proc/%d/task" % process.pid):
        if pathlib.Path("/proc/%d/task/%s/comm" % (process.pid, task)).read_text().strip() == "shard":
            break
    else:
        raise AssertionError("no thread called shard")
    strace = subprocess.Popen(
        ["strace", "-p", task, "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e",
         "inject=fdatasync,fsync:delay_enter=%d" % (seconds * 1000000)], stderr=subprocess.PIPE)
    if b"attached" not in strace.stderr.readline():
        strace.kill()
        strace.communicate()
        pytest.skip("this machine forbids ptrace")
    return strace


def let_go(strace):
    strace.terminate()
    strace.communicate()


def test_what_comes_after_a_stop_has_no_effect(person, prices):
    """The disk is slow, so that things cross: what the orchestrator proposes after a stop is a
    PROPOSAL_REFUSED, what an agent reports after it a RESULT_LATE whose commit stays pinned."""
    # Each start of a test runner takes a second: no repair is over before the stop is on its way.
    prices.write({"conftest.py": "import time\n\ntime.sleep(1)\n"})
    prices.commit("slow to start")

    def seen(event_type, task=None):
        return [e for e in person.events(run) if e["event_type"] == event_type
                and task in (None, e["task"])]

    process = person.start("run", "make the tests pass", "--json", cwd=prices.path)
    run = wait_until(person.runs)[0]["run"]
    wait_until(lambda: seen("LEASE_STARTED", "t-1"))
    strace = slow_ledger(process, 3)
    wait_until(lambda: seen("TASK_DONE", "t-3"))
    # The plan's acceptance is being synced now; the team for it is proposed after that.
    assert person.call("stop", run).code == 0
    let_go(strace)
    assert finish(process).code == 130
    refused = wait_until(lambda: seen("PROPOSAL_REFUSED"))
    assert refused[0]["data"]["reason"] == "the run is not active"

    process = person.start("resume", run, "--json")
    wait_until(lambda: seen("LEASE_STARTED", "t-4") and seen("LEASE_STARTED", "t-5"))
    strace = slow_ledger(process, 10)
    stop = person.start("stop", run)
    late = wait_until(lambda: seen("RESULT_LATE"))
    let_go(strace)
    assert finish(stop).code == 0 and finish(process).code in (0, 130)
    assert not [e for e in person.events(run) if e["event_type"] == "TASK_DONE"
                and e["task"] in {e["task"] for e in late}
                and e["sequence"] < late[0]["sequence"]]
    for event in late:
        commit = event["data"].get("commit")
        if commit:
            assert commit in prices.git("for-each-ref", "--format=%(objectname)",
                                        "refs/coditect/" + run)
    resumed = person.call("resume", run, "--json")
    assert resumed.code == 0 and resumed.json["outcome"] == "verified", resumed
    assert leftovers(person) == []


class Client:
    """Another program of the same person at the owner's socket (src/app/protocol.h)."""

    def __init__(self, person):
        digest = hashlib.sha256(str(person.state).encode()).hexdigest()[:16]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect("/tmp/coditect-%d/coditect-%s.sock" % (os.geteuid(), digest))
        self.file = self.socket.makefile("rb")

    @staticmethod
    def text(number, value):
        data = value if isinstance(value, bytes) else value.encode()
        return bytes([number << 3 | 2]) + Client.varint(len(data)) + data

    @staticmethod
    def varint(value):
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    def ask(self, tag):
        request = self.text(1, "%032x" % (tag << 96)) + self.text(4, "make the tests pass")
        frame = (b"\x08" + self.varint(tag) + self.text(2, "request") + self.text(4, "c%d" % tag) +
                 self.text(5, request))
        self.socket.sendall(struct.pack("<I", len(frame)) + frame)

    def answer(self):
        """(tag, code, message) of the next frame that answers something."""
        while True:
            size, = struct.unpack("<I", self.file.read(4))
            frame, at, fields = self.file.read(size), 0, {}
            while at < len(frame):
                key, at = self.take(frame, at)
                value, at = self.take(frame, at)
                if key & 7 == 2:
                    value, at = frame[at:at + value], at + value
                fields[key >> 3] = value
            if fields.get(1):
                return fields[1], fields.get(2, 0), fields.get(3, b"").decode()

    @staticmethod
    def take(frame, at):
        value = shift = 0
        while True:
            byte = frame[at]
            value |= (byte & 127) << shift
            shift, at = shift + 7, at + 1
            if byte < 128:
                return value, at


def test_more_runs_than_there_may_be_are_refused(person, make):
    """A program that asks for a thousand runs: the one too many is MISSION_REFUSED, and the run
    that was there goes on."""
    repository = make({"test_long.py": "import time\n\ndef test_long():\n    time.sleep(90)\n"})
    process = person.start("run", "make the tests pass", "--json", cwd=repository.path,
                           env={"AGENT_PARALLEL_LIMIT": "1"})  # nothing else gets to work
    run = wait_until(person.runs)[0]["run"]
    wait_until(lambda: [e for e in person.events(run) if e["event_type"] == "LEASE_STARTED"])
    client = Client(person)
    answers, window = {}, 64
    for tag in range(1, 1001):
        client.ask(tag)
        if tag > window:
            answered, code, message = client.answer()
            answers[answered] = (code, message)
    while len(answers) < 1000:
        answered, code, message = client.answer()
        answers[answered] = (code, message)
    refused = [answer for answer in answers.values() if answer[0] != 0]
    assert len(refused) == 1, refused
    assert refused[0] == (8, "too many active runs; stop one first")  # RESOURCE_EXHAUSTED
    assert [r["status"] for r in person.runs() if r["run"] == run] == ["running"]
    client.socket.close()
    process.kill()
    process.communicate()


OTHERS = {  # type -> the test that sees it
    "CLIENT_DETACHED": test_a_task_that_takes_its_host_down_three_times_is_quarantined,
    "BUILD": test_make_it_build.test_a_build_of_meson_is_mended,
    "NOT_KEPT": test_native.test_a_tree_that_the_tests_change_is_not_kept_for_searches,
    "SANITIZED": test_native_errors.test_a_crash_is_mended_where_the_sanitizers_see_it,
    "NOT_SANITIZED":
        test_native_errors.test_a_build_that_takes_no_sanitizers_is_searched_without_them,
    "FAILS_ONLY_OPTIMIZED":
        test_native_errors.test_a_bug_that_only_the_optimizer_shows_is_mended,
    "HOST_LEFT": test_runs.test_the_other_run_finishes_unattended_when_the_owner_is_killed,
    "MISSION_INTERRUPTED": test_runs.test_a_killed_run_is_resumed_to_the_same_tree,
    "MISSION_RESUMED": test_runs.test_a_time_limit_ends_a_run_that_can_be_resumed,
    "STOP_REQUESTED": test_runs.test_an_emergency_stop_ends_every_process,
    "RESUME_REQUESTED": test_runs.test_a_stopped_run_keeps_what_was_finished_and_goes_on,
    "MISSION_STOPPED": test_runs.test_a_time_limit_ends_a_run_that_can_be_resumed,
    "TIMER_FIRED": test_runs.test_a_time_limit_ends_a_run_that_can_be_resumed,
    "MISSION_REFUSED": test_more_runs_than_there_may_be_are_refused,
    "PROPOSAL_REFUSED": test_what_comes_after_a_stop_has_no_effect,
    "RESULT_LATE": test_what_comes_after_a_stop_has_no_effect,
    "RESULT_REFUSED": test_config.retries_are_counted,
    "AGENT_ERROR": test_config.retries_are_counted,
    "TASK_FAILED": test_config.retries_are_counted,
    "TASK_RETRIED": test_a_claim_that_is_refuted_is_a_violation_and_is_tried_again,
    "VIOLATION_FOUND": test_a_claim_that_is_refuted_is_a_violation_and_is_tried_again,
    "CLAIM_DROPPED": test_merging.test_repairs_that_clash_are_told_apart_and_the_rest_is_kept,
    "FLAKY": test_merging.test_a_test_that_fails_in_the_suite_only_is_named_and_is_no_pass,
    "LEASE_SPENT": test_runs.test_what_a_stopped_search_used_is_told,
    "PLAN_RUN_REQUESTED": test_delivering.test_a_plan_is_run_once_and_only_where_it_was_made_for,
    "DELIVERY_DROPPED":
        test_delivering.test_ff_is_done_anew_when_the_branch_moves_after_the_decision,
    "SNAPSHOT_TAKEN": test_gc.test_a_log_cut_off_in_front_still_tells_everything,
    "LOG_TRUNCATED": test_gc.test_a_log_cut_off_in_front_still_tells_everything,
    "MISSION_FORGOTTEN": test_gc.test_gc_forgets_what_is_due_and_keeps_the_rest,
    "MERGE_TESTED": test_delivery.test_a_merge_into_a_branch_that_moved_is_tested_first,
    "BASE_ADVANCED": test_make_it_build.test_a_broken_build_is_mended_before_the_tests,
    "BROKEN_BUILD": test_make_it_build.test_a_broken_build_is_mended_before_the_tests,
    "MERGE_ALLOWED": test_delivery.test_a_merge_into_a_branch_that_moved_is_tested_first,
    "APPROVAL_REQUESTED": test_integrity.test_an_approved_run_goes_on_to_its_branch,
    "APPROVAL_ANSWERED": test_integrity.test_an_approved_run_goes_on_to_its_branch,
    "APPROVAL_SETTLED": test_integrity.test_an_approved_run_goes_on_to_its_branch,
    "TASK_QUARANTINED": test_a_task_that_takes_its_host_down_three_times_is_quarantined,
}


def test_every_type_of_event_has_a_test_that_sees_it():
    known = types_of_the_ledger() | types_of_telemetry()
    assert len(types_of_the_ledger()) >= 35 and "LIFECYCLE" in known
    assert known == HAPPY | set(OTHERS), known ^ (HAPPY | set(OTHERS))
    assert not HAPPY & set(OTHERS)
    for event_type, test in OTHERS.items():
        assert event_type in inspect.getsource(test), (event_type, test.__name__)
