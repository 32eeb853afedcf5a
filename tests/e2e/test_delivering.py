"""What a run takes up and gives back: uncommitted work, plans, branches, patches, the moved base."""

import pytest

from conftest import PRICES, branches, leftovers, refused, verified

LIMIT = PRICES["prices.py"].replace("> 100", "> limit(100)").replace(
    "def discount", "from limits import limit\n\n        def discount")


def uncommitted(repository):
    """The prices' bug stands in files that were never committed."""
    repository.write({"prices.py": LIMIT, "limits.py": "def limit(value):\n    return value\n",
                      "notes.o": "junk\n"})


@pytest.fixture
def work(make):
    """A repository whose suite fails only with what is not committed."""
    fine = dict(PRICES, **{".gitignore": "*.o\n"})
    fine["prices.py"] = PRICES["prices.py"].replace("> 100", ">= 100")
    repository = make(fine)
    uncommitted(repository)
    repository.git("add", "limits.py")
    return repository


def test_a_run_starts_from_uncommitted_work_when_asked(person, work):
    plain = person.run(work)
    assert plain.code == 0 and plain.json["outcome"] == "nothing_to_do", plain
    assert "uncommitted changes are not part of the run" in plain.err
    head = work.head()
    report = verified(person, work, "--include-uncommitted")
    snapshot = report["snapshot"]
    assert (snapshot["head"], snapshot["commit"]) == (head, report["base"]) and head != report["base"]
    assert snapshot["tracked"] == 2 and "untracked" not in snapshot
    history = work.git("log", "--format=%H %s", "main.." + report["branch"]).splitlines()
    assert len(history) == 2 and history[1] == report["base"] + " Uncommitted changes of the work tree"
    assert sorted(work.git("diff", "--name-only", head, report["base"]).split()) == [
        "limits.py", "prices.py"]
    assert "-    if quantity > limit(100):" in work.git("diff", report["base"], report["branch"])
    assert work.suite_passes(report["branch"])
    shown = person.call("show", report["run"])
    assert ("with your uncommitted changes below the repairs: commit %s (2 changed files, 0 untracked) "
            "on %s" % (report["base"][:12], head[:12])) in shown.out
    assert "up to date with main" in shown.out
    work.git("commit", "-q", "--allow-empty", "-m", "later")
    assert "1 commit behind main, merges cleanly" in person.call("show", report["run"]).out
    merge = person.call("merge", report["run"])  # the same changes are still in the work tree
    assert merge.code == 1 and "not committed" in merge.err, merge


def test_fix_takes_up_uncommitted_work_too(person, work):
    result = person.call("fix", "test_prices.py::test_a_hundred", "--include-uncommitted", "--json",
                         cwd=work.path)
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert "(2 changed files, 0 untracked) are part of the run, as commit " in result.err


def test_nothing_uncommitted_is_no_snapshot(person, prices):
    result = person.run(prices, "--include-uncommitted")
    assert result.code == 0 and result.json["base"] == prices.head(), result
    assert "snapshot" not in result.json
    assert "there are no uncommitted changes to include" in result.err


def test_what_cannot_be_taken_up_is_named(person, work):
    result = person.run(work, "--include-uncommitted", "--base", "main")
    assert result.code == 2 and "excludes" in result.err, result
    with open(work.path / "big", "wb") as big:
        big.truncate(101 << 20)
    reason = refused(person, work, 1, "error", "--include-uncommitted")
    assert reason.startswith("big is not committed and has 101 MiB"), reason
    (work.path / "big").unlink()
    work.git("stash", "-u", "-q")
    work.git("checkout", "-q", "-b", "other")
    work.write({"prices.py": "theirs = 1\n"})
    work.commit("theirs")
    work.git("checkout", "-q", "main")
    work.write({"prices.py": "ours = 1\n"})
    work.commit("ours")
    work.git("merge", "other", check=False)
    reason = refused(person, work, 1, "error", "--include-uncommitted")
    assert "a merge is under way" in reason and "leave out --include-uncommitted" in reason
    assert person.runs() == [] and work.git("for-each-ref", "refs/coditect") == ""
