#!/usr/bin/env python3
"""First contact: no key, no network, no terminal, closed stdin, an empty home."""

from support.measuring import SMALL, Desk, sleeping, table


def main():
    rows = []
    for name, arguments, files in (
            ("demo", ["demo"], None),
            ("run, small repository", ["run", "make the tests pass"], SMALL),
            ("run, tests that sleep 4 s", ["run", "make the tests pass"], sleeping(4, 1))):
        with Desk() as desk:
            folder = desk.repository("repository", files) if files else desk.folder
            # A network namespace of its own: not even loopback is up.
            call = desk.call("--net", desk_binary(), *arguments, program="/usr/bin/unshare", cwd=folder)
            assert call.code == 0, call.lines
            rows.append([name, "%.2f" % call.lines[0][0], "%.2f" % max(call.silences()),
                         "%.1f" % call.wall, len(call.lines)])
    print("In a network namespace without any interface, with an empty home, stdin at its end and "
          "pipes for stdout and stderr. Seconds; silence from the start to the exit.\n")
    print(table(["Command", "First line (< 1)", "Longest silence (<= 2)", "Wall", "Lines"], rows))


def desk_binary():
    from support.measuring import BINARY
    return BINARY


if __name__ == "__main__":
    main()
