"""Several repairs in one run: batches, conflicts, what is left out; and parts of a long suite."""

from conftest import finish, verified

# Two faults whose repairs are each right alone; `test_budget` passes at the base and with either
# repair, but not with both.
CLASH = {
    "left.py": """
        def left():
            return 1
        """,
    "right.py": """
        def right():
            return 1
        """,
    "test_left.py": """
        from left import left

        def test_left():
            assert left() == 2
        """,
    "test_right.py": """
        from right import right

        def test_right():
            assert right() == 2
        """,
    "test_budget.py": """
        from left import left
        from right import right

        def test_budget():
            assert left() + right() <= 3
        """,
}

PRICE = {
    "price.py": """
        def discount(quantity):
            if quantity > 10:
                return 5
            return 0
        """,
    "test_price.py": """
        from price import discount

        def test_ten():
            assert discount(10) == 5

        def test_nine():
            assert discount(9) == 0
        """,
}


def batches(person, run):
    return [e["data"] for e in person.events(run) if e["event_type"] == "BATCH_DECIDED"]


def test_repairs_that_clash_are_told_apart_and_the_rest_is_kept(person, make):
    repository = make({**CLASH, **PRICE})
    before = repository.snapshot()
    result = person.run(repository)
    assert result.code == 3, result
    report = result.json
    assert repository.snapshot() == before
    assert (report["outcome"], report["branch"]) == ("not_verified", "")
    repairs = {change["files"][0]: change for change in report["changes"]}
    assert sorted(repairs) == ["left.py", "price.py"]
    (dropped,) = report["dropped"]
    clash = "semantic conflict between %s and %s: test_budget.py::test_budget" % (
        repairs["left.py"]["task"], dropped["task"])
    assert dropped["reason"].startswith(clash), dropped
    assert report["reason"].startswith("2 of 3 independent faults were mended; " + clash)
    assert "right.py" in dropped["summary"]
    assert [e["data"]["reason"] for e in person.events(report["run"])
            if e["event_type"] == "CLAIM_DROPPED"] == [dropped["reason"]]
    # Nothing is lost: what was left out is pinned, what was mended is the partial result.
    pinned = repository.git("for-each-ref", "--format=%(objectname)", "refs/coditect/").split()
    assert dropped["commit"] in pinned and report["partial"] in pinned
    mended = repository.git("diff", "--name-only", "main", report["partial"]).split()
    assert sorted(mended) == ["left.py", "price.py"]
    # One run of the suite for all three, and then only for halves.
    assert [len(batch["claims"]) for batch in batches(person, report["run"])][0] == 3
    assert report["batches"][0]["verdict"] == "failed"
    shown = person.call("show", report["run"], "--evidence").out
    assert "What was left out" in shown and clash in shown and "Batches, in the order" in shown
    explained = person.call("explain", report["run"], cwd=repository.path).out
    assert "left out: " + clash in explained, explained


def test_independent_repairs_cost_one_run_of_the_suite_together(person, make):
    files = {}
    for name in ("a", "b", "c"):
        files[name + ".py"] = "def value():\n    return 1\n"
        files["test_%s.py" % name] = (
            "from %s import value\n\ndef test_%s():\n    assert value() == 2\n" % (name, name))
    repository = make(files)
    report = verified(person, repository)
    assert [batch["verdict"] for batch in report["batches"]] == ["merged"]
    assert len(report["batches"][0]["tasks"]) == 3
    events = person.events(report["run"])
    merges = {e["task"] for e in events if e["event_type"] == "TASK_PLANNED"
              and e["data"]["task"]["intent"] == "merge"}
    runs = [e for e in events if e["event_type"] == "TEST_RUN" and e["task"] in merges]
    assert len(runs) == 1
    # In the plan's order, whoever was first.
    commits = repository.git("log", "--reverse", "--format=%H", "main.." + report["branch"]).split()
    assert commits == [change["commit"] for change in report["changes"]]
    assert repository.suite_passes(report["branch"])


def test_repairs_of_one_line_conflict_by_file_and_the_first_is_kept(person, make):
    repository = make({
        "both.py": """
            def low(): return 1
            def high(): return 8
            """,
        "test_both.py": """
            from both import high, low

            def test_low():
                assert low() == 2

            def test_high():
                assert high() == 9
            """,
    })
    report = person.run(repository).json
    assert report["outcome"] == "not_verified", report
    (dropped,) = report["dropped"]
    assert dropped["reason"] == "conflict between %s and %s in both.py" % (
        report["changes"][0]["task"], dropped["task"])
    assert report["partial"] == report["changes"][0]["commit"]
    # How the part that was mended stands to the base branch, as it is when one asks.
    assert (report["standing"]["branch_state"], report["standing"]["behind"]) == ("none", 0)
    repository.write({"a.txt": "a\n"})
    repository.commit("later")
    shown = person.call("show", report["run"]).out
    assert "What was mended is kept at %s\n  1 commit behind main, merges cleanly\n" % (
        report["partial"]) in shown, shown


