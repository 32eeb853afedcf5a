#!/usr/bin/env python3
"""Repairs drawn bugs of real packages with the shipped binary; prints what came of each.

Pinned source distributions are fetched through pip (their hashes are checked) and become git
repositories. Single-token bugs are put at places drawn from a hash of (package, version, number); those
the package's own suite does not notice, or that hang it, are dropped. The binary repairs each, and
its branch is judged here: a fresh clone, the package's own copies of the tests, the whole suite.
"""
import argparse
import ast
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
import drawn_bugs  # noqa: E402

PROJECT = pathlib.Path(__file__).resolve().parents[1]

COMPARE = {ast.Lt: ("<", ["<=", ">"]), ast.LtE: ("<=", ["<", ">="]), ast.Gt: (">", [">=", "<"]),
           ast.GtE: (">=", [">", "<="]), ast.Eq: ("==", ["!="]), ast.NotEq: ("!=", ["=="])}
IDENTITY = {ast.Is: ("is", ["is not"]), ast.IsNot: ("is not", ["is"])}
MEMBERSHIP = {ast.In: ("in", ["not in"]), ast.NotIn: ("not in", ["in"])}
ARITHMETIC = {ast.Add: ("+", ["-"]), ast.Sub: ("-", ["+"]), ast.Mult: ("*", ["+", "//"]),
              ast.Div: ("/", ["*", "//"]), ast.FloorDiv: ("//", ["/", "*"]), ast.Mod: ("%", ["//"])}


# --- which single tokens can be another ---------------------------------------------------------

class Places(ast.NodeVisitor):
    """(kind, byte offset, old text, [new texts]) of one file."""

    def __init__(self, source):
        self.found = []
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._names = None  # of the function around
        self.visit(ast.parse(source))

    def _at(self, line, column):
        return self._starts[line - 1] + column

    def _start(self, node):
        return self._at(node.lineno, node.col_offset)

    def _end(self, node):
        return self._at(node.end_lineno, node.end_col_offset)

    def _add(self, kind, offset, old, new):
        if self._source[offset:offset + len(old)] == old.encode():
            self.found.append((kind, offset, old, new))

    def _between(self, kind, start, end, old, new):
        """The operator stands between two operands; nothing but brackets and blanks beside it."""
        gap = self._source[start:end].decode("utf-8", "replace")
        if "#" in gap or "\\" in gap or not gap.isascii():
            return
        place = gap.find(old)
        if place >= 0:
            self._add(kind, start + place, old, new)

    def visit_JoinedStr(self, node):
        pass  # positions inside are wrong before Python 3.12

    def visit_FunctionDef(self, node):
        outer, arguments = self._names, node.args
        names = {a.arg for a in arguments.posonlyargs + arguments.args + arguments.kwonlyargs}
        names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)
                  and isinstance(n.ctx, ast.Store)}
        self._names = sorted(names - {"self", "cls", "_"})
        self.generic_visit(node)
        self._names = outer

    def visit_Compare(self, node):
        left = node.left
        for operator, right in zip(node.ops, node.comparators):
            for kind, table in (("comparison", COMPARE), ("identity", IDENTITY),
                                ("membership", MEMBERSHIP)):
                if type(operator) in table:
                    old, new = table[type(operator)]
                    self._between(kind, self._end(left), self._start(right), old, new)
            left = right
        self.generic_visit(node)

    def visit_BinOp(self, node):
        text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, (str, bytes))
        if type(node.op) in ARITHMETIC and not text:
            old, new = ARITHMETIC[type(node.op)]
            self._between("arithmetic", self._end(node.left), self._start(node.right), old, new)
        self.generic_visit(node)

    def visit_AugAssign(self, node):
        if type(node.op) in ARITHMETIC:
            old, new = ARITHMETIC[type(node.op)]
            self._between("arithmetic", self._end(node.target), self._start(node.value),
                          old + "=", [text + "=" for text in new])
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        old, new = ("and", ["or"]) if isinstance(node.op, ast.And) else ("or", ["and"])
        for left, right in zip(node.values, node.values[1:]):
            self._between("logical", self._end(left), self._start(right), old, new)
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        if isinstance(node.op, ast.Not):
            self._add("negation", self._start(node), "not ", [""])
        self.generic_visit(node)

    def visit_Constant(self, node):
        if node.value is True or node.value is False:
            self._add("truth", self._start(node), str(node.value), [str(not node.value)])
        elif type(node.value) is int:
            old = self._source[self._start(node):self._end(node)].decode()
            if old.isdecimal():
                new = [str(node.value + 1)] + ([str(node.value - 1)] if node.value else [])
                self._add("constant", self._start(node), old, new)

    def visit_Name(self, node):
        others = [name for name in self._names or () if name != node.id]
        if isinstance(node.ctx, ast.Load) and node.id in (self._names or ()) and others:
            self._add("name", self._start(node), node.id, others)


class Distribution(drawn_bugs.Package):
    """One source distribution; its suite is pytest's."""

    def __init__(self, name, version, sha256, below):
        self.name, self.version, self.below = name, version, below
        self.origin = "from the Python registry, sha256 " + sha256[:12]
        self._sha256 = sha256

    def fetch(self, folder):
        wanted = folder / "requirements.txt"
        wanted.write_text("%s==%s --hash=sha256:%s\n" % (self.name, self.version, self._sha256))
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary",
                        ":all:", "--require-hashes", "-r", wanted, "-d",
                        folder], check=True, stdout=sys.stderr)
        archive, = folder.glob("*.tar.gz")
        shutil.unpack_archive(archive, folder)
        return next(path for path in folder.iterdir() if path.is_dir())

    def places(self, pristine):
        """In the order of the files' names."""
        out = {}
        for path in self.sources(pristine):
            if path.suffix != ".py" or "tests" in path.parts:
                continue
            name = str(path.relative_to(pristine))
            for kind, offset, old, new in Places(path.read_bytes()).found:
                out.setdefault(kind, []).append((name, offset, old, new))
        for found in out.values():
            found.sort()
        return out

    def command(self, stop_early):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        return command + ["-x"] if stop_early else command

    def environment(self):
        """The interpreter that runs this is the one the repairs find, too."""
        path = os.path.dirname(sys.executable) + ":/usr/local/bin:/usr/bin:/bin"
        return {"PATH": path, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


PACKAGES = (
    Distribution("boltons", "24.1.0",
                 "4a49b7d57ee055b83a458c8682a2a6f199d263a8aa517098bda9bab813554b87", ("boltons",)),
    Distribution("more-itertools", "10.5.0",
                 "5482bfef7849c25dc3c6dd53a6173ae4795da2a41a80faea6700d9f5846c5da6",
                 ("more_itertools",)),
    Distribution("toolz", "1.0.0",
                 "2c86e3d9a04798ac556793bced838816296a2f085017664e4995cb40a1047a02", ("toolz",)),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    drawn_bugs.add_options(parser, PROJECT / "build" / "coditect", PACKAGES)
    return drawn_bugs.measure_all(parser.parse_args(), PACKAGES)


if __name__ == "__main__":
    sys.exit(main())
