"""The grammar, the streams and the exit codes of the command line."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from conftest import BINARY, finish, leftovers

VERBS = ("run", "plan", "resume", "stop", "ps", "show", "logs", "diff", "demo", "doctor", "trust", "version",
         "config", "merge", "undo", "wait", "explain", "retry", "init", "completion", "man", "fix", "gc",
         "inbox", "approve", "reject")
RUN_FLAGS = ("-C", "--verify", "--base", "--max-time", "--agents", "--brain", "--sandbox", "--seed",
             "--candidate", "--approve", "--output", "--progress", "--no-input", "-q", "-v", "--plan-only", "--plan",
             "--check-index", "--deliver", "--patch-file", "--include-uncommitted")
NOT_YET = ("review", "test", "top", "ui", "answer", "comment", "pause", "replan",
           "serve", "agent", "worker", "acp", "mcp", "world", "violation", "event", "lesson", "graph",
           "cost", "trace", "tenant", "key", "audit", "archive", "backend", "bench", "api")
NOT_YET_FLAGS = ("-d", "--worker", "--model", "--budget", "--branch", "--allow-empty",
                 "-f")

PASSING = {"test_fine.py": "def test_fine():\n    assert True\n"}


def words_of_help(text):
    return set(re.findall(r"(?<![\w-])--?[\w-]+|\b[a-z]+\b", text))


def test_help_shows_every_verb_and_flag_and_none_that_does_not_work(person):
    result = person.call("--help")
    assert result.code == 0 and result.err == ""
    listed = re.findall(r"^  ([a-z]+) {2,}", result.out.split("Subcommands:")[1], re.M)
    assert sorted(listed) == sorted(VERBS)
    run = person.call("run", "--help")
    shown = words_of_help(result.out + run.out)
    assert set(RUN_FLAGS) <= shown
    assert not shown & set(NOT_YET_FLAGS)
    config = person.call("config", "--help")
    assert re.findall(r"^  ([a-z]+) {2,}", config.out.split("Subcommands:")[1], re.M) == [
        "list", "get", "set", "validate"]
    for verb in VERBS:
        help_of_verb = person.call(verb, "--help")
        assert help_of_verb.code == 0 and "coditect " + verb in help_of_verb.out, help_of_verb


@pytest.mark.parametrize("arguments, message", [
    (["rnu", "x"], "there is no verb `coditect rnu`; did you mean `coditect run`?"),
    (["-C", "/", "shwo", "x"], "there is no verb `coditect shwo`; did you mean `coditect show`?"),
    (["config", "lst"],
     "there is no verb `coditect config lst`; did you mean `coditect config list`?"),
    (["run", "x", "--sedd", "1"], "`coditect run` has no flag --sedd; did you mean `--seed`?"),
    (["run", "x", "--sedd=1"], "`coditect run` has no flag --sedd; did you mean `--seed`?"),
    (["ps", "--al"], "`coditect ps` has no flag --al; did you mean `--all`?"),
    (["run", "x", "--zzzzzzzz"], "`coditect run` has no flag --zzzzzzzz\n"),
    ([], "`coditect` needs a verb, as in `coditect run \"make the tests pass\"`"),
    (["config"], "`coditect config` needs a verb"),
    (["run"], "a goal (coditect run \"make the tests pass\") is required"),
    (["run", ""], "the goal is empty"),
    (["run", "a", "b"], "not expected: b"),
    (["run", "x", "--agents", "-1"], "--agents"),
    (["run", "x", "--seed", "abc"], "--seed"),
    (["run", "x", "--brain", "llm"], "--brain: llm not in {offline,auto}"),
    (["run", "x", "--sandbox", "wasm"], "--sandbox: wasm not in {auto,process,none}"),
    (["run", "x", "--output", "xml"], "--output: xml not in {text,json}"),
    (["ps", "--progress", "loud"], "--progress: loud not in"),
    (["resume"], "a run's id or --last is required"),
    (["resume", "r-1", "--last"], "excludes"),
    (["stop"], "a run's id or --all is required"),
    (["show"], "a run's id or --last is required"),
    (["logs"], "a run's id or --last is required"),
    (["diff"], "a run's id or --last is required"),
    (["config", "get"], "key is required"),
    (["config", "get", "agent.timeuot"], "agent.timeout"),
    (["ps", "-c", "agent.timeuot=3s"], None),  # looking needs no configuration
    (["config", "list", "-c", "agent.timeuot=3s"], "did you mean \"agent.timeout\"?"),
    (["config", "list", "-c", "nonsense"], "nonsense"),
    (["run", "x", "--verify", ""], "--verify: is empty"),
    (["run", "x", "--base", ""], "--base: is empty"),
    (["run", "x", "--max-time", " "], "--max-time: is empty"),
    (["run", "x", "--agents", "-1"], "--agents = -1 is no whole number"),
    (["run", "make", "the"], "put the goal into quotes"),
])
def test_a_command_line_that_is_none_is_a_usage_error(person, arguments, message):
    result = person.call(*arguments)
    if message is None:
        assert result.code == 0, result
        return
    assert result.code == 2, result
    assert message in result.err and result.err.startswith("coditect: ")
    assert result.out == ""


def test_verbs_and_flags_of_later_versions_do_not_exist(person):
    for verb in NOT_YET:
        result = person.call(verb, "x")
        assert result.code == 2 and "there is no verb `coditect %s`" % verb in result.err, result
    for flag in NOT_YET_FLAGS:
        result = person.call("run", "make the tests pass", flag, "x")
        assert result.code == 2 and result.out == "", result


@pytest.mark.parametrize("arguments", [
    ["show", "r-zzzz"], ["show", "--last"], ["logs", "r-zzzz"], ["diff", "r-zzzz"],
    ["resume", "--last"], ["resume", "r-zzzz"], ["stop", "r-zzzz"], ["merge", "r-zzzz"],
    ["merge", "--last"], ["undo", "r-zzzz"], ["undo", "--last"],
    ["wait", "r-zzzz"], ["wait", "--last"], ["explain", "r-zzzz"], ["retry", "r-zzzz"]])
def test_a_run_that_is_unknown_is_an_error_with_the_next_step(person, arguments):
    result = person.call(*arguments)
    assert result.code == 1 and result.out == "", result
    assert "`coditect run \"make the tests pass\"` starts one" in result.err
    assert not person.state.exists()  # looking makes nothing


def test_results_go_to_stdout_and_all_else_to_stderr(person, make):
    repository = make(PASSING)
    for progress in ("auto", "plain", "none"):
        result = person.run(repository, "--progress", progress)
        assert result.code == 0
        report = json.loads(result.out)  # exactly one object
        assert report["schema"] == "coditect.run/v1" and report["outcome"] == "nothing_to_do"
        assert result.out.count("\n") == 1
        assert (result.err == "") == (progress == "none"), result
        assert "\x1b" not in result.err
    quiet = person.run(repository, "-q")
    assert quiet.err == "" and quiet.json["outcome"] == "nothing_to_do"
    text = person.call("run", "make the tests pass", "-C", repository.path)
    assert text.out.startswith("Nothing to do: all tests pass already\n")
    assert "Base main at %s (HEAD)" % repository.head()[:12] in text.err.splitlines()[0]


def test_the_report_has_every_field_of_its_schema(person, prices):
    report = person.run(prices).json
    assert {"schema", "run", "outcome", "base", "branch", "partial", "commit", "tests", "changes",
            "evidence", "cpu_seconds", "cost_usd", "next"} <= set(report)
    assert set(report["tests"]) >= {"expected", "passed", "failed", "skipped"}
    assert report["commit"] == prices.git("rev-parse", report["branch"]).strip()
    assert len(report["tests"]["expected"]) == 5 and report["tests"]["failed"] == []
    assert report["cost_usd"] == 0 and report["partial"] == "" and len(report["next"]) == 3
    for command in report["next"]:  # each can be typed as it stands
        command = re.sub("^coditect ", BINARY + " ", command)
        typed = subprocess.run(command, shell=True, env=person.environment, cwd="/",
                               stdin=subprocess.DEVNULL, capture_output=True)
        assert typed.returncode == 0, (command, typed)
    assert prices.git("show", "--format=", "--name-only", "HEAD").strip() != ""


EXIT_CODES = [  # files, goal, arguments, exit code, outcome
    (PASSING, "make the tests pass", [], 0, "nothing_to_do"),
    ({"test_bad.py": "def test_bad():\n    assert 1 == 2\n"}, "make the tests pass", [], 3,
     "not_verified"),
    (PASSING, "implement a parser", [], 8, "needs_model"),
    ({"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(1)\n    assert 0\n"},
     "make the tests pass", ["--max-time", "3s"], 6, "limit"),
    ({"test_x.py": "import not_there_at_all\n\ndef test_x():\n    pass\n"}, "make the tests pass", [],
     1, "error"),
    (PASSING, "make the tests pass", ["--base", "nowhere"], 2, "error"),
    (PASSING, "make the tests pass", ["--max-time", "5"], 2, "error"),
    (PASSING, "make the tests pass", ["-c", "storage.mode=cluster"], 2, "error"),
]


@pytest.mark.parametrize("files, goal, arguments, code, outcome", EXIT_CODES,
                         ids=[row[4] + " " + " ".join(row[2]) for row in EXIT_CODES])
def test_the_exit_code_says_how_it_ended(person, make, files, goal, arguments, code, outcome):
    repository = make(files)
    result = person.run(repository, *arguments, goal=goal)
    assert result.code == code, result
    assert result.json["outcome"] == outcome and result.json["reason"] != ""
    assert "coditect" not in repository.git("branch", "--list", "--all")
    assert leftovers(person) == []


def test_jsonl_progress_is_json_and_ends_with_the_result(person, make):
    repository = make({"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(2.5)\n"})
    result = person.run(repository, "--progress", "jsonl",
                        env={"NATS_URL": "nats://nats.example.com"})
    lines = [json.loads(line) for line in result.err.splitlines()]
    assert {line["type"] for line in lines} == {"status", "event", "result"}
    assert lines[-1]["type"] == "result"
    assert {key: value for key, value in lines[-1].items() if key != "type"} == result.json
    assert [line["verb"] for line in lines if line["type"] == "status"][:3].count("Base") == 1
    assert any("storage.nats.url" in line.get("text", "") for line in lines)
    assert any(line.get("verb") == "Working" for line in lines)  # never silent
    failed = person.run(repository, "--progress", "jsonl", "--base", "nowhere")
    assert [json.loads(line)["outcome"] for line in failed.err.splitlines()] == ["error"]


def test_there_is_a_first_line_at_once_and_never_a_long_silence(person, make):
    repository = make({"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(5)\n"})
    started = time.monotonic()
    process = person.start("run", "make the tests pass", "--no-input", cwd=repository.path)
    os.set_blocking(process.stderr.fileno(), False)
    gaps, last = [], started
    while process.poll() is None:
        if select.select([process.stderr], [], [], 0.2)[0] and process.stderr.read():
            gaps.append(time.monotonic() - last)
            last = time.monotonic()
    assert process.wait() == 0
    process.stdout.close()
    process.stderr.close()
    # 1 s and 2 s by contract; the rest is for a machine that is busy.
    assert gaps[0] < 1 + 3 and max(gaps) < 2 + 3, gaps


@pytest.mark.parametrize("redirection, code, message", [
    ("<&-", 0, ""),
    ("<&- >&-", 0, ""),
    ("<&- >&- 2>&-", 0, ""),
    ("> /dev/full", 1, "cannot write the result: No space left on device"),
    ("2> /dev/full", 0, ""),
    ("| head -c 1", 0, ""),
    ("| true", 0, ""),
])
def test_odd_streams_change_neither_the_run_nor_a_file(person, make, redirection, code, message):
    repository = make(PASSING)
    shell = "set -o pipefail; \"$0\" run 'make the tests pass' --output json " + redirection
    done = subprocess.run(["bash", "-c", shell, BINARY], cwd=repository.path, capture_output=True,
                          env=person.environment, text=True, timeout=120)
    assert done.returncode == code, done
    assert message in done.stderr
    runs = person.call("ps", "-a", "--json").json["runs"]  # the ledger is whole
    assert [run["status"] for run in runs] == ["nothing_to_do"]
    assert (person.state / "owner.lock").read_text().strip().isdigit()
    assert leftovers(person) == []


@pytest.mark.parametrize("verb", ["version", "--help", "config list", "ps", "doctor"])
def test_a_result_that_cannot_be_written_is_an_error(person, verb):
    done = subprocess.run(["bash", "-c", "\"$0\" %s > /dev/full" % verb, BINARY],
                          capture_output=True, env=person.environment, text=True)
    assert done.returncode == 1 and "cannot write the result: No space left" in done.stderr, done
    piped = subprocess.run(["bash", "-c", "\"$0\" %s | true" % verb, BINARY],
                           capture_output=True, env=person.environment, text=True)
    assert "cannot write" not in piped.stderr, piped


def run_on_a_terminal(person, repository, environment):
    """What a person sees: stdin, stdout and stderr are one terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [BINARY, "run", "make the tests pass"], cwd=repository.path, stdin=slave, stdout=slave,
        stderr=slave, env={**person.environment, "TERM": "xterm", **environment},
        start_new_session=True)
    os.close(slave)
    seen = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the last holder of the other end is gone
            break
        if not chunk:
            break
        seen += chunk
    os.close(master)
    assert process.wait(60) == 0
    return seen.decode()


