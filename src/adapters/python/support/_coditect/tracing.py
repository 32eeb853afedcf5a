"""Which lines of the repository were executed: sys.monitoring (>= 3.12), else sys.settrace.

A code object is watched only until all its lines were seen since the last take(): loops cost a
few events, not one an iteration.
"""
import dis
import inspect
import sys
import threading

CODES_MAX = 200000
TOOL = 4  # sys.monitoring: a number no standard tool uses


def lines_of(code):
    """Line numbers a frame of `code` can stand on, the line of its own `def` left out."""
    found = {line for _, line in dis.findlinestarts(code) if line}
    if code.co_name != "<module>" and len(found) > 1:
        found.discard(code.co_firstlineno)
    return found


def executable_lines(source, filename):
    """(lines that can be executed, those of them in functions) of the module `source`; empty sets
    when it does not compile."""
    try:
        codes = [compile(source, filename, "exec", dont_inherit=True)]
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return set(), set()
    found, in_functions = set(), set()
    while codes:
        code = codes.pop()
        found |= {line for _, line in dis.findlinestarts(code) if line}
        if code.co_flags & inspect.CO_NEWLOCALS:
            in_functions |= lines_of(code)
        codes.extend(c for c in code.co_consts if hasattr(c, "co_code"))
    return found, in_functions


class _Entry:
    """One code object that is followed."""

    __slots__ = ("code", "path", "hits", "total", "local")

    def __init__(self, code, path):
        self.code = code
        self.path = path
        self.hits = set()
        self.total = len(lines_of(code))
        self.local = None


class _Tracer:
    """`wanted(code)` gives the file a code object is reported under, or None to leave it alone;
    `emit(path, line)`, if given, is called when a line is first seen."""

    def __init__(self, wanted, emit=None):
        self._wanted = wanted
        self._emit = emit
        self._entries = {}  # id of the code object -> _Entry, which keeps it alive
        self._left_alone = {}  # id of a code object that nobody wants -> itself
        self._touched = []

    def _entry(self, code):
        entry = self._entries.get(id(code))
        if entry is None:
            path = self._wanted(code)
            if path is None or len(self._entries) >= CODES_MAX:
                if len(self._left_alone) < CODES_MAX:
                    self._left_alone[id(code)] = code
                return None
            entry = self._entries[id(code)] = self._follow(_Entry(code, path))
        return entry

    def _seen(self, entry, line):
        if not entry.hits:
            self._touched.append(entry)
        entry.hits.add(line)
        if self._emit is not None:
            self._emit(entry.path, line)

    def take(self):
        """{path: lines} executed since the last call."""
        files = {}
        touched, self._touched = self._touched, []
        for entry in touched:
            files.setdefault(entry.path, set()).update(entry.hits)
            entry.hits.clear()
        self._rearm(touched)
        for path in [path for path, lines in files.items() if lines == {0}]:
            del files[path]  # an empty module
        return files


class SettraceTracer(_Tracer):
    """Every Python call costs one event; 3.8 to 3.11."""

    def start(self):
        self._call = self._make_call()
        threading.settrace(self._call)
        sys.settrace(self._call)

    def stop(self):
        threading.settrace(None)
        sys.settrace(None)

    def pause(self):
        """Leaves this thread alone until resume(); False when somebody else had taken the trace
        function over."""
        kept = sys.gettrace() == self._call
        sys.settrace(None)
        return kept

    def resume(self):
        sys.settrace(self._call)

    def _make_call(self):
        """The global trace function; most calls it sees are of code that is left alone."""
        left_alone, find = self._left_alone, self._entry

        def call(frame, event, arg):
            if id(frame.f_code) in left_alone:
                return None
            entry = find(frame.f_code)
            if entry is None or 0 < entry.total <= len(entry.hits):
                return None
            return entry.local

        return call

    def _follow(self, entry):
        hits, total, seen = entry.hits, entry.total, self._seen

        def local(frame, event, arg):
            if event == "line" and frame.f_lineno not in hits:
                seen(entry, frame.f_lineno)
                if len(hits) >= total:
                    frame.f_trace = None
                    return None
            return local

        entry.local = local
        return entry

    def _rearm(self, touched):
        pass


