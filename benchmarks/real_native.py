#!/usr/bin/env python3
"""Repairs drawn bugs of real C and C++ projects with the shipped binary; prints what came of each.

Source packages are fetched through apt from the distribution's own archive, at pinned versions
whose hashes are checked, and become git repositories. Single-token bugs are put at places drawn from a
hash of (package, version, number), see support/drawn_bugs.py.
"""
import argparse
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
import drawn_bugs  # noqa: E402

PROJECT = pathlib.Path(__file__).resolve().parents[1]

# What is no code, or no code that is compiled everywhere: kept apart by blanks of the same length.
SILENT = re.compile(rb"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'|"
                    rb"^[ \t]*#(?:\\\n|[^\n])*", re.S | re.M)
TOKENS = (
    ("comparison", re.compile(rb"(?<= )(<=|>=|==|!=|<|>)(?= )"),
     {"<": ["<=", ">"], "<=": ["<", ">="], ">": [">=", "<"], ">=": [">", "<="], "==": ["!="],
      "!=": ["=="]}),
    ("arithmetic", re.compile(rb"(?<= )(\+|-|/|%|\+=|-=)(?= )"),
     {"+": ["-"], "-": ["+"], "/": ["*"], "%": ["/"], "+=": ["-="], "-=": ["+="]}),
    ("step", re.compile(rb"(\+\+|--)"), {"++": ["--"], "--": ["++"]}),
    ("logical", re.compile(rb"(?<= )(&&|\|\|)(?= )"), {"&&": ["||"], "||": ["&&"]}),
    ("negation", re.compile(rb"(?<=[( ])(!)(?=[A-Za-z_(])"), {"!": [""]}),
    ("truth", re.compile(rb"\b(true|false)\b"), {"true": ["false"], "false": ["true"]}),
)
NUMBER = re.compile(rb"(?<![\w.])(0|[1-9][0-9]{0,3})(?![\w.])")


def places_in(source):
    """(kind, offset, old, [new]) of one file's bytes."""
    code = SILENT.sub(lambda match: re.sub(rb"[^\n]", b" ", match.group()), source)
    for kind, pattern, others in TOKENS:
        for match in pattern.finditer(code):
            old = match.group(1).decode()
            yield kind, match.start(1), old, others[old]
    for match in NUMBER.finditer(code):
        value = int(match.group(1))
        yield ("constant", match.start(1), str(value),
               [str(value + 1)] + ([str(value - 1)] if value else []))


class SourcePackage(drawn_bugs.Package):
    """One of the distribution's source packages, built by CMake."""

    def __init__(self, name, version, archive, sha256, below, arguments=()):
        self.name, self.version, self.below = name, version, below
        self.origin = "from the distribution's source package, sha256 " + sha256[:12]
        self._archive, self._sha256, self._arguments = archive, sha256, list(arguments)

    def fetch(self, folder):
        state = folder.with_name("apt")
        for part in ("lists/partial", "cache/archives/partial", "parts"):
            (state / part).mkdir(parents=True, exist_ok=True)
        for path in [pathlib.Path("/etc/apt/sources.list"),
                     *pathlib.Path("/etc/apt/sources.list.d").glob("*")]:
            if path.is_file():
                text = re.sub(r"^Types: deb$", "Types: deb-src", path.read_text(), flags=re.M)
                text = re.sub(r"^deb ", "deb-src ", text, flags=re.M)
                (state / "parts" / path.name).write_text(text)
        options = ["-o", "Dir::Etc::sourcelist=/dev/null", "-o",
                   "Dir::Etc::sourceparts=%s" % (state / "parts"), "-o",
                   "Dir::State::lists=%s" % (state / "lists"), "-o",
                   "Dir::Cache=%s" % (state / "cache")]
        for command in (["update", "-qq"], ["source", "-qq", "--download-only",
                                            "%s=%s" % (self.name, self.version)]):
            subprocess.run(["apt-get", *options, *command], cwd=state, check=True,
                           stdout=sys.stderr)
        archive = state / self._archive
        if hashlib.sha256(archive.read_bytes()).hexdigest() != self._sha256:
            raise SystemExit("%s has another hash than expected" % archive.name)
        shutil.unpack_archive(archive, folder)
        return next(path for path in folder.iterdir() if path.is_dir())

    def places(self, pristine):
        out = {}
        for path in self.sources(pristine):
            if path.suffix in (".c", ".cc", ".cpp", ".h", ".hpp"):
                for kind, offset, old, new in places_in(path.read_bytes()):
                    out.setdefault(kind, []).append((str(path.relative_to(pristine)), offset, old,
                                                     new))
        for found in out.values():
            found.sort()
        return out

    def command(self, stop_early):
        """Outside the folder: what it builds is no part of the repository."""
        return ["sh", "-ec", 'b=$(mktemp -d); trap "rm -rf $b" EXIT; '
                'cmake -S . -B "$b" "$@"; cmake --build "$b" -j2; ctest --test-dir "$b" %s'
                % ("--stop-on-failure" if stop_early else ""), "sh", *self._arguments]


PACKAGES = (
    SourcePackage("cjson", "1.7.15-1+deb12u4", "cjson_1.7.15.orig.tar.gz",
                  "5308fd4bd90cef7aa060558514de6a1a4a0819974a26e6ed13973c5f624c24b2",
                  ("cJSON.c", "cJSON_Utils.c")),
    SourcePackage("jansson", "2.14-2", "jansson_2.14.orig.tar.gz",
                  "c739578bf6b764aa0752db9a2fdadcfe921c78f1228c7ec0bb47fa804c55d17b", ("src",)),
    SourcePackage("pugixml", "1.13-0.2", "pugixml_1.13.orig.tar.gz",
                  "5c5ad5d7caeb791420408042a7d88c2c6180781bf218feca259fd9d840a888e1", ("src",),
                  ["-DPUGIXML_BUILD_TESTS=ON"]),
    SourcePackage("double-conversion", "3.2.1-1", "double-conversion_3.2.1.orig.tar.gz",
                  "e40d236343cad807e83d192265f139481c51fc83a1c49e406ac6ce0a0ba7cd35",
                  ("double-conversion",), ["-DBUILD_TESTING=ON"]),
)


def fetch_only(package, folder):
    with tempfile.TemporaryDirectory() as made:
        unpacked = package.fetch(pathlib.Path(made) / "package")
        shutil.copytree(unpacked, folder, symlinks=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    drawn_bugs.add_options(parser, PROJECT / "build" / "coditect", PACKAGES)
    parser.add_argument("--fetch", metavar="FOLDER",
                        help="only put the sources of --package there, which is made")
    parser.set_defaults(bugs=10, max_time=300)
    options = parser.parse_args()
    if options.fetch:
        if not options.package:
            parser.error("--fetch needs --package")
        return fetch_only(next(p for p in PACKAGES if p.name == options.package),
                          pathlib.Path(options.fetch))
    return drawn_bugs.measure_all(options, PACKAGES)


if __name__ == "__main__":
    sys.exit(main())
