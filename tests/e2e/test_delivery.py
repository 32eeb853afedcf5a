"""What becomes of a delivered branch: how it stands, merging it, taking it back."""

import shlex
import signal
import subprocess

import pytest

from conftest import PRICES, finish, leftovers, verified, wait_until


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """delivered(tmp_path): a person whose run delivered a branch, and the repository. One run serves
    all tests: each gets a copy of it at the same place in a folder of its own."""
    from conftest import Person, Repository
    import shutil
    folder = tmp_path_factory.mktemp("delivered")
    repository = Repository(folder / "repository", PRICES)
    repository.git("config", "user.name", "Ada")
    repository.git("config", "user.email", "ada@example.org")
    person = Person(folder)
    report = person.run(repository).json
    assert report["outcome"] == "verified", report
    kept = folder.parent / "kept"
    shutil.copytree(folder, kept, symlinks=True)

    def restore():  # the ledger knows the repository by its path
        shutil.rmtree(folder)
        shutil.copytree(kept, folder, symlinks=True)
        return person, repository, report
    return restore


@pytest.fixture
def person_and_run(delivered):
    return delivered()


def add(repository, files, message="later"):
    repository.write(files)
    repository.commit(message)
    return repository.head()


def standing(person, report):
    return person.call("show", report["run"], "--json").json["standing"]


def shown(person, report):
    return person.call("show", report["run"]).out


def test_a_report_says_that_the_base_has_not_moved(person_and_run):
    person, repository, report = person_and_run
    assert report["standing"] == {
        "branch_state": "delivered", "base_branch": "main", "base_at": repository.head(),
        "behind": 0, "rewritten": False, "merged": False, "merges_cleanly": True, "conflicts": []}
    assert "  up to date with main\n" in shown(person, report)
    assert report["next"][1] == "coditect merge " + report["run"]


def test_show_says_how_far_the_base_moved_and_whether_it_merges(person_and_run):
    person, repository, report = person_and_run
    add(repository, {"a.txt": "a\n"})
    add(repository, {"b.txt": "b\n"})
    objects = repository.git("count-objects")
    state = standing(person, report)
    assert (state["behind"], state["merges_cleanly"], state["conflicts"]) == (2, True, [])
    assert "  2 commits behind main, merges cleanly\n" in shown(person, report)
    assert repository.git("count-objects") == objects  # looking writes nothing
    add(repository, {"prices.py": "def discount(quantity):\n    return 7\n"})
    state = standing(person, report)
    assert (state["behind"], state["merges_cleanly"]) == (3, False)
    assert state["conflicts"] == ["prices.py"] and not state["rewritten"]
    assert "  3 commits behind main, conflicts in prices.py\n" in shown(person, report)


def test_show_says_that_the_base_was_rewritten_or_is_gone(person_and_run):
    person, repository, report = person_and_run
    repository.write({"a.txt": "a\n"})
    repository.git("add", "-A")
    repository.git("commit", "-q", "--amend", "-m", "another start")
    assert standing(person, report)["rewritten"] is True
    assert "1 commit behind main, which was rewritten, " in shown(person, report)
    repository.git("checkout", "-q", "--orphan", "other")
    repository.git("commit", "-q", "-m", "other")
    repository.git("branch", "-M", "other", "main")
    assert "which was rewritten, shares no history with it\n" in shown(person, report)
    repository.git("branch", "-M", "main", "trunk")
    state = standing(person, report)
    assert state["base_branch"] == "" and state["base_at"] == ""


def test_a_branch_is_merged_by_fast_forward(person_and_run):
    person, repository, report = person_and_run
    before = repository.snapshot()
    dry = person.call("merge", report["run"], "--dry-run", "--json")
    assert dry.code == 0 and dry.json["how"] == "fast-forward" and not dry.json["merged"], dry
    assert "would merge branch " + report["branch"] + " into main" in dry.err
    assert repository.snapshot() == before
    result = person.call("merge", "--last", "--json")
    assert result.code == 0 and result.json["merged"] and result.json["to"] == report["commit"]
    assert repository.head() == report["commit"] and repository.git("status", "--porcelain") == ""
    assert repository.suite_passes("main")
    assert "merged into main" in shown(person, report)
    again = person.call("merge", report["run"], "--json")
    assert again.code == 0 and again.json["how"] == "already" and "nothing to merge" in again.err
    assert leftovers(person) == []


