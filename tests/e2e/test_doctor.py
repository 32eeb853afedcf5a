"""doctor: its groups, what it mends, and what it tells nobody."""

import json
import os
import stat
import subprocess
import time

from conftest import PRICES, leftovers

GROUPS = ["machine", "backends", "sandbox", "repository", "tools", "brain", "disk"]


def rows(result, group=None):
    return [row for row in result.json["checks"] if group in (None, row["group"])]


def row(result, group, name):
    return [r for r in rows(result, group) if r["name"] == name][0]


def test_every_group_is_examined_for_real(person, prices):
    result = person.call("doctor", "--json", cwd=prices.path)
    assert result.code == 0, result
    assert list(dict.fromkeys(r["group"] for r in rows(result))) == GROUPS
    assert {r["state"] for r in rows(result)} <= {"ok", "warn"}, result
    names = {r["name"] for r in rows(result, "machine")}
    assert {"kernel", "cgroups", "landlock", "user namespaces", "scheduling"} <= names
    assert "a command ran" in row(result, "sandbox", "start")["detail"]
    limits = row(result, "sandbox", "limits")["detail"]
    for limit in ("wall time", "CPU time", "memory", "processes", "output"):
        assert limit in limits
    assert row(result, "tools", "git")["detail"].startswith("git version ")
    assert row(result, "tools", "python")["detail"].startswith("Python 3")
    assert "AddressSanitizer" in row(result, "tools", "sanitizers")["detail"], result
    assert row(result, "repository", "Python")["detail"].startswith("pytest "), result
    assert "Python, C and C++" in row(result, "brain", "offline")["detail"]
    assert "p50 of 20" in row(result, "disk", "fsync")["detail"]
    assert leftovers(person) == []


def test_a_c_project_is_recognised_and_nothing_found_is_said(person, make):
    c = make({"Makefile": "check: t\n\t./t\nt: t.c\n\tcc -o t t.c\n",
              "t.c": "int main(void) { return 0; }\n"}, name="c")
    result = person.call("doctor", "--json", cwd=c.path)
    assert "make check" in row(result, "repository", "C and C++")["detail"], result
    other = make({"a.txt": "text\n"}, name="other")
    result = person.call("doctor", "--json", cwd=other.path)
    assert "--verify" in row(result, "repository", "tests")["fix"], result


def test_a_failing_row_has_its_fix_and_exit_1(person, tmp_path):
    broken = person.call("doctor", env={"CODITECT_STATE_DIR": "relative"})
    assert broken.code == 1 and "-> set CODITECT_STATE_DIR" in broken.out, broken
    (person.state).mkdir(exist_ok=True)
    (person.state / "ledger.db").write_bytes(b"no ledger" * 1000)
    result = person.call("doctor", "--json", cwd=tmp_path)
    assert result.code == 1, result
    ledger = row(result, "backends", "ledger")
    assert ledger["state"] == "fail" and "move the file away" in ledger["fix"]


def test_a_summary_has_one_line_a_group(person, tmp_path):
    text = person.call("doctor", "--summary", cwd=tmp_path)
    lines = [line for line in text.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[1].rstrip(":") for line in lines] == GROUPS, text
    assert [line.split()[0] for line in lines if "repository" in line] == ["warn"]
    as_json = person.call("doctor", "--summary", "--json=group,state", cwd=tmp_path)
    assert as_json.json["checks"][0] == {"group": "machine", "state": as_json.json["checks"][0]["state"]}
    assert len(as_json.json["checks"]) == len(GROUPS)


def damaged_state(person):
    """A state folder open to others, with a dead owner's traces and a telemetry file of noise."""
    person.state.mkdir(exist_ok=True)
    person.state.chmod(0o777)
    work = person.state / "work"
    (work / "base-r-dead-0001").mkdir(parents=True)
    (work / "base-r-dead-0001" / "file").write_text("left")
    gone = subprocess.Popen(["true"])
    gone.wait()
    (person.state / "owner.lock").write_text("%d\n" % gone.pid)
    (person.state / "telemetry.db").write_bytes(os.urandom(8192))


