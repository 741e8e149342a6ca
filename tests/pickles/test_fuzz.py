"""A short run of `make fuzz`, and what longer ones found."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import modelscan

_spec = importlib.util.spec_from_file_location("pickle_fuzz", Path(__file__).with_name("fuzz.py"))
fuzz = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fuzz)


@pytest.mark.parametrize("seed", range(3))
def test_no_global_is_missed(seed):
    outcomes, missed = fuzz.run_block(seed)
    assert not missed
    assert outcomes["exact"] > fuzz.BLOCK * 0.9
    assert outcomes["died"] < 5


FOUND = {
    "pickle.py takes a line without its newline": b"cos\nsystem.",
    "pickle.py allows an empty name": b"\x80\x03cos\n\n.",
    "pickle.py imports before it looks for the mark of INST": b"iposix\nsystem\n.",
    "a computed name that only latin-1 decodes": b"U\x02\xc3\xa9U\x06system\x93.",
    "a straddling name that is not UTF-8 as a whole": b"\x80\x04\x95\x05\0\0\0\0\0\0\0(i\x8b\x8bos\nsystem\n.",
    "a frame longer than the file": b"\x80\x04\x95\xff\0\0\0\0\0\0\0cos\nsystem\n.",
    "a name behind an empty pickle": b"N.cos\nsystem\n.",
}


@pytest.mark.parametrize("data", FOUND.values(), ids=FOUND)
def test_counterexamples_stay_found(data):
    asked = fuzz.oracle([data])[0]
    assert fuzz.check(data, asked) != "MISSED"
    report = modelscan.scan(data)
    assert report.verdict == "UNSAFE", report


def test_source_code_is_text_and_still_honest():
    """An unpickler that is given a Python file asks for `mport os`; a scan says so, and that it is no model."""
    report = modelscan.scan(b"import os\nimport sys\n\nprint(os, sys)\n")
    assert report.imports == ("mport os.import sys",)
    assert (report.verdict, report.refused, report.findings) == ("INCONCLUSIVE", False, ())
    assert report.skips[0].reason == "text, not a model"
