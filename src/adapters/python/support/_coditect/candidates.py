"""What is to be done with a candidate: nothing (invalid, seen before), swap code in the loaded
process, or import the project anew with it."""
import warnings

from _coditect import instrument, units
from _coditect.units import Invalid

INVALID, DUPLICATE, SWAP, IMPORT = "invalid", "duplicate", "swap", "import"


class Workshop:
    """Compiles candidates against the base version; remembers what it has seen."""

    def __init__(self, files, functions, at_load, foreign):
        self._files = {file.relative: file for file in files}
        self._functions = functions  # id(code) -> live functions
        self._at_load = at_load  # ids of code that ran while the project was loaded
        self._foreign = foreign  # relative paths of files whose code is not ours to swap
        self._seen = set()
        warnings.filterwarnings("ignore", category=SyntaxWarning)  # `is` with a literal and such

    def prepare(self, edits):
        """edits: [(file, start, end, replacement bytes)] -> (kind, [(function, code)])."""
        try:
            by_file = self._by_file(edits)
            changes = self._unit_changes(by_file)
            if changes is None:
                return self._whole_files(by_file), []
        except Invalid:
            return INVALID, []
        key = tuple(sorted((file.relative, unit.start, digest)
                           for file, unit, _, digest in changes))
        if not self._is_new(key):
            return DUPLICATE, []
        swaps = []
        for _, unit, code, _ in changes:
            found = None
            if self._functions.get(id(unit.live)):
                found = self._swaps(unit.live, units.moved(code, unit.line - 1 - unit.header_lines))
            if found is None:
                return IMPORT, []
            swaps += found
        return SWAP, swaps

    def _by_file(self, edits):
        by_file = {}
        for name, start, end, replacement in sorted(edits):
            file = self._files.get(name)
            if file is None or not 0 <= start <= end <= len(file.source):
                raise Invalid("not a place in an editable file")
            known = by_file.setdefault(name, [])
            if known and known[-1][1] > start:
                raise Invalid("edits overlap")
            known.append(file.clipped(start, end, replacement))
        if not by_file:
            raise Invalid("no edit")
        return by_file

    def _is_new(self, key):
        if not key or key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _unit_changes(self, by_file):
        """[(file, unit, code, digest)] of the units that change; None when something else does."""
        grouped = {}
        for name, edits in by_file.items():
            file = self._files[name]
            for edit in edits:
                unit = file.unit_at(edit[0], edit[1])
                if unit is None or name in self._foreign:
                    return None
                place = grouped.setdefault((name, unit.start), (file, unit, []))
                place[2].append((edit[0] - unit.start, edit[1] - unit.start, edit[2]))
        changes = []
        for file, unit, edits in grouped.values():
            outer, code = units.edited_unit(unit, edits, file.path, file.flags)
            if code is None or units.digest(outer, code) != unit.outer_digest:
                return None
            digest = units.digest(code)
            if digest != unit.digest:
                changes.append((file, unit, code, digest))
        return changes

    def _whole_files(self, by_file):
        digests = []
        for name, edits in by_file.items():
            file = self._files[name]
            digest = units.module_digest(instrument.edited(file.source, edits), file.path)
            if digest != file.digest:
                digests.append((name, digest))
        return IMPORT if self._is_new(tuple(sorted(digests))) else DUPLICATE

    def _swaps(self, base, code):
        """[(live function, new code)] for a function and those inside it, or None when the change
        cannot be made in place."""
        functions = self._functions.get(id(base), [])
        if functions and base.co_freevars != code.co_freevars:
            return None
        if id(base) in self._at_load and units.shallow_digest(base) != units.shallow_digest(code):
            return None
        found = [(function, code) for function in functions]
        inner, new = units.children(base), units.children(code)
        if [c.co_name for c in inner] == [c.co_name for c in new]:
            for old_child, new_child in zip(inner, new):
                more = self._swaps(old_child, new_child)
                if more is None:
                    return None
                found += more
        elif any(self._functions.get(id(c)) or id(c) in self._at_load
                 for child in inner for c in units.code_tree(child)):
            return None
        return found
