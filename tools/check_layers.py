#!/usr/bin/env python3
"""Fails when a file includes a component its own component may not use, or breaks a size rule.

The dependency rule of docs/architecture.md as data; the link tests catch what includes cannot show.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASE = {"base"}
DOMAIN = BASE | {"domain"}
PORTS = DOMAIN | {"ports"}
SUPPORT = PORTS | {"wire"}
LAYERS = {"orchestrator", "task_queue", "agent", "projections"}
ALLOWED = {
    "base": BASE,
    "domain": DOMAIN,
    "wire": DOMAIN | {"wire"},
    "ports": PORTS,
    "analysis": SUPPORT | {"analysis"},
    "security": SUPPORT | {"security"},
    "telemetry": SUPPORT | {"telemetry"},
    "repair": SUPPORT | {"analysis", "repair"},
    "adapters": SUPPORT | {"security", "telemetry"},
    "orchestrator": SUPPORT | {"orchestrator"},
    "task_queue": SUPPORT | {"task_queue", "telemetry"},
    "agent": SUPPORT | {"agent", "analysis", "repair", "telemetry"},
    "projections": SUPPORT | {"projections", "telemetry"},
}
COMPOSITION_ROOT = pathlib.Path("src/app/bootstrap.cpp")  # the only file that names adapters
APP_PARTS = {"app/config": SUPPORT}  # what a folder of app with a component of its own may use
LINE_MAX = 100
FILE_MAX = 600
FUNCTION_MAX = 70


def component(path):
    parts = path.parts
    if parts[0] != "src" or len(parts) < 3:
        return None, None
    own = "/".join(parts[1:3]) if parts[1] == "adapters" or len(parts) > 3 and parts[1] == "app" else parts[1]
    return parts[1], own


def include_errors(path, text):
    layer, own = component(path)
    if layer is None or path == COMPOSITION_ROOT:
        return
    allowed = APP_PARTS.get(own, set(ALLOWED) | {"app"}) if layer == "app" else ALLOWED[layer]
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#include "(src/[^"]+)"', line)
        if not match:
            continue
        used_layer, used = component(pathlib.Path(match[1]))
        if used_layer in allowed and used_layer != "adapters":
            continue
        if used == own:
            continue
        if path.name.endswith("_test.cpp") and (used_layer in allowed or used == "adapters/memory"):
            continue
        yield f"{path}:{number}: {own} may not include {used}"


def size_errors(path, lines):
    if len(lines) > FILE_MAX:
        yield f"{path}: {len(lines)} lines, more than {FILE_MAX}"
    start = None
    for number, line in enumerate(lines, 1):
        if len(line.rstrip("\n")) > LINE_MAX and "http" not in line:
            yield f"{path}:{number}: longer than {LINE_MAX} columns"
        if re.match(r"[A-Za-z].*\)( const)?( noexcept)? \{$", line.rstrip()) and not line.startswith("namespace"):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start - 1 > FUNCTION_MAX:
                yield f"{path}:{start}: function of {number - start - 1} lines, more than {FUNCTION_MAX}"
            start = None


def main():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cpp"], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout.split("\n")
    errors = []
    for name in filter(None, listed):
        path = pathlib.Path(name)
        if not (ROOT / path).is_file():
            continue
        text = (ROOT / path).read_text()
        lines = text.splitlines()
        if not text.startswith("//"):
            errors.append(f"{path}:1: a file opens with one sentence of purpose")
        errors.extend(include_errors(path, text))
        errors.extend(size_errors(path, lines))
    for folder in sorted({(ROOT / p).parent for p in filter(None, listed) if p.startswith("src/")}):
        if not (folder / "README.md").is_file():
            errors.append(f"{folder.relative_to(ROOT)}: has no README.md")
    print("\n".join(errors) if errors else "layers: ok")
    return 1 if errors else 0


sys.exit(main())
