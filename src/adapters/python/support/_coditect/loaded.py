"""The process that holds the project loaded once: it compiles candidates, forks the children that
judge them, and runs none of their code itself."""
import gc
import importlib
import json
import os
import sys
import tempfile
import threading

from _coditect import candidates, children, judge, observe, project, sources

BATCH_MAX = 4096
PASSING_CONTROL = 1
CONTROL_CPU_SECONDS = 0.1


class Loaded:
    def __init__(self, link, request, files, progress):
        self._link = link
        self._request = request
        self._files = files
        self._progress = progress  # shared with the parent: the candidate this process is at
        self._board = children.Board(BATCH_MAX)
        self._nursery = children.Nursery(request["memory_bytes"], request["wall_seconds"])
        self._served = set()
        self._trace = sources.LoadTrace([file.path for file in files])
        self._project = None
        self._failing = []
        self._passing = None  # measured when first needed
        self._tests = {}
        self._judge = None
        self._workshop = None
        self._import_only = False
        self._problem = ""

    def main(self):
        """Loads the project, then serves the parent until it closes the link."""
        request = self._request
        self._served = sources.serve_imports(
            {os.path.realpath(file.path): file.code for file in self._files if file.code})
        with self._trace:
            code = project.load(request["runner"], request["failing"] + request["passing"],
                                self._start)
        self._problem = "the tests could not be loaded (exit %s)" % code
        self._start(project.unloaded(self._problem))

    def _start(self, loaded):
        sys.settrace(None)
        self._project = loaded
        self._failing = loaded.tests(self._request["failing"])
        self._judge = judge.Judge(self._nursery, self._board, [], self._request["seed"])
        first = loaded.tests(self._request["passing"][:PASSING_CONTROL])
        self._measure(self._failing + first)
        self._settle(first)
        if not self._failing:
            text = self._problem or "none of the failing tests fails in the filter's process"
            self._link.send({"t": "error", "text": text})
        else:
            self._link.send({"t": "ready", "failing": [test.name for test in self._failing],
                             "measured": self._limits(self._failing),
                             "wall_seconds": self._nursery.wall_seconds})
            self._serve()
        os._exit(0)

    def _settle(self, first):
        """Keeps the tests that do here what they did on their own, those that need least first: most
        candidates see only the first. Looks at what is loaded."""
        measured = self._judge.measured
        self._failing = [self._tests[t.name] for t in self._failing
                         if not measured[t.name].passed]
        self._failing.sort(key=lambda test: measured[test.name].fuel)
        cheap = [t for t in self._failing
                 if measured[t.name].message and measured[t.name].cpu < CONTROL_CPU_SECONDS]
        self._judge.control = cheap[:judge.CONTROL_FAILING] + [
            self._tests[t.name] for t in first
            if measured[t.name].passed and measured[t.name].cpu < CONTROL_CPU_SECONDS]
        self._import_only = threading.active_count() > 1 or any(
            isinstance(test, project.FileTest) for test in self._failing)
        functions = sources.live_functions(self._files)
        self._judge.set_caches(sources.caches(os.getcwd()))
        self._workshop = candidates.Workshop(self._files, functions, self._trace.codes,
                                             self._foreign())
        gc.collect()
        gc.freeze()

    def _foreign(self):
        """Editable files that something else than our import hook has loaded."""
        paths = {os.path.realpath(file.path): file.relative for file in self._files}
        foreign = {file.relative for file in self._files if file.code is None}
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str):
                path = os.path.realpath(path)
                if path in paths and path not in self._served:
                    foreign.add(paths[path])
        return foreign

    def _measure(self, tests):
        """Runs the base version's tests in a child; the results are put into the judge."""
        self._tests.update((test.name, test) for test in tests)
        before = set(sys.modules)
        for record in self._records(tests):
            if "modules" in record:
                self._import(record["modules"], before)
            else:
                self._take(record)
        names = [test.name for test in tests]
        known = [self._judge.measured[name] for name in names]
        most = max([one.used for one in known if not one.out_of_fuel] or [0])
        for one in known:
            one.allow(self._request["fuel"], most)
        self._nursery.wall_seconds = self._request["wall_seconds"] + judge.WALL_FACTOR * max(
            [one.wall for one in self._judge.measured.values()] or [0])

    def _records(self, tests):
        """What measure() wrote about each test; one that ended its child has failed."""
        with tempfile.TemporaryFile() as results:
            start, tiers = 0, len(judge.BASE_FUEL)
            while start < len(tests):
                def run(start=start, tiers=tiers):
                    measure(tests, start, tiers, results, self._judge.bench(), self._board)
                ended = self._nursery.run(run, self._board, 2 * self._request["wall_seconds"])
                if ended == children.DONE:
                    break
                start = self._board.place()[0]
                self._judge.measured[tests[start].name] = judge.Measured(False, "", 0, True, 0, 0)
                start, tiers = start + 1, 1  # others will probably do the same
            results.seek(0)
            return [json.loads(line.decode("ascii")) for line in results]

    def _import(self, names, before):
        """Modules that tests import while they run are loaded here too, to be swapped in place."""
        for name in names:
            if self._workshop is None and name not in before:
                with self._trace:
                    try:
                        importlib.import_module(name)
                    except BaseException:  # it loads only the way the test does it
                        continue

    def _take(self, record):
        name = record["name"]
        if record["item"]:
            self._tests[name] = project.ItemTest(self._tests[name].item)
            self._tests[name].name = name
        if not record["same"]:
            again = self._records([self._tests[name]])
            if again and again[0].get("message") == record["message"]:
                self._judge.one_each = True  # in a fresh process the same: it leaves state behind
            else:
                self._judge.exact = False  # its message is never the same
        self._judge.measured[name] = judge.Measured(
            record["passed"], record["message"], record["used"], record["out"], record["cpu"],
            record["wall"])

    def _limits(self, tests):
        measured = self._judge.measured
        return {test.name: [measured[test.name].fuel, measured[test.name].alarm] for test in tests}

    def _passing_tests(self):
        if self._passing is None:
            tests = self._project.tests(self._request["passing"])
            self._measure(tests)
            self._passing = [self._tests[test.name] for test in tests
                             if self._judge.measured[test.name].passed]
        return self._passing

    def _serve(self):
        while True:
            message = self._link.receive()
            if message is None:
                return
            if message["op"] == "judge":
                answers = self._decide(message)
                self._link.send({"t": "judged", "r": answers, "cpu": children.cpu_seconds()})
            elif message["op"] == "passing":
                tests = self._passing_tests()
                self._link.send({"t": "passing", "names": [test.name for test in tests],
                                 "measured": self._limits(tests)})
            elif message["op"] == "observe":
                self._link.send({"t": "observed", "names": observe.observe(
                    self._nursery, self._board, self._judge.bench, self._failing,
                    self._judge.measured, self._files)})

    def _decide(self, message):
        """One answer a candidate: [verdict, tests, passed, out of fuel], or None for one that has
        to be imported."""
        answers = [None] * len(message["candidates"])
        swaps = []
        for index, edits in enumerate(message["candidates"]):
            kind, functions = self._workshop.prepare(
                [(name, start, end, text.encode("latin-1")) for name, start, end, text in edits])
            if kind == candidates.INVALID:
                answers[index] = [judge.INVALID, 0, 0, False]
            elif kind == candidates.DUPLICATE:
                answers[index] = [judge.DUPLICATE, 0, 0, False]
            elif kind == candidates.SWAP and not self._import_only:
                swaps.append((index, functions))
        groups = [[pair] for pair in swaps] if message.get("alone") else [swaps]
        for group in groups:
            if group:
                self._progress.at(group[0][0])
                self._judge_group(group, answers, bool(message.get("alone")))
        return answers

    def _judge_group(self, group, answers, alone):
        self._judge_by(self._failing, group, answers, alone)
        survivors = [pair for pair in group if answers[pair[0]][0] == judge.SURVIVES]
        if survivors:
            self._judge_by(self._passing_tests(), survivors, answers, alone)

    def _judge_by(self, tests, group, answers, alone):
        """Adds to the answers. A candidate that runs out of fuel after it has passed something gets
        more, once: what mends a slow test looks like that."""
        before = {index: answers[index] or [None, 0, 0, False] for index, _ in group}
        ran_before = {index: answer[1] for index, answer in before.items()}
        boost = 1
        while tests and group:
            results = self._judge.batch([functions for _, functions in group], tests, alone, boost)
            again = []
            for pair, (verdict, ran, passed, out) in zip(group, results):
                index = pair[0]
                ran_before[index] += ran
                passed += before[index][2]
                answers[index] = [verdict, ran_before[index], passed, out]
                if out and passed and boost == 1 and not self._request["fuel"]:
                    again.append(pair)
            group, boost = again, judge.BOOST


