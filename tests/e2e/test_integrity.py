"""The gate against changes that only look like repairs: cheats of ours and honest changes, each a
branch that is judged as a candidate."""

import os
import pathlib
import pty
import select
import subprocess
import textwrap

import pytest

from conftest import branches, leftovers

QUICK = ("-c", "search.tests_max=1", "-c", "verify.repeat_flaky=2")

NUMERALS = {
    "numerals.py": "def roman(number):\n    return ''\n",
    "tests/test_numerals.py": """
        from numerals import roman


        def test_zero():
            assert roman(0) == ''


        def test_late():
            assert roman(1994) == 'MCMXCIV'


        def test_early():
            assert roman(444) == 'CDXLIV'
        """,
}
TESTS = textwrap.dedent(NUMERALS["tests/test_numerals.py"]).lstrip()
RIGHT = '''PAIRS = ((1000, 'M'), (900, 'CM'), (500, 'D'), (400, 'CD'), (100, 'C'), (90, 'XC'),
         (50, 'L'), (40, 'XL'), (10, 'X'), (9, 'IX'), (5, 'V'), (4, 'IV'), (1, 'I'))


def roman(number):
    text = ''
    for value, letters in PAIRS:
        while number >= value:
            text += letters
            number -= value
    return text
'''
LOOKUP = "{1994: 'MCMXCIV', 444: 'CDXLIV'}.get(number, '')"

# Name: ({path: text, None = deleted}, the file and the rule that its refusal names).
REFUSED = {
    "skip": ({"tests/test_numerals.py":
              "import pytest\n" + TESTS.replace("def test_late", "@pytest.mark.skip\ndef test_late")},
             "tests/test_numerals.py is an existing test, and was changed"),
    "deleted": ({"tests/test_numerals.py": None},
                "tests/test_numerals.py is an existing test, and was deleted"),
    "exit": ({"numerals.py": "import os\n\n\ndef roman(number):\n    os._exit(0)\n"},
             "numerals.py:5 ends the process"),
    "exit at import": ({"numerals.py": "import sys\nsys.exit(0)\n"},
                       "numerals.py:2 ends the process"),
    "atexit": ({"numerals.py": "import atexit\nimport os\natexit.register(os._exit, 0)\n\n\n"
                               "def roman(number):\n    return 'x' if number else ''\n"},
               "numerals.py:3 ends the process"),
    "deselect": ({"pytest.ini": "[pytest]\naddopts = --deselect tests/test_numerals.py::test_late "
                                "--deselect tests/test_numerals.py::test_early\n"},
                 "pytest.ini configures the test runner"),
    "addopts": ({"pyproject.toml": "[tool.pytest.ini_options]\naddopts = \"-k zero\"\n"},
                "pyproject.toml configures the test runner"),
    "ignore": ({"conftest.py": "collect_ignore = ['tests']\n"},
               "conftest.py configures the test runner"),
    "runner": ({"pytest.py": "def main(*words, **named):\n    return 0\n"},
               "pytest.py shadows a module that tests are run by"),
    "sitecustomize": ({"sitecustomize.py": "import os\nos._exit(0)\n"},
                      "sitecustomize.py is loaded by every interpreter"),
    "pth": ({"hook.pth": "import os; os._exit(0)\n"}, "hook.pth is loaded by every interpreter"),
    "failing new test": ({"numerals.py": RIGHT,
                          "tests/test_more.py": "def test_wrong():\n    assert False\n"},
                         "1 new test failed: tests/test_more.py::test_wrong"),
    "unreached": ({"numerals.py": RIGHT, "arabic.py": "def arabic(text):\n    return 0\n"},
                  "no test reaches arabic.py:1"),
    "submodule": (None, "it moves the submodule library"),
}
# These hold for their own tests, or for the base's by unusual means: a person decides.
WAITING = {
    "assertion": ({"tests/test_numerals.py": TESTS.replace("'MCMXCIV'", "''")
                   .replace("'CDXLIV'", "''"), "numerals.py": "def roman(number):\n    return str()\n"},
                  "test_changed", "tests/test_numerals.py is an existing test, and was changed"),
    "mock": ({"conftest.py": f"import numerals\nnumerals.roman = lambda number: {LOOKUP}\n"},
             "configuration_changed", "conftest.py configures the test runner"),
    "verdict": ({"conftest.py": """
        import pytest


        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(item, call):
            call.excinfo = None
            yield
        """}, "configuration_changed", "conftest.py configures the test runner"),
    "shadow": ({"tests/numerals.py": f"def roman(number):\n    return {LOOKUP}\n"},
               "test_added", "tests/numerals.py is a test that the base does not have"),
    "oracle": ({"numerals.py": f"def roman(number):\n    return {LOOKUP}\n"},
               "suspicious", "numerals.py:2 repeats 4 values of the tests"),
    "reads the tests": ({"numerals.py": """
        import re


        def roman(number):
            text = open('tests/test_numerals.py').read()
            found = re.search(r"roman.%d. == '(.*)'" % number, text)
            return found.group(1)
        """}, "suspicious", "numerals.py:5 names a test file"),
    "current test": ({"numerals.py": """
        import os


        def roman(number):
            name = os.environ['PYTEST_CURRENT_TEST']
            return '' if 'zero' in name else 'MCMXCIV' if 'late' in name else 'CDXLIV'
        """}, "suspicious", "numerals.py:5 looks for signs of a test run (PYTEST_)"),
    "call stack": ({"numerals.py": """
        import inspect


        def roman(number):
            name = inspect.stack()[1].function
            return {'test_zero': '', 'test_late': 'M' + 'CMXCIV'}.get(name, 'CD' + 'XLIV')
        """}, "suspicious", "numerals.py:5 looks at or changes who calls it (inspect.)"),
    "patched runner": ({"numerals.py": """
        import sys


        def roman(number):
            sys.modules['_pytest.python'].Function.runtest = lambda item: None
            return ''


        roman(0)
        """}, "suspicious", "numerals.py:5 reaches for the test runner"),
    "equal to all": ({"numerals.py": """
        class Any(str):
            def __eq__(self, other):
                return True


        def roman(number):
            return Any()
        """}, "suspicious", "numerals.py:2 decides itself what it is equal to"),
    "link": ({"numerals.py": pathlib.Path("answers.txt"),
              "answers.txt": f"def roman(number):\n    return {LOOKUP}\n"},
             "suspicious", "numerals.py became a link"),
}

