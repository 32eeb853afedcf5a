"""Every state a git repository can be in, and disks and folders that cannot be written."""

import contextlib
import hashlib
import os
import pathlib
import subprocess

import pytest

from conftest import NOBODY, PRICES, Repository, leftovers

FINE = {"test_fine.py": "def test_fine():\n    assert True\n"}
GOAL = "make the tests pass"


def refused(person, folder, code, *words, **options):
    """The run ends at once with a sentence, and nothing is made."""
    result = person.call("run", GOAL, "--json", cwd=folder, timeout=60, **options)
    assert result.code == code, result
    assert result.json["outcome"] == "error" and result.json["run"] == ""
    assert result.err.count("\n") == 1 and result.err.startswith("coditect: ")
    for word in words:
        assert word in result.err and word in result.json["reason"], result
    assert leftovers(person) == []


def fingerprint(folder):
    """Every file of the work tree: name, mode, size, times that git looks at, content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".git" in path.relative_to(folder).parts[:1]:
            continue
        info = path.lstat()
        content = (os.readlink(path) if path.is_symlink() else
                   hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        found[str(path)] = (info.st_mode, info.st_size, info.st_mtime_ns, info.st_ino, content)
    return found


def own_files(repository):
    """What git keeps for the person: index, refs of theirs, reflogs, stash, configuration."""
    git = repository.path / ".git"
    if git.is_file():
        git = pathlib.Path(git.read_text().split(": ", 1)[1].strip())
    return {name: (git / name).read_bytes() if (git / name).exists() else None
            for name in ("index", "HEAD", "ORIG_HEAD", "MERGE_HEAD", "MERGE_MSG", "config",
                         "logs/HEAD", "logs/refs/stash", "refs/stash", "info/exclude")}


def test_what_is_no_repository_to_work_on_is_refused_with_the_next_step(person, make, tmp_path):
    plain, empty = tmp_path / "plain", tmp_path / "empty"
    plain.mkdir()
    empty.mkdir()
    subprocess.run(["git", "init", "-q", empty], check=True)
    repository = make(FINE)
    subprocess.run(["git", "clone", "-q", "--bare", repository.path, tmp_path / "bare.git"],
                   check=True)
    refused(person, plain, 1, "is not in a git repository", "git init")
    refused(person, empty, 1, "has no commit yet", "git commit")
    refused(person, tmp_path / "bare.git", 1, "is a bare repository", "clone")
    refused(person, repository.path / ".git", 1, "inside a .git folder")
    broken = make(FINE, "broken")
    (broken.path / ".git" / "HEAD").write_text("nonsense\n")
    result = person.call("run", GOAL, cwd=broken.path)
    assert result.code == 1 and "coditect: " in result.err
    gone = person.call("run", GOAL, "-C", tmp_path / "gone")
    assert gone.code == 1 and "is no folder" in gone.err
    unknown = person.call("run", GOAL, "-C", repository.path, "--base", "mian")
    assert unknown.code == 2 and "did you mean 'main'?" in unknown.err
    assert person.runs() == []


def test_a_shallow_clone_at_an_odd_path_is_repaired(person, prices, tmp_path):
    prices.commit("second")
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/with space\nnew line \xe9 'quote'")
    subprocess.run(["git", "clone", "-q", "--depth", "1", "file://%s" % prices.path, odd], check=True)
    clone = Repository.__new__(Repository)
    clone.path = pathlib.Path(odd)
    before = (clone.snapshot(), fingerprint(clone.path))
    result = person.run(clone)
    assert result.code == 0, result
    assert "this is a shallow clone" in result.err and "new line" in result.err
    assert "\n" not in result.err.split("Base ")[1].split("\n")[0].replace("\\n", "")
    assert (clone.snapshot(), fingerprint(clone.path)) == before
    changed = clone.git("diff", "--name-only", "main", result.json["branch"]).split()
    assert changed == ["prices.py"]
    assert (clone.path / ".git" / "shallow").exists()
    listed = person.call("ps", "-a")
    assert listed.code == 0 and listed.out.count("\n") == 2  # names are escaped
    advised = subprocess.run(["bash", "-c", result.json["next"][0]], stdout=subprocess.PIPE, check=True)
    assert b"prices.py" in advised.stdout  # what is printed can be pasted
    assert leftovers(person) == []


def test_a_linked_worktree_in_the_middle_of_a_merge_is_left_as_it_is(person, make, tmp_path):
    library = make({"lib.py": "x = 1\n"}, "library")
    repository = make(PRICES)
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q",
                   str(library.path), "library")
    repository.write({"note.txt": "one\n"})
    repository.commit("note")
    repository.git("checkout", "-q", "-b", "other")
    repository.write({"note.txt": "two\n"})
    repository.commit("two")
    repository.git("checkout", "-q", "main")
    repository.write({"note.txt": "three\n"})
    repository.commit("three")
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "side")
    linked = Repository.__new__(Repository)
    linked.path = tmp_path / "linked"
    linked.git("merge", "other", check=False)
    state = lambda: (linked.git("status", "--porcelain=v2"), fingerprint(linked.path),
                     own_files(linked), repository.snapshot()[1:5], fingerprint(repository.path))
    before = state()
    assert "u UU" in before[0]
    result = person.run(linked)
    assert result.code == 0, result
    assert "a merge is under way here" in result.err and "submodule" not in result.err
    assert "Base side at " + linked.head()[:12] in result.err
    assert state() == before
    assert repository.git("rev-parse", result.json["branch"] + "^") == repository.git(
        "rev-parse", "side")
    assert leftovers(person) == []


def test_a_dirty_detached_tree_keeps_every_byte_and_no_hook_or_filter_runs(person, prices):
    marker = person.home / "ran"
    plant = "#!/bin/sh\ntouch %s\n" % marker
    hooks = prices.path / ".git" / "hooks"
    other = prices.path / "my-hooks"
    other.mkdir()
    for name in ("post-commit", "post-checkout", "pre-commit", "prepare-commit-msg", "commit-msg",
                 "reference-transaction", "post-index-change", "pre-merge-commit", "update",
                 "post-rewrite", "fsmonitor-watchman"):
        for folder in (hooks, other):
            (folder / name).write_text(plant)
            (folder / name).chmod(0o755)
    prices.write({"staged.txt": "staged\n", "kept.txt": "first\n", ".gitignore": "*.log\n"})
    prices.commit("more")
    prices.git("checkout", "-q", "--detach")
    prices.write({"stashed.txt": "stashed\n"})
    prices.git("add", "-A")
    prices.git("stash")
    prices.write({"staged.txt": "staged again\n"})
    prices.git("add", "staged.txt")
    prices.write({"kept.txt": "second\n", "untracked.txt": "mine\n", "ignored.log": "log\n"})
    # The person has mended it already, but not committed: it is the commit that counts.
    mended = (prices.path / "prices.py").read_text().replace("> 100", ">= 100")
    prices.write({"prices.py": mended})
    (prices.path / "link").symlink_to("kept.txt")
    marker.unlink(missing_ok=True)
    with open(prices.path / ".git" / "config", "a") as config:
        config.write("[core]\n\thooksPath = %s\n\tfsmonitor = %s\n" % (other, other / "update"))
        config.write("[filter \"evil\"]\n\tclean = touch %s; cat\n\tsmudge = touch %s; cat\n"
                     "\trequired = true\n[diff \"evil\"]\n\ttextconv = touch %s; cat\n"
                     "[merge \"evil\"]\n\tdriver = touch %s\n[gpg]\n\tprogram = touch\n"
                     "[commit]\n\tgpgsign = true\n" % ((marker,) * 4))
    (prices.path / ".git" / "info" / "attributes").write_text(
        "* filter=evil diff=evil merge=evil ident\n")
    before = (fingerprint(prices.path), own_files(prices))
    result = person.run(prices)
    assert result.code == 0, result
    shown = person.call("diff", "--last")
    assert shown.code == 0 and "+    if quantity >= 100:" in shown.out
    assert not marker.exists()
    assert (fingerprint(prices.path), own_files(prices)) == before
    assert "uncommitted changes are not part of the run" in result.err
    assert result.json["tests"]["failed"] == [] and len(result.json["changes"]) == 1
    assert leftovers(person) == []
    (prices.path / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n")
    assert prices.git("show", "--format=", "--name-only", result.json["branch"]).split() == [
        "prices.py"]


def test_a_huge_repository_is_no_obstacle(person, make):
    repository = make(FINE, "huge")
    blob = repository.git("hash-object", "-w", "test_fine.py").strip()
    lines = "".join("100644 %s\tdata/%03d/file-%05d.txt\n" % (blob, i % 200, i)
                    for i in range(5000))
    subprocess.run(["git", "update-index", "--index-info"], cwd=repository.path, input=lines,
                   text=True, check=True)
    repository.git("commit", "-q", "-m", "huge")  # the work tree lacks them: that is the person's
    result = person.run(repository)
    assert result.code == 0 and result.json["outcome"] == "nothing_to_do", result
    assert leftovers(person) == []


def give_to_nobody(repository):
    for path in (repository.path, *repository.path.rglob("*")):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def test_a_repository_of_somebody_else_is_refused(person, make, as_nobody):
    repository = make(FINE)
    refused(person, repository.path, 1, "belongs to another user",
            "git config --global --add safe.directory", **as_nobody)


def test_a_repository_that_cannot_be_written_is_refused_before_any_work(person, make, as_nobody):
    repository = make(PRICES)
    give_to_nobody(repository)
    objects = repository.path / ".git" / "objects"
    objects.chmod(0o555)
    refused(person, repository.path, 9, "cannot write %s" % objects, "check who owns", **as_nobody)
    objects.chmod(0o755)
    (repository.path / ".git" / "refs").chmod(0o555)
    refused(person, repository.path, 9, "cannot write %s/.git/refs" % repository.path, **as_nobody)


def test_a_state_folder_that_cannot_be_written_is_refused(person, make, as_nobody):
    repository = make(FINE)
    give_to_nobody(repository)
    person.state.chmod(0o555)
    refused(person, repository.path, 9, "cannot write the state folder", str(person.state),
            "set CODITECT_STATE_DIR", **as_nobody)
    for place, code in ((repository.path / "test_fine.py", 9), (pathlib.Path("/proc/x"), 9)):
        options = {**as_nobody, "env": {"CODITECT_STATE_DIR": str(place)}}
        result = person.call("run", GOAL, "--json", cwd=repository.path, **options)
        assert result.code in (1, code) and str(place) in result.err, result


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of `size`, or a skip with the reason."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + size, "coditect-test", folder],
                      capture_output=True).returncode != 0:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_refuses_new_work_and_recovers_when_there_is_space(person, make, tmp_path):
    repository = make(PRICES)
    with small_disk(tmp_path / "disk", "3m") as disk:
        person.state = disk / "state"
        person.environment["CODITECT_STATE_DIR"] = str(person.state)
        filler = disk / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        full = person.run(repository)
        assert full.code == 1 and full.json["outcome"] == "error", full
        assert "space" in full.err and "set CODITECT_STATE_DIR" in full.err
        os.truncate(filler, filler.stat().st_size - (1 << 20))  # a ledger, but no workspace
        little = person.run(repository)
        assert little.code == 1 and "MiB are free for" in little.err, little
        assert "free some space" in little.json["reason"]
        assert leftovers(person) == []
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=1g", disk], check=True)
        again = person.run(repository)
        assert again.code == 0 and again.json["outcome"] == "verified", again
        assert [run["status"] for run in person.runs()][0] == "verified"
        assert leftovers(person) == []


def test_a_branch_named_coditect_is_told_beforehand(person, make):
    repository = make(FINE)
    repository.git("branch", "coditect")
    result = person.run(repository)
    assert result.code == 0 and "a branch named coditect is in the way" in result.err
    assert "git branch -m coditect" in result.err