def measure(tests, start, tiers, results, bench, board):
    """In a child: runs tests[start:] on the base version and writes a JSON line for each."""
    for index in range(start, len(tests)):
        board.at(index)
        runner = tests[index]
        outcome = bench.measure(runner, tiers)
        same = True
        if outcome.out_of_fuel:
            tiers = min(tiers, 2)
        else:
            if isinstance(runner, project.PlainTest):
                item = project.ItemTest(runner.item)
                again = bench.measure(item)
                if again.passed != outcome.passed:  # pytest does something about it
                    runner, outcome = item, again
            if not outcome.passed:
                again = bench.measure(runner)
                same = (again.passed, again.message) == (outcome.passed, outcome.message)
        _write(results, {"name": tests[index].name, "passed": outcome.passed, "same": same,
                         "message": outcome.message, "used": outcome.used, "cpu": outcome.cpu,
                         "out": outcome.out_of_fuel, "wall": outcome.wall,
                         "item": runner is not tests[index]})
    root = os.getcwd() + "/"
    _write(results, {"modules": [
        name for name, module in list(sys.modules.items())
        if str(getattr(module, "__file__", None) or "").startswith(root)]})
    board.finish()


def _write(file, record):
    os.write(file.fileno(), json.dumps(record).encode("ascii") + b"\n")
