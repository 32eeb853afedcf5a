"""The emergency stop: in every state of an agent, with the ledger stuck in a sync or its disk full."""

import itertools
import signal
import time

import pytest

import emergency
import trials
from conftest import finish, leftovers, wait_until
from emergency import line_of, sandboxed


@pytest.fixture
def slow(make):
    return make(emergency.SLOW)


@pytest.mark.parametrize("state, fault, way", itertools.product(
    emergency.STATES, emergency.FAULTS, emergency.WAYS))
def test_an_emergency_stop_kills_at_once_whatever_an_agent_does_and_the_ledger_cannot(
        tmp_path, shim, state, fault, way):
    """PLAN, ERROR and STOPPED are passed in no time: src/agent/host_test.cpp holds them."""
    seconds, count, problems = emergency.Stop(tmp_path, shim, state, fault, way).measure()
    print("%d processes dead after %.1f ms" % (count, seconds * 1000))
    assert problems == []
    assert seconds < emergency.DEAD_WITHIN
    assert (count == 0) == (state == "IDLE")


@pytest.mark.parametrize("sync", [8, 14, 22])
def test_the_second_ctrl_c_kills_everything_while_the_ledger_hangs(person, make, disk, sync):
    """The ledger hangs at its `sync`th sync; what was acknowledged goes on."""
    repository = make(trials.FILES)
    disk.becomes("hang %d" % sync)
    process = person.start("run", trials.GOAL, "--output", "json", cwd=repository.path,
                           env=disk.env)
    disk.wait_for_hit(process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)  # two interrupts, not one
    process.send_signal(signal.SIGINT)
    wait_until(lambda: not sandboxed(process), emergency.PATIENCE)
    result = finish(process)
    assert result.code == 130, result
    disk.becomes("")
    assert [line for line in leftovers(person) if not line.startswith(str(person.state))] == []
    if "nothing was recorded" in result.err:
        result = person.run(repository)
    else:
        result = person.call("resume", "--last", "--output", "json")
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert leftovers(person) == []


def test_an_emergency_stop_overtakes_stops_that_wait_for_the_ledger(person, slow, disk):
    process = person.start("run", trials.GOAL, "--output", "json", cwd=slow.path, env=disk.env)
    run = line_of(process, "Run").split(",")[0]
    wait_until(lambda: sandboxed(process), emergency.PATIENCE)
    disk.becomes("hang")
    waiting = [person.start("stop", run) for _ in range(6)]
    disk.wait_for_hit(process)
    time.sleep(0.3)  # so that all of them wait
    stop = person.start("stop", run, "--emergency")
    begun = time.monotonic()
    assert emergency.seconds_until_dead(process, sandboxed(process), begun) < emergency.DEAD_WITHIN
    disk.becomes("")
    assert [finish(each).code for each in [*waiting, stop]] == [0] * 7
    assert finish(process).code == 130
    assert leftovers(person) == []


def test_the_second_ctrl_c_of_somebody_who_is_not_the_owner_kills_too(person, make, slow, disk):
    owner = person.start("run", trials.GOAL, "--output", "json", cwd=slow.path, env=disk.env)
    line_of(owner, "Run")
    other = make(emergency.FILES, "other")
    client = person.start("run", trials.GOAL, "--output", "json", cwd=other.path)
    line_of(client, "Run")
    wait_until(lambda: sandboxed(owner), emergency.PATIENCE)
    disk.becomes("hang")
    client.send_signal(signal.SIGINT)
    line_of(client, "Stopping")
    pids, begun = sandboxed(owner), time.monotonic()
    client.send_signal(signal.SIGINT)
    assert emergency.seconds_until_dead(owner, pids, begun) < emergency.DEAD_WITHIN
    assert finish(client).code == 130
    disk.becomes("")
    result = finish(owner)  # everything was killed, and what nobody stopped goes on
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert leftovers(person) == []
