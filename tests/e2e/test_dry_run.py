"""--dry-run: every verb that writes says what it would do, and writes nothing."""

import hashlib

import pytest

from conftest import PRICES, Person, Repository
from test_command_line import VERBS

NATIVE = {
    "CMakeLists.txt": """
        cmake_minimum_required(VERSION 3.13)
        project(sums C)
        enable_testing()
        add_executable(check check.c)
        add_test(NAME check COMMAND check)
        """,
    "check.c": "int main(void) { return 1; }\n",
}


def everything(*folders):
    """Content of every file below, the repository's objects and refs too. (A verb that
    only looks leaves SQLite's -shm file, where it notes who reads, and an empty -wal.)"""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.name.endswith(".db-shm") or (
                    path.name.endswith(".db-wal") and not path.stat().st_size):
                continue
            if path.is_symlink() or not path.is_file():
                found[path] = "link" if path.is_symlink() else "folder"
            else:
                found[path] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def untouched(person, repository, *arguments, code=0, **options):
    """The result of a call that must write nothing, neither here nor into its temporary folder.
    `code`: None = any."""
    scratch = person.home / "scratch"
    scratch.mkdir(exist_ok=True)
    folders = [folder for folder in (person.state, repository.path) if folder.exists()]
    before = everything(*folders)
    existed = person.state.exists()
    options.setdefault("cwd", repository.path)
    result = person.call(*arguments, env={"TMPDIR": str(scratch), **options.pop("env", {})},
                         **options)
    assert code in (None, result.code), result
    assert everything(*folders) == before, arguments
    assert person.state.exists() == existed and list(scratch.iterdir()) == []
    return result


def test_run_says_what_it_would_do_and_does_nothing(person, prices):
    result = untouched(person, prices, "run", "make the tests pass", "--dry-run", "--max-time", "5m",
                       "--json")
    said = result.json
    assert (said["schema"], said["verb"], said["dry_run"]) == ("coditect.dry_run/v1", "run", True)
    assert (said["outcome"], said["kind"], said["harness"]["runner"]) == ("", "tests", "pytest")
    assert said["base"] == prices.head() and said["base_name"] == "main"
    assert said["limits"]["max_time_ms"] == 300_000 and said["deliver"] == "branch"
    assert said["target"] == "branch coditect/<run> of %s" % prices.path
    assert [task["intent"] for task in said["plan"]["tasks"]] == ["observe", "localize", "plan"]
    text = untouched(person, prices, "run", "make the tests pass", "--dry-run").out
    assert "nothing was run and nothing was written" in text
    assert "Goal        every test passes\n" in text and "at most 5m" not in text
    assert "pytest" in text and "t-1 observe (Analyzer): Run the tests of the base commit" in text


def test_plan_and_fix_say_what_they_would_do(person, prices):
    said = untouched(person, prices, "plan", "make the tests pass", "--dry-run", "--json").json
    assert said["verb"] == "plan" and said["plan_only"] and "ends with its plan" in said["target"]
    graph = untouched(person, prices, "plan", "make the tests pass", "--format", "mermaid",
                      "--dry-run").out
    assert graph.startswith("flowchart TD\n") and "t1 --> t2" in graph
    said = untouched(person, prices, "fix", "test_prices.py::test_a_hundred", "--dry-run", "--json",
                     "--deliver", "patch").json
    assert said["verb"] == "fix" and said["tests"] == ["test_prices.py::test_a_hundred"]
    assert said["target"] == "patch %s/coditect-<run>.patch" % prices.path
    assert not list(prices.path.glob("*.patch"))


def test_a_build_and_a_command_are_told_as_goals(person, make):
    repository = make(NATIVE)
    said = untouched(person, repository, "run", "make it build", "--dry-run", "--json").json
    assert said["kind"] == "build" and said["harness"]["language"] == "c++", said
    said = untouched(person, repository, "run", "make the tests pass", "--dry-run", "--json").json
    assert said["kind"] == "tests" and said["harness"]["runner"] == "ctest", said
    said = untouched(person, repository, "run", "make the tests pass", "--verify", "true",
                     "--dry-run", "--json").json
    assert said["kind"] == "command" and said["harness"]["command"] == "true", said


def test_uncommitted_changes_are_looked_at_and_not_stored(person, prices):
    prices.write({"test_new.py": "def test_new():\n    assert True\n"})
    prices.write({"prices.py": "def discount(quantity):\n    return 1\n"})
    said = untouched(person, prices, "run", "make the tests pass", "--include-uncommitted",
                     "--dry-run", "--json").json
    assert (said["snapshot"]["tracked"], said["snapshot"]["untracked"]) == (1, 1), said
    assert "test_new.py" in said["harness"]["test_files"]


