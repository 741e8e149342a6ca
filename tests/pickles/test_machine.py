"""The machine: each way a pickle can ask for something, as facts."""

from __future__ import annotations

import collections
import datetime
import decimal
import io
import pickle

import pytest
from samples import call, global_, proto, stack_global, text

from modelscan.evidence import Kind
from modelscan.limits import Limits
from modelscan.pickles.ledger import Ledger
from modelscan.pickles.machine import Machine


def facts(data: bytes, read_arrays: bool = False, limits: Limits | None = None):
    limits = limits or Limits()
    ledger = Ledger(data, len(data), "sample", limits)
    walk = Machine(data, 0, len(data), ledger, limits, read_arrays).run()
    return walk, list(ledger.evidence())


def rows(data: bytes, kind: Kind) -> list[str]:
    return [fact.subject for fact in facts(data)[1] if fact.kind is kind]


def expressions(data: bytes) -> list[str]:
    return [fact.detail["expression"] for fact in facts(data)[1] if fact.kind is Kind.CALL]


RUN = global_("posix", "system")
X = text("x")

IMPORTS = {
    "GLOBAL": RUN + b".",
    "STACK_GLOBAL": proto() + stack_global("posix", "system") + b".",
    "operands through the memo": proto() + text("posix") + b"\x940" + text("system") + b"\x940h\x00h\x01\x93.",
    "operands through PUT and GET": b"Vposix\np7\n0Vsystem\np9\n0g7\ng9\n\x93.",
    "operands through DUP and POP": proto() + text("posix") + b"20" + text("system") + b"20\x93.",
    "a decoy popped": proto() + text("posix") + text("decoy") + b"0" + text("system") + b"\x93.",
    "escapes in UNICODE": b"Vp\\u006fsix\nVsystem\n\x93.",
    "escapes in STRING": b"S'p\\x6fsix'\nS'sys\\164em'\n\x93.",
    "BINSTRING names": b"U\x05posixU\x06system\x93.",
    "memo redefined": proto() + text("safe") + b"q\x000" + text("posix") + b"q\x000h\x00" + text("system") + b"\x93.",
    "MEMOIZE counts used slots": proto()
    + b"Nr\x05\x00\x00\x000"
    + text("posix")
    + b"\x940h\x01"
    + text("system")
    + b"\x93.",
    "INST": b"(S'x'\niposix\nsystem\n.",
    "behind a literal pickletools rejects": b"I0x10\n0" + RUN + b".",
    "behind an INT with a NUL": b"I1\x00junk\n0" + RUN + b".",
    "behind a LONG with a NUL": b"L1\x00junk\n0" + RUN + b".",
    "behind a FLOAT with a NUL": b"F1.0\x00x\n0" + RUN + b".",
    "without STOP": RUN,
    "before a bad opcode": RUN + b"\xff\xff.",
    "before an underflow": RUN + b"000R.",
    "before a length of 2**40": RUN + b"\x8e" + (1 << 40).to_bytes(8, "little"),
    "before a huge memo index": RUN + b"r\xff\xff\xff\x7f.",
    "inside a frame": proto() + b"\x95" + (len(RUN) + 1).to_bytes(8, "little") + RUN + b".",
}


@pytest.mark.parametrize("data", IMPORTS.values(), ids=IMPORTS)
def test_every_spelling_of_an_import_is_seen(data):
    assert "posix.system" in rows(data, Kind.IMPORT)


CALLS = {
    "REDUCE": RUN + X + b"\x85R.",
    "INST": b"(" + X + b"iposix\nsystem\n.",
    "OBJ": b"(" + RUN + X + b"o.",
    "popped": RUN + X + b"\x85R0N.",
    "popped with the mark": b"(" + RUN + X + b"\x85R1N.",
    "then BUILD": RUN + X + b"\x85R}b.",
}


@pytest.mark.parametrize("data", CALLS.values(), ids=CALLS)
def test_every_opcode_that_calls_is_a_call(data):
    assert "posix.system" in rows(data, Kind.CALL)
    assert "posix.system('x')" in expressions(data)


@pytest.mark.parametrize("tail", [b")\x81.", b")}\x92."], ids=["NEWOBJ", "NEWOBJ_EX"])
def test_making_an_instance_is_a_construction(tail):
    assert rows(global_("lib", "Cls") + tail, Kind.CONSTRUCT) == ["lib.Cls"]


def test_the_copyreg_functions_construct():
    data = (
        call(global_("copy_reg", "_reconstructor"), global_("lib", "Cls"), global_("__builtin__", "object"), b"N")
        + b"."
    )
    assert rows(data, Kind.CONSTRUCT) == ["lib.Cls"]
    assert rows(data, Kind.CALL) == []


def test_a_base_that_is_no_builtin_is_a_call():
    data = call(global_("copyreg", "_reconstructor"), global_("lib", "Cls"), global_("lib", "Base"), b"N") + b"."
    assert rows(data, Kind.CALL) == ["copyreg._reconstructor"]


