"""The records of one run of tests, in the order of the run; shared by pytest and unittest."""
import signal
import time

from _coditect import failures, network, paths, tracing
from _coditect.channel import text

TESTS_PER_MESSAGE = 200
ID_MAX = 4096
# A test that does not end is seldom alone: the next ones get a fifth of its time, then half of that
# each, and at least a twentieth.
CPU_SHARES = (5.0, 2.0, 2.0)


def test_id(value):
    return text(value, ID_MAX)


class CpuLimit(BaseException):
    """A test used more CPU time than it was allowed."""

    __module__ = "builtins"  # told by its name alone


class Reporter:
    """One run: begin(id), failed/skipped/passed, end() for each test; done() closes the run."""

    def __init__(self, link, request):
        self._link = link
        self.repository = paths.Repository()
        self._cpu_seconds = request.get("test_cpu_ms", 0) / 1000.0
        self._endless = 0  # tests that used all their time
        self._coverage = self._watched = None
        if request.get("trace") == "test":
            self._coverage = tracing.Coverage(self.repository, request.get("test_files", []))
        elif request.get("trace") == "watch":
            self._watched = tracing.Watched(self.repository, request.get("watch", {}))
        self._tracer = self._coverage or self._watched
        # Before 3.12 each code object the tracer looks at is an audit event: a hook would cost
        # several times the tests. Runs that are not traced tell which tests need the network.
        self._network = network.Watch() if self._tracer is None else network.NotWatched()
        self._places = {}
        self._files = {}
        self._test = None
        self._started = 0.0
        self._attempts = 0
        self._depth = 0

    def hello(self, runner, version):
        self._link.send({"t": "hello", "runner": runner, "version": text(version, 100)})

    def warn(self, message):
        self._link.send({"t": "warning", "text": text(message)})

    def __enter__(self):
        self._depth = 1
        if self._tracer is not None:
            self._tracer.start()
        return self

    def __exit__(self, *unused):
        if self._tracer is not None:
            self._tracer.stop()

    def traced(self):
        return self._tracer is not None

    def pause(self):
        """The runner's own work until resume() is not traced; the two nest."""
        self._depth -= 1
        if self._tracer is not None and self._depth == 0:
            self._tracer.pause()

    def resume(self):
        self._depth += 1
        if self._tracer is not None and self._depth == 1:
            self._tracer.resume()

    def collected(self, tests):
        """tests: [id, file or "", line]; lines executed until now belong to no test (id "")."""
        self._send_lines("")
        for test in tests:
            self._places[test[0]] = test[1:]
        for first in range(0, len(tests), TESTS_PER_MESSAGE):
            names = [test[0] for test in tests[first:first + TESTS_PER_MESSAGE]]
            self._link.send({"t": "collected", "tests": names})
        if self._network.attempts:
            self.warn("the network was tried while the tests were collected")

    def collect_error(self, file, error, traceback, message=""):
        if error is None:
            return self.collect_failure(file, text(message), "", [])
        described = failures.describe(error, traceback, self.repository)
        self.collect_failure(file, text("%s: %s" % (described["error"], described["message"])),
                             failures.missing_module(error, self.repository), described["stack"])

    def collect_failure(self, file, message, missing, stack):
        self._link.send({"t": "collect_error", "file": text(file), "message": message,
                         "missing": missing, "stack": stack})

    def begin(self, name):
        self._test = {"t": "end", "id": name, "s": "", "message": "", "error": "", "stack": []}
        self._attempts = self._network.attempts
        self._link.send({"t": "start", "id": name})
        self._started = time.perf_counter()
        if self._cpu_seconds:
            signal.signal(signal.SIGPROF, self._out_of_cpu)
            signal.setitimer(signal.ITIMER_PROF, self._cpu_seconds, 1.0)

    def _out_of_cpu(self, number, frame):
        limit = self._cpu_seconds
        if self._endless < len(CPU_SHARES):
            self._cpu_seconds /= CPU_SHARES[self._endless]
            self._endless += 1
        raise CpuLimit("the test used more than %g s of CPU time" % limit)

    def failed(self, record):
        """The first failure of a test is the one that is told."""
        if self._test is not None and self._test["s"] != "failed":
            self._test.update(record, s="failed")

    def skipped(self, message):
        if self._test is not None and self._test["s"] != "failed":
            self._test.update(s="skipped", message=text(message))

    def passed(self):
        if self._test is not None and not self._test["s"]:
            self._test["s"] = "passed"

    def forget(self):
        """The test is run again (a rerun plugin): what was seen of it does not count."""
        self._test.update({"s": "", "message": "", "error": "", "stack": []})

    def finish(self, network_tried=False):
        """Ends measuring; the verdict may still change until end()."""
        if self._cpu_seconds:
            signal.setitimer(signal.ITIMER_PROF, 0)
        self._test["us"] = int((time.perf_counter() - self._started) * 1e6)
        self._test["net"] = network_tried or self._network.attempts > self._attempts
        self._send_lines(self._test["id"])

    def end(self):
        test, self._test = self._test, None
        place = self._places.get(test["id"], ("", 0))
        test["file"], test["line"] = place[0], place[1]
        if not test["s"]:
            test.update(s="failed", message="the test ended without a verdict")
        self._link.send(test)

    def current(self):
        return self._test["id"] if self._test is not None else None

    def done(self, exit_code, normal=True):
        self._send_lines("")
        if self._coverage is not None and self._coverage.incomplete:
            self.warn("a test replaced the trace function: its coverage is not complete")
        self._link.send({"t": "done", "exit": int(exit_code), "normal": bool(normal)})

    def lines(self, kind, name, found):
        """kind "lines": what one test executed; "hits": which watched lines ran. {path: lines}."""
        files = [[self._file(path), tracing.ranges(lines)] for path, lines in sorted(found.items())]
        if files:
            self._link.send({"t": kind, "id": name, "files": files})

    def _send_lines(self, name):
        if self._tracer is not None:
            self.lines("hits" if self._watched is not None else "lines", name, self._tracer.take())

    def _file(self, path):
        number = self._files.get(path)
        if number is None:
            number = self._files[path] = len(self._files)
            self._link.send({"t": "file", "n": number, "path": text(path)})
        return number
