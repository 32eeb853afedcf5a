"""Configuration through the shipped binary: the 14 variables, origins, and bad input by the list."""

import collections
import os
import time

import pytest

from conftest import PRICES, finish, wait_until

FINE = {"test_fine.py": "def test_fine():\n    assert True\n"}
STORAGE = {
    "REDIS_CLUSTER_NODES": "redis-1,redis-2,redis-3",
    "NATS_URL": "nats://nats.example.com:4222",
    "CLICKHOUSE_CLUSTER": "clickhouse.example.com:9000",
    "VECTOR_DB_ENDPOINT": "chromadb.example.com:8000",
}


def request_of(events):
    return [e for e in events if e["event_type"] == "MISSION_REQUESTED"][0]["data"]["request"]


def planning_is_repeated(person, make, monkey):
    """A planning fact each second, while the tests take two."""
    repository = make({"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(2.2)\n"})
    result = person.run(repository, env=monkey)
    assert result.code == 0, result
    fired = [e["data"]["timer_id"] for e in person.events(result.json["run"])
             if e["event_type"] == "TIMER_FIRED"]
    assert "planning" in fired


def wakeups_during(person, make, monkey, name):
    """How often the shard's thread woke up while a test slept."""
    repository = make({"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(1.5)\n"}, name)
    process = person.start("run", "make the tests pass", "--json", cwd=repository.path, env=monkey)

    def sleeping():
        run = [r["run"] for r in person.runs() if r["repository"] == str(repository.path)]
        return run and [e for e in person.events(run[0]) if e["event_type"] == "LEASE_STARTED"]

    wait_until(sleeping)
    time.sleep(1)
    woken = 0
    for task in os.listdir("/proc/%d/task" % process.pid):
        with open("/proc/%d/task/%s/comm" % (process.pid, task)) as name_file:
            if name_file.read().strip() == "shard":
                with open("/proc/%d/task/%s/status" % (process.pid, task)) as status:
                    woken = int(status.read().split("voluntary_ctxt_switches:")[1].split()[0])
    assert finish(process).code == 0
    return woken


def sync_interval_is_kept(person, make, monkey):
    assert monkey == {"TASK_QUEUE_SYNC_INTERVAL_MS": "10"}
    often = wakeups_during(person, make, monkey, "often")
    seldom = wakeups_during(person, make, {"TASK_QUEUE_SYNC_INTERVAL_MS": "10000"}, "seldom")
    assert often > seldom + 30, (often, seldom)


def consistency_check_is_recorded(person, make, monkey):
    events = person.events(person.run(make(FINE), env=monkey).json["run"])
    assert not request_of(events).get("check_consistency")  # false is proto3's absent
    plain = person.events(person.run(make(FINE, "plain")).json["run"])
    assert request_of(plain)["check_consistency"] is True


def violation_action_is_recorded(person, make, monkey):
    events = person.events(person.run(make(FINE), env=monkey).json["run"])
    assert request_of(events)["violation_action"] == "escalate"
    replan = person.run(make(FINE, "replan"), env={"TASK_QUEUE_VIOLATION_ACTION": "replan"})
    assert replan.code == 2 and '"replan" is not in this version; use escalate' in replan.err


def sandbox_type_is_used(person, make, monkey):
    result = person.run(make(FINE), env=monkey)
    assert "sandbox none" in result.err
    for later in ("wasm", "docker"):
        refused = person.run(make(FINE, later), env={"AGENT_SANDBOX_TYPE": later})
        assert refused.code == 2 and "is not in this version" in refused.err


def timeout_reaches_the_action(person, make, monkey):
    events = person.events(person.run(make(FINE), env=monkey).json["run"])
    grants = [e["data"]["action"] for e in events if e["event_type"] == "LEASE_GRANTED"]
    assert [grant["parameters"]["timeout_ms"] for grant in grants] == ["7000"]


