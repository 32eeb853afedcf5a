"""What every end-to-end test needs: the shipped binary, a person's own home, git repositories."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import textwrap
import time

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.path.abspath(
    os.environ.get("CODITECT_BINARY", str(PROJECT / "build" / "coditect")))
TIMEOUT = 300  # seconds; a run that takes longer hangs

PRICES = {
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


class Result:
    """How a call of the binary ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        """Of JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    def __repr__(self):
        return "exit %s\n--- stdout\n%s\n--- stderr\n%s" % (self.code, self.out, self.err)


class Person:
    """Somebody with a home, an environment and the binary."""

    def __init__(self, folder):
        self.binary = BINARY
        self.home = folder / "home"
        self.state = folder / "state"
        self.home.mkdir()
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "CODITECT_STATE_DIR": str(self.state),
            "LANG": "C.UTF-8",
        }
        for name in ("CODITECT_WORKSPACE",):  # what a test machine may have to choose
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def start(self, *arguments, cwd=None, env=None, **options):
        """The process, with pipes; the caller waits for it."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(
            [self.binary, *map(os.fspath, arguments)], cwd=cwd or self.home,
            env={**self.environment, **(env or {})}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, **options)

    def call(self, *arguments, timeout=TIMEOUT, **options):
        process = self.start(*arguments, **options)
        return finish(process, timeout)

    def run(self, repository, *arguments, goal="make the tests pass", **options):
        """`coditect run GOAL --output json`, with the arguments."""
        return self.call("run", goal, "--output", "json", *arguments, cwd=repository.path,
                         **options)

    def runs(self, **options):
        """The rows of `coditect ps -a`, newest first."""
        result = self.call("ps", "-a", "--json", **options)
        assert result.code == 0, result
        return result.json["runs"]

    def events(self, run_id, **options):
        """Every event of a run."""
        result = self.call("logs", run_id, "--json", **options)
        assert result.code == 0, result
        return result.lines


def wait_until(condition, timeout=120):
    """The first true value of condition()."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError("this did not happen in %d s" % timeout)


def finish(process, timeout=TIMEOUT):
    """Result of a started call; it is killed with all it started when it does not end."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError("no end after %d s\n%s" % (timeout, err.decode(errors="replace")))
    return Result(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))


class Repository:
    """A git repository with files committed."""

    def __init__(self, path, files):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.write(files)
        self.commit("start")

    def git(self, *arguments, check=True):
        return subprocess.run(
            ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments],
            cwd=self.path, check=check, capture_output=True, text=True, errors="replace").stdout

    def write(self, files):
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text).lstrip("\n"))

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def head(self):
        return self.git("rev-parse", "HEAD").strip()

    def snapshot(self):
        """All a run must not touch: the work tree with its index, stash and the person's refs."""
        refs = [line for line in self.git("show-ref", check=False).splitlines()
                if "coditect" not in line]
        return (self.git("status", "--porcelain=v2", "--ignored"), self.git("stash", "list"), refs,
                self.git("ls-files", "-s"), self.git("worktree", "list"),
                (self.path / ".git" / "HEAD").read_text())

    def suite_passes(self, revision, *command):
        """In a fresh clone, by the ordinary tool: nothing of the verdict is coditect's own."""
        clone = self.path.parent / ("clone-" + revision.replace("/", "-"))
        subprocess.run(["git", "clone", "-q", self.path, clone], check=True)
        subprocess.run(["git", "checkout", "-q", "origin/" + revision], cwd=clone, check=True)
        command = command or ("/usr/bin/python3", "-m", "pytest", "-q")
        return subprocess.run(command, cwd=clone, capture_output=True).returncode == 0


def leftovers(person):
    """What a finished run must not leave: folders below work, mounts, processes."""
    work = person.state / "work"
    found = [str(path) for path in work.rglob("*") if path.is_dir() and path.parent != work]
    found += [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
              if str(person.state) in line]
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(person.state).encode() in (folder / "cmdline").read_bytes():
                found.append("process " + folder.name)
        except OSError:
            pass
    return found


NOBODY = 65534


def branches(repository):
    return repository.git("branch", "--list", "coditect/*").split()


def refused(person, repository, code, outcome, *arguments, **options):
    """The reason of a run that must end so, and leave nothing."""
    before = repository.snapshot()
    result = person.run(repository, *arguments, **options)
    assert result.code == code, result
    report = result.json
    assert (report["outcome"], report["branch"]) == (outcome, ""), result
    assert branches(repository) == []
    assert repository.snapshot() == before
    assert leftovers(person) == []
    return report["reason"]


def verified(person, repository, *arguments, **options):
    """The report of a run that must end with a branch on which the suite passes."""
    before = repository.snapshot()
    result = person.run(repository, *arguments, **options)
    assert result.code == 0, result
    report = result.json
    assert report["outcome"] == "verified"
    assert branches(repository) == [report["branch"]]
    assert repository.snapshot() == before
    assert leftovers(person) == []
    return report


@pytest.fixture
def as_nobody(person):
    """Options of person.call(...) that make the caller somebody without privileges, with a home and
    a state folder of their own."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    for folder in person.home.parents:
        if "pytest-" in str(folder):  # the test's own folders, which pytest closes to others
            folder.chmod(folder.stat().st_mode | 0o011)
        elif not folder.stat().st_mode & 0o001:
            pytest.skip("%s is closed to others" % folder)
    person.home.chmod(0o755)
    person.binary = shutil.copy(BINARY, person.home)  # the project may be closed to others
    home, person.state = person.home / "nobody", person.home / "nobody-state"
    for folder in (home, person.state):
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
    person.environment.update(HOME=str(home), CODITECT_STATE_DIR=str(person.state))
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


@pytest.fixture
def person(tmp_path):
    return Person(tmp_path)


@pytest.fixture
def make(tmp_path):
    """make(FILES, name="repository"): a Repository below the test's folder."""
    def build(files, name="repository"):
        return Repository(tmp_path / name, files)
    return build


@pytest.fixture
def prices(make):
    """A small package with one bug: `>` where `>=` is right."""
    return make(PRICES)


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """A library that makes the ledger's disk fail; emergency.Disk says when."""
    import emergency
    return emergency.build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def disk(shim, tmp_path):
    import emergency
    return emergency.Disk(shim, tmp_path / "faults")