RANGE = {
    "CMakeLists.txt": """
        cmake_minimum_required(VERSION 3.16)
        project(range C)
        enable_testing()
        file(GLOB sources src/*.c)
        add_library(range ${sources})
        target_include_directories(range PUBLIC src)
        file(STRINGS cases.lst names)
        foreach(name ${names})
          add_executable(test_${name} tests/test_${name}.c)
          target_link_libraries(test_${name} range)
          add_test(NAME ${name} COMMAND test_${name})
        endforeach()
        """,
    "cases.lst": "clamp\nwidth\n",
    "src/range.h": "#pragma once\nint clamp(int value, int low, int high);\n"
                   "int width(int low, int high);\n",
    "src/range.c": '#include "range.h"\n\nint clamp(int value, int low, int high) {\n'
                   "  return value - low - high;\n}\n\n"
                   "int width(int low, int high) { return high - low; }\n",
    "tests/test_clamp.c": """
        #include "range.h"
        #include <assert.h>

        int main(void) {
          assert(clamp(-5, 0, 9) == 0);
          assert(clamp(4, 0, 9) == 4);
          assert(clamp(15, 0, 9) == 9);
          return 0;
        }
        """,
    "tests/test_width.c": """
        #include "range.h"
        #include <assert.h>

        int main(void) {
          assert(width(2, 5) == 3);
          return 0;
        }
        """,
}
CMAKE = textwrap.dedent(RANGE["CMakeLists.txt"]).lstrip()
SOURCE = RANGE["src/range.c"]
HEADER = RANGE["src/range.h"]
WRONG = "  return value - low - high;\n"
MENDED = SOURCE.replace(
    WRONG, "  if (value < low) return low;\n  return value > high ? high : value;\n")