def test_fix_mends_the_state_and_says_what_it_did(person, tmp_path):
    damaged_state(person)
    before = sorted(path.name for path in person.state.iterdir())
    dry = person.call("doctor", "--fix", "--dry-run", "--json", cwd=tmp_path)
    actions = [m["action"] for m in dry.json["mended"]]
    assert {m["result"] for m in dry.json["mended"]} == {"would"}
    assert stat.S_IMODE(person.state.stat().st_mode) == 0o777
    assert (person.state / "work" / "base-r-dead-0001").exists()
    assert set(before) <= {path.name for path in person.state.iterdir()}

    result = person.call("doctor", "--fix", "--json", cwd=tmp_path)
    assert result.code == 0, result
    done = [m["action"] for m in result.json["mended"]]
    assert {m["result"] for m in result.json["mended"]} == {"done"}, result
    for word in ("close", "owner.lock", "base-r-dead-0001", "telemetry.db"):
        assert any(word in action for action in done), (word, done)
        assert any(word in action for action in actions), (word, actions)
    assert stat.S_IMODE(person.state.stat().st_mode) & 0o066 == 0
    assert not (person.state / "work" / "base-r-dead-0001").exists()
    assert (person.state / "owner.lock").read_text() == ""
    assert (person.state / "telemetry.db.damaged-1").exists()
    again = person.call("doctor", "--fix", cwd=tmp_path)
    assert again.out.startswith("nothing to mend\n"), again


def test_fix_leaves_a_living_owner_alone(person, make):
    slow = make({"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(60)\n"})
    run = person.start("run", "make the tests pass", cwd=slow.path)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if any(path.name.startswith("base-r-") for path in person.state.glob("work/*")):
                break
            time.sleep(0.05)
        bases = [path for path in person.state.glob("work/base-r-*")]
        assert bases
        result = person.call("doctor", "--fix", "--json", cwd=slow.path)
        assert ["left"] == [m["result"] for m in result.json["mended"]
                            if m["action"] == "look for leftovers"], result
        assert all(path.exists() for path in bases)
    finally:
        run.terminate()
        run.communicate(timeout=60)


def test_dry_run_alone_is_a_usage_error(person, tmp_path):
    result = person.call("doctor", "--dry-run", cwd=tmp_path)
    assert result.code == 2 and "--fix" in result.err, result


def test_a_bundle_tells_nobody_secrets(person, make, tmp_path):
    repository = make({**PRICES, "secret_module.py": "CONTENT = 'planted-content-5150'\n",
                       "coditect.toml": "[agent]\ntimeout = \"31s\"\n"}, name="planted-folder")
    config = person.home / ".config" / "coditect" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[verify]\ntest = \"TOKEN=planted-config-5150 /usr/bin/python3 -m pytest\"\n"
                      "[storage.nats]\nurl = \"nats://me:planted-url-5150@example.org\"\n")
    env = {"ANTHROPIC_API_KEY": "planted-key-5150", "MY_TOKEN": "planted-token-5150"}
    goal = "write a planted-goal-5150 feature"
    run = person.call("run", goal, "--json", cwd=repository.path, env=env)
    assert run.json["run"], run
    mended = person.call("run", "make the tests pass", "--json", cwd=repository.path, env=env)
    assert mended.code == 0, mended
    file = tmp_path / "bundle.json"
    result = person.call("doctor", "--bundle", file, cwd=repository.path, env=env)
    assert result.code == 0 and str(file) in result.err, result
    text = file.read_text()
    bundle = json.loads(text)
    assert "5150" not in text
    for private in (str(person.home), str(repository.path), "planted-folder", "secret_module",
                    "test_prices", "ada@example.org", "Ada", os.uname().nodename):
        assert private not in text, private
    assert bundle["schema"] == "coditect.bundle/v1"
    assert {check["group"] for check in bundle["checks"]} == set(GROUPS)
    keys = {key["key"]: key for key in bundle["configuration"]["keys"]}
    assert keys["agent.timeout"]["value"] == "31s"
    assert keys["agent.timeout"]["origin"] == "[repository]/coditect.toml:2"
    assert "value" not in keys["verify.test"] and keys["verify.test"]["value_bytes"] > 10
    assert {r["run"] for r in bundle["runs"]} == {run.json["run"], mended.json["run"]}
    types = {event["event_type"] for event in bundle["runs"][0]["events"]}
    assert {"MISSION_COMPLETED", "LEASE_GRANTED", "TEST_RUN"} <= types
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = person.call("doctor", "--bundle", file, cwd=repository.path)
    assert again.code == 1 and "is there already" in again.err, again
    dry = person.call("doctor", "--bundle", tmp_path / "other", "--dry-run", cwd=repository.path)
    assert dry.code == 0 and not (tmp_path / "other").exists(), dry
