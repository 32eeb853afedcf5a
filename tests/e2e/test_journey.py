"""The main job, from the goal to the branch, as a person sees it."""

import json
import re
import stat
import subprocess

import pytest

from conftest import BINARY, PRICES, TIMEOUT, leftovers

TWO_MODULES = {
    **PRICES,
    "baskets.py": """
        def total(items):
            result = 1
            for item in items:
                result += item
            return result
        """,
    "test_baskets.py": """
        from baskets import total

        def test_empty():
            assert total([]) == 0

        def test_one():
            assert total([3]) == 3

        def test_two():
            assert total([3, 4]) == 7
        """,
}


def trailers(repository, commit):
    text = repository.git("log", "-1", "--format=%(trailers:only,unfold)", commit)
    return dict(line.split(": ", 1) for line in text.splitlines() if line)


def leases(events):
    """(agent, intent's task, first sequence, last sequence) of every lease of the ledger."""
    open_, out = {}, []
    for event in events:
        if event["event_type"] == "LEASE_GRANTED":
            open_[event["task"]] = (event["agent_id"], event["sequence"])
        elif event["event_type"] == "LEASE_ENDED":
            agent, first = open_.pop(event["task"])
            out.append((agent, event["task"], first, event["sequence"]))
    return out


def claims(events):
    """How many results of coders were claims of a repair."""
    return sum(1 for event in events if event["event_type"] == "RESULT_REPORTED"
               and event["agent_id"].startswith("coder")
               and event["data"]["result"]["outcome"] == "RESULT_SUCCESS")


@pytest.mark.parametrize("workspace", ["auto", "copy"])
def test_a_bug_becomes_a_verified_branch_and_nothing_else_changes(person, prices, workspace):
    person.environment["CODITECT_WORKSPACE"] = workspace
    prices.git("config", "user.name", "Grace")
    prices.git("config", "user.email", "grace@example.org")
    prices.write({"prices.py": "BROKEN = (\n", "notes.txt": "not committed\n"})
    prices.git("stash", "push", "-q", "notes.txt", check=False)
    prices.write({"staged.txt": "staged\n", "loose.txt": "untracked\n"})
    prices.git("add", "staged.txt")
    prices.git("stash", "push", "-q", "--", "staged.txt")
    assert "stash@{0}" in prices.git("stash", "list")
    prices.write({"staged.txt": "staged again\n"})
    prices.git("add", "staged.txt")
    prices.git("branch", "other")
    before, files = prices.snapshot(), tree_of(prices.path)
    result = person.run(prices)
    assert result.code == 0, result
    report = result.json
    assert prices.snapshot() == before
    assert tree_of(prices.path) == files
    assert prices.suite_passes(report["branch"])
    assert leftovers(person) == []

    assert report["branch"] == "coditect/" + report["run"]
    log = prices.git("log", "--format=%H %P", "main.." + report["branch"]).splitlines()
    assert log == ["%s %s" % (report["commit"], prices.head())]
    assert prices.git("diff", "--stat", "main", report["branch"]).count("|") == 1
    assert "prices.py" in prices.git("diff", "--name-only", "main", report["branch"])
    assert prices.git("log", "-1", "--format=%an <%ae>", report["commit"]).strip() == \
        "Grace <grace@example.org>"
    message = prices.git("log", "-1", "--format=%B", report["commit"])
    assert message.startswith("fix: ")
    assert "test_prices.py::test_a_hundred" in message
    assert "Signed-off-by" not in message
    task = report["changes"][0]["task"]
    assert trailers(prices, report["commit"]) == {
        "Assisted-by": "coditect:offline", "Coditect-Run": report["run"], "Coditect-Task": task}