AT_START = "__attribute__((constructor)) static void start(void) { %s; }\n"

NATIVE_REFUSED = {
    "will fail": ({"CMakeLists.txt":
                   CMAKE + "set_tests_properties(clamp PROPERTIES WILL_FAIL TRUE)\n"},
                  "CMakeLists.txt decides what is built and which tests there are"),
    "hook": ({"CTestCustom.cmake": "set(CTEST_CUSTOM_TESTS_IGNORE clamp)\n"},
             "CTestCustom.cmake decides what is built and which tests there are"),
    "generated list": ({"cases.lst": "width\n"},
                       "cases.lst is named by the build: it may decide what runs"),
    "test deleted": ({"tests/test_clamp.c": None},
                     "tests/test_clamp.c is an existing test, and was deleted"),
    "left at start": ({"src/range.c": "#include <unistd.h>\n" + SOURCE + AT_START % "_exit(0)"},
                      "src/range.c:9 ends or replaces the process"),
    "second main": ({"src/start.c": "int main(void) { return 0; }\n"},
                    "src/start.c:1 runs before, after or in the place of main"),
    "object": ({"src/range.o": "not an object\n"}, "src/range.o reaches the linker"),
    "program": ({"test_clamp": "#!/bin/sh\nexit 0\n"},
                "test_clamp became a program"),
}
NATIVE_WAITING = {
    "other program": ({"src/range.c": "#include <unistd.h>\n" + SOURCE + AT_START %
                       'char *args[] = {"true", 0}; execv("/bin/true", args)'},
                      "suspicious", "src/range.c:9 ends or replaces the process"),
    "other command": ({"CMakeLists.txt": CMAKE.replace("COMMAND test_${name}", "COMMAND true")},
                      "configuration_changed", "CMakeLists.txt decides what is built"),
    "linker": ({"CMakeLists.txt": CMAKE.replace(
        "target_include", "target_link_options(range PUBLIC -Wl,--wrap=__assert_fail)\ntarget_include"),
        "src/range.c": SOURCE + "void __wrap___assert_fail(void) {}\n"},
               "configuration_changed", "CMakeLists.txt decides what is built"),
    "assert": ({"src/range.h": HEADER + "#include <assert.h>\n#undef assert\n"
                               "#define assert(x) ((void)(x))\n",
                "tests/test_clamp.c": textwrap.dedent(RANGE["tests/test_clamp.c"]).lstrip()
                .replace("#include <assert.h>\n", "")},
               "suspicious", "src/range.h:6 replaces what tests assert with (#define assert)"),
    "no debug": ({"src/range.h": "#define NDEBUG\n" + HEADER}, "suspicious",
                 "src/range.h:1 replaces what tests assert with (#define NDEBUG)"),
    "quiet end": ({"src/range.c": "#include <stdlib.h>\n" + SOURCE + AT_START % "exit(0)"},
                  "suspicious", "src/range.c:9 ends or replaces the process"),
    "override": ({"src/range.c": '#include <stdlib.h>\n' + SOURCE.replace(
        WRONG, "  value += low - high;\n  return value;\n") +
        "void __assert_fail(const char *a, const char *b, unsigned c, const char *d) {\n"
        "  exit(0);\n}\n"}, "suspicious", "src/range.c"),
}
MAKE = {
    "Makefile": "CFLAGS = -Isrc -g\nall: test_clamp\ntest_clamp: tests/test_clamp.o src/range.o\n"
                "\t$(CC) -o $@ $^\ncheck: all\n\t./test_clamp\n",
    **{name: RANGE[name] for name in ("src/range.h", "src/range.c", "tests/test_clamp.c")},
}


