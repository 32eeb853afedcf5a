"""What the failing tests show of the names in scope of the editable files: kinds and small values.

Only exact built-in types are looked into: no code of the project runs for the sake of looking.
"""
import json
import sys
import tempfile
import types

from _coditect import children

LOOKS_MAX = 1000  # at each code object, per test; what a loop shows, it shows early
NAMES_MAX = 20000
KINDS_MAX = 6
SAMPLES_MAX = 4
SAMPLE_CHARACTERS = 40
ELEMENTS_MAX = 6
SCALARS = (int, float, str, bool)
SEQUENCES = (list, tuple, set, frozenset)


class _Names:
    """(file, function, name) -> [kinds, element kinds, samples]"""

    def __init__(self):
        self.found = {}

    def see(self, place, name, value):
        key = place + (name,)
        entry = self.found.get(key)
        if entry is None:
            if len(self.found) >= NAMES_MAX:
                return
            entry = self.found[key] = ([], [], [])
        kinds, elements, samples = entry
        kind = type(value)
        _add(kinds, kind.__name__, KINDS_MAX)
        if kind in SEQUENCES:
            for index, element in enumerate(value):
                if index == ELEMENTS_MAX:
                    break
                _add(elements, type(element).__name__, KINDS_MAX)
        elif kind is dict:
            for index, element in enumerate(value.values()):
                if index == ELEMENTS_MAX:
                    break
                _add(elements, type(element).__name__, KINDS_MAX)
        elif kind in SCALARS and (kind is not str or len(value) <= SAMPLE_CHARACTERS) and (
                kind is not int or -10**18 < value < 10**18):
            _add(samples, repr(value), SAMPLES_MAX)


def _add(known, value, limit):
    if value not in known and len(known) < limit:
        known.append(value)


class Observer:
    """A trace function over the code of the editable files."""

    def __init__(self, files):
        self._paths = {file.path: file.relative for file in files}
        self._functions = {}
        for file in files:
            if file.code is not None:
                self._name(file.code, "", file.relative)
        self.names = _Names()
        self._looks = {}  # id of a code object -> how often it was looked at

    def _name(self, code, prefix, relative):
        """Qualified names of the code objects, the same for every version of Python."""
        for child in code.co_consts:
            if isinstance(child, types.CodeType):
                name = child.co_name
                own = prefix + name
                if name[:1] == "<":  # a comprehension or lambda: part of what encloses it
                    self._functions[id(child)] = (relative, prefix.rpartition(".<locals>.")[0])
                    self._name(child, prefix, relative)
                    continue
                self._functions[id(child)] = (relative, own)
                self._name(child, own + (".<locals>." if child.co_flags & 2 else "."), relative)

    def start(self):
        self._looks.clear()
        sys.settrace(self._call)

    def stop(self):
        sys.settrace(None)

    def _spent(self, code):
        looks = self._looks[id(code)] = self._looks.get(id(code), 0) + 1
        return looks > LOOKS_MAX

    def _call(self, frame, event, arg):
        code = frame.f_code
        place = self._functions.get(id(code))
        if place is None or self._spent(code):
            return None
        self._look(frame, place)
        for name in code.co_names:
            if name in frame.f_globals:
                self.names.see(place, name, frame.f_globals[name])
        return self._line

    def _line(self, frame, event, arg):
        code = frame.f_code
        place = self._functions.get(id(code))
        if place is None:
            return self._line
        if event == "return":
            self._look(frame, place)
            if code.co_name[:1] != "<":
                self.names.see(place, "return", arg)
        elif self._spent(code):
            frame.f_trace_lines = False  # its return is still told
        else:
            self._look(frame, place)
        return self._line

    def _look(self, frame, place):
        for name, value in frame.f_locals.items():
            if name[:1] == ".":
                continue
            self.names.see(place, name, value)
            if name == "self" and type(getattr(type(value), "__dict__", None)) is (
                    types.MappingProxyType):
                try:
                    attributes = object.__getattribute__(value, "__dict__")
                except AttributeError:
                    continue
                if type(attributes) is dict:
                    for attribute, inner in list(attributes.items()):
                        self.names.see(place, "self." + _written(value, attribute), inner)


def _written(value, attribute):
    """The attribute's name as the class's own code writes it."""
    for kind in type(value).__mro__:
        mangled = "_" + kind.__name__.lstrip("_") + "__"
        if attribute.startswith(mangled):
            return attribute[len(mangled) - 2:]
    return attribute


def observe(nursery, board, make_bench, tests, measured, files):
    """[file, function, name, kinds, element kinds, samples] of what `tests` show."""
    known = {}
    start = 0
    while start < len(tests):
        with tempfile.TemporaryFile() as results:
            def run(start=start):
                bench, observer = make_bench(), Observer(files)
                for index in range(start, len(tests)):
                    board.at(index)
                    observer.start()
                    try:
                        bench.run(tests[index], measured[tests[index].name].fuel, 0)
                    finally:
                        observer.stop()
                    _write(results, observer.names)
                board.finish()

            ended = nursery.run(run, board)
            _merge(known, results)
        start = len(tests) if ended == children.DONE else board.place()[0] + 1
    return [list(key) + value for key, value in known.items()]


def _write(results, names):
    """Replaces what was written before: the child's knowledge only grows."""
    data = json.dumps([list(key) + list(value) for key, value in names.found.items()])
    results.seek(0)
    results.truncate()
    results.write(data.encode("ascii"))
    results.flush()


def _merge(known, results):
    results.seek(0)
    try:
        rows = json.loads(results.read().decode("ascii"))
    except ValueError:  # the child ended before its first test did
        return
    for row in rows:
        entry = known.setdefault(tuple(row[:3]), [[], [], []])
        for into, values, limit in zip(entry, row[3:], (KINDS_MAX, KINDS_MAX, SAMPLES_MAX)):
            for value in values:
                _add(into, value, limit)