def test_a_terminal_gets_a_bar_and_colour_unless_it_says_no(person, make):
    repository = make({"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(1)\n"})
    seen = run_on_a_terminal(person, repository, {})
    assert "\x1b[1;32mBase\x1b[0m" in seen and "\r\x1b[2K[0/3 tasks]" in seen
    plain = run_on_a_terminal(person, repository, {"NO_COLOR": "1"})
    assert "\x1b[1;32m" not in plain and "\r\x1b[2K[0/3 tasks]" in plain
    for environment in ({"TERM": "dumb"}, {"CI": "true"}):
        dumb = run_on_a_terminal(person, repository, {"NO_COLOR": "1", **environment})
        assert "\x1b" not in dumb and "Base main" in dumb


def test_texts_of_the_repository_cannot_drive_the_terminal(person, make):
    repository = make({"test_bad.py": "def test_bad():\n    assert False, '\\x1b]0;owned\\x07'\n"},
                      name="a\x1b[31mb")
    result = person.call("run", "make the tests pass", cwd=repository.path)
    assert result.code == 3
    assert "\x1b" not in result.out + result.err and "\x07" not in result.out
    shown = person.call("ps", "-a")
    assert "\x1b" not in shown.out and "a\\x1b[31mb" in shown.out


def test_no_name_is_looked_up_and_nothing_outside_is_connected_to(person, prices):
    trace = person.home / "trace"
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("this machine forbids ptrace")
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", trace, BINARY, "run",
         "make the tests pass", "--output", "json"],
        cwd=prices.path, env={**person.environment, "NATS_URL": "nats://nats.example.com"},
        capture_output=True, timeout=240)
    assert done.returncode == 0, done
    calls = trace.read_text(errors="replace").splitlines()
    assert any("AF_UNIX" in call or "sendmsg" in call for call in calls)  # it was looking
    assert [call for call in calls if "AF_INET" in call or "AF_NETLINK" in call] == []


