"""Runs unittest discovery in this process and reports every test."""
import inspect
import os
import sys
import unittest

from _coditect import failures, report, selection
from _coditect.channel import text

PATTERNS = ("test*.py", "*_test.py")
FOLDERS_MAX = 20000
SKIPPED_FOLDERS = frozenset(["node_modules", "build", "dist", "__pycache__"])


class Loader(unittest.TestLoader):
    """Keeps the exceptions of modules that could not be imported."""

    def __init__(self):
        super().__init__()
        self.failures = []  # (file, exception)
        self.start = "."

    def _get_module_from_name(self, name):
        try:
            return super()._get_module_from_name(name)
        except unittest.SkipTest:
            raise
        except BaseException as error:
            file = os.path.join(self.start, name.replace(".", "/") + ".py")
            self.failures.append((os.path.normpath(file), error))
            raise


def test_folders(root):
    """Folders to start discovery in: the top, then those it does not reach because a folder on the
    way is no package."""
    starts, seen = ["."], 0
    for folder, folders, files in os.walk(root):
        seen += 1
        if seen > FOLDERS_MAX:
            break
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS
                            and not os.path.exists(os.path.join(folder, f, "pyvenv.cfg")))
        path = os.path.relpath(folder, root)
        if path == "." or "__init__.py" in files:
            continue
        if any(f.endswith(".py") and (f.startswith("test") or f.endswith("_test.py"))
               for f in files):
            starts.append(path)
    return starts


def flatten(suite):
    stack, tests = [suite], []
    while stack:
        item = stack.pop()
        if isinstance(item, unittest.TestCase):
            tests.append(item)
        elif item is not None:
            stack.extend(reversed(list(item)))
    return tests


def discover(root):
    """(tests in their order, [(file, exception)] of modules that did not import)."""
    loader = Loader()
    tests, seen = [], set()
    for start in test_folders(root):
        for pattern in PATTERNS:
            loader._top_level_dir, loader.start = None, start
            for test in flatten(loader.discover(start, pattern)):
                if type(test).__module__ == "unittest.loader" or id(type(test)) in seen:
                    continue
                tests.append(test)
            seen.update(id(type(test)) for test in tests)
    return tests, loader.failures


class Result(unittest.TestResult):
    """Tells the reporter what unittest does. A test's record is sent when the next one starts, so
    that an error in tearDownClass or tearDownModule counts against the last test before it."""

    def __init__(self, reporter, names):
        super().__init__()
        self._reporter = reporter
        self._names = names  # id(test) -> id it is reported under
        self._pending = False
        self._running = None
        self._left = dict.fromkeys(names)

    def startTest(self, test):
        super().startTest(test)
        self.flush()
        self._running = test
        self._left.pop(id(test), None)
        self._reporter.begin(self._names[id(test)])

    def stopTest(self, test):
        super().stopTest(test)
        self._finish()

    def _finish(self):
        if self._running is not None:
            self._reporter.finish()
            self._pending, self._running = True, None

    def flush(self):
        self._finish()
        if self._pending:
            self._reporter.end()
            self._pending = False

    def addSuccess(self, test):
        self._reporter.passed()

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._failed(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._failed(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._failed(test, err)

    def _failed(self, test, err):
        record = failures.describe(err[1], err[2], self._reporter.repository)
        if isinstance(test, unittest.TestCase):
            self._reporter.failed(record)
        elif test.id().startswith("tearDown"):
            self._reporter.failed(record)
        else:
            self._whole(test, lambda: self._reporter.failed(record))

    def _whole(self, holder, tell):
        """setUpClass or setUpModule ended early: the same is told of each test it stands for."""
        owner = holder.id().split("(")[-1].rstrip(")")
        self.flush()
        for key, name in list(self._names.items()):
            if key in self._left and name.startswith(owner + "."):
                del self._left[key]
                self._reporter.begin(name)
                tell()
                self._reporter.finish()
                self._reporter.end()

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if isinstance(test, unittest.TestCase):
            if self._running is None:  # Python 3.12.1 does not start a test it skips
                self.startTest(test)
            self._reporter.skipped(reason)
        else:
            self._whole(test, lambda: self._reporter.skipped(reason))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._reporter.skipped("expected failure")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._reporter.failed({"error": "", "message": "unexpected success", "stack": []})


def place_of(test, repository):
    try:
        code = inspect.unwrap(getattr(type(test), test._testMethodName)).__code__
        path = repository.relative(code.co_filename)
        return [text(path or ""), code.co_firstlineno]
    except AttributeError:
        return ["", 0]


def main(link, request):
    reporter = report.Reporter(link, request)
    reporter.hello("unittest", sys.version.split()[0])
    sys.argv = ["python -m unittest"]
    with reporter:
        tests, failed = discover(os.getcwd())
        for file, error in failed:
            reporter.collect_error(file, error, error.__traceback__)
        names = [report.test_id(test.id()) for test in tests]
        picked = [(index, name) for index, name in enumerate(names)]
        if request.get("ids"):
            picked = selection.select(names, request["ids"])
        reporter.collected([[name] + place_of(tests[index], reporter.repository)
                            for index, name in picked])
        result = Result(reporter, {id(tests[index]): name for index, name in picked})
        result.failfast = request.get("stop", False)
        unittest.TestSuite([tests[index] for index, _ in picked]).run(result)
        result.flush()
        code = 0 if result.wasSuccessful() and not failed else 1
        reporter.done(code)
    return code