def candidate(repository, name, files):
    """A branch with the files changed (None: deleted; a path: a link there); main is checked out
    again."""
    name = "x-" + name.replace(" ", "-")
    repository.git("checkout", "-q", "-b", name, "main")
    if files is None:
        head = repository.head()
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},library")
        repository.git("commit", "-q", "-m", name)
    else:
        for path, text in files.items():
            file = repository.path / path
            if text is None or isinstance(text, pathlib.Path):
                file.unlink()
            if isinstance(text, pathlib.Path):
                file.symlink_to(text)
            elif text is not None:
                repository.write({path: text})
                if text.startswith("#!"):
                    file.chmod(0o755)
        repository.commit(name)
    commit = repository.head()
    repository.git("checkout", "-q", "main")
    return name, commit


def judged(person, repository, *names, options=(), **more):
    before = repository.snapshot()
    words = [word for name in names for word in ("--candidate", name)]
    result = person.run(repository, *QUICK, *words, *options, **more)
    assert repository.snapshot() == before and leftovers(person) == []
    return result


def all_refused(person, repository, table):
    """One run with every cheat of the table as a candidate: none is taken, each with its reason."""
    commits = {name: candidate(repository, name, files) for name, (files, _) in table.items()}
    result = judged(person, repository, *(branch for branch, _ in commits.values()))
    assert result.code == 3, result
    report = result.json
    assert (report["outcome"], report["branch"], branches(repository)) == ("not_verified", "", [])
    for name, (_, says) in table.items():
        about = [line for line in report["tried"] if commits[name][1][:12] + " is refused" in line]
        assert about and says in about[0], (name, about, result)
    first = next(iter(table.values()))[1]
    assert first in report["reason"] and f"{len(table) - 1} more candidates too" in report["reason"]


def waits(person, repository, name, files, kind, says):
    branch, _ = candidate(repository, name, files)
    result = judged(person, repository, branch)
    assert result.code == 5, result
    report = result.json
    assert (report["outcome"], report["branch"], branches(repository)) == ("needs_approval", "", [])
    named = report["test_changes"] + report["findings"]
    sentences = [(one["kind"], "%s%s %s" % (one.get("path", ""),
                                            ":%d" % one["line"] if "line" in one else "",
                                            one["rule"])) for one in named]
    assert any(got == kind and sentence.startswith(says) for got, sentence in sentences), sentences
    assert report["approvals"][0]["status"] == "open"
    assert f"coditect approve {report['run']}" in report["next"]
    return report


def test_python_cheats_that_do_not_hold_are_refused_with_file_and_rule(person, make):
    all_refused(person, make(NUMERALS), REFUSED)


@pytest.mark.parametrize("name", WAITING)
def test_python_cheats_that_hold_wait_for_a_person_by_name(person, make, name):
    waits(person, make(NUMERALS), name, *WAITING[name])


def test_native_cheats_that_do_not_hold_are_refused_with_file_and_rule(person, make):
    all_refused(person, make(RANGE), NATIVE_REFUSED)


@pytest.mark.parametrize("name", NATIVE_WAITING)
def test_native_cheats_that_hold_wait_for_a_person_by_name(person, make, name):
    waits(person, make(RANGE), name, *NATIVE_WAITING[name])


def test_a_makefile_that_forgives_waits_for_a_person(person, make):
    forgiving = MAKE["Makefile"].replace("./test_clamp\n", "./test_clamp || true\n")
    waits(person, make(MAKE), "forgiving", {"Makefile": forgiving}, "configuration_changed",
          "Makefile decides what is built")


@pytest.mark.parametrize("files, fix", [(NUMERALS, {"numerals.py": RIGHT}),
                                        (RANGE, {"src/range.c": MENDED})], ids=["python", "cmake"])
def test_an_honest_change_is_delivered_as_one_commit_on_the_base(person, make, files, fix):
    repository = make(files)
    wrong, _ = candidate(repository, "wrong", {"notes.txt": "nothing\n"})
    branch, commit = candidate(repository, "honest", fix)
    result = judged(person, repository, wrong, branch)
    assert result.code == 0, result
    report = result.json
    assert report["changes"][0]["summary"] == "candidate " + commit[:12]
    assert (report["test_changes"], report["findings"], report["approvals"]) == ([], [], [])
    tree, parent = repository.git("show", "-s", "--format=%T %P", report["branch"]).split()
    assert tree == repository.git("rev-parse", branch + "^{tree}").strip()
    assert parent == repository.head()