def test_every_verb_that_takes_json_answers_json(person, prices):
    run = person.run(prices).json
    diff = person.call("diff", run["run"], "--json").json
    assert diff["schema"] == "coditect.diff/v1" and diff["run"] == run["run"]
    assert (diff["base"], diff["commit"]) == (run["base"], run["commit"])
    assert diff["files"] == [{"path": "prices.py", "added": 1, "removed": 1}]
    assert diff["patch"] == person.call("diff", run["run"]).out
    assert "patch" not in person.call("diff", run["run"], "--stat", "--json").json
    assert person.call("diff", run["run"], "--stat").out == " prices.py\n 1 line added, 1 removed\n"
    for target in ([run["run"]], ["--all"]):
        stopped = person.call("stop", *target, "--json")
        assert stopped.json == {"schema": "coditect.stop/v1", "stopped": []}, stopped
    assert person.call("config", "validate", "--json").json["valid"] is True
    for verb in (["ps"], ["show", "--last"], ["wait", "--last"], ["explain", "--last"],
                 ["retry", "--last", "--dry-run"], ["undo", "--last"], ["merge", "--last"], ["doctor"], ["version"], ["config", "list"],
                 ["config", "get", "agent.timeout"]):
        assert person.call(*verb, "--json").json["schema"].startswith("coditect."), verb


