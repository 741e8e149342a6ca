"""What every group of trusted names promises: whoever controls arguments and state gets nothing out of them.

Each name that can be imported here is made and given states in a child process that watches itself. Names of packages
that are not installed are counted and said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest

CHILD = Path(__file__).parent / "promising.py"
PER_PACKAGE = 400
"""Names of one package that are tried; of more, every so many."""
HEAVY = {"transformers", "torchvision", "lightning"}


def rows():
    for file in sorted((files("modelscan.rules") / "trusted").iterdir(), key=lambda file: file.name):
        package = file.name.removesuffix(".toml")
        found = []
        for group in tomllib.loads(file.read_text("utf-8")).values():
            for line in group["names"].splitlines():
                module, _, names = line.partition(": ")
                # Functions in the state of what calls its own methods are refused (test_states.py).
                use, state = group["use"], group.get("state", True) and not group.get("calls", False)
                found += [(package, f"{module}.{name}", module, name, use, state) for name in names.split(" ")]
        yield package, found[:: max(1, len(found) // PER_PACKAGE)]


def run(given, folder, crashes=3):
    """What the child saw. Compiled code that crashes on nonsense runs nothing of the file's: said, and left out."""
    done = subprocess.run(
        [sys.executable, str(CHILD)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "torch"},
    )
    if done.returncode < 0 and crashes:
        last = done.stderr.strip().splitlines()[-1]
        print("crashed:", last)
        return run([row for row in given if row[1] != last], folder, crashes - 1)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="a slow constructor is stopped by SIGALRM, which Windows lacks")
def test_trusted_names_keep_their_promise(tmp_path):
    given, absent = [], {}
    for package, found in rows():
        if package not in HEAVY and (package == "python" or find_spec(package) is not None):
            given += found
        else:
            absent[package] = len(found)
    print("not installed, so not tried:", absent)
    seen = run(given, tmp_path)
    print(seen["done"], "tried; not in this release:", len(seen["missing"]), "packages")
    assert seen["broken"] == {}
    assert seen["done"] > 200
    assert [*tmp_path.iterdir()] == []


def test_the_child_sees_harm(tmp_path):
    harmful = [
        ("x", "os.mkdir", "os", "mkdir", "call", True),
        ("x", "subprocess.Popen", "subprocess", "Popen", "call", True),
        ("x", "builtins.eval", "builtins", "eval", "call", True),
        ("x", "builtins.sorted", "functools", "reduce", "call", True),
    ]
    assert {"os.mkdir", "subprocess.Popen"} <= run(harmful, tmp_path)["broken"].keys()
