#!/usr/bin/env python3
"""coditect run on a small repository with one bug: its own CPU time, suite runs, runner starts."""

from support.measuring import SMALL, Desk, spread, table

RUNS = 5


def main():
    own, sampled, total, usages = [], [], [], []
    with Desk() as desk:
        repository = desk.repository("small", SMALL)
        for _ in range(RUNS):
            run = desk.call("run", "make the tests pass", "--output", "json", cwd=repository,
                            sample=True)
            report = run.json
            assert report["outcome"] == "verified", report
            own.append(run.cpu - report["cpu_seconds"])
            sampled.append(run.own_cpu)
            total.append(run.cpu)
            usages.append(report["usage"])
    print("`coditect run` on a repository of one module, five tests and one bug, %d runs. Own CPU: "
          "rusage of the whole process tree (wait4: coditect, its broker, git and all sandboxed "
          "processes) less the CPU that the report states for the sandboxes; beside it the last "
          "sample of coditect and its broker alone (without git; a lower bound).\n" % RUNS)
    print(table(["What", "Measured", "Target"], [
        ["own CPU s", spread(own), "<= 1.5"],
        ["coditect and broker, sampled, CPU s", spread(sampled), ""],
        ["whole tree, CPU s", spread(total), ""],
        ["runs of the whole suite", max(usage["suite_runs"] for usage in usages),
         "<= 4: baseline, coverage, 2 of the claim"],
        ["runner starts", max(usage["runner_starts"] for usage in usages), "<= 8"],
        ["candidates", max(usage["candidates"] for usage in usages), ""],
    ]))


if __name__ == "__main__":
    main()
