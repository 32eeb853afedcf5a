"""Short forms of the long proofs (tools/prove.py): whatever ends a run, it goes on to the same end."""

import pytest

import trials

# One of each kind of event and effect, and each moment.
POINTS = [
    "shard_opened#0#1:after",
    "mission_requested#0#1:torn",
    "effect#mount#2:after",
    "effect#spawn#2:after",
    "effect#blob#3:torn",
    "plan_accepted#0#2:before",
    "lease_granted#7#1:after",
    "effect#ref#1:torn",
    "result_reported#4#1:torn",
    "effect#merge#1:after",
    "batch_decided#12#1:after",
    "merge_decided#12#1:before",
    "effect#branch#1:after",
]


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """(tree, seconds, points) of a run that nothing disturbs."""
    return trials.undisturbed(tmp_path_factory.mktemp("undisturbed"))


def test_every_kind_of_point_is_passed_by_a_run(usual):
    kinds = {point.split("#")[1] for point in usual[2] if point.startswith("effect#")}
    assert {"blob", "ref", "mount", "spawn", "merge", "branch"} <= kinds


@pytest.mark.parametrize("at", POINTS)
def test_a_crash_at_a_point_is_resumed_to_the_same_tree(tmp_path, usual, at):
    point, moment = at.split(":")
    assert trials.crash(tmp_path, point, moment, usual[0]) == []


@pytest.mark.parametrize("number", range(5))
def test_a_killed_run_loses_nothing_and_does_nothing_twice(tmp_path, usual, number):
    tree, seconds, _ = usual
    problems, seen = trials.kill9(tmp_path, trials.moments(7, 5, seconds)[number], tree)
    assert problems == []


@pytest.mark.skipif(bool(trials.LoopDisk.missing()), reason=trials.LoopDisk.missing())
@pytest.mark.parametrize("number", range(3))
def test_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path, usual, number):
    tree, seconds, _ = usual
    problems, seen = trials.power_cut(tmp_path, trials.moments(11, 3, seconds)[number], tree)
    assert problems == []