def test_a_merge_commit_is_made_where_the_merged_tree_is_the_tested_one(person_and_run):
    person, repository, report = person_and_run
    moved = add(repository, {}, "nothing but a message")
    hook = repository.path / ".git/hooks/post-merge"
    hook.write_text("#!/bin/sh\ntouch hook-ran\n")
    hook.chmod(0o755)
    result = person.call("merge", report["run"], "--json")
    assert result.code == 0 and result.json["how"] == "merge-commit", result
    parents = repository.git("log", "-1", "--format=%P", "main").split()
    assert parents == [moved, report["commit"]] and result.json["to"] == repository.head()
    assert repository.git("diff", report["commit"], "main") == ""
    assert repository.git("status", "--porcelain") == ""  # and no hook ran
    assert repository.git("log", "-1", "--format=%an") == "Ada\n"


def test_what_conflicts_is_not_merged(person_and_run):
    person, repository, report = person_and_run
    add(repository, {"prices.py": "def discount(quantity):\n    return 7\n"})
    before = repository.snapshot()
    result = person.call("merge", report["run"], "--json")
    assert result.code == 3 and result.json["how"] == "untested", result
    assert "is 1 commit behind main, conflicts in prices.py" in result.err
    assert "one that nobody tested" in result.err and "coditect retry" in result.err
    assert not result.json["merged"] and repository.snapshot() == before


def test_a_merge_into_a_branch_that_moved_is_tested_first(person_and_run):
    """MERGE_TESTED with evidence of the very tree, MERGE_ALLOWED, and then the branch moves."""
    person, repository, report = person_and_run
    moved = add(repository, {"test_more.py": "def test_more():\n    assert True\n"})
    before = (repository.snapshot(), repository.git("count-objects"))
    dry = person.call("merge", report["run"], "--dry-run", "--json")
    assert dry.code == 0 and not dry.json["merged"] and "would test what the merge makes" in dry.err
    assert (repository.snapshot(), repository.git("count-objects")) == before
    result = person.call("merge", report["run"], "--json")
    assert result.code == 0 and result.json["merged"], result
    assert result.json["how"] == "merge-commit" and result.json["from"] == moved
    tree = repository.git("rev-parse", "main^{tree}").strip()
    evidence = result.json["evidence"]
    assert evidence["tree"] == result.json["tree"] == tree
    assert evidence["passed"] == evidence["expected"] == 5 and evidence["tests_unchanged"]
    assert repository.git("log", "-1", "--format=%P", "main").split() == [moved, report["commit"]]
    assert repository.suite_passes("main") and repository.git("status", "--porcelain") == ""
    events = person.events(report["run"])
    order = [e["event_type"] for e in events if e["event_type"] in ("MERGE_TESTED", "MERGE_ALLOWED")]
    assert order == ["MERGE_TESTED", "MERGE_ALLOWED"]
    allowed = [e for e in events if e["event_type"] == "MERGE_ALLOWED"][0]["data"]
    assert (allowed["branch"], allowed["onto"], allowed["tree"]) == ("main", moved, tree)
    assert "merged into main" in shown(person, report) and leftovers(person) == []


def test_a_tree_that_was_allowed_is_not_tested_twice(person_and_run):
    person, repository, report = person_and_run
    moved = add(repository, {"a.txt": "a\n"})
    assert person.call("merge", report["run"]).code == 0
    repository.git("reset", "-q", "--hard", moved)
    again = person.call("merge", report["run"], "--json")
    assert again.code == 0 and again.json["merged"] and "evidence" not in again.json, again
    assert len([e for e in person.events(report["run"])
                if e["event_type"] == "MERGE_TESTED"]) == 1


