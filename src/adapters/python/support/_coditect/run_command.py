"""Runs a shell command as one test and follows every Python process it starts."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from _coditect import follow, report
from _coditect.channel import text

WAIT_SECONDS = 2.0  # for processes that end just after the shell
RECORDS_MAX = 2000000


class Records:
    """What the followed processes have written so far."""

    def __init__(self, folder):
        self._folder = folder
        self.lines = {}
        self.error = None
        self.network = False
        self.unfinished = 0
        self.running = 0  # of the unfinished ones
        self.processes = 0

    def read(self):
        self.unfinished = self.running = self.processes = 0
        for name in sorted(os.listdir(self._folder)):
            if name == follow.CONFIG:
                continue
            self.processes += 1
            if not self._read_file(os.path.join(self._folder, name)):
                self.unfinished += 1
                self.running += os.path.exists("/proc/" + name.split("-")[0])

    def _read_file(self, path):
        """True when the process has reported its exit."""
        ended, count = False, 0
        with open(path, "rb") as file:
            for line in file:
                count += 1
                if count > RECORDS_MAX:
                    break
                try:
                    record = json.loads(line.decode("ascii"))
                except ValueError:  # being written
                    continue
                kind = record.get("r")
                if kind == "line":
                    self.lines.setdefault(record["path"], set()).add(record["line"])
                elif kind == "error":
                    self.error = record
                elif kind == "net":
                    self.network = True
                elif kind in ("exit", "exec"):
                    ended = True
        return ended


def run_shell(command, folder):
    environment = dict(os.environ, CODITECT_FOLLOW=folder)
    site = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "site")
    before = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = site + (os.pathsep + before if before else "")
    shell = subprocess.Popen(["/bin/sh", "-c", command], env=environment)
    return shell.wait()


def main(link, request):
    reporter = report.Reporter(link, {})
    reporter.hello("command", sys.version.split()[0])
    name = request["id"]
    folder = tempfile.mkdtemp(prefix="coditect-follow-")
    try:
        with open(os.path.join(folder, follow.CONFIG), "w") as file:
            json.dump({"root": os.getcwd(), "trace": request.get("trace"),
                       "watch": request.get("watch", {}),
                       "test_files": request.get("test_files", [])}, file)
        with reporter:
            reporter.collected([[name, "", 0]])
            reporter.begin(name)
            code = run_shell(request["command"], folder)
            records = Records(folder)
            deadline = time.monotonic() + WAIT_SECONDS
            records.read()
            while records.running and time.monotonic() < deadline:
                time.sleep(0.02)
                records.read()
            conclude(reporter, records, code, request.get("trace") == "watch")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 128 - code


def conclude(reporter, records, code, watched):
    if code == 0:
        reporter.passed()
    else:
        ended = "exit code %d" % code if code > 0 else "signal %d" % -code
        record = records.error or {"error": "", "message": "", "stack": []}
        reporter.failed({"error": record["error"], "stack": record["stack"],
                         "message": text("%s (%s)" % (record["message"], ended)
                                         if record["message"] else ended)})
        if records.error and records.error.get("missing"):
            reporter.collect_failure("", record["message"], record["missing"], record["stack"])
    if records.unfinished:
        reporter.warn("%d of %d Python processes did not report their exit: they were killed, "
                      "ended by os._exit or are still running"
                      % (records.unfinished, records.processes))
    reporter.lines("hits" if watched else "lines", reporter.current(), records.lines)
    reporter.finish(records.network)
    reporter.end()
    reporter.done(int(code != 0), code >= 0 and not records.unfinished)
