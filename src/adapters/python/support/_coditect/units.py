"""Functions as units of change: compiling an edited one alone, and telling code apart.

A unit is a function at module or class level. Its text is compiled inside headers that stand for
what encloses it (`class C:`, else `if 1:`), so names are mangled and `super()` works as in place.
"""
import __future__
import ast
import marshal
from types import CodeType

from _coditect import instrument

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

FUNCTIONS = instrument.FUNCTIONS
FUTURE_FLAGS = 0  # the bits of co_flags and of compile() that `from __future__` sets
for _name in __future__.all_feature_names:
    FUTURE_FLAGS |= getattr(__future__, _name).compiler_flag


class Invalid(Exception):
    """The edited text does not compile."""


class Unit:
    """One function of the base version."""

    def __init__(self, source, starts, node, headers, classes):
        first = min([node.lineno] + [d.lineno for d in node.decorator_list])
        self.name = node.name
        self.line = first
        self.start = starts[first - 1]
        self.end = starts[node.end_lineno - 1] + node.end_col_offset
        self.headers = b"".join(headers)
        self.header_lines = len(headers)
        self.classes = classes
        self.text = source[self.start:self.end]
        self.insertions = []
        self.outer_digest = None  # of everything but the function: decorators, defaults, name
        self.digest = None
        self.live = None  # the code object in the loaded module


def units_of(source, tree, insertions):
    """The units of a module, ascending."""
    starts = instrument.line_starts(source)
    units = []

    def visit(body, headers, classes):
        for node in body:
            if isinstance(node, FUNCTIONS):
                unit = Unit(source, starts, node, headers, classes)
                unit.insertions = [
                    (offset - unit.start, kind, order if kind == instrument.ALONE
                     else order + unit.start if kind == instrument.OPEN else order - unit.start,
                     text, partner if partner < 0 else partner - unit.start)
                    for offset, kind, order, text, partner in insertions
                    if unit.start <= offset <= unit.end]
                units.append(unit)
                continue
            is_class = isinstance(node, ast.ClassDef)
            line = starts[node.lineno - 1]
            indent = source[line:line + node.col_offset] if hasattr(node, "col_offset") else b""
            if indent.strip():  # behind a semicolon: nothing to enclose
                continue
            word = b"class " + node.name.encode("utf-8") + b":\n" if is_class else b"if 1:\n"
            inner = headers + [indent + word]
            for field in ("body", "orelse", "finalbody"):
                part = getattr(node, field, None)
                if isinstance(part, list):
                    visit(part, inner, classes + [node.name] if is_class else classes)
            for handler in getattr(node, "handlers", None) or getattr(node, "cases", None) or []:
                visit(handler.body, inner, classes)

    visit(tree.body, [], [])
    units.sort(key=lambda unit: unit.start)
    return units


def _key(code, left_out):
    """A value equal for code objects that do the same; line numbers do not count."""
    constants = []
    for constant in code.co_consts:
        if constant is left_out:
            constants.append("unit")
        elif isinstance(constant, CodeType):
            constants.append(_key(constant, left_out))
        else:
            constants.append(constant)
    return (code.co_code, tuple(constants), code.co_names, code.co_varnames, code.co_freevars,
            code.co_cellvars, code.co_flags, code.co_argcount, code.co_posonlyargcount,
            code.co_kwonlyargcount, code.co_name, getattr(code, "co_exceptiontable", b""))


def digest(code, left_out=None):
    key = _key(code, left_out)
    try:
        data = marshal.dumps(key, 2)
    except ValueError:  # a constant marshal 2 does not know (slices of 3.14)
        data = repr(key).encode("utf-8", "backslashreplace")
    return blake2b(data, digest_size=16).digest()


def shallow_digest(code):
    """Of this code object without the functions inside it."""
    key = list(_key(code, None))
    key[1] = tuple(c if not isinstance(c, CodeType) else c.co_name for c in code.co_consts)
    try:
        data = marshal.dumps(tuple(key), 2)
    except ValueError:
        data = repr(key).encode("utf-8", "backslashreplace")
    return blake2b(data, digest_size=16).digest()


def children(code):
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def _descend(code, name):
    """The code of `name` directly in `code`, also behind its type parameters (PEP 695)."""
    for child in children(code):
        if child.co_name == name:
            return child
        if child.co_name == "<generic parameters of %s>" % name:
            return _descend(child, name)
    return None


def compile_unit(unit, text, filename, flags):
    """(wrapper code, function code) of an instrumented text of the unit. Raises Invalid."""
    try:
        outer = compile(unit.headers + text, filename, "exec", flags, dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise Invalid(str(error))
    code = outer
    for name in unit.classes + [unit.name]:
        code = _descend(code, name)
        if code is None:
            return outer, None
    return outer, code


def edited_unit(unit, edits, filename, flags):
    """(wrapper code, function code or None) with the edits (offsets within the unit) done."""
    text = instrument.splice(unit.text, unit.insertions, edits)
    if text is not None:
        try:
            return compile_unit(unit, text, filename, flags)
        except Invalid:
            pass  # perhaps only because of where the ticks stand
    text = unit.headers + instrument.edited(unit.text, edits)
    try:
        text = instrument.instrumented(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Invalid(str(error))
    return compile_unit(unit, text[len(unit.headers):], filename, flags)


def moved(code, lines):
    """The code with its line numbers moved down."""
    constants = tuple(moved(c, lines) if isinstance(c, CodeType) else c for c in code.co_consts)
    return code.replace(co_firstlineno=code.co_firstlineno + lines, co_consts=constants)


def module_digest(source, filename):
    """Of a whole module, not instrumented. Raises Invalid."""
    try:
        return digest(compile(source, filename, "exec", dont_inherit=True))
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise Invalid(str(error))


def code_tree(code):
    """Every code object below `code`, itself first."""
    found, stack = [], [code]
    while stack:
        one = stack.pop()
        found.append(one)
        stack.extend(children(one))
    return found
