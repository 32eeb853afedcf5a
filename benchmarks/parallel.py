#!/usr/bin/env python3
"""Two independent bugs in slow modules against one of them: do agents work at the same time?"""

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


def main():
    with Desk() as desk:
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


if __name__ == "__main__":
    main()
