"""The candidate filter's first process: it talks to the host and never loads the project itself.

It forks the process that holds the project loaded (loaded.py) and, for a candidate that cannot be
swapped into it, a child that imports the project anew with the candidate's files.
"""
import os
import socket
import sys

from _coditect import channel, children, instrument, judge, loaded, project, sources
from _coditect.fuel import Fuel

INTERNAL_FRAME_BYTES_MAX = 64 << 20
RESTARTS_MAX = 8
IMPORT_SECONDS = 5  # an import may sleep, too


class Filter:
    def __init__(self, link, request):
        self._link = link
        self._request = request
        root = os.getcwd()
        self._files = [sources.File(root, name) for name in request["files"]
                       if os.path.isfile(os.path.join(root, name))]
        self._board = children.Board(1)
        self._progress = children.Board(1)
        self._nursery = children.Nursery(request["memory_bytes"], request["wall_seconds"])
        self._child = None  # the link to the loaded process
        self._pid = 0
        self._child_cpu = 0.0  # of it and its children, as it last said
        self._failing = self._passing = None  # ([ids], {id: [fuel, alarm]})

    def main(self):
        ready = self._start()
        self._link.send(ready)
        while ready["t"] == "ready":
            message = self._link.receive()
            if message is None:
                break
            if message["op"] == "judge":
                answers = self._judge(message["candidates"])
                cpu = children.cpu_seconds() + self._child_cpu
                self._link.send({"t": "judged", "r": answers, "cpu_ms": int(1000 * cpu)})
            elif message["op"] == "observe":
                self._observe()
        self._stop()
        return 0

    def _start(self):
        """Forks the loaded process; its first message."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                ours.close()
                self._link.close()
                Fuel().unlimited()
                link = channel.Channel(theirs.detach(), INTERNAL_FRAME_BYTES_MAX)
                loaded.Loaded(link, self._request, self._files, self._progress).main()
                code = 0
            finally:
                os._exit(code)
        theirs.close()
        self._pid = pid
        self._child = channel.Channel(ours.detach(), INTERNAL_FRAME_BYTES_MAX)
        ready = self._receive() or {"t": "error", "text": "the process that loads the tests died"}
        if ready["t"] == "ready":
            self._failing = (ready["failing"], ready.pop("measured"))
            self._nursery.wall_seconds = ready.pop("wall_seconds") + IMPORT_SECONDS
        return ready

    def _stop(self):
        self._child.close()
        try:
            os.kill(self._pid, 9)
        except OSError:
            pass
        os.waitpid(self._pid, 0)

    def _receive(self):
        try:
            reply = self._child.receive()
        except (OSError, ValueError):
            return None
        if reply is not None:
            self._child_cpu = reply.get("cpu", self._child_cpu)
        return reply

    def _ask(self, message):
        """The loaded process's answer, or None when it died."""
        try:
            self._child.send(message)
        except OSError:
            return None
        return self._receive()

    def _judge(self, numbered):
        """[[number, verdict, tests, passed, out of fuel]]"""
        edits = [edits for _, edits in numbered]
        answers = self._in_place(edits)
        for index, answer in enumerate(answers):
            if answer is None:
                answers[index] = self._imported(edits[index])
        return [[number] + answer for (number, _), answer in zip(numbered, answers)]

    def _in_place(self, edits):
        """The loaded process's answers. When a candidate takes that process down, the others are
        judged one a child, and the one it stood at fails."""
        answers, first, alone = [], 0, False
        for _ in range(RESTARTS_MAX):
            self._progress.clear()
            reply = self._ask({"op": "judge", "candidates": edits[first:], "alone": alone})
            if reply is not None:
                return answers + reply["r"]
            self._stop()
            self._child_cpu = 0.0  # counted by the kernel now
            if self._start()["t"] != "ready":
                break
            if alone:
                place = self._progress.place()[0]
                reply = self._ask({"op": "judge", "candidates": edits[first:first + place],
                                   "alone": True}) if place else {"r": []}
                answers += (reply or {"r": [[judge.UNDECIDED, 0, 0, False]] * place})["r"]
                answers.append([judge.FAILS, 1, 0, False])
                first += place + 1
                if first >= len(edits):
                    return answers
            alone = True
        return answers + [[judge.UNDECIDED, 0, 0, False]] * (len(edits) - len(answers))

    def _imported(self, edits):
        """Judges one candidate in a child that imports the project with its files."""
        codes = {os.path.realpath(file.path): file.code for file in self._files if file.code}
        by_file = {}
        for name, start, end, text in edits:
            by_file.setdefault(name, []).append((start, end, text.encode("latin-1")))
        for file in self._files:
            if file.relative in by_file:
                source = instrument.edited(file.source, sorted(by_file[file.relative]))
                codes[os.path.realpath(file.path)] = sources.module_code(source, file.path)
        verdict, ran, passed, out = self._import_and_run(codes, *self._failing)
        if verdict == judge.SURVIVES and self._request["passing"]:
            if self._passing is None:
                reply = self._ask({"op": "passing"}) or {"names": [], "measured": {}}
                self._passing = (reply["names"], reply["measured"])
            if self._passing[0]:
                verdict, more, also, out = self._import_and_run(codes, *self._passing)
                ran, passed = ran + more, passed + also
        return [verdict, ran, passed, out]

    def _import_and_run(self, codes, names, measured):
        ended = None
        for _ in range(2):
            ended = self._nursery.run(lambda: self._import(codes, names, measured), self._board)
            if ended == children.DONE:
                return self._board.get(0) or (judge.FAILS, 0, 0, False)
            if ended == children.CPU:
                break
        return judge.UNCERTAIN if ended == children.WALL else judge.OVERRUN

    def _import(self, codes, names, measured):
        self._link.close()
        self._child.close()
        sources.serve_imports(codes)
        fuel = Fuel()
        fuel.unlimited()
        children.alarm(judge.IMPORT_CPU_SECONDS)
        limits = {name: judge.Limits(*measured[name]) for name in names}

        def run(loaded_project):
            children.alarm(0)
            tests = loaded_project.tests(names)
            bench = judge.Bench(self._board, judge.State([], self._request["seed"]), fuel)
            if len(tests) < len(names):
                self._board.put(0, judge.FAILS, 0, 0, False)
            else:
                bench.judge(0, [], tests, limits)
            self._board.finish()
            os._exit(0)

        self._board.at(0)
        project.load(self._request["runner"], names, run)
        self._board.finish()  # it did not load: no verdict, the candidate fails

    def _observe(self):
        reply = self._ask({"op": "observe"}) or {"names": []}
        for row in reply["names"]:
            row = [channel.text(value, 300) for value in row[:3]] + row[3:]
            self._link.send({"t": "name", "row": row})
        self._link.send({"t": "observed"})


def main(link, request):
    if sys.version_info < (3, 8):
        link.send({"t": "error", "text": "the candidate filter needs Python 3.8 or newer"})
        return 1
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    if request["runner"] == "pytest":
        import pytest  # noqa: F401  once, for every child

        from _coditect import run_pytest  # noqa: F401
    return Filter(link, request).main()
