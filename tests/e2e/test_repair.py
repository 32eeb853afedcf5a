"""What the offline brain mends, how it decides, and that it decides the same everywhere."""

import os
import shutil
import subprocess

import pytest

from conftest import BINARY, finish

INTERVALS = {
    "intervals.py": """
        def merge(intervals):
            merged = []
            for start, end in sorted(intervals):
                if merged and start < merged[-1][1]:
                    merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
                else:
                    merged.append((start, end))
            return merged


        def covered(intervals):
            return sum(end - start for start, end in merge(intervals))
        """,
    "test_intervals.py": """
        from intervals import covered, merge

        def test_apart():
            assert merge([(1, 2), (4, 5)]) == [(1, 2), (4, 5)]

        def test_touching():
            assert merge([(1, 2), (2, 5)]) == [(1, 5)]

        def test_inside():
            assert merge([(1, 9), (2, 5)]) == [(1, 9)]

        def test_order():
            assert merge([(4, 6), (1, 4)]) == [(1, 6)]

        def test_covered():
            assert covered([(1, 9), (2, 5), (10, 11)]) == 9
        """,
}

WORDS = {
    "words.py": """
        def longest(text):
            best = ""
            for word in text.split(","):
                if len(word) > len(best):
                    best = word
            return best


        def initials(text):
            return "".join(word[0] for word in text.split()).upper()


        def title(text):
            return " ".join(word.capitalize() for word in text.split())
        """,
    "test_words.py": """
        from words import initials, longest, title

        def test_longest():
            assert longest("a bbb cc") == "bbb"

        def test_first_of_the_longest():
            assert longest("aa bb") == "aa"

        def test_none():
            assert longest("") == ""

        def test_initials():
            assert initials("ada lovelace") == "AL"

        def test_title():
            assert title("ada lovelace") == "Ada Lovelace"
        """,
}


def tree_of(person, repository, *arguments, processors):
    """Exit code and tree of the delivered branch, of a run pinned to processors."""
    command = [BINARY, "run", "make the tests pass", "--output", "json", *arguments]
    process = subprocess.Popen(
        ["taskset", "-c", processors, *command], cwd=repository.path, env=person.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True)
    result = finish(process)
    assert result.code == 0, result
    return repository.git("rev-parse", result.json["branch"] + "^{tree}").strip()


@pytest.mark.skipif(shutil.which("taskset") is None or len(os.sched_getaffinity(0)) < 2,
                    reason="needs taskset and two processors")
@pytest.mark.parametrize("files", [INTERVALS, WORDS], ids=["intervals", "words"])
def test_the_same_repository_gives_the_same_tree_on_one_processor_and_on_two(person, make, files):
    repository = make(files)
    two = sorted(os.sched_getaffinity(0))[:2]
    trees = {processors: tree_of(person, repository, "--seed", "7", processors=processors)
             for processors in (str(two[0]), "%d,%d" % tuple(two))}
    assert len(set(trees.values())) == 1, trees


def test_a_repair_that_makes_a_long_test_run_at_all_is_found(person, make):
    """The broken version fails at once; the repaired one needs far more steps than ten times that."""
    repository = make({
        "primes.py": """
            def count_primes(below):
                found = 0
                for number in range(below, 2):
                    if all(number % divisor for divisor in range(2, int(number ** 0.5) + 1)):
                        found += 1
                return found
            """,
        "test_primes.py": """
            from primes import count_primes

            def test_count():
                assert count_primes(12000) == 1438
            """,
    })
    result = person.run(repository)
    assert result.code == 0, result
    assert repository.suite_passes(result.json["branch"])


def test_a_bug_that_makes_tests_loop_for_ever_is_mended(person, make):
    repository = make({
        "power.py": """
            def is_power(number, base):
                value = 1
                while value < number:
                    value *= base - base + 1
                return value == number


            def double(number):
                return 2 * number
            """,
        "test_power.py": """
            from power import double, is_power

            def test_one():
                assert is_power(1, 2)

            def test_power():
                assert is_power(16, 2)

            def test_double():
                assert double(4) == 8
            """,
    })
    result = person.run(repository, "--max-time", "75s")
    assert result.code == 0, result
    assert repository.suite_passes(result.json["branch"])


def test_a_bug_in_code_that_runs_only_while_a_module_is_imported_is_mended(person, make):
    repository = make({
        "squares.py": """
            def build(most):
                return {number: number + number for number in range(most)}

            TABLE = build(10)

            def square(number):
                return TABLE[number]
            """,
        "test_squares.py": """
            from squares import square

            def test_five():
                assert square(5) == 25

            def test_nine():
                assert square(9) == 81

            def test_two():
                assert square(2) == 4
            """,
    })
    result = person.run(repository)
    assert result.code == 0, result
    assert "+" not in repository.git("show", result.json["branch"] + ":squares.py")
    assert repository.suite_passes(result.json["branch"])


def test_every_plausible_patch_is_kept_and_shown_in_its_rank(person, make):
    repository = make({"larger.py": """
        def larger(a, b):
            if a < b:
                return a
            return a
        """, "test_larger.py": """
        from larger import larger

        def test_larger():
            assert larger(2, 3) == 3

        def test_same():
            assert larger(4, 4) == 4
        """})
    report = person.run(repository).json
    shown = person.call("show", report["run"], "--evidence", cwd=repository.path).out
    search, = report["plausible"]
    kinds = [line.split()[0] for line in search["patches"].splitlines()
             if line.startswith(("claimed  ", "plausible  "))]
    assert kinds.count("claimed") == 1 and kinds.count("plausible") >= 1
    assert "best first" in shown
    assert all(line.strip() in shown for line in search["patches"].splitlines())
    assert "best first" not in person.call("show", report["run"], cwd=repository.path).out
