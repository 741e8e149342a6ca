"""Inputs made to be slow that once were: without the cures these tests would run for minutes to days."""

from __future__ import annotations

import pytest
from samples import global_, proto, text

import modelscan


def test_a_name_of_thousands_of_parts():
    data = proto() + global_("m", "a." * 2000 + "_os.system") + b"."
    assert [finding.operator for finding in modelscan.scan(data).findings] == [f"m.{'a.' * 2000}_os.system"]


def test_attributes_of_attributes_end_at_a_budget():
    named = proto() + global_("builtins", "getattr") + b"q\0" + global_("m", "C") + b"q\1" + text("x") + b"q\2"
    report = modelscan.scan(named + b"h\0h\1h\2\x86Rq\1" * 4_000 + b".")
    assert report.refused
    assert [failure.code for failure in report.failures] == ["limit"]


def test_long_names_used_again_and_again_are_decoded_once():
    name = b"X" + (4000).to_bytes(4, "little") + b"n" * 4000
    report = modelscan.scan(proto() + name + b"\x94" + name + b"\x94" + b"h\0h\1\x93" * 50_000 + b".")
    assert report.imports == (f"{'n' * 4000}.{'n' * 4000}",)


@pytest.mark.parametrize("filling", [b"c" * 2_000_000, b"ca." * 500_000], ids=["a run", "a dotted run"])
def test_letters_behind_a_pickle_are_looked_at_once(filling):
    report = modelscan.scan(proto() + b"N.\xff" + filling + b"\n\ncos\nsystem\n)R.")
    assert "os.system" in report.imports


BEHIND = {
    "directly behind a dot": b".cos\nsystem\n)R.",
    "inside of a line": b"\xffcxcos\nsystem\n)R.",
    "where a text seems to begin": b"\xff\x8c\x05xcos\nsystem\n)R.",
    "behind a line that is none": b"\xff\ncos\ncnt\ncos\nsystem\n)R.",
}


@pytest.mark.parametrize("tail", BEHIND.values(), ids=BEHIND)
def test_names_behind_a_pickle_are_found(tail):
    report = modelscan.scan(proto() + b"N." + tail)
    assert "os.system" in report.imports
    assert report.verdict == "UNSAFE"


def code_in_code(depth: int) -> bytes:
    """Each function has the one before twice among its constants: all of it would unfold without end."""
    made = proto() + global_("types", "CodeType") + b"\x94" + b"N\x94"
    inner = b"h\1"
    for at in range(2, depth):
        made += b"h\0(" + b"K\0" * 6 + b"C\0(" + inner * 8 + b"t))" + text("f") * 2 + b"K\0C\0C\0))tR\x94"
        inner = b"h" + bytes([at])
    return made + b"."


ARRAY = (
    proto()
    + global_("joblib.numpy_pickle", "NumpyArrayWrapper")
    + b"\x940"
    + text("shape")
    + b"\x940"
    + text("dtype")
    + b"\x940cnumpy\ndtype\n"
    + text("f8")
    + b"\x89\x88\x87R\x940"
)
DENSE = {
    "names": proto() + b"".join(b"cm%d\nn\n0" % n for n in range(6_000)) + b"N.",
    "attributes": proto()
    + global_("builtins", "getattr")
    + b"q\0"
    + global_("m", "C")
    + b"q\1"
    + b"".join(b"h\0h\1" + text(f"x{n}") + b"\x86R0" for n in range(6_000))
    + b".",
    "states": proto() + b"cm\nC\n)\x81" + b"}b" * 3_000 + b".",
    "arrays": ARRAY + b"h\0)\x81}(h\1K\0\x85h\2h\3ub0" * 8_000 + b"N.",
    "loads": proto() + b"cpickle\nloads\nq\0" + b"h\0C\x08\x80\4cm\nn\n.\x85R0" * 4_000 + b"N.",
    "calls of results": proto() + b"cm\nf\n)R" + b")R" * 6_000 + b".",
    "functions": proto() + b"ctypes\nCodeType\nq\0" + b"h\0(K\0K\0K\0K\0C\0)))tR0" * 2_000 + b"N.",
    "names of pickles": b"".join(b"cm%d\nn\n." % n for n in range(8_000)),
}


@pytest.mark.parametrize("data", DENSE.values(), ids=DENSE)
def test_what_asks_for_far_more_than_its_size_explains_is_not_read_to_the_end(data):
    report = modelscan.scan(data + b"cos\nsystem\n.")
    assert report.refused
    assert [(row.code, row.reason[-13:]) for row in report.failures] == [("limit", "(limit 'few')")], report.failures


@pytest.mark.parametrize("pickler", ["cloudpickle", "dill"])
def test_many_small_functions_are_explained_by_their_size(pickler):
    functions = [eval(f"lambda: {number}") for number in range(600)]
    report = modelscan.scan(pytest.importorskip(pickler).dumps(functions, protocol=5))
    assert report.failures == ()


def test_what_was_reached_before_a_budget_ended_it_is_told():
    report = modelscan.scan(proto() + b"cos\nsystem\n)R0" + DENSE["names"][2:])
    assert report.verdict == "UNSAFE"
    assert {"os.system", "m0.n", "m2000.n"} <= set(report.imports)


def test_what_was_told_of_calls_before_there_were_too_many_is_told():
    """They are told apart at the end of the stream, behind the names."""
    rows = b"".join(b"h\0)\x81cm%d\nn\nb0" % n for n in range(1_900))
    report = modelscan.scan(proto() + b"cm\nC\nq\0cos\nsystem\n)R0" + rows + b".")
    assert report.verdict == "UNSAFE"
    assert {"os.system", "m0.n", "m1899.n"} <= set(report.imports)
    assert [row.code for row in report.failures] == ["limit"]


def test_code_inside_of_code_is_taken_apart_as_far_as_a_budget_goes():
    report = modelscan.scan(code_in_code(200))
    assert report.verdict == "UNSAFE"
    assert not report.failures


def test_ordinary_files_of_many_names_arrays_and_states_meet_no_budget():
    described = b"h\0)\x81}(h\1K\0\x85h\2h\3" + text("order") + text("C") + text("mmap") + b"\x88ub0"
    for data in (
        proto() + b"](" + b"".join(global_(f"package.module{n % 40}", f"Class{n}") for n in range(1_900)) + b"e.",
        ARRAY + described * 9_000 + b"N.",
        proto() + b"cm\nC\n\x94](" + b"h\0)\x81}(" + text("x") + b"K\1ub" + b"h\0)\x81}b" * 9_000 + b"e.",
    ):
        assert not modelscan.scan(data).failures