@pytest.mark.parametrize("arguments, code", [
    (["run", "make the tests pass", "--base", "mian"], 2),
    (["run", ""], 2),
    (["run", "build a web shop"], 8),
    (["run", "make the tests pass", "--deliver", "ff"], 1),
    (["run", "make the tests pass", "--deliver", "patch", "--patch-file", "prices.py"], 2),
    (["run", "make the tests pass", "--candidate", "main"], 2),
    (["fix", "--from", "no-such.xml"], 1),
    (["run", "make the tests pass", "-c", "run.agents=many"], 2),
    (["run", "--plan", "r-none"], 1),
], ids=["base", "goal", "model", "ff", "patch", "candidate", "from", "config", "plan"])
def test_bad_input_is_told_as_without(person, prices, arguments, code):
    dry = untouched(person, prices, *arguments, "--dry-run", code=code)
    real = person.call(*arguments, cwd=prices.path)
    assert real.code == code, real
    if code != 8:
        assert dry.err.splitlines()[-1] == real.err.splitlines()[-1]
    else:
        assert "It would end at once (needs_model): this goal needs a model" in dry.out


def test_what_cannot_be_tested_is_told_as_by_the_run(person, make):
    repository = make({"readme.txt": "nothing\n"})
    dry = untouched(person, repository, "run", "make the tests pass", "--dry-run", "--json", code=3)
    real = person.run(repository)
    assert real.code == 3 and dry.json["reason"] == real.json["reason"], (dry, real)
    assert dry.json["outcome"] == real.json["outcome"] == "not_verified"


def test_a_state_folder_that_cannot_be_made_is_told(person, prices):
    nowhere = {"CODITECT_STATE_DIR": str(prices.path / "prices.py" / "state")}
    result = untouched(person, prices, "run", "make the tests pass", "--dry-run", code=9, env=nowhere)
    assert "cannot write the state folder" in result.err and "CODITECT_STATE_DIR" in result.err
    assert person.run(prices, env=nowhere).code == 9


def test_every_verb_says_whether_it_writes(person):
    looks = {"ps", "show", "logs", "diff", "inbox", "explain", "version", "completion", "man"}
    paths = [(verb,) for verb in VERBS if verb != "config"]
    paths += [("config", verb) for verb in ("list", "get", "set", "validate")]
    for path in paths:
        writes = "--dry-run" in person.call(*path, "--help").out
        assert writes == (path[0] not in looks and path[1:] not in (
            ("list",), ("get",), ("validate",))), path


def test_every_verb_that_writes_has_a_dry_run(tmp_path):
    """Each after what it needs: a delivered run, a planned one, one that waits for a person."""
    person = Person(tmp_path)
    repository = Repository(tmp_path / "repository", PRICES)
    repository.git("config", "user.name", "Ada")
    repository.git("config", "user.email", "ada@example.org")
    delivered = person.run(repository).json["run"]
    planned = person.call("plan", "make the tests pass", "--json", cwd=repository.path).json
    asked = person.run(repository, "--approve", "plan").json["run"]
    repository.write({"coditect.toml": "[verify]\ntest = \"true\"\n"})

    def dry(*arguments):
        code = None if arguments[0] == "doctor" else 0  # it finds something on many machines
        return untouched(person, repository, *arguments, "--dry-run", code=code)

    said = dry("run", "--plan", planned["run"], "--check-index", str(planned["plan"]["index"]))
    assert said.out.startswith("Would run the plan of %s: " % planned["run"]), said
    assert "would delete branch" in dry("undo", delivered).err
    assert "would run" in dry("retry", delivered).err
    for arguments in (["resume", delivered], ["approve", asked],
                      ["reject", asked, "--reason", "no"], ["gc", "--older-than", "0s"],
                      ["trust"], ["config", "set", "agent.timeout", "20s"],
                      ["config", "set", "--repository", "verify.suite_timeout", "20s"],
                      ["doctor", "--fix"], ["doctor", "--bundle", "bundle.tgz"], ["demo"],
                      ["demo", "--real", "boltons"], ["stop", "--all"]):
        dry(*arguments)
    (repository.path / "coditect.toml").unlink()
    assert "tests_max" in dry("init").out
    assert "would merge" in dry("merge", delivered).err
