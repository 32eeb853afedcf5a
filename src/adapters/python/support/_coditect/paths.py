"""Which files belong to the repository, by the names that code objects carry."""
import os

NAMES_MAX = 100000
FOREIGN_FOLDERS = frozenset(["site-packages", "dist-packages", ".tox", ".nox", ".eggs",
                             "node_modules", ".git"])


class Repository:
    """Paths below `root` (default: the working folder), told relative to it."""

    def __init__(self, root=None):
        self.root = root or os.getcwd()
        self._prefix = self.root.rstrip("/") + "/"
        self._known = {}

    def relative(self, filename):
        """The path relative to the repository, or None for what is not the repository's own."""
        try:
            return self._known[filename]
        except KeyError:
            pass
        path = self._resolve(filename)
        if len(self._known) < NAMES_MAX:
            self._known[filename] = path
        return path

    def _resolve(self, filename):
        if not filename or filename.startswith("<"):
            return None
        path = os.path.normpath(os.path.join(self.root, filename))
        if not path.startswith(self._prefix):
            path = os.path.realpath(path)
            if not path.startswith(self._prefix):
                return None
        path = path[len(self._prefix):]
        if FOREIGN_FOLDERS.intersection(path.split("/")):
            return None
        return path

    def holds_module(self, name):
        """True when the repository itself has a module or package of this top-level name."""
        seen = 0
        for folder, folders, files in os.walk(self.root):
            if name + ".py" in files or name in folders and os.path.isdir(
                    os.path.join(folder, name)) and _has_python(os.path.join(folder, name)):
                return True
            folders[:] = [f for f in folders if not f.startswith(".") and f not in FOREIGN_FOLDERS
                          and not os.path.exists(os.path.join(folder, f, "pyvenv.cfg"))]
            seen += len(files) + 1
            if seen > NAMES_MAX:
                return False
        return False


def _has_python(folder):
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False
