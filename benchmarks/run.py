#!/usr/bin/env python3
"""coditect run on a small repository with one bug: its own CPU time, suite runs, runner starts."""

from support.measuring import SMALL, Desk, spread, table

RUNS = 3


def main():
    own, sandboxed, usages = [], [], []
    with Desk() as desk:
        repository = desk.repository("small", SMALL)
        for _ in range(RUNS):
            run = desk.call("run", "make the tests pass", "--output", "json", cwd=repository,
                            sample=True)
            report = run.json
            assert report["outcome"] == "verified", report
            own.append(run.own_cpu)
            sandboxed.append(report["cpu_seconds"])
            usages.append(report["usage"])
    print("`coditect run` on a repository of one module, five tests and one bug, %d runs. Own CPU: user and "
          "system time of coditect, of its broker and of the git processes it waited for, from /proc, "
          "sampled every 20 ms until the end. (The process tree's rusage less the sandboxes' would "
          "be too low: it misses what dies with its pid namespace.)\n" % RUNS)
    print(table(["What", "Measured", "Target"], [
        ["own CPU s", spread(own), "<= 1.5"],
        ["sandboxed commands, CPU s, as reported", spread(sandboxed), ""],
        ["runs of the whole suite", max(usage["suite_runs"] for usage in usages),
         "<= 4: baseline, coverage, 2 of the claim"],
        ["runner starts", max(usage["runner_starts"] for usage in usages), "<= 8"],
        ["candidates", max(usage["candidates"] for usage in usages), ""],
    ]))


if __name__ == "__main__":
    main()