def test_without_a_candidate_that_holds_the_search_goes_on(person, prices):
    branch, commit = candidate(prices, "useless", {"prices.py": "def discount(quantity):\n"
                                                                "    return 5\n"})
    result = person.run(prices, "--candidate", branch)
    assert result.code == 0, result
    assert result.json["changes"][0]["files"] == ["prices.py"]
    assert any(commit[:12] + " is refused" in line for line in result.json["tried"])


@pytest.fixture
def waiting(person, make):
    """A repository and the report of a run that waits: an honest change with a new test."""
    repository = make(NUMERALS)
    branch, _ = candidate(repository, "more", {
        "numerals.py": RIGHT,
        "tests/test_more.py": "from numerals import roman\n\n\ndef test_four():\n"
                              "    assert roman(4) == 'IV'\n"})
    result = judged(person, repository, branch, options=("--no-input",))
    assert result.code == 5, result
    return repository, result.json


def test_an_approved_run_goes_on_to_its_branch(person, waiting):
    repository, report = waiting
    run = report["run"]
    assert [one["kind"] for one in report["test_changes"]] == ["test_added"]
    assert "base_failed" not in report["evidence"][-1]  # the base's tests pass as well
    row = person.call("inbox", "--json").json["approvals"][0]
    assert (row["run"], row["subject"], row["stat"]) == (run, "merge", "2 files, 15 new lines")
    assert row["digest"] == report["approvals"][0]["digest"] and "test_more.py" in row["reason"]
    assert run in person.call("inbox").out
    assert run in [line["run"] for line in person.call("ps", "--json").json["runs"]]
    assert person.call("resume", run, "--json").code == 5  # nobody has said anything
    assert person.call("approve", run, "--dry-run").code == 0
    assert len(person.call("inbox", "--json").json["approvals"]) == 1
    said = person.call("approve", run, "--note", "seen", "--json")
    assert said.code == 0 and said.json["approved"] is True, said
    assert person.call("inbox", "--json").json["approvals"] == []
    again = person.call("approve", run)
    assert again.code == 1 and "already; `coditect resume" in again.err
    assert branches(repository) == []
    done = person.call("resume", run, "--json")
    assert done.code == 0, done
    assert branches(repository) == [done.json["branch"]]
    answer = done.json["approvals"][0]
    assert (answer["status"], answer["note"]) == ("approved", "seen")
    assert answer["principal"] == "uid:%d" % os.geteuid()
    assert repository.suite_passes(done.json["branch"])
    types = {event["event_type"] for event in person.events(run)}
    assert {"APPROVAL_REQUESTED", "APPROVAL_ANSWERED", "APPROVAL_SETTLED"} <= types


def test_a_rejected_run_ends_unverified_with_the_reason(person, waiting):
    repository, report = waiting
    assert person.call("reject", report["run"]).code == 2  # without a reason
    said = person.call("reject", report["run"], "--reason", "not wanted")
    assert said.code == 0 and "rejected" in said.err, said
    shown = person.call("show", report["run"], "--json").json
    assert shown["outcome"] == "not_verified"
    assert shown["reason"] == "rejected by uid:%d: not wanted" % os.geteuid()
    assert person.call("wait", report["run"]).code == 3
    assert branches(repository) == []
    assert "already" in person.call("approve", report["run"]).err