def test_one_fault_without_a_repair_leaves_the_other_mended(person, make):
    """The fault that cannot be mended comes first in the plan."""
    repository = make({
        **PRICE,
        "a_secret.py": """
            def secret(word):
                return None
            """,
        "test_a_secret.py": """
            import hashlib
            from a_secret import secret

            def test_secret():
                for word in ("a", "b", "c"):
                    assert secret(word) == hashlib.sha256(word.encode()).hexdigest()
            """,
    })
    result = person.run(repository)
    assert result.code == 3, result
    report = result.json
    assert report["reason"] == "1 of 2 independent faults were mended"
    assert repository.git("diff", "--name-only", "main", report["partial"]).split() == ["price.py"]


# Fails wherever both repairs are and other tests run beside it, and executes neither: to the
# baseline's coverage it has nothing to do with them.
UNSTEADY = {
    "test_weather.py": """
        import pathlib
        import sys

        def test_weather():
            here = pathlib.Path(__file__).parent
            mended = all("return 2" in (here / name).read_text() for name in ("left.py", "right.py"))
            assert not (mended and "test_left" in sys.modules), "rain"
        """,
}


def test_a_test_that_fails_in_the_suite_only_is_named_and_is_no_pass(person, make):
    files = {**CLASH, **UNSTEADY}
    del files["test_budget.py"]
    report = person.run(make(files)).json
    assert report["outcome"] == "not_verified", report
    assert "FLAKY" in {e["event_type"] for e in person.events(report["run"])}
    assert "pass alone (flaky): test_weather.py::test_weather" in report["reason"]
    assert report["tests"]["unsteady"] == ["test_weather.py::test_weather"]
    assert report["dropped"] == [] and report["batches"][-1]["verdict"] == "given up"


def test_a_stopped_batch_goes_on_where_it_was(person, make):
    """Killed when the first batch is decided, before the tip moves, and when all is settled."""
    repository = make({**CLASH, **PRICE})
    start = ["run", "make the tests pass"]
    # The plan: 3 tasks to look, 9 searches, 3 verifications, and t-16 merges.
    for point in ("batch_decided#16#1:after", "merge_decided#16#1:before", "task_failed#16#1:after"):
        process = person.start(*start, "--output", "json", cwd=repository.path,
                               env={"CODITECT_CRASH_AT": point})
        result = finish(process)
        assert process.returncode < 0, (point, result)
        start = ["resume", "--last"]
    report = person.call("resume", "--last", "--output", "json", cwd=repository.path).json
    assert report["outcome"] == "not_verified" and len(report["changes"]) == 2, report
    assert len(report["dropped"]) == 1 and report["partial"]
    assert report["batches"][0]["verdict"] == "failed"


def test_parts_of_a_long_suite_refuse_a_patch_sooner_and_prove_nothing(person, make):
    """Most patches that pass the failing test are refused by a test that no search sees. From the
    second on, parts of the suite look for such a test beside the whole run."""
    repository = make({
        "price.py": PRICE["price.py"],
        "test_price.py": PRICE["test_price.py"],
        "test_spelling.py": """
            import pathlib

            def test_spelling():
                text = pathlib.Path(__file__).with_name("price.py").read_text()
                assert "quantity > 10" in text or "quantity > 9" in text
            """,
        "test_wait.py": """
            import time
            import pytest

            @pytest.mark.parametrize("number", range(8))
            def test_wait(number):
                time.sleep(0.4)
            """,
    })
    report = verified(person, repository)
    assert "quantity > 9" in repository.git("show", report["branch"] + ":price.py")
    faults = [e["data"]["fault"] for e in person.events(report["run"])
              if e["event_type"] == "CONFIRM" and e["task"] == report["changes"][0]["task"]]
    assert faults[0] == "1 expected test failed" and faults[-1] == ""
    assert "test_spelling.py::test_spelling fails in a part of the suite and alone" in faults[1:-1]
    # What counts is one whole run, of all that is expected.
    evidence = report["evidence"][-1]
    assert evidence["passed"] == evidence["expected"] == 11


def test_a_repair_that_mends_what_looked_like_another_fault_ends_that_search(person, make):
    """What calls the wrong line looks worse than the line itself, which many tests pass."""
    repository = make({
        "calc.py": """
            def combine(a, b):
                return a - b

            def double(x):
                out = combine(x, x)
                return out

            def triple(x):
                out = combine(combine(x, x), x)
                return out
            """,
        "test_calc.py": """
            import pytest

            import calc

            @pytest.mark.parametrize("a", range(40))
            def test_nothing_added(a):
                assert calc.combine(a, 0) == a

            @pytest.mark.parametrize("x", [1, 2, 3, 4])
            def test_double(x):
                assert calc.double(x) == 2 * x

            @pytest.mark.parametrize("x", [1, 2, 3, 4])
            def test_triple(x):
                assert calc.triple(x) == 3 * x
            """})
    report = verified(person, repository)
    assert repository.git("diff", "--stat", "main", report["branch"]).count("calc.py") == 1
    searches = [event for event in person.events(report["run"])
                if event["event_type"] == "TASK_CANCELLED"]
    assert any("mends this, too" in str(event["data"]) for event in searches), searches
    explained = person.call("explain", report["run"])
    assert "No repair" not in explained.out, explained
