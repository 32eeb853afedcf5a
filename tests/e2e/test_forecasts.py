"""What a plan expects, what happened, and what past runs teach."""

import pytest

from conftest import PRICES, verified


def planned(person, run):
    return [e["data"]["task"] for e in person.events(run) if e["event_type"] == "TASK_PLANNED"
            and e["data"]["plan_version"] == 2]


def test_forecasts_are_planned_scored_and_learnt_from(person, make):
    nothing = person.call("show", "--forecasts")
    assert nothing.code == 0 and nothing.out == "" and "no run has ended" in nothing.err
    repository = make(PRICES)
    report = verified(person, repository)
    tasks = {task["task_id"]: task for task in planned(person, report["run"])}
    assert all(task["forecast"]["success_permille"] for task in tasks.values()
               if task["intent"] != "deliver")
    # Scored: the winner, its verification and the merge; a cancelled rival says nothing.
    scored = report["forecast"]["of"]
    assert {tasks[score["task"]]["intent"] for score in scored} == {"repair", "verify", "merge"}
    assert all(score["success"] for score in scored)
    brier = sum((1 - score["success_forecast"]) ** 2 for score in scored) / len(scored)
    assert report["forecast"]["brier"] == pytest.approx(brier, abs=1e-4)
    assert report["forecast"]["costed"] >= 2 and report["forecast"]["cpu_error"] >= 0
    shown = person.call("show", report["run"], "--evidence").out
    assert "Forecasts of %d tasks: Brier score" % len(scored) in shown
    assert "forecast 55 %" in person.call("explain", report["run"]).out
    # Over all runs.
    skills = {s["skill"]: s for s in person.call("show", "--forecasts", "--json").json["skills"]}
    assert skills["coder:python:edits"]["success"] == 1 and skills["coder:python:edits"]["tasks"] == 1
    assert skills["tester:python:verify"]["cpu_ms"] > 0
    assert "coder:python:edits" in person.call("show", "--forecasts").out

    # The next plan expects more of what worked and gives it more of the budget …
    second = person.run(make(PRICES, "second")).json
    first_edits, second_edits = (
        [t for t in planned(person, run) if t.get("skill") == "coder:python:edits"][0]
        for run in (report["run"], second["run"]))
    assert (second_edits["forecast"]["success_permille"]
            > first_edits["forecast"]["success_permille"] == 550)
    assert int(second_edits["tests_max"]) > int(first_edits["tests_max"])
    # … unless a seed was asked for: the same repository and seed give the same result.
    seeded = person.run(make(PRICES, "third"), "--seed", "0").json
    edits = [t for t in planned(person, seeded["run"]) if t.get("skill") == "coder:python:edits"][0]
    assert edits["forecast"]["success_permille"] == 550
    assert edits["tests_max"] == first_edits["tests_max"]
    trees = {r["evidence"][-1]["tree"] for r in (report, second, seeded)}
    assert len(trees) == 1


def test_forecasts_of_all_runs_are_no_runs(person):
    result = person.call("show", "r-1234", "--forecasts")
    assert result.code == 2 and "`coditect show ID --evidence`" in result.err