def retries_are_counted(person, make, monkey):
    """Somebody makes the run's branch first, elsewhere: every attempt to deliver is an error."""
    repository = make(PRICES)
    process = person.start("run", "make the tests pass", "--json", cwd=repository.path, env=monkey)
    run = wait_until(person.runs)[0]["run"]
    repository.git("update-ref", "refs/heads/coditect/" + run, "HEAD")
    result = finish(process)
    assert result.code == 1 and result.json["outcome"] == "error", result
    assert result.json["partial"] != ""  # the repair is kept and named
    events = [e for e in person.events(run) if e["task"] == result_task(person, run)]
    counts = collections.Counter(e["event_type"] for e in events)
    assert counts["LEASE_GRANTED"] == 2 and counts["TASK_RETRIED"] == 1  # the first and one retry
    assert counts["RESULT_REFUSED"] == 2 and counts["AGENT_ERROR"] == 2 and counts["TASK_FAILED"] == 1
    assert repository.git("rev-parse", "coditect/" + run) == repository.git("rev-parse", "HEAD")


def result_task(person, run):
    """The task that delivers."""
    return [e["task"] for e in person.events(run) if e["event_type"] == "TASK_PLANNED"
            and e["data"]["task"]["intent"] == "deliver"][0]


def parallel_limit_is_kept(person, make, monkey):
    result = person.run(make(FINE), env=monkey)
    joined = [e for e in person.events(result.json["run"]) if e["event_type"] == "HOST_JOINED"]
    assert [e["data"]["slots"] for e in joined] == [1]


def is_refused(person, make, monkey):
    result = person.run(make(FINE), env=monkey)
    (name, _), = monkey.items()
    assert result.code == 2 and name in result.err, result
    assert "is not in this version; unset it" in result.err
    assert person.call("config", "validate", env=monkey).code == 2


def is_one_warning(person, make, monkey):
    result = person.run(make(FINE), env={**STORAGE, **monkey})
    assert result.code == 0
    warnings = [line for line in result.err.splitlines() if "embedded storage is used" in line]
    (name, _), = monkey.items()
    assert len(warnings) == 1 and name in warnings[0], result


VARIABLES = [  # sdd.md section 8: name, value, what shows its effect
    ("ORCHESTRATOR_LLM_MODEL", "claude-3-5-sonnet", is_refused),
    ("ORCHESTRATOR_PLANNING_INTERVAL_SECONDS", "1", planning_is_repeated),
    ("ORCHESTRATOR_CACHE_TTL_HOURS", "24", is_refused),
    ("TASK_QUEUE_SYNC_INTERVAL_MS", "10", sync_interval_is_kept),
    ("TASK_QUEUE_CONSISTENCY_CHECK_ENABLED", "false", consistency_check_is_recorded),
    ("TASK_QUEUE_VIOLATION_ACTION", "escalate", violation_action_is_recorded),
    ("AGENT_SANDBOX_TYPE", "none", sandbox_type_is_used),
    ("AGENT_TIMEOUT_SECONDS", "7", timeout_reaches_the_action),
    ("AGENT_MAX_RETRIES", "1", retries_are_counted),
    ("AGENT_PARALLEL_LIMIT", "1", parallel_limit_is_kept),
    ("REDIS_CLUSTER_NODES", "redis-1,redis-2,redis-3", is_one_warning),
    ("NATS_URL", "nats://nats.example.com:4222", is_one_warning),
    ("CLICKHOUSE_CLUSTER", "clickhouse.example.com:9000", is_one_warning),
    ("VECTOR_DB_ENDPOINT", "chromadb.example.com:8000", is_one_warning),
]


@pytest.mark.parametrize("name, value, observe", VARIABLES, ids=[row[0] for row in VARIABLES])
def test_each_of_the_fourteen_variables_has_its_effect_or_is_refused(person, make, name, value,
                                                                    observe):
    observe(person, make, {name: value})
    listed = person.call("config", "list", "--show-origin", env={name: value})
    if observe is not is_refused:
        assert listed.code == 0 and "# " + name in listed.out, listed


