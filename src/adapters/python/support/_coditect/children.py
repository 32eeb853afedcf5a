"""Forked children that may do anything: where they are, how they ended, and nothing of them left.

A child writes where it stands and what it found into shared memory, so that whatever ends it costs
only the work it was at.
"""
import mmap
import os
import resource
import shutil
import signal
import struct
import tempfile
import time

POLL_SECONDS = 0.1
PATIENCE = 10  # a child that uses the processor is left to its CPU alarm for so many wall limits
BUSY_SHARE = 0.1
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
RECORD = struct.Struct("<BBHII")  # verdict + 1 (0 = none), flags, unused, tests, passed
HEAD = struct.Struct("<IIII")  # current index, beats, finished, flags
FINISHED = 0x600DF1A7
CONTROL_DIFFERS, THREADS_LEFT = 1, 2

# How a child ended.
DONE, CPU, WALL, ASLEEP, DIED = "done", "cpu", "wall", "asleep", "died"


class Board:
    """Shared memory of one parent and its children."""

    def __init__(self, records):
        self._map = mmap.mmap(-1, HEAD.size + RECORD.size * records)
        self._beats = 0

    def clear(self):
        self._map[:] = bytes(len(self._map))

    def at(self, index):
        self._beats += 1
        HEAD.pack_into(self._map, 0, index, self._beats & 0xFFFFFFFF, 0, 0)

    def finish(self, flags=0):
        index, beats = self.place()
        HEAD.pack_into(self._map, 0, index, beats, FINISHED, flags)

    def place(self):
        return HEAD.unpack_from(self._map, 0)[:2]

    def finished(self):
        return HEAD.unpack_from(self._map, 0)[2] == FINISHED

    def flags(self):
        return HEAD.unpack_from(self._map, 0)[3]

    def put(self, index, verdict, tests, passed, out_of_fuel):
        RECORD.pack_into(self._map, HEAD.size + RECORD.size * index, verdict + 1, out_of_fuel, 0,
                         tests, passed)

    def get(self, index):
        """(verdict, tests, passed, out_of_fuel), or None when there is no verdict."""
        verdict, flags, _, tests, passed = RECORD.unpack_from(
            self._map, HEAD.size + RECORD.size * index)
        return (verdict - 1, tests, passed, bool(flags)) if verdict else None


class Nursery:
    """Runs functions in children. One at a time; `memory_bytes` is what a child may add."""

    def __init__(self, memory_bytes, wall_seconds):
        self._memory = memory_bytes
        self.wall_seconds = wall_seconds
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])

    def run(self, function, board, wall_seconds=None):
        """Calls `function` in a child and waits for its end; how it ended is returned. A child that
        makes no progress on the board for `wall_seconds` and sleeps is killed."""
        board.clear()
        folder = os.path.join(tempfile.gettempdir(), "coditect-filter-%d-" % os.getpid())
        pid = os.fork()
        if pid == 0:
            self._child(function, folder)
        ended = self._wait(pid, board, wall_seconds or self.wall_seconds)
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            pass
        shutil.rmtree(folder + str(pid), ignore_errors=True)
        return ended

    def _child(self, function, folder):
        code = 1
        try:
            os.setsid()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            own = folder + str(os.getpid())
            os.mkdir(own, 0o700)
            os.environ["TMPDIR"] = tempfile.tempdir = own
            limit_memory(self._memory)
            function()
            code = 0
        finally:
            os._exit(code)

    def _wait(self, pid, board, wall_seconds):
        place, since, used = board.place(), time.monotonic(), 0.0
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            signal.sigtimedwait([signal.SIGCHLD], POLL_SECONDS)
            now = time.monotonic()
            if board.place() != place:
                place, since, used = board.place(), now, _cpu_and_state(pid)[0]
            elif now - since > wall_seconds:
                cpu, state = _cpu_and_state(pid)
                asleep = state in "SDT" and cpu - used < BUSY_SHARE * (now - since)
                if asleep or now - since > PATIENCE * wall_seconds:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    return ASLEEP if asleep else WALL
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
            return CPU
        return DONE if board.finished() and os.WIFEXITED(status) else DIED


def _cpu_and_state(pid):
    """(CPU seconds used, one letter: R runs, S sleeps, …) of a process."""
    try:
        with open("/proc/%d/stat" % pid, "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS, fields[0].decode("ascii")
    except (OSError, IndexError, ValueError):
        return 0.0, "R"


def cpu_seconds():
    """CPU time of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2])
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def limit_memory(more_bytes):
    """This process may grow by so much: a list without end becomes a MemoryError."""
    try:
        with open("/proc/self/statm", "rb") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        limit = now + more_bytes
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (OSError, ValueError):
        pass


def alarm(seconds):
    """The kernel ends this process when it has used so much CPU time; 0 = no more."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
