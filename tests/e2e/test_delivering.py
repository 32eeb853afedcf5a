"""What a run takes up and gives back: uncommitted work, plans, branches, patches, the moved base."""

import textwrap

import pytest

from conftest import PRICES, branches, finish, leftovers, refused, verified, wait_until

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
    assert (snapshot["head"], snapshot["commit"]) == (head, report["base"])
    assert snapshot["tracked"] == 2 and "untracked" not in snapshot
    history = work.git("log", "--format=%H %s", "main.." + report["branch"]).splitlines()
    assert len(history) == 2
    assert history[1] == report["base"] + " Uncommitted changes of the work tree"
    assert sorted(work.git("diff", "--name-only", head, report["base"]).split()) == [
        "limits.py", "prices.py"]
    assert "-    if quantity > limit(100):" in work.git("diff", report["base"], report["branch"])
    assert work.suite_passes(report["branch"])
    shown = person.call("show", report["run"])
    assert ("with your uncommitted changes below the repairs: commit %s (2 changed files, "
            "0 untracked) on %s" % (report["base"][:12], head[:12])) in shown.out
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


def decided(person, run):
    """The refs that the ledger decided to move, without those of coditect's own."""
    merges = [e["data"] for e in person.events(run) if e["event_type"] == "MERGE_DECIDED"]
    return [m for m in merges if m["ref"].startswith("refs/heads/")]


def test_plan_shows_the_task_graph_and_changes_nothing(person, prices):
    before = prices.snapshot()
    result = person.call("plan", "make the tests pass", "--format", "json", cwd=prices.path)
    assert result.code == 0 and result.json["outcome"] == "planned", result
    plan = result.json["plan"]
    assert [t["intent"] for t in plan["tasks"]] == ["repair"] * 3 + ["verify", "merge", "deliver"]
    assert plan["tasks"][3]["dependencies"] == ["t-4", "t-5", "t-6"]
    assert plan["tasks"][0]["forecast"]["success_permille"] > 0
    assert {"predicate": "evidence", "value": "passes"} in plan["tasks"][3]["expectations"]
    assert prices.snapshot() == before and branches(prices) == [] and leftovers(person) == []
    run = result.json["run"]
    index = str(plan["index"])
    assert result.json["next"][0] == "coditect run --plan %s --check-index %s" % (run, index)
    text = person.call("show", run)
    assert "Planned: 6 tasks (index %s) on main" % index in text.out
    assert "t-7 verify (Tester): Test the repair of cluster 1" in text.out
    for shape, first, edge in (("mermaid", "flowchart TD\n", "  t4 -. winner .-> t7\n"),
                               ("dot", "digraph plan {\n", "  t8 -> t9;\n")):
        drawn = person.call("plan", "make the tests pass", "--format", shape, cwd=prices.path)
        assert drawn.code == 0 and drawn.out.startswith(first) and edge in drawn.out, drawn
    assert {row["status"] for row in person.runs()} == {"planned"}
    assert person.call("ps", "--json").json["runs"] == []


def test_a_plan_is_run_once_and_only_where_it_was_made_for(person, prices):
    planned = person.run(prices, "--plan-only").json
    run, index = planned["run"], str(planned["plan"]["index"])
    ended = person.call("resume", run, "--json")
    assert ended.code == 0 and ended.json["outcome"] == "planned"  # that is its result
    wrong = person.call("run", "--plan", run, "--check-index", "1")
    assert wrong.code == 1 and "has index %s, not 1" % index in wrong.err, wrong
    head = prices.head()
    prices.git("commit", "-q", "--allow-empty", "-m", "later")
    moved = person.call("run", "--plan", run, "--check-index", index)
    assert moved.code == 1 and "main has moved from %s to" % head[:12] in moved.err, moved
    prices.git("reset", "-q", "--hard", head)
    result = person.call("run", "--plan", run, "--check-index", index, "--json")
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert result.json["run"] == run and branches(prices) == ["coditect/" + run]
    observed = [e for e in person.events(run)
                if e["event_type"] == "LEASE_GRANTED" and e["data"]["task_id"] == "t-1"]
    assert len(observed) == 1  # nothing is done twice
    assert "PLAN_RUN_REQUESTED" in [e["event_type"] for e in person.events(run)]
    again = person.call("run", "--plan", run)
    assert again.code == 1 and "is verified, not planned: its plan was run" in again.err, again


