"""Repositories that are a Python package and a C library at once: both suites count."""

from conftest import PRICES, verified
from test_native import CMAKE, LIBRARY, MENDED

BINDING = """
    import ctypes
    import pathlib

    LIBRARY = ctypes.CDLL(str(pathlib.Path(__file__).parent / "build" / "librange.so"))

    def clamp(value, low, high):
        return LIBRARY.clamp(value, low, high)
    """
MIXED = {
    **LIBRARY, **PRICES, "binding.py": BINDING,
    "CMakeLists.txt": CMAKE["CMakeLists.txt"].replace("add_library(range", "add_library(range SHARED"),
    "pyproject.toml": "[project]\nname = \"range\"\nversion = \"1.0\"\n",
    "test_binding.py": """
        from binding import clamp

        def test_low():
            assert clamp(-5, 0, 9) == 0
        """,
    ".gitignore": "/build/\n",
}
PYTHON = ["test_binding.py::test_low"] + [
    "test_prices.py::test_" + name for name in ("a_hundred", "below_a_hundred", "more", "none", "some")]


def test_bugs_in_both_languages_are_mended_and_proven_by_both_suites(person, make):
    repository = make(MIXED)
    # The person's own build is old: the Python tests load what was built of the base.
    repository.write({"build/librange.so": "an old build\n", "build/CMakeCache.txt": "old\n"})
    report = verified(person, repository)
    assert sorted(report["tests"]["passed"]) == sorted(["ctest:clamp", "ctest:width"] + PYTHON)
    changed = repository.git("diff", "--name-only", "main", report["branch"]).split()
    assert changed == ["prices.py", "src/range.c"]
    assert MENDED in repository.git("show", report["branch"] + ":src/range.c")
    command = report["evidence"][-1]["command"]
    assert "ctest" in command and "pytest" in command
    assert (repository.path / "build/librange.so").read_text() == "an old build\n"