def test_the_table_names_every_variable(person):
    keys = person.call("config", "list", "--json").json["keys"]
    assert len(VARIABLES) == 14 and len({row[0] for row in VARIABLES}) == 14
    assert {"yes", "not_yet", "not_in_this_version"} == {key["effect"] for key in keys}


def test_cluster_storage_is_refused_wherever_it_is_asked_for(person, make):
    repository = make({**FINE, "coditect.toml": ""})
    config = person.home / ".config" / "coditect" / "config.toml"
    config.parent.mkdir(parents=True)
    for arrange in (lambda: {"env": {"CODITECT_STORAGE__MODE": "cluster"}},
                    lambda: config.write_text("[storage]\nmode = 'cluster'\n") and {}):
        result = person.run(repository, **arrange())
        assert result.code == 2 and "\"cluster\" is not in this version; use embedded" in result.err
    assert "%s:2" % config in person.call("config", "list").err  # file and line


def test_layers_have_origins_and_a_repository_may_not_weaken_them(person, make):
    repository = make({**FINE, "coditect.toml": "[agent]\ntimeout = '11s'\nmax_retries = 1\n"})
    config = person.home / ".config" / "coditect" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[agent]\ntimeout = '9s'\nparallel_limit = 5\n")

    def get(key, *arguments, **options):
        result = person.call(*arguments, "config", "get", key, "--json", cwd=repository.path,
                             **options)
        assert result.code == 0, result
        return result.json["value"], result.json["origin"]

    assert get("agent.parallel_limit") == (5, "%s:3" % config)
    assert get("agent.timeout") == ("11s", "%s:2" % (repository.path / "coditect.toml"))
    assert get("agent.timeout", env={"AGENT_TIMEOUT_SECONDS": "8"}) == ("8s", "AGENT_TIMEOUT_SECONDS")
    assert get("agent.timeout", "-c", "agent.timeout=7s") == ("7s", "-c")
    assert get("verify.repeat_flaky")[1] == "default"
    other = person.home / "other.toml"
    other.write_text("[agent]\nparallel_limit = 6\n")
    assert get("agent.parallel_limit", "--config", other) == (6, "%s:2" % other)
    assert person.call("config", "get", "agent.timeout", cwd=repository.path).out == "11s\n"
    valid = person.call("config", "validate", cwd=repository.path)
    assert valid.code == 0 and valid.out.count(": valid, ") == 2, valid
    (repository.path / "coditect.toml").write_text("[agent]\nsandbox = 'none'\n")
    for verb, code in ((("config", "validate"), 2), (("config", "list"), 0),
                       (("run", "make the tests pass"), 9)):  # denied: an untrusted file asks
        refused = person.call(*verb, cwd=repository.path)
        assert refused.code == code and "agent.sandbox" in refused.err, refused
    assert get("agent.sandbox") == ("auto", "default")


def in_file(text):
    return lambda config: config.write_bytes(text if isinstance(text, bytes) else text.encode())


def changing(config):
    config.write_text("agent.max_retries = 2\n")