@pytest.mark.parametrize("arguments, says", [
    (["run", "x", "--plan", "r-1"], "excludes"),
    (["run", "--plan", "r-1", "--base", "main"], "excludes"),
    (["run", "x", "--check-index", "3"], "requires --plan"),
    (["run", "--plan", ""], "is empty"),
    (["run", "x", "--deliver", "mail"], "not in {branch,ff,patch}"),
    (["run", "x", "--patch-file", "a.patch"], "--patch-file goes with --deliver patch"),
    (["run", "x", "--deliver", "patch", "--patch-file", "no/where/p"], "is not there or cannot be"),
    (["run", "x", "--deliver", "patch", "--patch-file", "prices.py"], "is not overwritten"),
    (["plan"], 'a goal (coditect plan "make the tests pass") is required'),
    (["plan", "x", "--format", "svg"], "not in {"),
])
def test_a_wrong_way_to_plan_or_deliver_is_a_usage_error(person, prices, arguments, says):
    result = person.call(*arguments, cwd=prices.path)
    assert result.code == 2 and says in result.err, result
    assert person.call("ps", "-a", "--json").json["runs"] == []


def test_a_plan_for_uncommitted_work_needs_that_work(person, work):
    run = person.run(work, "--plan-only", "--include-uncommitted").json["run"]
    work.write({"limits.py": "def limit(value):\n    return 0 + value\n"})
    other = person.call("run", "--plan", run)
    assert other.code == 1 and "the uncommitted changes are not those" in other.err, other
    uncommitted(work)
    assert person.call("run", "--plan", run, "--json").json["outcome"] == "verified"


def test_a_plan_that_cannot_be_made_ends_as_a_run_does(person, make):
    repository = make({"test_fine.py": "def test_fine():\n    pass\n"})
    result = person.call("plan", "make the tests pass", "--format", "dot", cwd=repository.path)
    assert result.code == 0 and result.out == "" and "all tests pass already" in result.err, result
    result = person.call("plan", "add a login page", "--json", cwd=repository.path)
    assert result.code == 8 and "plan" not in result.json, result


def test_a_patch_is_a_file_and_no_branch(person, prices):
    before = prices.snapshot()
    result = person.run(prices, "--deliver", "patch", "--patch-file", person.home / "it.patch")
    report = result.json
    assert result.code == 0 and (report["deliver"], report["branch"]) == ("patch", ""), result
    assert report["patch_file"] == str(person.home / "it.patch") and branches(prices) == []
    assert prices.snapshot() == before and leftovers(person) == []
    assert decided(person, report["run"]) == []
    assert "git -C %s am --3way %s" % (prices.path, report["patch_file"]) == report["next"][0]
    prices.git("am", "-q", report["patch_file"])
    assert prices.git("rev-parse", "HEAD^{tree}").strip() == report["evidence"][-1]["tree"]
    assert "Coditect-Run: " + report["run"] in prices.git("log", "-1", "--format=%B")
    assert prices.suite_passes("main")
    shown = person.call("show", report["run"])
    assert "Verified: patch %s on main" % report["patch_file"] in shown.out
    assert person.call("diff", report["run"]).out.startswith("diff --git a/prices.py")
    for verb in ("merge", "undo"):
        assert "delivered no branch" in person.call(verb, report["run"]).err


def test_a_patch_says_how_far_the_base_moved(person, prices):
    report = person.run(prices, "--deliver", "patch", "--patch-file", person.home / "it.patch").json
    standing = report["standing"]
    assert (standing["branch_state"], standing["base_branch"], standing["behind"]) == (
        "none", "main", 0)
    assert "  up to date with main\n" in person.call("show", report["run"]).out
    prices.write({"a.txt": "a\n"})
    prices.commit("later")
    assert "  1 commit behind main, merges cleanly\n" in person.call("show", report["run"]).out
    prices.write({"prices.py": "def discount(quantity):\n    return 7\n"})
    prices.commit("other")
    standing = person.call("show", report["run"], "--json").json["standing"]
    assert (standing["behind"], standing["conflicts"]) == (2, ["prices.py"])


def test_a_patch_never_replaces_a_file_and_is_written_when_the_way_is_free(person, work):
    process = person.start("run", "make the tests pass", "--deliver", "patch", "--json",
                           "--include-uncommitted", cwd=work.path)
    run = wait_until(lambda: [row for row in person.runs() if row["status"] == "running"])[0]["run"]
    patch = work.path / ("coditect-%s.patch" % run)
    patch.write_text("mine\n")
    result = finish(process)
    assert result.code == 1 and "is not overwritten" in result.json["reason"], result
    assert patch.read_text() == "mine\n"
    assert [f.name for f in work.path.iterdir() if f.name.endswith(".part")] == []
    patch.unlink()
    result = person.call("resume", run, "--json")
    assert result.code == 0 and result.json["patch_file"] == str(patch), result
    assert person.call("resume", run).code == 0  # it is there already
    assert result.json["next"][0] == "git -C %s apply %s" % (work.path, patch)
    work.git("apply", patch)  # onto the uncommitted work it was made for
    assert "quantity >= limit(100)" in (work.path / "prices.py").read_text()


