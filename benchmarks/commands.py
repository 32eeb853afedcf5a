#!/usr/bin/env python3
"""Commands that only look: ps, version, --help, beside two programs everybody knows."""

from support.measuring import SMALL, Desk, median, spread, table

CALLS = 21
RUNS = 3  # in the ledger that ps reads


def main():
    rows = [
        ("coditect ps", ["ps"], None, "CPU <= 30"),
        ("coditect version", ["version"], None, "CPU <= 10"),
        ("coditect --help", ["--help"], None, "wall <= 100"),
        ("git --version", ["--version"], "/usr/bin/git", "peer"),
        ("python3 --version", ["--version"], "/usr/bin/python3", "peer"),
    ]
    cpu = {name: [] for name, *_ in rows}
    wall = {name: [] for name, *_ in rows}
    with Desk() as desk:
        repository = desk.repository("small", SMALL)
        for _ in range(RUNS):
            desk.call("run", "make the tests pass", "--output", "json", cwd=repository)
        for _ in range(CALLS):
            for name, arguments, program, _ in rows:
                call = desk.call(*arguments, cwd=repository, **({"program": program} if program else {}))
                assert call.code == 0, call.lines
                cpu[name].append(1000 * call.cpu)
                wall[name].append(1000 * call.wall)
    print("Medians of %d alternating calls [min-max], milliseconds; `ps` reads a ledger of %d runs.\n"
          % (CALLS, RUNS))
    peer = median(cpu["git --version"])
    print(table(["Command", "CPU ms", "wall ms", "Target ms", "CPU / git"], [
        [name, spread(cpu[name], 1), spread(wall[name], 1), target, "%.1f" % (median(cpu[name]) / peer)]
        for name, _, _, target in rows]))


if __name__ == "__main__":
    main()