def tree_of(folder):
    """Every file outside .git with its bytes and mode."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".git" not in path.parts and path.is_file():
            found[str(path)] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
    return found


def test_the_json_report_holds_every_key_and_the_evidence_is_of_the_delivered_tree(person, prices):
    result = person.run(prices)
    assert result.code == 0, result
    assert result.out.count("\n") == 1  # one object, nothing else on stdout
    assert result.err.splitlines()[0].split() == \
        ["Base", "main", "at", prices.head()[:12], "(HEAD)", "of", str(prices.path)]
    report = result.json
    kinds = {"schema": str, "run": str, "outcome": str, "reason": str, "base": str, "branch": str,
             "partial": str, "commit": str, "tests": dict, "changes": list, "evidence": list,
             "cpu_seconds": float, "cost_usd": float, "next": list, "usage": dict, "tried": list}
    assert {key: type(report[key]) for key in kinds} == kinds
    assert report["schema"] == "coditect.run/v1"
    assert (report["outcome"], report["partial"]) == ("verified", "")
    assert report["base"] == prices.head()
    assert report["cost_usd"] == 0
    assert report["cpu_seconds"] > 0
    ids = ["test_prices.py::test_" + name
           for name in ("none", "some", "below_a_hundred", "a_hundred", "more")]
    assert sorted(report["tests"]["expected"]) == sorted(report["tests"]["passed"]) == sorted(ids)
    assert [report["tests"][key] for key in ("failed", "skipped", "flaky", "network")] == [[]] * 4
    change, = report["changes"]
    assert change["commit"] == report["commit"]
    assert change["files"] == ["prices.py"]
    assert "`>`" in change["summary"] and "prices.py:2" in change["summary"]
    for evidence in report["evidence"]:
        assert evidence["tree"] == \
            prices.git("rev-parse", report["commit"] + "^{tree}").strip()
        assert (evidence["expected"], evidence["passed"]) == (5, 5)
        assert evidence.get("failed", 0) == evidence.get("missing", 0) == 0
        assert evidence["changed_hunks_executed"] == evidence["changed_hunks"] == 1
        assert evidence["normal_end"] and evidence["tests_unchanged"]
    assert report["evidence"]
    assert "coditect merge " + report["run"] in report["next"]
    for line in report["next"]:  # they can be typed as they are
        if line.startswith("git") and " diff " in line:
            subprocess.run(["sh", "-c", line], check=True, capture_output=True)
    shown = person.call("show", report["run"], "--json")
    assert shown.json == report
    # One bug: the baseline and its trace, once more what failed; a filter for each of the two
    # spaces; the claims, and the tester's verdict.
    assert report["usage"]["runner_starts"] <= 8
    assert report["usage"]["suite_runs"] <= 2 + 2 * claims(person.events(report["run"]))


def test_the_report_for_people_says_what_failed_what_was_changed_and_how_it_is_known(person, prices):
    result = person.call("run", "make the tests pass", cwd=prices.path)
    assert result.code == 0, result
    lines = result.out.splitlines()
    assert re.match(r"Verified: branch coditect/r-\w+ on main " + prices.head()[:12], lines[0])
    for expected in ("What failed at the base:", "  test_prices.py::test_a_hundred: assert 5 == 20",
                     "What was changed:", "Evidence:"):
        assert expected in lines
    assert "5 of 5 expected passed, 0 failed, 0 missing" in result.out
    assert "runs of the whole suite" in lines[-1] and "Cost $0.00" in lines[-1]
    assert "\x1b" not in result.out + result.err and "\r" not in result.out + result.err
    assert "Next:" in result.err


def test_the_trailer_that_names_coditect_is_the_persons_choice(person, prices):
    result = person.run(prices, "-c", "git.attribution=none")
    assert result.code == 0, result
    report = result.json
    assert trailers(prices, report["commit"]) == {
        "Coditect-Run": report["run"], "Coditect-Task": report["changes"][0]["task"]}


def test_two_bugs_in_two_modules_are_mended_in_parallel_and_tested_by_others(person, make):
    repository = make(TWO_MODULES)
    result = person.run(repository)
    assert result.code == 0, result
    report = result.json
    assert repository.suite_passes(report["branch"])
    commits = repository.git("log", "--format=%H", "main.." + report["branch"]).split()
    assert sorted(commits) == sorted(change["commit"] for change in report["changes"])
    assert sorted(change["files"] for change in report["changes"]) == \
        [["baskets.py"], ["prices.py"]]

    events = person.events(report["run"])
    plans = {event["task"]: event["data"]["task"] for event in events
             if event["event_type"] == "TASK_PLANNED"}
    held = leases(events)
    coders = [(agent, plans[task].get("group"), first, last) for agent, task, first, last in held
              if plans[task]["intent"] == "repair"]
    assert any(a[0] != b[0] and a[1] != b[1] and a[2] < b[3] and b[2] < a[3]
               for a in coders for b in coders), coders
    by_intent = {}
    for agent, task, _, _ in held:
        by_intent.setdefault(plans[task]["intent"], set()).add(agent)
    assert by_intent["verify"] and by_intent["merge"]
    assert not by_intent["verify"] & by_intent["repair"]
    assert not by_intent["merge"] & (by_intent["repair"] | by_intent["verify"])
    # The first merge stands on the base alone: its tree was tested already. Only the second is new.
    assert report["usage"]["suite_runs"] <= 2 + 2 * claims(events) + 1
    tested = [event for event in events if event["event_type"] == "TEST_RUN"
              and plans[event["task"]]["intent"] == "merge"]
    assert len(tested) == 1
    assert tested[0]["data"]["tree"] == \
        repository.git("rev-parse", report["commit"] + "^{tree}").strip()


def test_several_bugs_in_one_module_are_mended_each_with_its_own_commit(person, make):
    repository = make({
        "lists.py": """
            def first(items):
                return items[1]


            def last(items):
                return items[0]


            def biggest(items):
                best = items[0]
                for item in items:
                    if item < best:
                        best = item
                return best
            """,
        "test_lists.py": """
            from lists import biggest, first, last

            def test_first():
                assert first([1, 2, 3]) == 1

            def test_first_of_two():
                assert first([4, 9]) == 4

            def test_last():
                assert last([1, 2, 3]) == 3

            def test_last_of_two():
                assert last([5, 6]) == 6

            def test_biggest():
                assert biggest([1, 5, 3]) == 5

            def test_biggest_of_one():
                assert biggest([7]) == 7
            """})
    result = person.run(repository)
    assert result.code == 0, result
    report = result.json
    assert repository.suite_passes(report["branch"])
    assert len(report["changes"]) == 3
    commits = repository.git("log", "--format=%H", "main.." + report["branch"]).split()
    assert len(commits) == 3
    for commit in commits:  # each repairs one place of one file
        diff = repository.git("show", "--format=", "--unified=0", commit)
        assert diff.count("\n@@") == 1


def test_unittest_repositories(person, make):
    repository = make({
        "shop/__init__.py": "",
        "shop/cart.py": """
            def total(prices):
                result = 1
                for price in prices:
                    result += price
                return result
            """,
        "tests/__init__.py": "",
        "tests/test_cart.py": """
            import unittest

            from shop.cart import total


            class CartTest(unittest.TestCase):
                def test_empty(self):
                    self.assertEqual(total([]), 0)

                def test_each(self):
                    for n in range(3):
                        with self.subTest(n=n):
                            self.assertEqual(total([n]), n)

                @unittest.skip("later")
                def test_later(self):
                    self.fail()
            """})
    result = person.run(repository)
    assert result.code == 0, result
    report = result.json
    assert sorted(report["tests"]["expected"]) == [
        "tests.test_cart.CartTest.test_each", "tests.test_cart.CartTest.test_empty"]
    assert report["tests"]["skipped"] == ["tests.test_cart.CartTest.test_later"]
    assert "unittest" in report["evidence"][0]["command"]
    assert repository.suite_passes(report["branch"], "/usr/bin/python3", "-m", "unittest")


CALC = {
    "calc.py": '''
        """
        >>> middle(2, 4)
        3.0
        >>> middle(0, 10)
        5.0
        """


        def middle(a, b):
            return (a - b) / 2
        ''',
    "run_tests.sh": """
        set -e
        python3 -m doctest calc.py
        python3 -c 'from calc import middle; assert middle(1, 1) == 1.0'
        """,
    "Makefile": "test:\n\tsh run_tests.sh\n",
}


@pytest.mark.parametrize("command", ["make test", "python3 -m doctest calc.py"])
def test_a_command_says_whether_it_is_done(person, make, command):
    repository = make(CALC)
    result = person.run(repository, "--verify", command)
    assert result.code == 0, result
    report = result.json
    assert repository.suite_passes(report["branch"], "sh", "-c", command)
    evidence = report["evidence"][-1]
    assert (evidence["kind"], evidence["command"]) == ("command", command)
    assert "Mends `%s`" % command in repository.git("log", "-1", "--format=%B", report["commit"])


def test_a_command_that_cannot_be_run_is_told_at_once(person, make):
    repository = make(CALC)
    result = person.call("run", "make the tests pass", "--verify", "no-such-program --all",
                         cwd=repository.path)
    assert result.code == 1, result
    assert "`no-such-program --all` cannot be run here (exit code 127)" in result.out
    assert "not found" in result.out and "--verify" in result.out


def test_a_command_that_fails_says_what_it_printed_last(person, make):
    repository = make({"check.py": "import sys\nsys.exit('seven is not eight')\n"})
    result = person.call("run", "make the tests pass", "--verify", "python3 check.py",
                         cwd=repository.path)
    assert result.code == 3, result
    assert "`python3 check.py` failed" in result.out
    assert "seven is not eight" in result.out


def test_a_bug_beyond_the_brain_ends_honestly_and_says_what_was_tried(person, make):
    repository = make({
        "numerals.py": """
            def roman(n):
                return ""
            """,
        "test_numerals.py": """
            from numerals import roman

            def test_one():
                assert roman(1) == "I"

            def test_four():
                assert roman(4) == "IV"

            def test_year():
                assert roman(1994) == "MCMXCIV"
            """})
    before = repository.snapshot()
    result = person.run(repository)
    assert result.code == 3, result
    report = result.json
    assert (report["outcome"], report["branch"], report["commit"]) == ("not_verified", "", "")
    assert report["changes"] == [] and report["evidence"] == []
    assert len(report["tried"]) == 3
    for search in report["tried"]:
        assert re.search(r"t-\d+ Search \w+ that mend 3 tests of cluster 1: none of \d+ candidates "
                         r"passed", search), search
    assert sorted(report["tests"]["failed"]) == sorted(report["tests"]["expected"])
    assert repository.snapshot() == before
    assert repository.git("branch", "--list", "coditect/*") == ""
    shown = person.call("show", report["run"])
    assert "What was tried:" in shown.out and "roman(1)" not in shown.err
    assert leftovers(person) == []


def test_a_goal_that_needs_a_model_says_what_a_key_would_change(person, prices):
    result = person.run(prices, goal="add a REST endpoint for the prices")
    assert result.code == 8, result
    report = result.json
    assert report["outcome"] == "needs_model"
    assert "with a model key coditect would" in report["reason"]
    assert report["reason"].count(".") == 0  # one sentence
    assert report["usage"] == {}  # nothing was started
    assert prices.git("branch", "--list", "coditect/*") == ""


def test_a_part_of_many_failing_tests_is_held_out_of_the_search(person, make):
    repository = make({
        "limits.py": """
            def clamp(value, low, high):
                if value < low:
                    return low
                if value < high:
                    return high
                return value
            """,
        "test_limits.py": """
            import pytest

            from limits import clamp

            @pytest.mark.parametrize("value", [1, 2, 3, 4, 5, 6, 7, 8])
            def test_inside(value):
                assert clamp(value, 0, 10) == value

            def test_below():
                assert clamp(-1, 0, 10) == 0

            def test_above():
                assert clamp(11, 0, 10) == 10
            """})
    result = person.run(repository)
    assert result.code == 0, result
    change, = result.json["changes"]
    assert change["held_out"] == "2/2"
    shown = person.call("show", result.json["run"], "--evidence")
    assert "(held-out tests 2/2)" in shown.out


def test_a_patch_that_takes_a_guard_away_is_refused_by_name(person, make):
    repository = make({
        "amounts.py": """
            def check(amount):
                if amount < 0:
                    raise ValueError("negative")
                return amount
            """,
        "test_amounts.py": """
            from amounts import check

            def test_negative():
                assert check(-5) == -5

            def test_very_negative():
                assert check(-700) == -700

            def test_positive():
                assert check(7) == 7

            def test_zero():
                assert check(0) == 0
            """})
    result = person.run(repository)
    report = result.json
    assert any("none is to be trusted (deletes_guard)" in search for search in report["tried"]), \
        result
    shown = person.call("show", report["run"], "--evidence")
    assert "none is to be trusted (deletes_guard)" in shown.out
    if report["branch"]:  # another space found what the tests do not tell from a repair
        assert "raise ValueError" in repository.git("show", report["branch"] + ":amounts.py")


def test_without_isolation_it_works_when_typed_and_says_so(person, prices):
    result = person.run(prices, "--sandbox", "none")
    assert result.code == 0, result
    assert prices.suite_passes(result.json["branch"])
    assert "sandbox none" in result.err
    assert leftovers(person) == []


def test_where_isolation_cannot_be_had_it_refuses_with_the_next_step(person, prices):
    # Root of a user namespace without any capability, where no further one can be made: what a
    # container without privileges is.
    inside = "echo 0 > /proc/sys/user/max_user_namespaces && " \
        "exec setpriv --bounding-set -all --inh-caps -all -- \"$@\""
    shell = ["unshare", "--user", "--map-root-user", "sh", "-c", inside, "sh"]
    if subprocess.run([*shell, "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine makes no user namespace to take the rights away in")
    result = subprocess.run(
        [*shell, BINARY, "run", "make the tests pass", "--output", "json"], cwd=prices.path,
        env=person.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=TIMEOUT)
    assert result.returncode not in (0, 3), result
    report = json.loads(result.stdout)
    assert report["outcome"] == "error"
    assert "cannot be isolated here" in report["reason"]
    assert "`--sandbox none`" in report["reason"]
    assert prices.git("branch", "--list", "coditect/*") == ""