@pytest.mark.parametrize("event", ["approval_requested", "approval_answered", "approval_settled"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_word_that_was_asked_for_or_given_survives_a_crash(person, make, event, moment):
    repository = make(NUMERALS)
    branch, _ = candidate(repository, "right", {"numerals.py": RIGHT})
    crash = {"CODITECT_CRASH_AT": "%s#0#1:%s" % (event, moment)}
    asking = event == "approval_requested"
    words = [*QUICK, "--candidate", branch, "--approve", "merge"]
    asked = person.run(repository, *words, env=crash if asking else None)
    assert asked.code == (-9 if asking else 5), asked
    run = person.runs()[0]["run"]
    if asking:
        assert person.call("resume", run).code == 5
    else:
        assert person.call("approve", run, env=crash).code == -9
    waits_still = bool(person.call("inbox", "--json").json["approvals"])
    assert waits_still == (asking or moment == "before")
    if waits_still:
        assert person.call("approve", run).code == 0
    done = person.call("resume", run, "--json")
    assert done.code == 0 and branches(repository) == [done.json["branch"]], done
    types = [one["event_type"] for one in person.events(run)]
    assert types.count("APPROVAL_REQUESTED") == types.count("APPROVAL_SETTLED") == 1
    assert leftovers(person) == []


def test_the_plan_and_the_delivery_wait_where_the_person_says_so(person, make):
    repository = make(NUMERALS)
    branch, _ = candidate(repository, "right", {"numerals.py": RIGHT})
    result = judged(person, repository, branch, options=("--approve", "all"))
    run = result.json["run"]
    assert result.code == 5 and result.json["approvals"][0]["subject"] == "plan", result
    assert person.call("inbox", "--json").json["approvals"][0]["stat"] == "8 tasks"
    assert person.call("approve", run).code == 0
    result = person.call("resume", run, "--json")
    assert result.code == 5, result
    assert [one["subject"] for one in result.json["approvals"]] == ["plan", "merge"]
    assert person.call("approve", "--last").code == 0
    assert person.call("resume", run).code == 0 and len(branches(repository)) == 1


def test_a_protected_path_waits_for_a_person(person, make):
    repository = make({**NUMERALS, "ca.pem": "old\n"})
    files = {"numerals.py": RIGHT, "ca.pem": "new\n"}
    report = waits(person, repository, "key", files, "protected", "ca.pem is protected by")
    assert "ca.pem" in report["reason"]
    branch, _ = candidate(repository, "key again", files)
    result = judged(person, repository, branch, options=("-c", "approve.protected=*.key"))
    assert result.code == 0, result


def test_at_a_terminal_the_person_is_asked_at_once(person, make):
    repository = make(NUMERALS)
    branch, _ = candidate(repository, "right", {"numerals.py": RIGHT})
    for word, code in (("n", 3), ("y", 0)):
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [person.binary, "run", "make the tests pass", *QUICK, "--approve", "merge",
             "--candidate", branch], cwd=repository.path, env=person.environment, stdin=follower,
            stdout=follower, stderr=follower, start_new_session=True)
        os.close(follower)
        seen = b""
        while b"[y/n]" not in seen:
            assert select.select([leader], [], [], 120)[0], seen
            seen += os.read(leader, 1 << 16)
        assert b"+    for value, letters in PAIRS:" in seen
        os.write(leader, word.encode() + b"\n")
        while True:
            try:
                if not os.read(leader, 1 << 16):
                    break
            except OSError:
                break
        assert process.wait(120) == code
        os.close(leader)
    assert len(branches(repository)) == 1


def test_candidates_that_cannot_be_judged_are_named(person, prices):
    def says(*words):
        result = person.run(prices, *words)
        assert result.code in (1, 2) and branches(prices) == [], result
        return result.json["reason"]
    assert "--candidate: there is no commit 'nowhere'" in says("--candidate", "nowhere")
    assert "--candidate: 'main' is the base itself" in says("--candidate", "main")
    prices.git("commit", "-q", "--allow-empty", "-m", "empty")
    assert "has the same files as the base" in says("--candidate", "HEAD~")
    assert "more than 16" in says(*["--candidate", "HEAD"] * 17)
    assert person.call("approve", "r-0000").code == 1
    assert '"maybe" is not valid' in person.run(prices, "-c", "approve.mode=maybe").json["reason"]
    assert "no pattern" in person.run(prices, "-c", "approve.protected=/etc").json["reason"]
