#!/usr/bin/env python3
"""Bytes of an installation, and the memory of coditect's own processes during the demo."""

import subprocess
import tempfile
import pathlib

from support.measuring import PROJECT, Desk, table

MIB = 1 << 20


def installed():
    """{path: bytes} of what `./dev install` puts there."""
    with tempfile.TemporaryDirectory() as prefix:
        subprocess.run([PROJECT / "dev", "install", prefix], check=True, stdout=subprocess.DEVNULL)
        files = [file for file in pathlib.Path(prefix).rglob("*") if file.is_file()]
        return {str(file.relative_to(prefix)): file.stat().st_size for file in files}


def main():
    files = installed()
    with Desk() as desk:
        demo = desk.call("demo", sample=True)
        assert demo.code == 0, demo.lines
    print("`./dev install PREFIX` (stripped binary, documents); `coditect demo` sampled every 20 ms: "
          "PSS of coditect and its broker together, without git and the sandboxed processes.\n")
    print(table(["What", "Measured", "Target"], [
        ["binary, MiB", "%.1f" % (files["bin/coditect"] / MIB), ""],
        ["all installed files, MiB", "%.1f" % (sum(files.values()) / MIB), "<= 100"],
        ["demo, peak of own processes, MiB", "%.1f" % (demo.peak_kib / 1024), "<= 200"],
        ["demo, wall s", "%.1f" % demo.wall, "<= 60"],
    ]))


if __name__ == "__main__":
    main()
