"""Runs pytest in this process as `python -m pytest` would, and reports every test."""
import os
import re
import sys
import tempfile

import pytest

from _coditect import failures, report, selection
from _coditect.channel import text

ORDER_PLUGINS = ("randomly", "random_order", "reverse")
UNKNOWN_ARGUMENTS = re.compile(r"unrecognized arguments: (.*)")
# Options of the repository's configuration and the plugins they belong to.
PLUGIN_OPTIONS = (
    ("--asyncio", "pytest_asyncio"), ("--benchmark", "pytest_benchmark"), ("--cov", "pytest_cov"),
    ("--dist", "xdist"), ("--ds", "pytest_django"), ("--flake8", "pytest_flake8"),
    ("--html", "pytest_html"), ("--mypy", "pytest_mypy"), ("--numprocesses", "xdist"),
    ("--random-order", "random_order"), ("--randomly", "pytest_randomly"),
    ("--reruns", "pytest_rerunfailures"), ("--reuse-db", "pytest_django"),
    ("--timeout", "pytest_timeout"), ("-n", "xdist"))


def place_of(item, repository):
    """[file, line] where a test stands; ["", 0] when it is not in the repository."""
    try:
        line = item.location[1]
        path = repository.relative(str(getattr(item, "path", None) or item.fspath))
        return [text(path or ""), 0 if line is None else line + 1]
    except Exception:
        return ["", 0]


class Neutral:
    """Takes out of the repository's configuration what would hide tests or keep state: how many
    failures end the run, other processes, the results of earlier runs. Everything else stays."""

    def __init__(self, stop_at_first, warn):
        self._stop_at_first = stop_at_first
        self._warn = warn

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config):
        option = config.option
        if getattr(option, "maxfail", 0) and not self._stop_at_first:
            self._warn("the repository's limit of failures (-x, --maxfail) is not used")
        option.maxfail = 1 if self._stop_at_first else 0
        option.continue_on_collection_errors = not self._stop_at_first
        for name in ("lf", "failedfirst", "newfirst", "stepwise", "usepdb"):
            if hasattr(option, name):
                setattr(option, name, False)
        if getattr(option, "numprocesses", None):
            self._warn("the tests run in one process, not with xdist")
            option.numprocesses, option.dist, option.tx = None, "no", []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session):
        config = session.config
        if hasattr(config, "cache") and hasattr(config.cache, "_cachedir"):
            folder = type(config.cache._cachedir)(tempfile.gettempdir())
            config.cache._cachedir = folder / ("coditect-pytest-%d" % os.getpid())
        for name in ORDER_PLUGINS:
            if config.pluginmanager.hasplugin(name):
                self._warn("plugin %s is active: the order of the tests may vary" % name)


class Collection:
    """Restricts a run to given ids without changing how pytest finds its configuration."""

    def __init__(self, ids):
        self._ids = ids
        self.names = {}  # item -> id it is reported under

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session):
        if self._ids:
            root = str(getattr(session.config, "rootpath", None) or session.config.rootdir)
            files = dict.fromkeys(name.split("::")[0] for name in self._ids)
            session.config.args = [path for path in (os.path.join(root, f) for f in files)
                                   if os.path.exists(path)] or [root]

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session, config, items):
        yield
        names = [report.test_id(item.nodeid) for item in items]
        if self._ids:
            picked = selection.select(names, self._ids)
            self.names = {items[index]: name for index, name in picked}
            items[:] = list(dict.fromkeys(items[index] for index, _ in picked))
        else:
            self.names = dict(zip(items, names))


