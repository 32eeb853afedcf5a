"""The project and its tests, loaded once into this process, as things that can be run again."""
import copy
import os
import re
import sys
import unittest

from _coditect import paths, report, run_unittest, selection

ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
MESSAGE_MAX = 300
CONFTEST = "conftest.py"


def message_of(error):
    """What a failure says, without what differs from run to run."""
    try:
        text = str(error)[:MESSAGE_MAX]
    except BaseException:
        text = ""
    return type(error).__name__ + ": " + ADDRESS.sub("0x", text)


class Terse:
    """While on, pytest's rewritten asserts do not spell out the values they compared: a candidate's
    verdict needs no words."""

    def __init__(self):
        self._rewrite = sys.modules.get("_pytest.assertion.rewrite")
        self._spelt = getattr(self._rewrite, "_saferepr", None)

    def switch(self, on):
        if self._spelt is not None:
            self._rewrite._saferepr = _no_words if on else self._spelt


def _no_words(value):
    return ""


class PlainTest:
    """A test function that needs nothing of pytest: called directly."""

    def __init__(self, item, arguments):
        self.name = report.test_id(item.nodeid)
        self._function = item.obj
        self._arguments = arguments
        self.item = item

    def run(self):
        """(passed, message)"""
        try:
            self._function(**self._arguments)
        except BaseException as error:
            return False, message_of(error)
        return True, ""


class ItemTest:
    """A pytest item, run by pytest's own protocol, its fixtures torn down after it."""

    def __init__(self, item):
        self.name = report.test_id(item.nodeid)
        self.item = item
        self._names = ("_instance", "_obj") if getattr(item, "cls", None) is not None else ()
        self._examples = getattr(item, "dtest", None)
        self._globs = dict(self._examples.globs) if self._examples is not None else {}

    def run(self):
        from _pytest.runner import runtestprotocol

        if self._examples is not None:
            self._examples.globs.update(self._globs)  # a run of examples clears its names
        for name in self._names:  # an instance of the class serves one run
            self.item.__dict__.pop(name, None)
        try:
            reports = runtestprotocol(self.item, log=False, nextitem=None)
        except BaseException as error:  # pytest.exit() and the like
            return False, message_of(error)
        passed = False
        for one in reports:
            if one.failed:
                return False, ADDRESS.sub("0x", str(one.longreprtext)[-MESSAGE_MAX:])
            passed = passed or one.when == "call" and one.passed
        return passed, "" if passed else "skipped"


class UnittestTest:
    """A test as it was collected; each run has a copy of it, whatever its class is made with."""

    def __init__(self, test):
        self.name = report.test_id(test.id())
        self._test = test

    def _fresh(self):
        test = copy.copy(self._test)
        examples = getattr(test, "_dt_test", None)
        if examples is not None:  # a run of examples clears its names
            test._dt_test = copy.copy(examples)
            test._dt_test.globs = dict(examples.globs)
        return test

    def run(self):
        result = unittest.TestResult()
        try:
            unittest.TestSuite([self._fresh()]).run(result)
        except BaseException as error:
            return False, message_of(error)
        problems = result.errors + result.failures
        if problems:
            return False, ADDRESS.sub("0x", problems[0][1][-MESSAGE_MAX:])
        if result.unexpectedSuccesses or result.skipped or result.expectedFailures:
            return False, "not passed"
        return True, ""


class FileTest:
    """A test file that does not import: passes when it does and all its tests pass."""

    def __init__(self, name, tests, error):
        self.name = name
        self._tests = tests
        self._error = error

    def run(self):
        if self._error or not self._tests:
            return False, self._error or "no tests"
        for test in self._tests:
            passed, message = test.run()
            if not passed and message != "skipped":
                return False, message
        return True, ""