@pytest.mark.parametrize("files, says", [
    ({"rules.py": "FREE = 100\n", "test_prices.py": PRICES["test_prices.py"] + """
        def test_free():
            assert discount(100) == 0
        """}, "tests that came with it fail: test_prices.py::test_free"),
    ({"conftest.py": "import prices\nprices.discount = lambda quantity: 3\n"},
     "expected tests failed"),
], ids=["new test", "semantic conflict"])
def test_a_merge_whose_tree_fails_is_refused(person_and_run, files, says):
    """It merges cleanly, and what it makes does not pass: the branch stays where it is."""
    person, repository, report = person_and_run
    add(repository, files)
    before = (repository.snapshot(), repository.git("count-objects"))
    result = person.call("merge", report["run"], "--json")
    assert result.code == 3 and not result.json["merged"] and result.json["how"] == "untested", result
    assert says in result.json["reason"] and "coditect retry " + report["run"] in result.err, result
    assert (repository.snapshot(), repository.git("count-objects")) == before
    types = {e["event_type"] for e in person.events(report["run"])}
    assert "MERGE_TESTED" in types and "MERGE_ALLOWED" not in types
    assert leftovers(person) == []


RENAMED = {
    "bounds.h": "int lower(int a, int b);\nint upper(int a, int b);\n",
    "bounds.c": '''#include "bounds.h"

int lower(int a, int b) { return a < b ? a : b; }

int upper(int a, int b) { return a < b ? b : a; }
''',
    "span.c": '''#include "bounds.h"

int last(int a, int b) { return lower(a, b); }
''',
    "test_last.c": '''#undef NDEBUG
#include <assert.h>
#include "bounds.h"
int last(int a, int b);

int main(void) {
  assert(last(2, 5) == 5);
  assert(last(7, 3) == 7);
  assert(last(4, 4) == 4);
  assert(lower(2, 5) == 2);
  return 0;
}
''',
}
RENAMED_BY_MAKE = {
    "Makefile": "CFLAGS = -Werror=implicit-function-declaration\n"
                "check: test_last.o span.o bounds.o\n\t$(CC) -o test_last $^\n\t./test_last\n"}
