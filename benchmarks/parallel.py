#!/usr/bin/env python3
"""Do agents work at the same time? Two independent bugs in slow modules against one of them; and parts
of a slow suite that refuse a patch while the whole of it still runs."""

import datetime
import json

from support.measuring import Desk, sleeping, table

SLEEP_SECONDS = 10


def overlap(events):
    """Seconds in which repair leases of two clusters were open at once, and the two tasks."""
    group, start, spans = {}, {}, []
    for event in events:
        task, kind = event["task"], event["event_type"]
        seconds = datetime.datetime.fromisoformat(event["timestamp"][:-1]).timestamp()
        if kind == "TASK_PLANNED":
            group[task] = int(event["data"]["task"].get("group", 0))
        elif kind == "LEASE_GRANTED":
            start[task] = seconds
        elif kind == "LEASE_ENDED" and task in start:
            spans.append((task, start.pop(task), seconds))
    repairs = [span for span in spans if group.get(span[0], 0)]
    best = (0, "", "")
    for task, begin, end in repairs:
        for other, other_begin, other_end in repairs:
            if group[task] < group[other]:
                best = max(best, (min(end, other_end) - max(begin, other_begin), task, other))
    return best


def measure(desk, bugs):
    repository = desk.repository("bugs-%d" % bugs, sleeping(SLEEP_SECONDS, bugs))
    run = desk.call("run", "make the tests pass", "--output", "json", "--agents", "8", cwd=repository)
    report = run.json
    assert report["outcome"] == "verified", report
    logs = desk.call("logs", report["run"], "--json", cwd=repository)
    return run, report, [json.loads(line) for line in logs.out.splitlines()]


# `test_spelling` refuses every repair but one, and no search sees it: each patch that passes the
# failing test costs a run of the suite, or less where parts of it run beside.
REFUSING = {
    "price.py": """
        def discount(quantity):
            if quantity > 10:
                return 5
            return 0
        """,
    "test_price.py": """
        from price import discount

        def test_ten():
            assert discount(10) == 5

        def test_nine():
            assert discount(9) == 0
        """,
    "test_spelling.py": """
        import pathlib

        def test_spelling():
            text = pathlib.Path(__file__).with_name("price.py").read_text()
            assert "quantity > 10" in text or "quantity > 9" in text
        """,
    "test_wait.py": """
        import time
        import pytest

        @pytest.mark.parametrize("number", range(20))
        def test_wait(number):
            time.sleep(0.5)
        """,
}


def refusals(desk):
    """Seconds that each refused patch of the winning search took: (without parts, with parts)."""
    repository = desk.repository("refusing", REFUSING)
    report = desk.call("run", "make the tests pass", "--output", "json", cwd=repository).json
    assert report["outcome"] == "verified", report
    logs = desk.call("logs", report["run"], "--json", cwd=repository)
    task, last, whole, parts = report["changes"][0]["task"], None, [], []
    for event in map(json.loads, logs.out.splitlines()):
        if event["task"] != task or event["event_type"] not in ("PROGRESS", "CONFIRM"):
            continue
        seconds = datetime.datetime.fromisoformat(event["timestamp"][:-1]).timestamp()
        if event["event_type"] == "CONFIRM" and event["data"]["fault"]:
            by_part = "in a part of the suite" in event["data"]["fault"]
            (parts if by_part else whole).append(seconds - last)
        last = seconds
    return whole, parts


def main():
    with Desk() as desk:
        whole, parts = refusals(desk)
        one, one_report, _ = measure(desk, 1)
        two, two_report, events = measure(desk, 2)
    shared, first, second = overlap(events)
    print("One repository, two test modules whose tests sleep %d s each (so one run of the suite "
          "takes %d s), a bug in each; against the same with one bug mended before.\n"
          % (SLEEP_SECONDS, 2 * SLEEP_SECONDS))
    print(table(["What", "One bug", "Two bugs", "Ratio", "Target"], [
        ["wall s", "%.1f" % one.wall, "%.1f" % two.wall, "%.2f" % (two.wall / one.wall), "<= 1.4"],
        ["runs of the whole suite", one_report["usage"]["suite_runs"],
         two_report["usage"]["suite_runs"], "",
         "baseline, coverage, 2 a claim, 1 a merged tree not yet tested"],
        ["runner starts", one_report["usage"]["runner_starts"],
         two_report["usage"]["runner_starts"], "", ""],
        ["leases of both bugs open at once, s", "", "%.1f (%s, %s)" % (shared, first, second),
         "", "> 0"],
    ]))
    print("\nA suite of 10 s of sleeping tests of which one refuses most patches; the first refusal "
          "is by the whole suite, from then on parts of it run beside the whole:\n")
    print(table(["What", "Whole suite", "Parts beside it"], [
        ["patches refused", len(whole), len(parts)],
        ["s until refused", ", ".join("%.1f" % s for s in whole),
         ", ".join("%.1f" % s for s in parts)],
    ]))


if __name__ == "__main__":
    main()
