"""The main job, from the goal to the branch, as a person sees it."""

from conftest import leftovers


def test_a_bug_becomes_a_verified_branch_and_nothing_else_changes(person, prices):
    before = prices.snapshot()
    result = person.run(prices)
    assert result.code == 0, result
    report = result.json
    assert report["schema"] == "coditect.run/v1"
    assert report["outcome"] == "verified"
    assert report["base"] == prices.head()
    assert prices.snapshot() == before
    assert prices.suite_passes(report["branch"])
    assert leftovers(person) == []