@pytest.fixture
def side(prices):
    """The prices on a branch that nobody has checked out."""
    prices.git("branch", "side")
    return prices


def advance(repository, files, branch="side", message="theirs"):
    """A commit on a branch that is not checked out."""
    folder = repository.path.parent / "elsewhere"
    repository.git("worktree", "add", "-q", folder, branch)
    for name, text in files.items():
        (folder / name).write_text(text)
    repository.git("-C", folder, "add", "-A")
    repository.git("-C", folder, "commit", "-q", "--allow-empty", "-m", message)
    repository.git("worktree", "remove", "--force", folder)
    return repository.git("rev-parse", branch).strip()


def test_ff_moves_the_base_branch(person, side):
    old = side.head()
    result = person.run(side, "--base", "side", "--deliver", "ff")
    report = result.json
    assert result.code == 0 and (report["deliver"], report["branch"]) == ("ff", "side"), result
    assert side.git("rev-parse", "side").strip() == report["commit"]
    assert report["moved_from"] == old == side.head() and branches(side) == []
    assert [m["old_commit"] for m in decided(person, report["run"])] == [old]
    assert side.suite_passes("side") and side.git("status", "--porcelain") == ""
    assert leftovers(person) == []
    shown = person.call("show", report["run"]).out
    assert "Verified: branch side moved from %s to %s\n  branch side is there now" % (
        old[:12], report["commit"][:12]) in shown
    undo = person.call("undo", report["run"])
    assert undo.code == 1 and "branch -f side " + old in undo.err, undo
    assert side.git("rev-parse", "side").strip() == report["commit"]


@pytest.mark.parametrize("base, says", [
    ([], "would move main, which is in use at"), (["--base", "main"], "which is in use at"),
    (["--base", "v1"], "v1 is none"), (["--base", "HEAD~0"], "HEAD~0 is none"),
    (["--base", "linked"], "linked, which is in use at")])
def test_ff_is_refused_before_any_work_where_somebody_would_notice(person, side, base, says):
    side.git("tag", "v1")
    side.git("worktree", "add", "-q", "-b", "linked", side.path.parent / "linked")
    before = side.snapshot()
    result = person.run(side, "--deliver", "ff", *base)
    assert result.code == 1 and says in result.json["reason"], result
    assert "coditect merge" in result.json["reason"]
    assert side.snapshot() == before and person.call("ps", "-a", "--json").json["runs"] == []


def crashed_run(person, repository, point):
    """The id of an ff run whose process died there."""
    result = person.run(repository, "--base", "side", "--deliver", "ff",
                        env={"CODITECT_CRASH_AT": point})
    assert result.code != 0, result
    return person.runs()[0]["run"]


LOOKED = "lease_granted#9#1:before"  # before the branch is looked at again
DECIDED = "merge_decided#0#1:after"  # before it moves
MOVED_TEST = PRICES["test_prices.py"] + """
        def test_of_theirs():
            from theirs import fee
            assert fee() == discount(5)
        """


def test_ff_tests_the_result_on_the_branch_as_it_is_now(person, side):
    run = crashed_run(person, side, LOOKED)
    theirs = advance(side, {"theirs.py": "def fee():\n    return 0\n",
                            "test_prices.py": textwrap.dedent(MOVED_TEST).lstrip("\n")})
    result = person.call("resume", run, "--json")
    report = result.json
    assert result.code == 0 and report["moved_from"] == theirs, result
    assert side.git("log", "-1", "--format=%P", "side").split()[0] == theirs
    tree = side.git("rev-parse", "side^{tree}").strip()
    evidence = report["evidence"][-1]
    assert evidence["tree"] == tree and evidence["passed"] == evidence["expected"] == 5
    assert evidence["tests_unchanged"] and evidence["changed_hunks"] == 1  # theirs is theirs
    assert side.suite_passes("side") and leftovers(person) == []


