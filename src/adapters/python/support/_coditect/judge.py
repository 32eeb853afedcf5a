"""Judges candidates in children of a loaded project: the failing tests first, in order."""
import builtins
import os
import random
import sys
import threading

from _coditect import children, project
from _coditect.fuel import Fuel

# Verdicts, as the host numbers them (CandidateVerdict).
INVALID, DUPLICATE, FAILS, SURVIVES, UNDECIDED = range(5)

FUEL_FLOOR = 20000
FUEL_FACTOR = 10
FUEL_FACTOR_LONG = 3  # for a test that is long already; from FUEL_LONG on
FUEL_LONG = 2000000
BOOST = 15  # of the fuel, for a candidate that ran out of it after it had passed something
BOOSTED_MAX = 5000000
BASE_FUEL = (20000, 300000, 5000000)  # for a test of the base version; the next when one ends
BASE_CPU_SECONDS = 3.0  # for each of these, or what the one before lets expect
BASE_CPU_FACTOR = 2
BASE_CPU_MAX_SECONDS = 5.0  # expected: more than this is not tried
CPU_FLOOR_SECONDS = 0.5
IMPORT_CPU_SECONDS = 20.0
CPU_FACTOR = 20
CPU_PER_TICK_SECONDS = 5e-6
WALL_FACTOR = 5  # a test may sleep so many times as long as on the base version, and a bit more
CONTROL_FAILING = 3

# What ends its child without a verdict: (verdict, tests, passed, out of fuel).
OVERRUN = (FAILS, 1, 0, False)
UNCERTAIN = (UNDECIDED, 1, 0, False)


class Measured:
    """What a test of the base version did."""

    __slots__ = ("passed", "message", "used", "out_of_fuel", "cpu", "wall", "fuel", "alarm")

    def __init__(self, passed, message, used, out_of_fuel, cpu, wall):
        self.passed = passed
        self.message = message
        self.used = used
        self.out_of_fuel = out_of_fuel
        self.cpu = cpu
        self.wall = wall
        self.fuel = FUEL_FLOOR
        self.alarm = CPU_FLOOR_SECONDS

    def allow(self, fuel, most_used):
        """Sets the limits of a candidate: `fuel`, or ten times what the base used (three times,
        when that is long)."""
        used = most_used if self.out_of_fuel else self.used
        self.fuel = fuel or max(FUEL_FLOOR, min(FUEL_FACTOR * used,
                                                max(FUEL_LONG, FUEL_FACTOR_LONG * used)))
        cpu = 0 if self.out_of_fuel else CPU_FACTOR * self.cpu
        self.alarm = max(CPU_FLOOR_SECONDS, cpu, CPU_PER_TICK_SECONDS * self.fuel)


class Limits:
    """What a candidate may use in one test."""

    __slots__ = ("fuel", "alarm")

    def __init__(self, fuel, alarm):
        self.fuel = fuel
        self.alarm = alarm


class State:
    """What is put back between two candidates of one process."""

    def __init__(self, caches, seed):
        self._caches = caches
        self._seed = seed
        self._folder = os.getcwd()
        self._limit = sys.getrecursionlimit()
        self._environment = dict(os.environ)
        self._variables = os.environ._data.copy()  # compared without decoding
        self._builtins = dict(vars(builtins))
        self._threads = threading.active_count()
        self._pid = os.getpid()

    def reset(self):
        for cache in self._caches:
            cache.cache_clear()
        random.seed(self._seed)
        if sys.getrecursionlimit() != self._limit:
            sys.setrecursionlimit(self._limit)
        os.chdir(self._folder)
        if os.environ._data != self._variables:
            os.environ.clear()
            os.environ.update(self._environment)
        now = vars(builtins)
        for name in ("__coditect_tick__", "__coditect_each__"):
            self._builtins[name] = now.get(name)
        if now != self._builtins:
            now.clear()
            now.update(self._builtins)

    def leave_if_forked(self):
        if os.getpid() != self._pid:
            os._exit(0)

    def threads_left(self):
        return threading.active_count() > self._threads