BAD_INPUT = [  # reliability.md section 6: item, what is done to the file, variables, code, words
    (1, in_file(""), {}, 0, []),
    (2, in_file(b"\xef\xbb\xbf[agent]\nmax_retries = 2\n"), {}, 0, []),
    (3, in_file("[agent]\r\nmax_retries = 2\r\n"), {}, 0, []),
    (4, in_file(b"[agent]\nmax_retries = 2\0\n"), {}, 2, ["FILE:2", "NUL"]),
    (5, in_file(b"[agent]\n# \xff\n"), {}, 2, ["FILE:2", "UTF-8"]),
    (6, in_file("[agent]\nmax_retries = 2\nmax_retries = 3\n"), {}, 2, ["FILE:3", "max_retries"]),
    (7, in_file("[agent]\ntimeuot = '3s'\n"), {}, 2,
     ["FILE:2", "agent.timeuot", 'did you mean "agent.timeout"?']),
    (8, in_file("[agent]\nmax_retries = 'many'\n"), {}, 2, ["FILE:2", "agent.max_retries"]),
    (9, in_file("[agent]\nmax_retries = 9223372036854775808\n"), {}, 2, ["FILE:2"]),
    (10, in_file("[agent]\ntimeout = '-1s'\n"), {}, 2, ["FILE:2", "agent.timeout"]),
    (11, in_file("[task_queue]\nsync_interval = '0ms'\n"), {}, 2,
     ["FILE:2", "task_queue.sync_interval", "10ms"]),
    (12, in_file("[agent]\nmax_retries = nan\n"), {}, 2, ["FILE:2", "agent.max_retries"]),
    (12, in_file("[agent]\nmax_retries = inf\n"), {}, 2, ["FILE:2", "agent.max_retries"]),
    (13, in_file("[verify]\ntest = '" + "x" * (10 << 20) + "'\n"), {}, 2, ["FILE"]),
    (14, in_file("a = " + "[" * 10000 + "]" * 10000 + "\n"), {}, 2, ["FILE:1", "nest"]),
    (15, in_file("[verify]\ntest = \"pytest\n"), {}, 2, ["FILE:2"]),
    (16, in_file(""), {"AGENT_TIMEOUT_SECONDS": ""}, 2,
     ["AGENT_TIMEOUT_SECONDS", "agent.timeout", "is set but empty; unset it"]),
    (17, in_file(""), {"AGENT_TIMEOUT_SECONDS": "30s"}, 2,
     ["AGENT_TIMEOUT_SECONDS", "a whole number of seconds, without a unit"]),
    (18, in_file(""), {"REDIS_CLUSTER_NODES": "a, ,b,"}, 2, ["REDIS_CLUSTER_NODES"]),
    (19, in_file("[storage.redis]\nnodes = ['a:0']\n"), {}, 2, ["FILE:2", "port"]),
    (19, in_file("[storage.redis]\nnodes = ['a:65536']\n"), {}, 2, ["FILE:2", "port"]),
    (20, in_file("[storage.nats]\nurl = 'nats://ada:hunter2@n:4222'\n"), {}, 0, []),
    (20, in_file("[storage.nats]\nurl = 'http://ada:hunter2@n:4222'\n"), {}, 2, ["FILE:2", "scheme"]),
    (21, lambda config: config.symlink_to(config), {}, 2, ["cannot read FILE"]),
    (21, lambda config: config.mkdir(), {}, 2, ["FILE is not a regular file"]),
    (21, lambda config: os.mkfifo(config), {}, 2, ["FILE is not a regular file"]),
    (22, changing, {}, 0, []),
]


@pytest.mark.parametrize("item, arrange, environment, code, words", BAD_INPUT,
                         ids=["item-%d-%d" % (row[0], i) for i, row in enumerate(BAD_INPUT)])
def test_bad_configuration_names_the_place_and_the_next_step(person, item, arrange, environment,
                                                            code, words):
    config = person.home / ".config" / "coditect" / "config.toml"
    config.parent.mkdir(parents=True)
    arrange(config)
    for verb in (["config", "validate"], ["config", "list"]):
        result = person.call(*verb, env=environment, timeout=20)
        assert result.code == code, result
        for word in words:
            assert word.replace("FILE", str(config)) in result.err, result
        assert "hunter2" not in result.out + result.err
        assert len(result.err) < 8192 and (code == 0 or result.out == "")


def test_an_unreadable_file_is_named(person, as_nobody):
    config = person.home / "mine.toml"
    config.write_text("")
    config.chmod(0)
    result = person.call("config", "validate", "--config", config, **as_nobody)
    assert result.code == 2 and "cannot read %s" % config in result.err, result


def test_all_items_of_the_list_have_a_row():
    assert {row[0] for row in BAD_INPUT} == set(range(1, 23))
