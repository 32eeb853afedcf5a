"""Picks the tests a request names out of those that were collected."""
import re

FOLDED = re.compile(r"^(.*)\[#([0-9]+)\]$", re.DOTALL)


def function_of(name):
    """`file::Class::function` of a test id: what stands before its parameters."""
    start = name.find("::")
    bracket = name.find("[", start if start >= 0 else 0)
    return name if bracket < 0 else name[:bracket]


def select(names, wanted):
    """[(index into names, id to report)] in the order of `wanted`. `f[#k]` is the k-th test of the
    function f when no test has that very id; a file stands for its tests. What is not there is left
    out."""
    places = {}
    families = {}
    files = {}
    for index, name in enumerate(names):
        places.setdefault(name, index)
        families.setdefault(function_of(name), []).append(index)
        files.setdefault(name.split("::")[0], []).append(index)
    picked = []
    for name in wanted:
        index = places.get(name)
        if index is None and name in files and "::" not in name:
            picked += [(inner, names[inner]) for inner in files[name]]
            continue
        if index is None:
            folded = FOLDED.match(name)
            family = families.get(folded.group(1), []) if folded else []
            number = int(folded.group(2)) if folded else 0
            if not 1 <= number <= len(family):
                continue
            index = family[number - 1]
        picked.append((index, name))
    return picked
