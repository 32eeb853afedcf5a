"""Somebody without privileges: the whole journey, and what the sandbox says that it holds by."""

import os

import pytest

from conftest import NOBODY, leftovers
from test_native import CMAKE, LIBRARY, MENDED


def give(repository):
    """The repository becomes the ordinary user's."""
    for folder, names, files in os.walk(repository.path):
        for name in [".", *names, *files]:
            os.chown(os.path.join(folder, name), NOBODY, NOBODY, follow_symlinks=False)
    return repository


def test_doctor_says_which_layers_hold(person, as_nobody):
    result = person.call("doctor", "--json", **as_nobody)
    assert result.code in (0, 1), result
    said = [check["detail"] for check in result.json["checks"] if check["group"] == "sandbox"]
    held = next(text for text in said if "holds: " in text)
    for layer in ("user namespace", "mount, pid, network, ipc, uts and cgroup namespaces",
                  "seccomp", "no capabilities", "rlimits"):
        assert layer in held
    assert "landlock" in " ".join(said)  # with its version, or that the kernel has none
    for controller in ("pids", "memory", "cpu"):
        assert ("cgroup " + controller in held) != any(
            text.startswith("cgroup %s: no writable group" % controller) for text in said), said


def test_the_demo_works(person, as_nobody):
    result = person.call("demo", **as_nobody)
    assert result.code == 0, result
    assert leftovers(person) == []


@pytest.mark.parametrize("kind", ["python", "c"])
def test_a_bug_is_mended_and_the_sandbox_says_what_it_does_without(person, prices, make, as_nobody,
                                                                    kind):
    repository = give(prices if kind == "python" else make({**LIBRARY, **CMAKE}, "library"))
    result = person.run(repository, **as_nobody)
    assert result.code == 0, result
    changed = repository.git("-c", "safe.directory=*", "diff", "main", result.json["branch"])
    assert ("+    if quantity >= 100:" if kind == "python" else MENDED) in changed
    without = [line for line in result.err.splitlines() if "the sandbox does without" in line]
    if without:  # where no control group is delegated to an ordinary user
        assert "cgroup memory" in without[0] and "user namespace" in without[0]
    assert leftovers(person) == []
