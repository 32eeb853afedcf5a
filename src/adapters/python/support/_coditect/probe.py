"""Tells the host what this interpreter is and whether pytest can be imported."""
import platform


def main(link, request):
    message = {"t": "probe", "python": platform.python_version(),
               "implementation": platform.python_implementation(), "pytest": "", "error": ""}
    try:
        import pytest

        message["pytest"] = pytest.__version__
    except ImportError as error:
        message["error"] = type(error).__name__ + ": " + str(error)[:500]
    link.send(message)
    return 0