def test_a_verify_command_decides(person, make):
    repository = make({**PASSING, "check.py": "raise SystemExit(0)\n"})
    result = person.run(repository, "--verify", "/usr/bin/python3 check.py")
    assert result.code == 0 and result.json["outcome"] == "nothing_to_do", result
    events = person.events(result.json["run"])
    request = [e for e in events if e["event_type"] == "MISSION_REQUESTED"][0]["data"]["request"]
    assert request["verify_command"] == "/usr/bin/python3 check.py"
    assert [e["data"]["command"] for e in events if e["event_type"] == "HARNESS"] == [
        "/usr/bin/python3 check.py"]


def test_every_flag_of_run_has_its_effect(person, prices):
    prices.write({"later.txt": "later\n"})
    prices.git("tag", "start")
    prices.commit("later")
    result = person.run(prices, "--base", "start", "--max-time", "10m", "--agents", "1", "--brain",
                        "offline", "--sandbox", "process", "--seed", "7", "--no-input", "-v",
                        "--progress", "plain")
    assert result.code == 0, result
    report = result.json
    assert report["base"] == prices.git("rev-parse", "start^{commit}").strip()
    assert "Base start at" in result.err and "sandbox process" in result.err
    events = person.events(report["run"])
    request = [e for e in events if e["event_type"] == "MISSION_REQUESTED"][0]["data"]["request"]
    assert request["brain"] == "offline" and request["sandbox"] == "process"
    assert int(request["seed"]) == 7 and int(request["limits"]["max_time_ms"]) == 600000
    grants = [e for e in events if e["event_type"] in ("LEASE_GRANTED", "LEASE_ENDED")]
    open_leases = most = 0
    for event in grants:
        open_leases += 1 if event["event_type"] == "LEASE_GRANTED" else -1
        most = max(most, open_leases)
    assert most == 1  # --agents
    assert all(e["data"]["action"]["parameters"]["seed"] == "7" for e in grants
               if e["event_type"] == "LEASE_GRANTED")