class MonitoringTracer(_Tracer):
    """Every line of a followed code object costs one event between two calls of take()."""

    def start(self):
        monitoring = sys.monitoring
        if monitoring.get_tool(TOOL) is None:
            monitoring.use_tool_id(TOOL, "coditect")
        monitoring.register_callback(TOOL, monitoring.events.PY_START, self._start)
        monitoring.register_callback(TOOL, monitoring.events.LINE, self._line)
        monitoring.set_events(TOOL, monitoring.events.PY_START)
        for entry in self._entries.values():
            monitoring.set_local_events(TOOL, entry.code, monitoring.events.LINE)

    def stop(self):
        monitoring = sys.monitoring
        monitoring.set_events(TOOL, 0)
        for entry in self._entries.values():
            monitoring.set_local_events(TOOL, entry.code, 0)

    def pause(self):
        return True

    def resume(self):
        pass

    def _start(self, code, offset):
        self._entry(code)
        return sys.monitoring.DISABLE

    def _follow(self, entry):
        sys.monitoring.set_local_events(TOOL, entry.code, sys.monitoring.events.LINE)
        return entry

    def _line(self, code, line):
        entry = self._entries.get(id(code))
        if entry is not None:
            self._seen(entry, line)
        return sys.monitoring.DISABLE

    def _rearm(self, touched):
        for entry in touched:
            sys.monitoring.set_local_events(TOOL, entry.code, 0)
            sys.monitoring.set_local_events(TOOL, entry.code, sys.monitoring.events.LINE)


def new_tracer(wanted, emit=None):
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(TOOL) is None:
        return MonitoringTracer(wanted, emit)
    return SettraceTracer(wanted, emit)


class Coverage:
    """Lines of the repository's files that are no test files."""

    def __init__(self, repository, test_files, emit=None):
        self._repository = repository
        self._left_out = frozenset(test_files)
        self._tracer = new_tracer(self._path, emit)
        self.incomplete = False

    def _path(self, code):
        path = self._repository.relative(code.co_filename)
        return None if path in self._left_out else path

    def start(self):
        self._tracer.start()

    def pause(self):
        if not self._tracer.pause():
            self.incomplete = True

    def resume(self):
        self._tracer.resume()

    def take(self):
        return self._tracer.take()

    def stop(self):
        self._tracer.stop()


class Watched:
    """Which of some lines ran. A run of adjacent lines is followed until the first take() after one
    of them was executed (one in a function, if it has any: a `def` line runs at import); when no
    run is left, nothing is traced any more. With `emit`, lines are told as they are seen."""

    def __init__(self, repository, files, emit=None):
        self._repository = repository
        self._open = {}  # path -> [(adjacent lines, those that close the run)]
        for path, lines in files.items():
            executable, in_functions = _executable(repository, path)
            groups = _adjacent(executable.intersection(lines))
            if groups:
                self._open[path] = [(group, group & in_functions or group) for group in groups]
        self._emit = emit
        self._tracer = new_tracer(self._path, self._first if emit else None)
        self._running = False

    def _path(self, code):
        path = self._repository.relative(code.co_filename)
        groups = self._open.get(path)
        if groups:
            lines = {line for _, line in dis.findlinestarts(code) if line}
            if any(not group.isdisjoint(lines) for group, _ in groups):
                return path
        return None

    def start(self):
        if self._open:
            self._tracer.start()
            self._running = True

    def pause(self):
        if self._running:
            self._tracer.pause()

    def resume(self):
        if self._running:
            self._tracer.resume()

    def _first(self, path, line):
        if self._close(path, {line}):
            self._emit(path, line)

    def _close(self, path, lines):
        """Those of `lines` that were asked for; their runs need no following any more."""
        groups = self._open.get(path, [])
        hit = set().union(*[group for group, _ in groups]) & lines
        if hit:
            self._open[path] = [pair for pair in groups if pair[1].isdisjoint(lines)]
            if not any(self._open.values()):
                self.stop()
        return hit

    def take(self):
        if not self._running:
            return {}
        taken = [(path, self._close(path, lines)) for path, lines in self._tracer.take().items()]
        return {path: lines for path, lines in taken if lines}

    def stop(self):
        if self._running:
            self._tracer.stop()
            self._running = False


def _executable(repository, path):
    try:
        with open(repository.root + "/" + path, "rb") as file:
            return executable_lines(file.read(), path)
    except OSError:
        return set(), set()


def _adjacent(lines):
    groups = []
    for line in sorted(lines):
        if groups and line - 1 in groups[-1]:
            groups[-1].add(line)
        else:
            groups.append({line})
    return groups


def ranges(lines):
    """{1, 2, 3, 7} -> "1-3,7"."""
    parts = []
    for group in _adjacent(lines):
        first, last = min(group), max(group)
        parts.append(str(first) if first == last else "%d-%d" % (first, last))
    return ",".join(parts)
