"""Objects whose state or items hide a method that the unpickler calls: live without a scan, refused with one."""

from __future__ import annotations

import subprocess
import sys

import pytest
from samples import call, global_, text

import modelscan

NAMED = global_("types", "SimpleNamespace") + b")\x81"
MAKE = "shelf_of_ours"
"""A module that no list knows, with a function that makes the folder it is given."""


def chains(marker):
    """Each calls `make(marker)` by another way than a call."""
    make, folder = global_(MAKE, "make"), text(str(marker))
    return {
        "a second state": NAMED + b"}" + text("__setstate__") + make + b"sb" + folder + b"b",
        "an item": NAMED + b"}" + text("append") + make + b"sb" + folder + b"a",
        "items of a set": NAMED + b"}" + text("add") + make + b"sb(" + folder + b"\x90",
        "a state of a class unknown": global_(MAKE, "Shelf")
        + b")\x81}"
        + text("__setstate__")
        + make
        + b"sb"
        + folder
        + b"b",
        "a mapping of attributes": global_(MAKE, "Mapping")
        + b")\x81"
        + text("__setstate__")
        + make
        + b"s"
        + folder
        + b"b",
        "partial": call(global_("functools", "partial"), make, folder) + b"(tR",
    }


SOURCE = """
import os
def make(folder, *rest):
    os.mkdir(folder)
class Shelf: pass
class Mapping(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hooks")
    (folder / f"{MAKE}.py").write_text(SOURCE)
    markers = {name: folder / f"marker{number}" for number, name in enumerate(chains(folder))}
    for name, marker in markers.items():
        (folder / f"{marker.name}.pkl").write_bytes(chains(marker)[name] + b".")
    code = "import pickle, sys, glob\nfor path in glob.glob('*.pkl'):\n try: pickle.load(open(path, 'rb'))\n except Exception as error: print(error)"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=60)
    return markers


@pytest.mark.parametrize("name", chains("x"))
def test_a_hidden_method_is_live_and_refused(made, name):
    assert made[name].is_dir(), "the payload does nothing, so refusing it shows nothing"
    report = modelscan.scan(made[name].parent / f"{made[name].name}.pkl")
    assert (report.verdict, report.refused) == ("UNSAFE", True)


@pytest.mark.parametrize("function", ["numpy.mean", "sklearn.metrics.accuracy_score"])
def test_a_function_kept_as_a_setting_is_not_called(function):
    module, _, name = function.rpartition(".")
    rebuilt = call(
        global_("torch._tensor", "_rebuild_from_type_v2"),
        global_(module, name),
        global_("torch", "Tensor"),
        b"(t",
        b"N",
    )
    assert modelscan.scan(rebuilt + b".").refused


def test_text_that_a_state_runs_is_compared_with_what_the_library_writes():
    cls = global_("scipy.stats._continuous_distns", "norm_gen") + b")\x81}" + text("_parse_arg_template")
    assert modelscan.scan(cls + text("import os") + b"sb.").refused
    assert modelscan.scan(cls + b"C\x09import os" + b"sb.").refused
    template = (
        "\ndef _parse_args(self, a,  loc=0, scale=1):\n    return (a, ), loc, scale\n\n"
        "def _parse_args_rvs(self, a,  loc=0, scale=1, size=None):\n    return self._argcheck_rvs(a,  loc, scale, size=size)\n\n"
        "def _parse_args_stats(self, a,  loc=0, scale=1, moments='mv'):\n    return (a, ), loc, scale, moments\n"
    )
    assert modelscan.scan(cls + text(template) + b"sb.").verdict in ("SAFE", "UNVERIFIED")
