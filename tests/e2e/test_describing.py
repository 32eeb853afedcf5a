"""completion and man: they come from the table that --help comes from."""

import os
import re
import shlex
import shutil
import subprocess

import pytest

from conftest import BINARY
from test_command_line import VERBS

BASH = """
source "$SCRIPT"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_coditect
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { :; }
_describe() { print -l -- $offered }
compadd() { shift; print -l -- "$@" }
_files() { print -l -- *(N) }
source "$SCRIPT"
words=("$@"); CURRENT=$#
_coditect
"""
FISH = """
source $SCRIPT
complete -C "$argv" | string replace -r '\\t.*' ''
"""


@pytest.fixture(params=["bash", "zsh", "fish"])
def complete(request, person):
    """complete("config", "g"): what the shell offers for the last word."""
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip("%s is not installed" % request.param)
    script = person.call("completion", request.param)
    assert script.code == 0 and script.err == "", script
    file = person.home / ("completion." + request.param)
    file.write_text(script.out)
    assert subprocess.run([shell, "-n", file]).returncode == 0
    folder = person.home / "bin"
    folder.mkdir()
    (folder / "coditect").symlink_to(BINARY)
    environment = {**person.environment, "SCRIPT": str(file),
                   "PATH": "%s:%s" % (folder, person.environment["PATH"])}

    def offered(*words, cwd=None):
        if request.param == "fish":
            command = [shell, "-N", "-c", FISH, shlex.join(("coditect",) + words[:-1]) + " " + words[-1]]
        else:
            code, quick = (BASH, "--norc") if request.param == "bash" else (ZSH, "-f")
            command = [shell, quick, "-c", code, "complete", "coditect", *words]
        done = subprocess.run(command, cwd=cwd or person.home, env=environment, text=True,
                              capture_output=True, timeout=60)
        assert done.stderr == "", done
        lines = [re.sub(r"(?<!\\):.*", "", line) for line in done.stdout.splitlines()
                 if line] if request.param == "zsh" else done.stdout.split()
        return {line for line in lines if line.startswith(words[-1])}
    return offered


def test_verbs_flags_and_choices_are_completed(complete):
    assert complete("") == set(VERBS)
    assert complete("sh") == {"show"}
    assert complete("config", "") == {"list", "get", "set", "validate"}
    assert complete("-C", "/", "config", "v") == {"validate"}
    assert complete("run", "--max") == {"--max-time"}
    assert {"--dry-run", "--last", "--json"} <= complete("undo", "--")
    assert "--emergency" not in complete("undo", "--")
    assert complete("run", "--sandbox", "") == {"auto", "process", "none"}
    assert complete("ps", "--output", "j") == {"json"}
    assert complete("completion", "") == {"bash", "zsh", "fish"}


def test_every_flag_of_every_verb_is_completed(complete, person):
    paths = [(verb,) for verb in VERBS if verb != "config"]
    paths += [("config", verb) for verb in ("list", "get", "set", "validate")]
    for path in paths:
        help_text = person.call(*path, "--help").out.split("As for every verb")[0]
        flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_text))
        assert flags <= complete(*path, "--"), path


def test_configuration_keys_are_completed(complete):
    assert complete("config", "get", "agent.t") == {"agent.timeout"}
    assert complete("--output", "json", "config", "get", "agent.t") == {"agent.timeout"}
    assert complete("config", "set", "agent.timeout", "agent.t") == set()


def test_runs_are_completed_wherever_one_is_named(complete, person, make):
    run = person.run(make({"test_fine.py": "def test_fine():\n    assert True\n"})).json["run"]
    for verb in ("show", "undo", "merge", "explain", "retry", "wait", "logs", "diff", "resume"):
        assert complete(verb, "r-") == {run}, verb
    assert complete("-q", "show", "r-") == {run}
    assert complete("show", run, "r-") == set()


def test_branches_are_completed_as_a_base(complete, make):
    repository = make({"test_fine.py": ""})
    repository.git("branch", "topic")
    assert complete("run", "--base", "", cwd=repository.path) == {"main", "topic"}


def test_an_equals_sign_before_the_value_is_understood_by_bash(person):
    script = person.home / "completion"
    script.write_text(person.call("completion", "bash").out)
    def offered(*words):
        return subprocess.run(["bash", "--norc", "-c", BASH, "complete", "coditect", *words],
                              env={**person.environment, "SCRIPT": str(script)}, text=True,
                              capture_output=True).stdout.split()
    assert offered("--output", "=", "j") == ["json"]
    assert offered("--output", "=") == ["text", "json"]
    assert offered("--output", "=", "json", "sho") == ["show"]


def test_a_shell_that_is_unknown_is_a_usage_error(person):
    for arguments in (["completion"], ["completion", "tcsh"]):
        result = person.call(*arguments)
        assert result.code == 2 and "shell" in result.err, result


def test_the_manual_page_holds_what_help_holds(person):
    page = person.call("man")
    assert page.code == 0 and page.err == "" and page.out.startswith(".TH CODITECT 1 "), page
    plain = page.out.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "").replace(
        "\\fI", "")
    for section in ("NAME", "SYNOPSIS", "VERBS", "OPTIONS", "EXIT STATUS", "FILES", "ENVIRONMENT"):
        assert ".SH %s\n" % section in page.out
    for verb in VERBS:
        assert re.search(r"^\.SS coditect %s\b" % verb, plain, re.M), verb
        for flag in re.findall(r"(?<![\w-])--[a-z-]+", person.call(verb, "--help").out):
            assert flag in plain, (verb, flag)
    for code in (0, 1, 2, 3, 6, 8, 9, 124, 130, 143):
        assert "\n.TP\n%d\n" % code in plain
    if shutil.which("groff") is None:
        return
    shown = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page.out, text=True,
                           capture_output=True, env={**os.environ, "GROFF_NO_SGR": "1"})
    assert shown.returncode == 0 and shown.stderr == "", shown.stderr
    assert "coditect config set key value" in re.sub(".\b", "", shown.stdout)
