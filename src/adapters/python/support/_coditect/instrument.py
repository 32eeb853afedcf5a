"""Where to count work in a Python source: one tick at each function entry and loop iteration.

Ticks are spliced into the text, on the line they count, so that line numbers stay as they are and
a candidate can be instrumented without parsing it again. Two names in `builtins` do the counting
(see fuel.py): `__coditect_tick__()` is true and counts one; `__coditect_each__(iterable)` is the
same iterable, counting one an item. Needs Python >= 3.8 (end positions).
"""
import ast
import re

TICK = b"__coditect_tick__()"
EACH = b"__coditect_each__(("
LINE_END = re.compile(rb"\r\n|\r|\n")
NEW_LOOP = re.compile(rb"\b(?:for|while|lambda|def)\b")

# Statements that can follow `tick();` on one line.
SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Raise, ast.Assert,
          ast.Delete, ast.Pass, ast.Break, ast.Continue, ast.Import, ast.ImportFrom, ast.Global,
          ast.Nonlocal)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

# Ranks of what meets at one offset: an edit there comes after what opens.
CLOSE, OPEN, ALONE, EDIT, CLOSE_AFTER = range(5)


def line_starts(source):
    """Byte offset of each line; the parser's lines, not str.splitlines()'s."""
    starts = [0]
    starts.extend(match.end() for match in LINE_END.finditer(source))
    return starts


class Points:
    """Insertions as (offset, kind, order, text, partner), sorted: text goes to the byte offset. A
    bracket is an OPEN and a CLOSE, each the other's `partner`; an ALONE stands before a statement.
    """

    def __init__(self, source, tree):
        self._starts = line_starts(source)
        self.insertions = []
        self._visit_all(tree.body)
        self.insertions.sort(key=lambda point: point[:3])

    def _at(self, line, column):
        return self._starts[line - 1] + column

    def _wrap(self, node, before, after):
        start = self._at(node.lineno, node.col_offset)
        end = self._at(node.end_lineno, node.end_col_offset)
        self.insertions.append((start, OPEN, -end, before, end))
        self.insertions.append((end, CLOSE, start, after, start))

    def _visit_all(self, nodes):
        stack = list(nodes)
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind in FUNCTIONS:
                self._entry(node.body)
            elif kind is ast.Lambda:
                self._wrap(node.body, TICK + b" and (", b")")
            elif kind is ast.While:
                self._wrap(node.test, TICK + b" and (", b")")
            elif kind is ast.For:
                self._wrap(node.iter, EACH, b"))")
            elif kind is ast.comprehension:
                if not node.is_async:
                    self._wrap(node.iter, EACH, b"))")
            elif kind is ast.JoinedStr:
                continue  # positions inside are wrong before 3.12
            stack.extend(ast.iter_child_nodes(node))

    def _entry(self, body):
        """One tick when a function's body is entered."""
        for statement in body:
            kind = type(statement)
            if kind is ast.Expr and isinstance(statement.value, ast.Constant) and (
                    statement is body[0]):
                continue  # the docstring must stay first
            if kind in SIMPLE:
                offset = self._at(statement.lineno, statement.col_offset)
                self.insertions.append((offset, ALONE, 0, TICK + b";", -1))
                return
            if kind is ast.While:
                return  # its test counts
            if kind in (ast.If, ast.For, ast.AsyncFor):
                node = statement.test if kind is ast.If else statement.iter
                return self._wrap(node, b"(" + TICK + b" and (", b"))")
            if kind in (ast.With, ast.AsyncWith):
                node = statement.items[0].context_expr
                return self._wrap(node, b"(" + TICK + b" and (", b"))")
            if kind.__name__ == "Match":
                return self._wrap(statement.subject, b"(" + TICK + b" and (", b"))")
            if kind.__name__ in ("Try", "TryStar"):
                return self._entry(statement.body)
            # a nested function or class: the next statement runs all the same


def points_of(source):
    """The sorted insertions of a whole module. SyntaxError, ValueError or RecursionError when it
    cannot be instrumented."""
    return Points(source, ast.parse(source)).insertions


def splice(source, insertions, edits):
    """`source` with the edits (start, end, replacement; sorted, apart) and the insertions, or None
    when an edit takes away one half of a bracket or the count of a function's entry, or brings
    loops of its own: then the edited text has to be parsed."""
    dropped = set()
    inserting = set()
    for start, end, replacement in edits:
        if NEW_LOOP.search(replacement):
            return None
        if start == end:
            inserting.add(start)
            continue
        for offset, kind, _, _, partner in insertions:
            if start < offset < end:
                if kind == ALONE or not start <= partner <= end:
                    return None
                dropped.add((offset, partner))
                dropped.add((partner, offset))
    events = [(start, EDIT, 0, replacement, end) for start, end, replacement in edits]
    for offset, kind, order, text, partner in insertions:
        if (offset, partner) not in dropped:
            if kind == CLOSE and offset in inserting:
                kind = CLOSE_AFTER  # what is put at the end of a bracket is inside of it
            events.append((offset, kind, order, text, partner))
    events.sort(key=lambda event: event[:3])
    out, place = [], 0
    for offset, kind, _, text, end in events:
        out += [source[place:offset], text]
        place = end if kind == EDIT else offset
    out.append(source[place:])
    return b"".join(out)


def instrumented(source):
    """The whole module with its ticks."""
    return splice(source, points_of(source), [])


def edited(source, edits):
    """`source` with the edits, not instrumented."""
    out, place = [], 0
    for start, end, replacement in edits:
        out += [source[place:start], replacement]
        place = end
    out.append(source[place:])
    return b"".join(out)