def test_getattr_with_a_constant_is_the_attribute():
    data = call(global_("builtins", "getattr"), global_("lib", "Colour"), text("RED")) + b"."
    assert rows(data, Kind.ATTRIBUTE) == ["lib.Colour.RED"]
    assert rows(data, Kind.CALL) == []


def test_getattr_on_something_computed_is_a_call():
    inner = call(global_("lib", "make"))
    assert "builtins.getattr" in rows(call(global_("builtins", "getattr"), inner, text("x")) + b".", Kind.CALL)


WRITES = {
    "BUILD": global_("numpy", "size") + b"}b.",
    "SETITEM": global_("numpy", "__builtins__") + X + X + b"s.",
    "SETITEMS": global_("numpy", "__builtins__") + b"(" + X + X + b"u.",
    "APPEND": global_("sys", "path") + X + b"a.",
    "through the memo": global_("numpy", "size") + b"q\x010h\x01}b.",
    "through getattr": call(global_("builtins", "getattr"), global_("numpy", "x"), text("y")) + b"}b.",
}


@pytest.mark.parametrize("data", WRITES.values(), ids=WRITES)
def test_state_written_into_an_import_is_a_mutation(data):
    assert len(rows(data, Kind.MUTATE)) == 1


def test_calling_plain_data_is_followed_without_harm():
    inner = b"N)R"  # the unpickler fails here; the machine goes on
    walk, found = facts(call(global_("lib", "f"), inner) + b".")
    assert walk.broken is None
    assert [fact.subject for fact in found if fact.kind is Kind.CALL] == ["None", "lib.f"]


def test_nested_calls_are_shown_nested():
    inner = call(global_("base64", "b64decode"), text("aGk="))
    assert "builtins.exec(base64.b64decode('aGk='))" in expressions(call(global_("builtins", "exec"), inner) + b".")


def test_a_computed_name_is_an_anomaly():
    data = proto() + text("posix") + call(global_("builtins", "str"), text("system")) + b"\x93."
    assert "unresolved-global" in rows(data, Kind.ANOMALY)


def test_an_argument_over_the_end_of_its_frame_is_an_anomaly():
    """CPython #154848: a reader with the frame in a buffer of its own loses the first part of the argument."""
    inner = RUN + X + b"\x85R"
    data = proto() + b"\x95" + (3).to_bytes(8, "little") + b"B" + len(inner).to_bytes(4, "little") + inner + b"."
    assert rows(data, Kind.ANOMALY) == ["frame-straddle"]


def test_a_name_over_the_end_of_its_frame_is_an_anomaly():
    data = proto() + b"\x95" + (7).to_bytes(8, "little") + b"cnumpy.os\nsystem\n."
    assert "frame-straddle" in rows(data, Kind.ANOMALY)


def test_a_frame_that_goes_on_behind_its_pickle(tmp_path):
    """The next load by pickle.py begins behind the frame, and not where the pickle ends."""

    def framed(size: int, rest: bytes) -> bytes:
        return b"\x80\x04\x95" + size.to_bytes(8, "little") + b"N." + rest

    (tmp_path / "two.pkl").write_bytes(framed(4, b"C\x15" + b"K\x07." + b"." * 20))
    with (tmp_path / "two.pkl").open("rb") as file:
        assert [pickle._load(file), pickle._load(file)] == [None, 7]
    assert rows(framed(4, b"C\x15" + b"K\x07." + b"." * 20), Kind.ANOMALY) == ["frame-straddle"]
    assert rows(framed(2, b"K\x07."), Kind.ANOMALY) == []


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_ordinary_data_has_no_facts(protocol):
    data = pickle.dumps([{"a": 1, "b": [2.5, None, True, 10**30]}, ("x" * 70_000, b"y" * 300)], protocol)
    walk, found = facts(data)
    assert walk.broken is None
    assert walk.end == len(data)
    assert {fact.subject for fact in found} <= {"_codecs.encode"}  # how protocols 0 to 2 write bytes


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_names_agree_with_the_real_unpickler(protocol):
    """The C unpickler with stubs for whatever it asks for is the oracle."""
    value = [
        collections.OrderedDict(a=1),
        datetime.datetime(2020, 1, 1),
        decimal.Decimal("1.5"),
        {1, 2},
        frozenset({3}),
    ]
    data = pickle.dumps(value, protocol)
    assert {fact.subject for fact in facts(data)[1] if fact.kind is Kind.IMPORT} == asked_by_c(data)