RENAMED_BY_CMAKE = {"CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(span C)
enable_testing()
add_compile_options(-Werror=implicit-function-declaration)
add_executable(test_last test_last.c span.c bounds.c)
add_test(NAME last COMMAND test_last)
"""}


@pytest.mark.parametrize("build", [RENAMED_BY_MAKE, RENAMED_BY_CMAKE], ids=["make", "cmake"])
def test_a_rename_and_a_new_caller_are_found_by_the_build_of_what_is_merged(person, make, build):
    """The texts merge, each side builds; the repair calls what the branch renamed meanwhile."""
    repository = make({**RENAMED, **build})
    report = verified(person, repository)
    mended = repository.git("show", report["branch"] + ":span.c")
    assert "upper(a, b)" in mended, mended
    add(repository, {name: RENAMED[name].replace("upper", "greater")
                     for name in ("bounds.h", "bounds.c")})
    before = repository.snapshot()
    state = standing(person, report)
    assert (state["behind"], state["merges_cleanly"]) == (1, True)
    result = person.call("merge", report["run"], "--json")
    assert result.code == 3 and not result.json["merged"], result
    assert "span.c" in result.json["reason"] and "upper" in result.json["reason"], result
    assert repository.snapshot() == before and leftovers(person) == []


SLOW = {"test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(%d)\n"}


def test_a_merge_that_is_interrupted_merges_nothing(person_and_run, tmp_path):
    person, repository, report = person_and_run
    add(repository, {"test_slow.py": SLOW["test_slow.py"] % 120})
    before = (repository.snapshot(), repository.git("count-objects"))
    process = person.start("merge", report["run"], env={"TMPDIR": str(tmp_path)})
    assert b"Testing what the merge makes" in process.stderr.readline()
    wait_until(lambda: list(tmp_path.glob("coditect-*/work/*")))  # its workspace
    process.send_signal(signal.SIGINT)
    result = finish(process, 60)
    assert result.code == 130 and "interrupted; nothing was merged" in result.err, result
    assert (repository.snapshot(), repository.git("count-objects")) == before
    assert list(tmp_path.iterdir()) == [] and leftovers(person) == []


def test_a_moved_base_is_tested_beside_a_run_at_work(person_and_run, make):
    """The ledger's owner is another process: it is told of the evidence through its socket."""
    person, repository, report = person_and_run
    add(repository, {"a.txt": "a\n"})
    busy = make({"test_slow.py": SLOW["test_slow.py"] % 20})
    process = person.start("run", "make the tests pass", "--json", cwd=busy.path)
    wait_until(lambda: [row for row in person.runs() if row["status"] == "running"])
    result = person.call("merge", report["run"], "--json")
    assert result.code == 0 and result.json["merged"] and result.json["evidence"], result
    allowed = [e for e in person.events(report["run"]) if e["event_type"] == "MERGE_ALLOWED"]
    assert len(allowed) == 1
    assert finish(process).code == 0


def test_a_merge_never_touches_what_is_not_committed(person_and_run):
    person, repository, report = person_and_run
    repository.write({"test_prices.py": "# mine\n"})
    before = repository.snapshot()
    result = person.call("merge", report["run"])
    assert result.code == 1 and "not committed" in result.err and "git stash" in result.err, result
    assert repository.snapshot() == before
    repository.git("checkout", "-q", "test_prices.py")
    repository.git("checkout", "-q", "--detach")
    result = person.call("merge", report["run"])
    assert result.code == 1 and "no branch is checked out" in result.err, result
    assert (repository.path / "test_prices.py").read_text() != "# mine\n"


def test_a_merge_goes_where_the_person_stands(person_and_run):
    person, repository, report = person_and_run
    repository.git("worktree", "add", "-q", "-b", "side", "../side")
    result = person.call("merge", report["run"], "-C", repository.path.parent / "side", "--json")
    assert result.code == 0 and result.json["into"] == "side", result
    assert repository.git("rev-parse", "side").strip() == report["commit"]
    assert repository.head() == report["base"]


def test_undo_deletes_the_branch_and_says_what_brings_it_back(person_and_run):
    person, repository, report = person_and_run
    repository.git("pack-refs", "--all")
    before = repository.snapshot()
    dry = person.call("undo", report["run"], "--dry-run", "--json")
    assert dry.code == 0 and not dry.json["undone"] and "would delete branch" in dry.err, dry
    assert repository.git("rev-parse", report["branch"]).strip() == report["commit"]
    result = person.call("undo", "--last", "--json")
    assert result.code == 0 and result.json["undone"], result
    assert repository.git("branch", "--list", "coditect/*") == ""
    assert repository.snapshot() == before
    assert standing(person, report)["branch_state"] == "deleted"
    assert "the branch was deleted" in shown(person, report)
    again = person.call("undo", report["run"], "--json")
    assert again.code == 0 and not again.json["undone"] and "deleted already" in again.err
    assert "`" + result.json["restore"] + "`" in result.err
    subprocess.run(shlex.split(result.json["restore"]), check=True, capture_output=True)
    assert repository.git("rev-parse", report["branch"]).strip() == report["commit"]


def test_undo_leaves_alone_what_is_the_persons(person_and_run):
    person, repository, report = person_and_run
    branch = report["branch"]
    repository.git("checkout", "-q", branch)
    for arguments in ([], ["--dry-run"]):
        result = person.call("undo", report["run"], *arguments)
        assert result.code == 1 and "is checked out" in result.err, result
    commit = add(repository, {"mine.txt": "mine\n"})
    repository.git("checkout", "-q", "main")
    result = person.call("undo", report["run"])
    assert result.code == 1 and "was moved to " + commit[:12] in result.err, result
    assert repository.git("rev-parse", branch).strip() == commit
    assert standing(person, report)["branch_state"] == "moved"
    repository.git("branch", "-f", branch, report["commit"])
    person.call("merge", report["run"])
    result = person.call("undo", report["run"])
    assert result.code == 0 and "main contains its commits, which are left alone" in result.err
    assert repository.head() == report["commit"]


def test_there_is_nothing_to_undo_or_merge_of_a_run_without_a_branch(person, make):
    repository = make({"test_fine.py": "def test_fine():\n    assert True\n"})
    run = person.run(repository).json
    assert "standing" not in run
    undo = person.call("undo", run["run"], "--json")
    assert undo.code == 0 and undo.json["branch"] == "" and "nothing to undo" in undo.err, undo
    merge = person.call("merge", run["run"])
    assert merge.code == 3 and "delivered no branch" in merge.err, merge
