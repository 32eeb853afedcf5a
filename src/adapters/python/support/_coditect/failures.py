"""Exceptions as plain records: type, message and the frames inside the repository."""
import sys

from _coditect.channel import text

FRAMES_MAX = 40
CHAIN_MAX = 8


def type_name(error):
    kind = type(error)
    module = getattr(kind, "__module__", "")
    name = getattr(kind, "__qualname__", kind.__name__)
    if module not in ("builtins", "_pytest.outcomes", None):
        name = module + "." + name
    return text(name, 200)


def frames(error, traceback, repository):
    """[file, line, function] of the repository's frames, innermost last, at most FRAMES_MAX."""
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        path = repository.relative(code.co_filename)
        if path is not None:
            name = getattr(code, "co_qualname", code.co_name)
            found.append([text(path), traceback.tb_lineno or 0, text(name, 200)])
            if len(found) > 2 * FRAMES_MAX:  # deep recursion: the outermost and the innermost
                del found[FRAMES_MAX // 2:-FRAMES_MAX // 2]
        traceback = traceback.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        path = repository.relative(error.filename)
        if path is not None:
            found.append([text(path), error.lineno or 0, "<module>"])
    return found if len(found) <= FRAMES_MAX else (
        found[:FRAMES_MAX // 2] + found[-FRAMES_MAX // 2:])


def describe(error, traceback, repository):
    return {"error": type_name(error), "message": text(error),
            "stack": frames(error, traceback, repository)}


def missing_module(error, repository):
    """The top-level name of a module that an import did not find, "" when it is the repository's
    own or when the error is another one."""
    for _ in range(CHAIN_MAX):
        if error is None:
            return ""
        if isinstance(error, ImportError) and type(error).__name__ == "ModuleNotFoundError":
            name = (error.name or "").split(".")[0]
            if not name or name in sys.modules or repository.holds_module(name):
                return ""
            return text(name, 200)
        error = error.__cause__ or error.__context__
    return ""
