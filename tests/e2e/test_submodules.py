"""Submodules and git-lfs: what is here is there for the tests, and stays as it is in the result."""

import os
import subprocess

import pytest

from conftest import leftovers, verified

SHOP = {
    "shop.py": """
        import os
        import sys

        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "libs", "prices"))
        from prices_of_everything import LIMIT

        def is_cheap(price):
            return price < LIMIT
        """,
    "test_shop.py": """
        from shop import is_cheap

        def test_limit():
            assert is_cheap(10)

        def test_more():
            assert not is_cheap(11)
        """,
}
ALLOW = ("-c", "protocol.file.allow=always")


@pytest.fixture
def library(make):
    return make({"prices_of_everything.py": "LIMIT = 10\n"}, name="library")


@pytest.fixture
def shop(make, library):
    repository = make(SHOP, name="shop")
    repository.git(*ALLOW, "submodule", "add", "-q", str(library.path), "libs/prices")
    repository.commit("with a submodule")
    return repository


def modes(repository, revision):
    """Gitlinks and pointers of a commit: mode, id and path of what must stay."""
    return [line for line in repository.git("ls-tree", "-r", revision).splitlines()
            if line.startswith("160000") or ".bin" in line or ".gitmodules" in line]


def test_a_submodules_files_are_there_and_its_link_stays(person, shop):
    (shop.path / ".git/modules/libs/prices/hooks").mkdir(exist_ok=True)
    hook = shop.path / ".git/modules/libs/prices/hooks/post-checkout"
    hook.write_text("#!/bin/sh\ntouch %s/hooked\n" % person.home)
    hook.chmod(0o755)
    report = verified(person, shop)
    assert report["changes"][0]["files"] == ["shop.py"]
    assert modes(shop, report["branch"]) == modes(shop, "main")
    assert not (person.home / "hooked").exists()


def test_a_submodule_that_was_never_fetched_is_named(person, shop, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(shop.path), str(clone)], check=True)
    result = person.call("run", "make the tests pass", cwd=clone)
    assert result.code != 0
    assert "git submodule update --init --recursive libs/prices" in result.err, result
    rows = person.call("doctor", "--json", cwd=clone).json["checks"]
    assert any("libs/prices" in row["detail"] for row in rows if row["name"] == "note")


def test_a_bug_in_a_submodule_is_not_mended_from_outside(person, make):
    library = make({"prices_of_everything.py": """
        LIMIT = 10

        def cheap(price):
            if price < LIMIT:
                return True
            return False
        """}, name="library")
    repository = make({**SHOP, "shop.py": SHOP["shop.py"].replace(
        "import LIMIT", "import cheap as is_cheap").split("def is_cheap")[0]}, name="shop")
    repository.git(*ALLOW, "submodule", "add", "-q", str(library.path), "libs/prices")
    repository.commit("with a submodule")
    before = repository.snapshot()
    result = person.run(repository)
    assert result.code == 3, result
    assert result.json["branch"] == ""
    assert any("code of the submodule libs/prices, which coditect does not change" in search
               for search in result.json["tried"]), result.json["tried"]
    assert repository.snapshot() == before
    assert leftovers(person) == []


def lfs(repository, *arguments):
    subprocess.run(["git", "lfs", *arguments], cwd=repository.path, check=True, capture_output=True,
                   env={**os.environ, "HOME": str(repository.path.parent / "home")})


def test_lfs_objects_are_there_and_pointers_stay(person, make, tmp_path):
    repository = make({})
    lfs(repository, "install", "--local")
    lfs(repository, "track", "*.bin")
    repository.write({"shop.py": """
        import pathlib

        LIMIT = int((pathlib.Path(__file__).parent / "limit.bin").read_text())

        def is_cheap(price):
            return price < LIMIT
        """, "test_shop.py": SHOP["test_shop.py"]})
    (repository.path / "limit.bin").write_text("10\n")
    repository.commit("with an object")
    assert "oid sha256" in repository.git("cat-file", "blob", "HEAD:limit.bin")
    report = verified(person, repository)
    assert modes(repository, report["branch"]) == modes(repository, "main")

    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(repository.path), str(clone)], check=True,
                   env={**os.environ, "GIT_LFS_SKIP_SMUDGE": "1"})
    result = person.call("run", "make the tests pass", cwd=clone)
    assert result.code != 0 and "limit.bin is not here" in result.err, result
    assert "`git lfs pull`" in result.err
