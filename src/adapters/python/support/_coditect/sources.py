"""The files candidates may edit: their text, their units, and how they are imported."""
import ast
import gc
import importlib.machinery
import os
import re
import sys
from types import FunctionType

from _coditect import instrument, units
from _coditect.units import Invalid

FILE_BYTES_MAX = 4 << 20
LINE_REST = re.compile(rb"[ \t]*(?:\r\n|\r|\n)")


class File:
    """One editable file of the base version."""

    def __init__(self, root, relative):
        self.relative = relative
        self.path = os.path.join(root, relative)
        with open(self.path, "rb") as file:
            self.source = file.read(FILE_BYTES_MAX + 1)
        self.units = []
        self.flags = 0
        self.code = None  # of the module, instrumented
        self.digest = b""
        self._prepare()

    def _prepare(self):
        """A file that cannot be instrumented has no units: its candidates are imported anew."""
        try:
            self.digest = units.module_digest(self.source, self.path)
        except Invalid:
            return
        if len(self.source) > FILE_BYTES_MAX or not _is_plain_utf8(self.source):
            return
        try:
            tree = ast.parse(self.source)
            insertions = instrument.Points(self.source, tree).insertions
            text = instrument.splice(self.source, insertions, [])
            code = compile(text, self.path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        self.code = code
        self.flags = code.co_flags & units.FUTURE_FLAGS
        places = {}
        for child in units.code_tree(code):
            places.setdefault((child.co_name, child.co_firstlineno), child)
        for unit in units.units_of(self.source, tree, insertions):
            unit.live = places.get((unit.name, unit.line))
            if unit.live is not None and self._digest_unit(unit):
                self.units.append(unit)

    def _digest_unit(self, unit):
        try:
            outer, code = units.edited_unit(unit, [], self.path, self.flags)
        except Invalid:
            return False
        if code is None:
            return False
        unit.outer_digest = units.digest(outer, code)
        unit.digest = units.digest(code)
        return True

    def clipped(self, start, end, replacement):
        """The edit; one that takes away whole lines up to and with a function's last one leaves
        that line's end, and so lies within the function."""
        if not replacement and self.source[start - 1:start] in (b"\n", b"\r"):
            for unit in self.units:
                if unit.start < start < unit.end < end and (
                        LINE_REST.fullmatch(self.source, unit.end, end)):
                    return start, unit.end, replacement
        return start, end, replacement

    def unit_at(self, start, end):
        for unit in self.units:
            if unit.start < start and end <= unit.end or unit.start == start < end <= unit.end:
                return unit
        return None


def _is_plain_utf8(source):
    if source.startswith(b"\xef\xbb\xbf"):
        return False
    for line in source.split(b"\n", 2)[:2]:
        if line.lstrip().startswith(b"#") and b"coding" in line and b"utf-8" not in line.lower():
            return False
    return True


def module_code(source, path):
    """Instrumented where possible."""
    try:
        return compile(instrument.instrumented(source), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return compile(source, path, "exec", dont_inherit=True)


def serve_imports(codes):
    """Imports of the files in `codes` ({path: code object}) run these, never a cached one. The
    names of those imported are added to the set that is returned."""
    served = set()
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(self, fullname):
        path = os.path.realpath(self.get_filename(fullname))
        code = codes.get(path)
        if code is None:
            return original(self, fullname)
        served.add(path)
        return code

    importlib.machinery.SourceFileLoader.get_code = get_code
    _keep_from_rewriting(codes)
    return served


def _keep_from_rewriting(codes):
    """pytest may be asked to rewrite the asserts of any module; these are ours to load."""
    rewrite = sys.modules.get("_pytest.assertion.rewrite")
    if rewrite is None:
        return
    original = rewrite.AssertionRewritingHook.find_spec

    def find_spec(self, *arguments, **names):
        spec = original(self, *arguments, **names)
        if spec is not None and spec.origin and os.path.realpath(spec.origin) in codes:
            return None
        return spec

    rewrite.AssertionRewritingHook.find_spec = find_spec


class LoadTrace:
    """Which code of the editable files runs while the project is loaded: what it computed then
    would stay as it was if its code were changed in place."""

    def __init__(self, paths):
        self._paths = frozenset(paths)
        self.codes = {}

    def __enter__(self):
        sys.settrace(self._call)
        return self

    def _call(self, frame, event, arg):
        code = frame.f_code
        if code.co_filename in self._paths:
            self.codes[id(code)] = code

    def __exit__(self, *unused):
        sys.settrace(None)


def live_functions(files):
    """{id(code object): [function objects]} for every code object of the files' units."""
    wanted = {}
    for file in files:
        for unit in file.units:
            for code in units.code_tree(unit.live):
                wanted[id(code)] = []
    for value in gc.get_objects():
        if type(value) is FunctionType:
            found = wanted.get(id(value.__code__))
            if found is not None:
                found.append(value)
    return wanted


def caches(root):
    """The functools caches of the repository's functions."""
    prefix = root.rstrip("/") + "/"
    found = []
    for value in gc.get_objects():
        try:
            if type(value).__name__ == "_lru_cache_wrapper":
                code = getattr(value.__wrapped__, "__code__", None)
                if code is not None and code.co_filename.startswith(prefix):
                    found.append(value)
        except Exception:  # a hostile __class__ or attribute
            continue
    return found
