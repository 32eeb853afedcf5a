"""Projects of Poetry, uv and tox, made by these tools: their environment is found and used."""

import os
import pathlib
import subprocess

import pytest

TOOLS = ("uv==0.5.11", "poetry==1.8.5", "tox==4.23.2")

# The package is in the environment alone; its constant is right, the comparison is not.
PROJECT = {
    "shop.py": """
        from price_list import LIMIT

        def is_cheap(price):
            return price < LIMIT
        """,
    "test_shop.py": """
        import unittest

        from shop import is_cheap

        class Cheap(unittest.TestCase):
            def test_limit(self):
                self.assertTrue(is_cheap(10))

            def test_more(self):
                self.assertFalse(is_cheap(11))
        """,
    ".gitignore": ".venv/\n.tox/\n*.egg-info/\n",
}
PYPROJECT = """
    [project]
    name = "shop"
    version = "1.0"
    requires-python = ">=3.8"
    """


@pytest.fixture(scope="session")
def tools(tmp_path_factory):
    """The tools in an environment of their own; every worker of the tests makes one."""
    folder = tmp_path_factory.mktemp("tools")
    subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "-q", "--disable-pip-version-check", *TOOLS],
                   check=True, timeout=600)
    return folder / "bin"


def call(person, tool, *arguments, cwd):
    environment = {**person.environment, "UV_PYTHON": "/usr/bin/python3", "UV_OFFLINE": "1",
                   "PATH": "%s:%s" % (tool.parent, person.environment["PATH"])}
    subprocess.run([tool, *arguments], cwd=cwd, env=environment, check=True, capture_output=True,
                   timeout=300)


def add_dependency(prefix):
    """What the manager would have installed of the registry."""
    site, = pathlib.Path(prefix).glob("lib/python*/site-packages")
    (site / "price_list.py").write_text("LIMIT = 10\n")


def uses(person, repository, origin, prefix):
    """A run that is verified with that interpreter; doctor tells where it is from."""
    result = person.run(repository)
    assert result.code == 0 and result.json["outcome"] == "verified", result
    assert result.json["evidence"][-1]["command"].startswith(str(prefix) + "/bin/python"), result
    rows = person.call("doctor", "--json", cwd=repository.path).json["checks"]
    environment = [r for r in rows if (r["group"], r["name"]) == ("repository", "environment")]
    assert environment[-1]["detail"].endswith(", from " + origin), environment


def missing(person, repository, command):
    result = person.call("run", "make the tests pass", cwd=repository.path)
    assert result.code != 0 and "`%s` creates it" % command in result.err, result


def test_poetrys_cached_environment(person, make, tools):
    repository = make({**PROJECT, "pyproject.toml": """
        [tool.poetry]
        name = "shop"
        version = "1.0"
        description = ""
        authors = []
        package-mode = false
        [tool.poetry.dependencies]
        python = ">=3.8"
        """})
    missing(person, repository, "poetry install")
    call(person, tools / "poetry", "install", "--no-interaction", cwd=repository.path)
    prefix, = (person.home / ".cache/pypoetry/virtualenvs").glob("*-py3*")
    add_dependency(prefix)
    uses(person, repository, "Poetry", prefix)


def test_uvs_environment(person, make, tools):
    repository = make({**PROJECT, "pyproject.toml": PYPROJECT})
    call(person, tools / "uv", "lock", cwd=repository.path)
    repository.commit("lock")
    missing(person, repository, "uv sync")
    call(person, tools / "uv", "sync", cwd=repository.path)
    add_dependency(repository.path / ".venv")
    uses(person, repository, ".venv", repository.path / ".venv")


def test_toxs_environment(person, make, tools):
    repository = make({**PROJECT, "tox.ini": """
        [tox]
        envlist = lint, py3
        skipsdist = true
        [testenv]
        skip_install = true
        commands = python -m unittest
        """})
    call(person, tools / "tox", "run", "--notest", "-e", "py3", cwd=repository.path)
    add_dependency(repository.path / ".tox/py3")
    uses(person, repository, "tox py3", repository.path / ".tox/py3")


def test_condas_environment_by_its_layout(person, make):
    repository = make({**PROJECT, "environment.yml": "name: shop\ndependencies: [python]\n"})
    missing(person, repository, "conda env create -f environment.yml")
    prefix = person.home / "miniconda3/envs/shop"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", prefix], check=True)
    (prefix / "conda-meta").mkdir()
    add_dependency(prefix)
    uses(person, repository, "conda shop", prefix)
