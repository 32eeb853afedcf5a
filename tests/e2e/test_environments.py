"""The person's own environment: interpreters, editable installs, and what must stay theirs."""

import subprocess

from conftest import PRICES, leftovers

SOURCE = {
    "pyproject.toml": """
        [project]
        name = "shop"
        version = "1.0"
        """,
    "src/shop/__init__.py": "",
    "src/shop/prices.py": PRICES["prices.py"],
    "tests/test_prices.py": PRICES["test_prices.py"].replace("from prices", "from shop.prices"),
    ".gitignore": "/.venv/\n",
}


def environment_at(folder):
    """A virtual environment with the system's pytest, made without a download; its packages."""
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--system-site-packages", "--without-pip",
                    folder], check=True)
    packages, = (folder / "lib").glob("python3*/site-packages")
    return packages


def editable(repository):
    """What `pip install -e .` leaves of a src-layout in the repository's own environment."""
    packages = environment_at(repository.path / ".venv")
    (packages / "__editable__.shop-1.0.pth").write_text("%s\n" % (repository.path / "src"))
    information = packages / "shop-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    (information / "RECORD").write_text("")


def test_an_uncommitted_fix_does_not_verify_what_is_committed(person, make):
    repository = make(SOURCE)
    editable(repository)
    mended = (repository.path / "src/shop/prices.py").read_text().replace("> 100", ">= 100")
    repository.write({"src/shop/prices.py": mended})
    outside = subprocess.run([repository.path / ".venv/bin/python", "-m", "pytest", "-q"],
                             cwd=repository.path, capture_output=True)
    assert outside.returncode == 0  # the person's copy is fine
    before = repository.snapshot()
    result = person.run(repository)
    assert result.code == 0, result
    report = result.json
    assert report["outcome"] == "verified"
    assert report["changes"][0]["files"] == ["src/shop/prices.py"]
    assert report["evidence"][-1]["command"].startswith(str(repository.path / ".venv/bin/python"))
    diff = repository.git("diff", "-U0", "main", report["branch"])
    assert "-    if quantity > 100:" in diff
    assert repository.snapshot() == before
    assert leftovers(person) == []


def test_an_uncommitted_bug_is_none_of_what_is_committed(person, make):
    repository = make({**SOURCE, "src/shop/prices.py": PRICES["prices.py"].replace("> 100",
                                                                                  ">= 100")})
    editable(repository)
    repository.write({"src/shop/prices.py": PRICES["prices.py"]})
    result = person.run(repository)
    assert (result.code, result.json["outcome"]) == (0, "nothing_to_do"), result


def test_an_active_environment_below_a_private_home_is_used(person, make):
    folder = person.home / "environments" / "shop"
    packages = environment_at(folder)
    (packages / "rates_of_the_shop.py").write_text("LIMIT = 100\n")
    repository = make({
        "prices.py": "import rates_of_the_shop\n\n\ndef is_large(quantity):\n"
                     "    return quantity > rates_of_the_shop.LIMIT\n",
        "test_prices.py": """
            from prices import is_large

            def test_at():
                assert is_large(100)

            def test_above():
                assert is_large(101)

            def test_below():
                assert not is_large(99)
            """}, name="home/work/shop")
    person.home.chmod(0o700)
    result = person.run(repository, env={"VIRTUAL_ENV": str(folder)})
    assert result.code == 0, result
    assert result.json["evidence"][-1]["command"].startswith(str(folder / "bin" / "python"))
    assert oct(person.home.stat().st_mode)[-3:] == "700"


def test_the_interpreter_behind_a_pyenv_shim_is_used(person, make, prices):
    root = person.home / ".pyenv"
    for version in ("3.11.8", "3.11.9"):
        environment_at(root / "versions" / version)
    shims = root / "shims"
    shims.mkdir()
    for name in ("python", "python3"):
        shim = shims / name
        shim.write_text("#!/bin/sh\necho the shim itself must not run >&2\nexit 3\n")
        shim.chmod(0o755)
    prices.write({".python-version": "3.11.8\n"})
    prices.commit("choose an interpreter")
    result = person.run(prices, env={"PYENV_ROOT": str(root),
                                     "PATH": "%s:/usr/bin:/bin" % shims})
    assert result.code == 0, result
    assert result.json["evidence"][-1]["command"].startswith(
        str(root / "versions" / "3.11.8" / "bin" / "python"))


SECRET = "canary-4711"


def test_secrets_are_not_visible_to_tests_and_named_variables_are(person, make):
    for name in (".ssh/id_ed25519", ".aws/credentials", ".netrc", ".config/gh/hosts.yml"):
        file = person.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(SECRET)
    repository = make({
        "prices.py": PRICES["prices.py"], "test_prices.py": PRICES["test_prices.py"],
        "test_canary.py": """
            import os
            import pathlib

            HOME = pathlib.Path(%r)
            SECRET = b"canary-" + b"4711"

            def test_environment():
                for process in pathlib.Path("/proc").glob("[0-9]*"):
                    try:
                        assert SECRET not in (process / "environ").read_bytes()
                    except PermissionError:
                        pass
                assert SECRET.decode() not in str(os.environ)

            def test_home():
                for folder in (HOME, pathlib.Path.home()):
                    for path in folder.rglob("*"):
                        try:
                            assert SECRET not in path.read_bytes()
                        except (IsADirectoryError, PermissionError):
                            pass

            def test_git_folder_is_not_writable():
                try:
                    (pathlib.Path(__file__).parent / ".git" / "config").write_text("x")
                except OSError:
                    return
                raise AssertionError("written")

            def test_a_variable_that_was_named():
                assert os.environ["DATABASE_URL"] == "sqlite://"
            """ % str(person.home)})
    environment = {name: SECRET for name in (
        "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK")}
    result = person.run(repository, "-c", "env.pass=DATABASE_URL",
                        env={**environment, "DATABASE_URL": "sqlite://"})
    assert result.code == 0, result
    passed = result.json["tests"]["passed"]
    assert len([name for name in passed if name.startswith("test_canary.py::")]) == 4, passed