class Stub:
    """Takes whatever a pickle does to an object."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return self

    def take(self, *args):
        pass

    __setitem__ = __setstate__ = append = extend = add = take


def asked_by_c(data: bytes) -> set[str]:
    asked: set[str] = set()

    class Oracle(pickle.Unpickler):
        def find_class(self, module, name):
            asked.add(f"{module}.{name}")
            return Stub

    Oracle(io.BytesIO(data)).load()
    return asked


def test_limits_end_the_walk_and_keep_what_was_found():
    data = RUN + b"(" * 200_000 + b"."
    walk, found = facts(data, limits=Limits(values=100_000))
    assert walk.limit is not None
    assert walk.limit.budget == "values"
    assert [fact.subject for fact in found] == ["posix.system"]


def test_shared_structures_do_not_unfold():
    """Memo doubling: 2**60 leaves in 200 bytes."""
    data = proto() + b"]\x94" + b"".join(b"]\x94(h" + bytes([n]) + b"h" + bytes([n]) + b"e" for n in range(60))
    walk, found = facts(global_("lib", "f") + data[2:] + b"\x85R.")
    assert walk.broken is None
    assert len(next(fact.detail["expression"] for fact in found if fact.kind is Kind.CALL)) < 500


def test_every_call_of_many_is_judged_by_its_own_arguments():
    """As many tensors or estimators as there may be: none is refused for being one too many, none passes unseen."""
    last = b"h\x00](" + RUN + b"e\x85R"
    data = proto() + global_("collections", "deque") + b"\x94(" + b"h\x00]\x85R" * 30_000 + last + b"t."
    _, found = facts(data)
    given = [fact.detail["arguments"] for fact in found if fact.kind is Kind.CALL]
    assert given == [[], ["posix:system"]]


def test_values_that_hold_each_other_hold_the_same_names():
    """a = SimpleNamespace(); b = [a, RUN]; a.x = b: whoever is given either may come to call RUN."""
    made = global_("types", "SimpleNamespace") + b")R\x94"
    data = proto() + made + b"](h\x00" + RUN + b"e\x940}" + X + b"h\x01sb0" + global_("lib", "f") + b"h\x00\x85R."
    _, found = facts(data)
    act = next(fact for fact in found if fact.subject == "lib.f" and fact.kind is Kind.CALL)
    assert act.detail["arguments"] == ["posix:system", "types:SimpleNamespace"]
    assert "posix:system" in act.detail["carried"]


def test_code_that_a_pickle_builds_is_shown_and_never_made():
    """cloudpickle's way: CodeType by name, a function inside of a function, names and constants of both."""
    code_type = global_("cloudpickle.cloudpickle", "_builtin_type") + text("CodeType") + b"\x85R\x94"

    def made(name: str, used: str, constants: bytes) -> bytes:
        numbers = b"K\x00K\x00K\x00K\x00K\x01K\x03"
        names = text(used) + b"\x85)"
        return (
            b"h\x00(" + numbers + b"C\x02S\0" + constants + names + text("f.py") + text(name) * 2 + b"K\x01C\0C\0))tR"
        )

    inner = made("inner", "getcwd", text("deep") + b"\x85")
    outer = made("outer", "os", inner + b"N\x86")
    data = proto() + code_type + b"0" + global_("cloudpickle.cloudpickle", "_make_function") + outer + b"\x85R."
    shown = [fact.detail for fact in facts(data)[1] if "names" in fact.detail]
    assert [(one["names"], one["constants"]) for one in shown] == [
        (["getcwd"], ["'deep'"]),
        (["os", "getcwd"], ["'deep'"]),
    ]
    assert shown[1]["code"].startswith("outer()")


def test_marshalled_code_is_taken_apart():
    import marshal

    code = marshal.dumps(compile("import os\nprint(os.getcwd())", "f.py", "exec"))
    data = proto() + global_("marshal", "loads") + b"B" + len(code).to_bytes(4, "little") + code + b"\x85R."
    detail = next(fact.detail for fact in facts(data)[1] if fact.kind is Kind.CALL)
    assert detail["names"] == ["os", "print", "getcwd"]


def doubled(levels: int) -> bytes:
    """((((), ()), ((), ())), …): 2**levels tuples in four bytes a level."""
    return b")\x94" + b"".join(b"0h" + bytes([n]) + b"h" + bytes([n]) + b"\x86\x94" for n in range(levels))


BOMBS = {
    "a key": (b"}" + doubled(30) + b"Ns", {"hash-bomb"}),
    "keys at once": (b"}(" + doubled(30) + b"Nu", {"hash-bomb"}),
    "in a set": (b"\x8f(" + doubled(30) + b"\x90", {"hash-bomb"}),
    "in a frozenset": (b"(" + doubled(30) + b"\x91", {"hash-bomb"}),
    "a value": (b"}N" + doubled(30) + b"s", set()),
    "billion laughs": (doubled(60), {"memo-bomb"}),
    "small": (b"}" + doubled(10) + b"Ns", set()),
    "a giant index": (b"Nr\xff\xff\xff\x7f", {"memo-index"}),
    "an index with a gap": (b"Nr\xff\xff\0\0", set()),
}


@pytest.mark.parametrize(("body", "expected"), BOMBS.values(), ids=BOMBS)
def test_bombs_are_told(body, expected):
    _, found = facts(proto() + body + b".")
    assert {fact.subject for fact in found if fact.kind is Kind.ANOMALY} == expected