def test_ff_is_done_anew_when_the_branch_moves_after_the_decision(person, side):
    run = crashed_run(person, side, DECIDED)
    theirs = advance(side, {"theirs.py": "def fee():\n    return 0\n"})
    result = person.call("resume", run, "--json")
    assert result.code == 0 and result.json["moved_from"] == theirs, result
    first, second = decided(person, run)
    assert (first["old_commit"], second["old_commit"]) == (side.head(), theirs)
    dropped, = [e for e in person.events(run) if e["event_type"] == "DELIVERY_DROPPED"]
    assert dropped["data"]["commit"] == first["new_commit"]
    assert side.git("rev-parse", "side").strip() == second["new_commit"] == result.json["commit"]
    assert result.json["evidence"][-1]["tree"] == side.git("rev-parse", "side^{tree}").strip()


@pytest.mark.parametrize("point", ["merge_decided#0#1:before", DECIDED, "effect#branch#1:before",
                                   "effect#branch#1:after", "task_done#10#1:before"])
def test_ff_moves_the_branch_once_wherever_it_dies(person, side, point):
    run = crashed_run(person, side, point)
    result = person.call("resume", run, "--json")
    assert result.code == 0, result
    assert side.git("rev-parse", "side").strip() == result.json["commit"]
    assert side.git("rev-list", "--count", "main..side").strip() == "1"
    assert leftovers(person) == []


@pytest.mark.parametrize("files, says", [
    ({"prices.py": "def discount(quantity):\n    return 7\n"},
     "branch side has moved and the repairs conflict with it in prices.py"),
    ({"test_theirs.py": "def test_theirs():\n    assert 1 == 2\n"},
     "do not pass on side as it is now: tests that came with it fail: test_theirs.py::test_theirs"),
    ({"test_prices.py": "def test_none():\n    pass\n"}, "do not pass on side as it is now"),
], ids=["conflict", "failing", "missing"])
def test_ff_leaves_a_branch_alone_that_the_result_does_not_fit(person, side, files, says):
    run = crashed_run(person, side, LOOKED)
    theirs = advance(side, files)
    result = person.call("resume", run, "--json")
    assert result.code == 3 and says in result.json["reason"], result
    assert result.json["partial"] and result.json["branch"] == ""
    assert side.git("rev-parse", "side").strip() == theirs and decided(person, run) == []


def test_ff_leaves_a_branch_alone_that_somebody_took_or_rewrote(person, side):
    run = crashed_run(person, side, DECIDED)
    side.git("checkout", "-q", "side")
    result = person.call("resume", run, "--json")
    assert result.code == 3 and "is checked out" in result.json["reason"], result
    assert side.git("status", "--porcelain") == "" and side.head() == result.json["base"]
    side.git("checkout", "-q", "main")
    other = crashed_run(person, side, LOOKED)
    side.git("branch", "-f", "side", side.git("commit-tree", "-m", "new", "HEAD^{tree}").strip())
    result = person.call("resume", other, "--json")
    assert result.code == 3 and "side was rewritten" in result.json["reason"], result


def test_open_runs_of_a_repository_say_how_they_go_together(person, prices):
    first = person.run(prices).json
    assert "others" not in first
    prices.write({"prices.py": PRICES["prices.py"].replace("quantity", "count")})
    prices.commit("the same line in other words")
    second = person.run(prices).json
    other, = second["others"]
    assert other == {"run": first["run"], "commit": first["commit"], "conflicts": ["prices.py"]}
    objects = prices.git("count-objects")
    both, = person.call("show", first["run"], "--json").json["others"]
    assert both == {"run": second["run"], "commit": second["commit"], "conflicts": ["prices.py"]}
    text = person.call("show", first["run"]).out
    assert "  with the result of %s: conflicts in prices.py\n" % second["run"] in text
    assert prices.git("count-objects") == objects  # looking writes nothing
    assert person.call("undo", second["run"]).code == 0
    assert "others" not in person.call("show", first["run"], "--json").json


def test_stop_and_resume_say_what_they_would_do(person, make):
    process = person.start("run", "make the tests pass", cwd=make({
        "test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(60)\n"}).path)
    run = wait_until(lambda: [row for row in person.runs() if row["status"] == "running"])[0]["run"]
    dry = person.call("stop", run, "--dry-run", "--json")
    assert dry.code == 0 and dry.json["would_stop"] == [run] and dry.json["stopped"] == [], dry
    assert "would stop " + run in person.call("stop", "--all", "--dry-run").err
    assert person.runs()[0]["status"] == "running"
    assert person.call("stop", run).code == 0
    assert finish(process).code == 130
    dry = person.call("resume", "--last", "--dry-run", "--json")
    assert dry.code == 0 and dry.json["would_go_on"] and dry.json["status"] == "stopped", dry
    assert "would go on with %s (stopped), 0 of 3 tasks done" % run in dry.err
    assert person.runs()[0]["status"] == "stopped" and leftovers(person) == []
