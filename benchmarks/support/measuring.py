"""What the whole-command benchmarks share: the shipped binary in a home of its own, measured."""

import json
import os
import pathlib
import selectors
import shutil
import signal
import statistics
import subprocess
import tempfile
import textwrap
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("CODITECT_BINARY", PROJECT / "build" / "coditect")).resolve()
LIMIT_SECONDS = 900  # a command that takes longer hangs
SAMPLE_SECONDS = 0.02


class Measured:
    """How a command ended and what it used."""

    def __init__(self, code, out, lines, wall, usage, peak_kib, own_cpu):
        self.code = code
        self.out = out  # stdout
        self.lines = lines  # [(seconds, text)] of stdout and stderr as they came
        self.wall = wall
        self.cpu = usage.ru_utime + usage.ru_stime  # of the process and all it waited for
        self.peak_kib = peak_kib  # of coditect's own processes together, PSS
        self.own_cpu = own_cpu  # of coditect, its broker and git, at the last sample

    @property
    def json(self):
        return json.loads(self.out)

    def silences(self):
        """Seconds between one line and the next, from the start to the end."""
        times = [0.0] + [seconds for seconds, _ in self.lines] + [self.wall]
        return [after - before for before, after in zip(times, times[1:])]


class Desk:
    """A temporary home with a state folder; what is run there sees nothing of the caller's."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="coditect-bench-"))
        (self.folder / "home").mkdir()
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "CODITECT_STATE_DIR": str(self.folder / "state"),
            "LANG": "C.UTF-8",
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def repository(self, name, files):
        """A git repository with the files {path: text} committed."""
        path = self.folder / name
        path.mkdir()
        for file, text in files.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_text(textwrap.dedent(text).lstrip("\n"))
        for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
            subprocess.run(["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org",
                            *arguments], cwd=path, check=True, env=self.environment)
        return path

    def call(self, *arguments, program=BINARY, cwd=None, sample=False):
        """Runs a command to its end, with closed stdin and pipes for the rest: Measured."""
        start = time.monotonic()
        process = subprocess.Popen(
            [program, *map(os.fspath, arguments)], cwd=cwd or self.folder, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        out, lines, peak, own = self._follow(process, start, sample)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        return Measured(process.returncode, out.decode(errors="replace"), lines, wall, usage, peak,
                        own)

    def _follow(self, process, start, sample):
        out, lines, peak, own = b"", [], 0, 0.0
        partial = {}
        with selectors.DefaultSelector() as selector:
            for stream in (process.stdout, process.stderr):
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select(SAMPLE_SECONDS if sample else 1):
                    chunk = os.read(key.fd, 65536)
                    if not chunk:
                        selector.unregister(key.fileobj)
                        continue
                    if key.fileobj is process.stdout:
                        out += chunk
                    *whole, partial[key.fd] = (partial.get(key.fd, b"") + chunk).split(b"\n")
                    now = time.monotonic() - start
                    lines += [(now, line.decode(errors="replace")) for line in whole]
                if sample:
                    kib, cpu, processes = own_processes(process.pid)
                    peak = max(peak, kib)
                    if processes > 1:  # once the broker was waited for, its sandboxes count too
                        own = max(own, cpu)
                if time.monotonic() - start > LIMIT_SECONDS:
                    os.killpg(process.pid, signal.SIGKILL)
        return out, lines, peak, own


def own_processes(root):
    """(PSS in KiB, CPU seconds, processes) of coditect `root` and its descendants that run the same program
    (the broker), and of what `root` itself has waited for (git). Not of the broker's children: they
    are the sandboxed processes."""
    program = None
    pss, ticks, processes = 0, 0, 0
    pending = [root]
    while pending:
        pid = pending.pop()
        try:
            executable = os.readlink("/proc/%d/exe" % pid)
            program = program or executable
            if executable == program:
                processes += 1
                pss += memory_kib(pid)
                fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
                ticks += sum(map(int, fields[11:15] if pid == root else fields[11:13]))
            for task in os.listdir("/proc/%d/task" % pid):
                children = pathlib.Path("/proc/%d/task/%s/children" % (pid, task)).read_text()
                pending += map(int, children.split())
        except OSError:
            pass  # it ended meanwhile
    return pss, ticks / os.sysconf("SC_CLK_TCK"), processes


def memory_kib(pid):
    for line in pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def median(values):
    return statistics.median(values)


def spread(values, digits=2):
    """"median [min-max]"."""
    form = "%%.%df" % digits
    return "%s [%s-%s]" % tuple(form % value for value in (median(values), min(values), max(values)))


def table(header, rows):
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in [header] + rows]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join(lines)


SMALL = {
    "prices.py": """
        def discount(quantity):
            if quantity > 100:
                return 20
            if quantity >= 10:
                return 5
            return 0
        """,
    "test_prices.py": """
        from prices import discount

        def test_none():
            assert discount(9) == 0

        def test_some():
            assert discount(10) == 5

        def test_below_a_hundred():
            assert discount(99) == 5

        def test_a_hundred():
            assert discount(100) == 20

        def test_more():
            assert discount(150) == 20
        """,
}


def sleeping(seconds, bugs):
    """Two independent modules whose tests sleep; the first `bugs` of them have a bug."""
    files = {}
    for number, name in enumerate(("left", "right")):
        operator = ">" if number < bugs else ">="
        files[name + ".py"] = "def limit(n):\n    if n %s 10:\n        return 1\n    return 0\n" % operator
        files["test_%s.py" % name] = (
            "import time\n\nfrom %s import limit\n\n\ndef test_slow():\n    time.sleep(%s)\n"
            "    assert limit(11) == 1\n\n\ndef test_at():\n    assert limit(10) == 1\n\n\n"
            "def test_below():\n    assert limit(9) == 0\n" % (name, seconds))
    return files