def plain_arguments(item):
    """The arguments to call a test function with directly; None when pytest has to run it."""
    import pytest

    if not isinstance(item, pytest.Function) or getattr(item, "cls", None) is not None:
        return None
    function = item.obj
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x2A0 or hasattr(function, "__wrapped__"):
        return None  # a generator, a coroutine, or decorated
    if any(mark.name != "parametrize" for mark in item.iter_markers()):
        return None
    callspec = getattr(item, "callspec", None)
    params = dict(getattr(callspec, "params", {}) or {})
    for name in item.fixturenames:
        definitions = item._fixtureinfo.name2fixturedefs.get(name)
        if name not in params or definitions and (
                definitions[-1].func.__name__ != "get_direct_param_fixture_func"):
            return None
    return params


def test_of(item):
    arguments = plain_arguments(item)
    return ItemTest(item) if arguments is None else PlainTest(item, arguments)


class Project:
    """Tests by the ids of a request. `problems`: why test files did not load."""

    def __init__(self, names, make, files_of, problems):
        """names: ids in the collection's order; make(index) gives the test."""
        self._names = names
        self._make = make
        self._files_of = files_of  # file -> indexes of its tests
        self.problems = problems  # file -> message

    def tests(self, wanted):
        """Those of `wanted` that there are, in that order."""
        found = {}
        for index, name in selection.select(self._names, wanted):
            test = self._make(index)
            test.name = name
            found[name] = test
        for name in wanted:
            if name not in found and "::" not in name and name.endswith(".py"):
                inner = [self._make(index) for index in self._indexes(name)]
                found[name] = FileTest(name, inner, self.problems.get(name, ""))
        return [found[name] for name in wanted if name in found]

    def _indexes(self, file):
        """Of the tests in a file; of all those a conftest.py stands for."""
        if os.path.basename(file) != CONFTEST:
            return self._files_of.get(file, [])
        folder = os.path.dirname(file)
        prefix = folder + "/" if folder else ""
        return [index for name, indexes in self._files_of.items() if name.startswith(prefix)
                for index in indexes]


class _LoadPlugin:
    """Takes the place of pytest's own loop over the collected tests."""

    def __init__(self, then):
        self._then = then
        self._problems = {}

    def pytest_collectreport(self, report):
        if report.failed:
            self._problems[report.nodeid] = str(report.longreprtext)[-MESSAGE_MAX:]

    def pytest_runtestloop(self, session):
        items = session.items
        names = [report.test_id(item.nodeid) for item in items]
        files_of = {}
        for index, name in enumerate(names):
            files_of.setdefault(name.split("::")[0], []).append(index)
        self._then(Project(names, lambda index: test_of(items[index]), files_of, self._problems))
        return True


def load_pytest(ids, then):
    """Collects the files of `ids` and calls then(project); returns pytest's exit code, or does not
    return when `then` ends the process."""
    import pytest

    from _coditect import run_pytest

    class First(_LoadPlugin):
        pytest_runtestloop = pytest.hookimpl(tryfirst=True)(_LoadPlugin.pytest_runtestloop)

    class Files(run_pytest.Collection):
        pytest_collection_modifyitems = None

    if any(os.path.basename(name) == CONFTEST for name in ids):
        ids = []  # it counts for every file
    arguments = run_pytest.arguments(["--capture=no", "-q"])
    plugins = [run_pytest.Neutral(False, lambda message: None), Files(ids), First(then)]
    return pytest.main(arguments, plugins=plugins)


def load_unittest(ids, then):
    sys.argv = ["python -m unittest"]
    tests, failed = run_unittest.discover(os.getcwd())
    names = [report.test_id(test.id()) for test in tests]
    problems = {file: message_of(error) for file, error in failed}
    repository, files_of = paths.Repository(), {}
    for index, test in enumerate(tests):
        files_of.setdefault(run_unittest.place_of(test, repository)[0], []).append(index)
    then(Project(names, lambda index: UnittestTest(tests[index]), files_of, problems))
    return 1


def unloaded(problem):
    """What stands for a project that does not load at all: only its files can be tested."""
    class Everywhere(dict):
        def get(self, key, default=None):
            return problem

    return Project([], None, {}, Everywhere())


def load(runner, ids, then):
    return (load_pytest if runner == "pytest" else load_unittest)(ids, then)
