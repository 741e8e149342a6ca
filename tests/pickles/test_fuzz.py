"""A short run of `make fuzz`, what longer ones found, and whether it would find a scanner that is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest
from fuzz import blocks
from samples import proto, text

import modelscan
from modelscan.pickles import handlers, leaves, machine, memo
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.memo import Memo
from modelscan.pickles.opcodes import Op


@pytest.mark.parametrize("seed", range(4))
def test_no_global_is_missed(seed):
    outcome = blocks.run(seed)
    assert not outcome.missed
    assert outcome.counts["exact"] > blocks.BLOCK * 0.9
    assert outcome.survived[sys.executable] > blocks.BLOCK - 5


@pytest.fixture(scope="module")
def answered():
    """The cases of a seed and what the unpickler says of them."""
    generator = blocks.Generator(1)
    cases = [generator.case() for _ in range(blocks.BLOCK)]
    return list(zip(cases, (asked for asked, _ in blocks.oracle(cases)), strict=True))


def wrong(state, pos, code):
    return pos + 1


def _lost(*args, **kwargs):
    return None


def _next_one(self, index, at, real=Memo.get):
    return real(self, index + 1, at)


def _any_order(data, value, end, real=leaves.string):
    found = real(data, value, end)
    return found[::-1] if found else found


def _with(table, place, value):
    return [*table[:place], value, *table[place + 1 :]]


MUTANTS = {
    "POP does nothing": lambda m: m.setitem(handlers.HANDLERS, Op.POP, wrong),
    "DUP does nothing": lambda m: m.setitem(handlers.HANDLERS, Op.DUP, wrong),
    "POP_MARK does nothing": lambda m: m.setitem(handlers.HANDLERS, Op.POP_MARK, wrong),
    "no STACK_GLOBAL": lambda m: m.setitem(handlers.HANDLERS, Op.STACK_GLOBAL, wrong),
    "no INST": lambda m: m.delitem(handlers.HANDLERS, Op.INST),
    "no EXT1": lambda m: m.setitem(handlers.HANDLERS, Op.EXT1, lambda state, pos, code: wrong(state, pos + 1, code)),
    "a memo that is one off": lambda m: m.setattr(memo.Memo, "get", _next_one),
    "strings backwards": lambda m: m.setattr(leaves, "string", _any_order),
    "calls that are not told": lambda m: m.setattr(Ledger, "act", _lost),
    "writes that are not told": lambda m: m.setattr(handlers.State, "filled", _lost),
    "BININT2 is one byte long": lambda m: m.setattr(machine, "_WIDTHS", _with(machine._WIDTHS, Op.BININT2, 1)),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_fuzz_finds_a_scanner_that_is_wrong(mutant, answered, monkeypatch):
    MUTANTS[mutant](monkeypatch)
    with blocks.eager():
        assert any(blocks.check(case, asked).startswith("MISSED") for case, asked in answered)


FOUND = {
    "pickle.py takes a line without its newline": b"cos\nsystem.",
    "pickle.py allows an empty name": b"\x80\x03cos\n\n.",
    "pickle.py imports before it looks for the mark of INST": b"iposix\nsystem\n.",
    "a computed name that only latin-1 decodes": b"U\x02\xc3\xa9U\x06system\x93.",
    "a straddling name that is not UTF-8 as a whole": b"\x80\x04\x95\x05\0\0\0\0\0\0\0(i\x8b\x8bos\nsystem\n.",
    "a frame longer than the file": b"\x80\x04\x95\xff\0\0\0\0\0\0\0cos\nsystem\n.",
    "a name behind an empty pickle": b"N.cos\nsystem\n.",
    "nothing appended to an import, which pickle.py does": b"\x80\x04cm\nn\n(e.",
    "an extension in front of a pickle of plain data": b"N(\x82\x01)\x81.\x80\x02]q\0.\x9dq>\xc4",
}


@pytest.mark.parametrize("data", FOUND.values(), ids=FOUND)
def test_counterexamples_stay_found(data):
    ((asked, _),) = blocks.oracle([data])
    assert asked
    assert not blocks.check(data, asked).startswith("MISSED")
    report = modelscan.scan(data)
    assert report.verdict == "UNSAFE", report


def test_a_call_whose_name_the_end_of_the_data_cuts_off_is_a_call():
    """pickle.py, and so joblib, calls `nd.e` before it notices that there is no more."""
    data = b"(S'x'\nind\ne."
    ((asked, _),) = blocks.oracle([data])
    assert asked == {("nd", "e"): True}
    assert blocks.check(data, asked) == "exact"
    assert modelscan.scan(data).verdict == "UNSAFE"


ODD = {
    "whole": b"ca b\nx\n.",
    "broken": b"ca b\nx\n",
    "announced": proto() + text("a b") + text("x") + b"\x93.",
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_a_module_whose_name_is_no_identifier_is_imported_all_the_same(data, tmp_path):
    """A file may have any name, and a stream any module."""
    (tmp_path / "a b.py").write_text("import os\nos.mkdir('marker')\nx = 1\n")
    (tmp_path / "m.pkl").write_bytes(data)
    load = "import pickle, sys; sys.path.insert(0, ''); pickle.load(open('m.pkl', 'rb'))"
    subprocess.run([sys.executable, "-c", load], cwd=tmp_path, capture_output=True, check=False)
    assert (tmp_path / "marker").is_dir()
    assert modelscan.scan(data).verdict != "SAFE"
    (tmp_path / "marker").rmdir()
    guarded = "import modelscan; modelscan.guard.install(); " + load
    done = subprocess.run([sys.executable, "-c", guarded], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "UnsafeModelError" in done.stderr
    assert not (tmp_path / "marker").exists()


def test_source_code_is_text_and_still_honest():
    """An unpickler that is given a Python file asks for `mport os`; a scan says so, and that it is no model."""
    report = modelscan.scan(b"import os\nimport sys\n\nprint(os, sys)\n")
    assert report.imports == ("mport os.import sys",)
    assert (report.verdict, report.refused, report.findings) == ("INCONCLUSIVE", False, ())
    assert report.skips[0].reason == "text, not a model"
