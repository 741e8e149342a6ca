"""Programs written against modelscan 0.8 run unchanged; all of them in one child, which tells each one's end."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections import OrderedDict

import pytest
from contract.callers import CALLERS
from contract.corpus import EVIL

RUN = """
import contextlib, io, json, sys, traceback
ends = {}
for name, program in json.load(sys.stdin).items():
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            main = type(sys)("__main__")
            sys.modules["__main__"] = main
            exec(compile(program, name, "exec"), main.__dict__)
        ends[name] = ""
    except BaseException:
        ends[name] = traceback.format_exc()
print(json.dumps(ends))
"""


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    folder = tmp_path_factory.mktemp("callers")
    (folder / "model.pkl").write_bytes(EVIL)
    (folder / "benign.pkl").write_bytes(pickle.dumps(OrderedDict(a=1)))
    (folder / "words.txt").write_bytes(b"some words")
    (folder / "noise.bin").write_bytes(b"\x01\x02" * 99)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        input=json.dumps(CALLERS),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CALLERS)
def test_it_runs_to_its_end(ends, name):
    assert not ends[name], ends[name]
