"""First on PYTHONPATH of a followed command: reports this process, then steps out of the way."""
import os
import sys


def _next_sitecustomize(own):
    """The module this one hides is run in its place."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != own]
    sys.path_importer_cache.pop(own, None)
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


def _install():
    own = os.path.dirname(os.path.abspath(__file__))
    folder = os.environ.get("CODITECT_FOLLOW")
    if folder and os.path.isdir(folder):
        sys.path.insert(0, os.path.dirname(own))
        try:
            from _coditect import follow
        finally:
            sys.path.remove(os.path.dirname(own))
        follow.install(folder)
    _next_sitecustomize(own)


if sys.version_info >= (3, 6):
    _install()
