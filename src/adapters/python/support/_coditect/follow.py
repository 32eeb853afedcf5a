"""Inside each Python process of a followed command: writes what it did into a file of its own.

Records are JSON lines, written as things happen, so that a process that is killed or forks loses
nothing. Forked children write into their parent's file; only a process that was started by exec
has to report its exit.
"""
import atexit
import json
import os
import sys
import time

from _coditect import channel, failures, network, paths, tracing

CONFIG = "request.json"


class Follower:
    def __init__(self, folder, request):
        name = "%d-%x" % (os.getpid(), int(time.time() * 1e9))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._fd = channel.high_descriptor(os.open(os.path.join(folder, name), flags, 0o600))
        self._pid = os.getpid()
        self._repository = paths.Repository(request["root"])
        self.write({"r": "start"})
        atexit.register(self._exit)
        sys.excepthook = self._excepthook(sys.excepthook)
        os.execv, os.execve = self._telling(os.execv), self._telling(os.execve)
        tracer = None
        if request.get("trace") == "test":
            tracer = tracing.Coverage(self._repository, request.get("test_files", []), self._line)
        elif request.get("trace") == "watch":
            tracer = tracing.Watched(self._repository, request.get("watch", {}), self._line)
        if tracer is not None:
            tracer.start()
            atexit.register(tracer.stop)
        else:  # no audit hook beside a tracer: see report.py
            network.Watch(lambda: self.write({"r": "net"}))

    def write(self, record):
        try:
            os.write(self._fd, json.dumps(record).encode("ascii") + b"\n")
        except OSError:
            pass  # the program closed every descriptor: it is not seen to end

    def _line(self, path, line):
        if line:
            self.write({"r": "line", "path": channel.text(path), "line": line})

    def _exit(self):
        if os.getpid() == self._pid:
            self.write({"r": "exit"})

    def _telling(self, replace_process):
        """os.execv or os.execve, which every other exec* of os calls. It writes before: afterwards
        there is no process that could; one whose exec fails reports its exit, too."""
        def tell(*arguments, **named):
            if os.getpid() == self._pid:
                self.write({"r": "exec"})
            return replace_process(*arguments, **named)
        return tell

    def _excepthook(self, following):
        def hook(kind, error, traceback):
            if not issubclass(kind, KeyboardInterrupt):
                record = failures.describe(error, traceback, self._repository)
                record["missing"] = failures.missing_module(error, self._repository)
                self.write(dict(record, r="error"))
            following(kind, error, traceback)
        return hook


def install(folder):
    try:
        with open(os.path.join(folder, CONFIG)) as file:
            request = json.load(file)
        Follower(folder, request)
    except (OSError, ValueError) as error:
        sys.stderr.write("coditect: this process is not followed: %s\n" % error)