class Plugin:
    """Tells the reporter what pytest does."""

    def __init__(self, reporter, collection):
        self._reporter = reporter
        self._collection = collection
        self._collect_failures = {}
        self._failure = None
        self._fixtures = False

    @pytest.hookimpl(hookwrapper=True, trylast=True)  # innermost: other wrappers raise
    def pytest_cmdline_parse(self, pluginmanager, args):
        """Where a broken conftest.py, a missing plugin or an unknown option shows first."""
        outcome = yield
        if outcome.excinfo is None:
            return
        error = outcome.excinfo[1]
        unknown = UNKNOWN_ARGUMENTS.search(str(error)) if isinstance(
            error, pytest.UsageError) else None
        if unknown is None:
            return self._collect_error("", error, error.__traceback__)
        for option, module in PLUGIN_OPTIONS:
            if any(word.startswith(option) for word in unknown.group(1).split()):
                message = "pytest does not know %s: its plugin is missing" % unknown.group(1)
                return self._reporter.collect_failure("", text(message), module, [])
        self._reporter.warn("pytest refused its arguments: %s" % text(error, 500))

    def pytest_exception_interact(self, node, call, report):
        if getattr(report, "when", None) == "collect" or not hasattr(report, "when"):
            self._collect_failures[report.nodeid] = call.excinfo

    def pytest_collectreport(self, report):
        if not report.failed:
            return
        excinfo = self._collect_failures.pop(report.nodeid, None)
        if excinfo is None:
            self._reporter.collect_error(report.nodeid, None, None, report.longreprtext)
        else:
            self._collect_error(report.nodeid, excinfo.value, excinfo.tb, report.longreprtext)

    def _collect_error(self, file, error, traceback=None, message=""):
        inner = error
        excinfo = getattr(error, "excinfo", None)
        if type(error).__name__ == "ConftestImportFailure":
            file = self._relative(error.path)
            inner = getattr(error, "cause", None) or (excinfo[1] if excinfo else None) or error
        elif type(error).__name__ == "CollectError":
            inner = error.__cause__ or error.__context__ or error
        elif isinstance(error, pytest.UsageError) and isinstance(
                error.__cause__ or error.__context__, ImportError):
            inner = error.__cause__ or error.__context__  # a plugin that is not there
        if inner is not error:
            traceback = inner.__traceback__
        if isinstance(inner, (pytest.UsageError,)) or type(inner).__name__ == "CollectError":
            return self._reporter.collect_error(file, None, None, message or text(inner))
        self._reporter.collect_error(file, inner, traceback, message)

    def _relative(self, path):
        return self._reporter.repository.relative(str(path)) or str(path)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        names = self._collection.names
        tests = [[names.get(item, report.test_id(item.nodeid))]
                 + place_of(item, self._reporter.repository) for item in session.items]
        self._reporter.collected(tests)
        self._reporter.pause()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef, request):
        self._fixtures = True
        self._reporter.resume()
        yield
        self._reporter.pause()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        self._reporter.resume()
        yield
        self._reporter.pause()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        whole = not isinstance(item, pytest.Function) or hasattr(item, "addFailure")
        if whole:  # a TestCase's function never reaches pytest_pyfunc_call
            self._reporter.resume()
        yield
        if whole:
            self._reporter.pause()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item, nextitem):
        fixtures = self._fixtures
        if fixtures:
            self._reporter.resume()
        yield
        if fixtures:
            self._reporter.pause()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        reporter = self._reporter
        reporter.begin(self._collection.names.get(item) or report.test_id(item.nodeid))
        yield
        reporter.finish()
        reporter.end()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        yield
        if call.excinfo is not None:
            self._failure = failures.describe(call.excinfo.value, call.excinfo.tb,
                                              self._reporter.repository)
        else:
            self._failure = None

    def pytest_runtest_logreport(self, report):
        reporter = self._reporter
        if reporter.current() is None:
            return
        expected = getattr(report, "wasxfail", None)
        if report.outcome == "rerun":
            reporter.forget()
        elif report.failed:
            described = self._failure or {"error": "", "stack": []}
            if not described.get("message"):
                described["message"] = text(report.longreprtext)
            reporter.failed(described)
        elif report.skipped and not hasattr(report, "context"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            reporter.skipped("xfail: %s" % expected if expected is not None else reason)
        elif report.when == "call" and not hasattr(report, "context"):
            reporter.passed()

    def pytest_internalerror(self, excrepr, excinfo):
        self._reporter.warn("pytest ended by an internal error: %s" % text(excinfo.value, 500))


def leave_rewriting_alone(reporter):
    """pytest's rewriting of asserts is most of what runs during collection: it is not traced."""
    rewrite = sys.modules.get("_pytest.assertion.rewrite")
    original = getattr(rewrite, "_rewrite_test", None)
    if original is None:
        return

    def untraced(*arguments):
        reporter.pause()
        try:
            return original(*arguments)
        finally:
            reporter.resume()

    rewrite._rewrite_test = untraced


def arguments(extra=()):
    """argv as `python -m pytest` has it."""
    main = os.path.join(os.path.dirname(pytest.__file__), "__main__.py")
    sys.argv = [main] + list(extra)
    return list(extra)


def main(link, request):
    reporter = report.Reporter(link, request)
    reporter.hello("pytest", pytest.__version__)
    collection = Collection(request.get("ids") or [])
    plugins = [Neutral(request.get("stop", False), reporter.warn), collection,
               Plugin(reporter, collection)]
    if reporter.traced():
        leave_rewriting_alone(reporter)
    with reporter:
        code = pytest.main(arguments(), plugins=plugins)
        reporter.done(code)
    return code