class Bench:
    """Runs tests within their limits, in a child."""

    def __init__(self, board, state, fuel):
        self._board = board
        self._state = state
        self._fuel = fuel
        self._terse = project.Terse()

    def run(self, test, fuel, alarm):
        """(passed, message, out of fuel)"""
        self._fuel.fill(fuel)
        children.alarm(alarm)
        passed, message = test.run()
        children.alarm(0)
        self._state.leave_if_forked()
        return passed and not self._fuel.empty(), message, self._fuel.empty()

    def measure(self, test, tiers=len(BASE_FUEL)):
        """Measured, of the base version, with the first `tiers` of BASE_FUEL at most."""
        expected = 0.0
        for tier in range(tiers):
            self._state.reset()
            fuel = BASE_FUEL[tier]
            before = os.times()
            passed, message, out = self.run(
                test, fuel, max(BASE_CPU_SECONDS, BASE_CPU_FACTOR * expected))
            after = os.times()
            cpu = after.user + after.system - before.user - before.system
            if not out or tier + 1 == tiers:
                break
            expected = cpu * BASE_FUEL[tier + 1] / fuel
            if expected > BASE_CPU_MAX_SECONDS:
                break
        return Measured(passed, message, self._fuel.used(), out, cpu,
                        after.elapsed - before.elapsed)

    def judge(self, index, swaps, tests, measured, boost=1):
        """Puts the verdict on the board. swaps: [(function, code)]."""
        self._state.reset()
        bases = [function.__code__ for function, _ in swaps]
        for function, code in swaps:
            function.__code__ = code
        self._terse.switch(True)
        ran = passed = 0
        out_of_fuel = False
        verdict = SURVIVES
        for test in tests:
            self._board.at(index)
            limits = measured[test.name]
            fuel = max(limits.fuel, min(boost * limits.fuel, BOOSTED_MAX))
            ok, _, out_of_fuel = self.run(
                test, fuel, max(limits.alarm, CPU_PER_TICK_SECONDS * fuel))
            ran += 1
            if not ok:
                verdict = FAILS
                break
            passed += 1
        self._terse.switch(False)
        for (function, _), code in zip(swaps, bases):
            function.__code__ = code
        self._board.put(index, verdict, ran, passed, out_of_fuel)

    def threads_left(self):
        return self._state.threads_left()

    def same_as_before(self, tests, measured, exact):
        """Whether the base version's tests do what they did when nothing had been tried."""
        for test in tests:
            self._state.reset()
            before = measured[test.name]
            passed, message, _ = self.run(test, before.fuel, before.alarm)
            if passed != before.passed or exact and message != before.message:
                return False
        return True


class Judge:
    """Decides batches of prepared candidates (lists of swaps)."""

    def __init__(self, nursery, board, caches, seed):
        self._nursery = nursery
        self._board = board
        self._caches = caches
        self._seed = seed
        self._fuel = Fuel()
        self._alone_left = 0  # candidates to be judged one a child, after a leak
        self.one_each = False  # for good: tests leave threads or state behind
        self.exact = True
        self.control = []
        self.measured = {}

    def bench(self):
        return Bench(self._board, State(self._caches, self._seed), self._fuel)

    def set_caches(self, caches):
        self._caches = caches

    def batch(self, candidates, tests, alone=False, boost=1):
        """[(verdict, tests, passed, out_of_fuel)] for [swaps]; alone: one a child."""
        results = [None] * len(candidates)
        start = 0
        while start < len(candidates):
            if alone or self.one_each or self._alone_left > 0:
                self._alone_left = max(0, self._alone_left - 1)
                results[start] = self._alone(candidates[start], tests, 2, boost)
                start += 1
                continue
            ended = self._nursery.run(lambda: self._run(candidates, start, tests, boost),
                                      self._board)
            flags = self._board.flags() if ended == children.DONE else 0
            if flags & children.CONTROL_DIFFERS:
                self._alone_left = len(candidates) - start + 256
                continue
            place = self._board.place()[0]
            stop = len(candidates) if ended == children.DONE else place
            if flags & children.THREADS_LEFT:
                self.one_each = True
                stop = place + 1
            for index in range(start, min(stop, len(candidates))):
                results[index] = self._board.get(index)
            start = stop
            if ended != children.DONE and start < len(candidates):
                # The alarm is set for each test, so whom it ends is sure.
                results[start] = (OVERRUN if ended == children.CPU else
                                  self._alone(candidates[start], tests, 1, boost))
                start += 1
        return results

    def _run(self, candidates, start, tests, boost):
        bench = self.bench()
        for index in range(start, len(candidates)):
            bench.judge(index, candidates[index], tests, self.measured, boost)
            if bench.threads_left():
                return self._board.finish(children.THREADS_LEFT)
        same = len(candidates) - start == 1 or bench.same_as_before(
            self.control, self.measured, self.exact)
        self._board.finish(0 if same else children.CONTROL_DIFFERS)

    def _alone(self, swaps, tests, tries, boost):
        """In a child of its own; what ends that too without a verdict fails, but for a child that
        still had work to do when its time was over."""
        def run():
            self.bench().judge(0, swaps, tests, self.measured, boost)
            self._board.finish()

        ended = None
        for _ in range(tries):
            ended = self._nursery.run(run, self._board)
            if ended == children.DONE:
                return self._board.get(0)
            if ended == children.CPU:
                break
        return UNCERTAIN if ended == children.WALL else OVERRUN
