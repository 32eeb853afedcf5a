"""Deterministic limits: how many loop iterations and calls of instrumented code a test may use.

A tick is one call into C: an iterator that yields True `amount` times and raises ever after.
"""
import builtins
from functools import partial
from itertools import chain, compress, repeat
from operator import length_hint


class OutOfFuel(BaseException):
    """No `except Exception` catches it; a bare `except:` meets it again at the next tick."""


class _Empty:
    def __init__(self):
        self.reached = False

    def __iter__(self):
        return self

    def __next__(self):
        self.reached = True
        raise OutOfFuel("out of fuel")


class Fuel:
    """One tank: fill() before a test, then used() and empty()."""

    def __init__(self):
        self._amount = 0
        self._full = repeat(True, 0)
        self._empty = _Empty()

    def fill(self, amount):
        self._amount = amount
        self._full = repeat(True, amount)
        self._empty = _Empty()
        ticks = chain(self._full, self._empty)
        builtins.__coditect_tick__ = ticks.__next__
        builtins.__coditect_each__ = partial(compress, selectors=ticks)

    def unlimited(self):
        """While the project is loaded."""
        ticks = repeat(True)
        builtins.__coditect_tick__ = ticks.__next__
        builtins.__coditect_each__ = partial(compress, selectors=ticks)

    def used(self):
        return self._amount - length_hint(self._full)

    def empty(self):
        return self._empty.reached
