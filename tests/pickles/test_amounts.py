"""Calls of trusted names that take all memory, or never end: proved so in children under limits, and reported."""

from __future__ import annotations

import json
import pickle
import struct
import subprocess
import sys
from collections import Counter, OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network
from itertools import count, repeat

import pytest
from samples import call, global_, proto, text

import modelscan

BOMBS = {"MS-S050", "MS-S057", "MS-S058"}


def number(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def long(size: int) -> bytes:
    """An integer of so many bytes."""
    return b"\x8b" + struct.pack("<i", size) + b"\x7d" * size


def builtin(name: str, *args: bytes) -> bytes:
    return call(global_("builtins", name), *args)


def made(module: str, name: str, *args: bytes) -> bytes:
    """By NEWOBJ."""
    return global_(module, name) + b"(" + b"".join(args) + b"t\x81"


ENDLESS = call(global_("itertools", "repeat"), b"K\1")
PAIRS = call(global_("itertools", "repeat"), b"K\1K\2\x86")
COUNT = call(global_("itertools", "count"), b"K\5")
RANGE = builtin("range", number(1 << 40))
OF_TEXTS = call(global_("itertools", "repeat"), text("ab"), number(1 << 40))
NETWORK = call(global_("ipaddress", "IPv6Network"), text("::/0"))
DECIMAL = call(global_("decimal", "Decimal"), text("1e999999999"))
RANDOM = global_("random", "Random") + b")R"

LIST = b"](" + b"K\1" * 60_000 + b"e"
HASH = (1 << 61) - 1


def again(callee: bytes, value: bytes, times: int, opcode: bytes = b"R") -> bytes:
    """Calls with the same value."""
    return callee + b"\x940" + value + b"\x940](" + (b"h\0h\1\x85" + opcode) * times + b"e"


def wide(value: int) -> bytes:
    return b"\x8a\x0c" + value.to_bytes(12, "little", signed=True)


ALIKE = [wide((n + 1) * HASH) for n in range(60_000)]
LIVE = {
    "list of repeat": builtin("list", ENDLESS),
    "tuple of count": builtin("tuple", COUNT),
    "tuple by NEWOBJ": made("builtins", "tuple", ENDLESS),
    "tuple by NEWOBJ_EX": global_("builtins", "tuple") + ENDLESS + b"\x85}\x92",
    "tuple by _reconstructor": call(global_("copyreg", "_reconstructor"), *[global_("builtins", "tuple")] * 2, COUNT),
    "set of a range": builtin("set", RANGE),
    "frozenset of a range": builtin("frozenset", RANGE),
    "frozenset of a repeat": made("builtins", "frozenset", ENDLESS),
    "bytes of repeat": builtin("bytes", ENDLESS),
    "bytearray of repeat": builtin("bytearray", ENDLESS),
    "bytearray of a number": builtin("bytearray", number(1 << 31)),
    "many bytearrays": b"](" + b"cbuiltins\nbytearray\nJ\0\0\0\x08\x85R" * 40 + b"e",
    "dict of pairs": builtin("dict", PAIRS),
    "dict of one that is no pair": builtin("dict", b"]" + ENDLESS + b"a"),
    "defaultdict of pairs": call(global_("collections", "defaultdict"), b"N", PAIRS),
    "OrderedDict of pairs": call(global_("collections", "OrderedDict"), PAIRS),
    "Counter of a range": call(global_("collections", "Counter"), RANGE),
    "Counter of repeat": call(global_("collections", "Counter"), OF_TEXTS),
    "deque of repeat": call(global_("collections", "deque"), ENDLESS),
    "deque that keeps a few": call(global_("collections", "deque"), ENDLESS, b"K\5"),
    "UserList of count": call(global_("collections", "UserList"), COUNT),
    "array of repeat": call(global_("array", "array"), text("b"), ENDLESS),
    "Fraction of a text": call(global_("fractions", "Fraction"), text("1e100000000")),
    "Fraction of a text below 1": call(global_("fractions", "Fraction"), text("1E-99999999")),
    "Fraction by NEWOBJ": made("fractions", "Fraction", text("1e1_000_000_00")),
    "Fraction of a Decimal": call(global_("fractions", "Fraction"), DECIMAL),
    "int of a Decimal": builtin("int", DECIMAL),
    "int by NEWOBJ": made("builtins", "int", DECIMAL),
    "Decimal of a long number": call(global_("decimal", "Decimal"), long(1_000_000)),
    "Decimal of a long text": call(global_("decimal", "Decimal"), b"L0x" + b"f" * 2_000_000 + b"\n"),
    "Random's state": RANDOM + b"(K\2" + ENDLESS + b"Ntb",
    "list of all addresses": builtin("list", NETWORK),
    "names of a logger": call(global_("logging", "getLogger"), text("a." * 60_000)),
    "time": call(global_("time", "struct_time"), ENDLESS),
    "a SyntaxError": builtin("SyntaxError", b"N", ENDLESS),
    "a long number as a key": long(2_000_000) + b"\x940](" + b"}h\0Ns" * 50_000 + b"e",
    "large keys": b"(" + b"K\1" * 60_000 + b"t\x940](" + b"}h\0Ns" * 20_000 + b"e",
    "behind calls that are alike": b"]("
    + builtin("bytearray", b"K\1") * 300
    + b"e0"
    + builtin("bytearray", b"\x8a\4\0\0\0\x7f"),
    "among calls that are alike": b"cbuiltins\nset\n\x940cbuiltins\nrange\n\x940]("
    + b"h\0h\1J\1\0\0\0\x85R\x85R" * 400
    + b"h\0h\1J\xff\xff\xff\x7f\x85R\x85R"
    + b"e",
    "one of many numbers": b"cdecimal\nDecimal\n\x940]("
    + b"".join(b"h\0" + text(f"{n:05}e000000001") + b"\x85R\x94" for n in range(300))
    + b"h\0"
    + text("00001e999999999")
    + b"\x85R\x94e0"
    + builtin("int", b"j" + struct.pack("<I", 301)),
    "ranges of less than a million": b"cbuiltins\nlist\n\x940cbuiltins\nrange\n\x940]("
    + b"h\0h\1J\xff\xff\x0f\0\x85R\x85R" * 400
    + b"e",
    "one range again and again": again(global_("builtins", "list"), builtin("range", b"J\xff\xff\x0f\0"), 400),
    "one list again and again": again(global_("builtins", "tuple"), LIST, 20_000),
    "by NEWOBJ": again(global_("builtins", "tuple"), LIST, 20_000, b"\x81"),
    "deques of a list": again(global_("collections", "deque"), LIST, 20_000),
    "a list that is made by a call": again(global_("builtins", "list"), builtin("list", LIST), 20_000),
    "a list that is made first and filled then": again(
        global_("builtins", "list"), builtin("list") + b"(" + b"K\1" * 60_000 + b"e", 20_000
    ),
    "one value again and again": again(global_("builtins", "bytearray"), b"B\0\0\1\0" + b"a" * 65_536, 20_000),
    "behind many others": b"](X\0\0\1\0" + b"a" * 65_536 + again(global_("builtins", "tuple"), LIST, 20_000) + b"e",
    "keys of one hash": b"}(" + b"".join(key + b"N" for key in ALIKE) + b"u",
    "keys of one hash that are set one by one": b"}" + b"".join(key + b"Ns" for key in ALIKE),
    "keys of one hash below 0": b"}(" + b"".join(wide(-(n + 1) * HASH) + b"N" for n in range(60_000)) + b"u",
    "items of one hash": b"\x8f(" + b"".join(ALIKE) + b"\x90",
    "a set of a list": builtin("set", b"(" + b"".join(ALIKE) + b"l"),
    "tuples of one hash": b"}(" + b"".join(key + b"\x85N" for key in ALIKE) + b"u",
    "fractions of one hash": b"}("
    + b"".join(call(global_("fractions", "Fraction"), key) + b"N" for key in ALIKE[:6000])
    + b"u",
    "repeat given times and one value": builtin("list", call(global_("itertools", "repeat"), b"K\1" + b"\x94" * 2_000)),
}
NUMPY = {
    "bytes of numpy": made("numpy", "bytes_", ENDLESS),
    "an integer of numpy": made("numpy", "int64", DECIMAL),
    "a scalar without data": b"]("
    + b"".join(
        call(
            global_("numpy.core.multiarray", "scalar"),
            call(global_("numpy", "dtype"), text("S" + str(1 << 29)), b"\x89\x88"),
        )
        for _ in range(6)
    )
    + b"e",
    "an array of objects": call(
        global_("numpy.core.multiarray", "_reconstruct"),
        global_("numpy", "ndarray"),
        number(1 << 28) + b"\x85",
        b"C\1O",
    ),
    "a masked array": call(
        global_("numpy.ma.core", "_mareconstruct"),
        global_("numpy.ma.core", "MaskedArray"),
        global_("numpy", "ndarray"),
        number(1 << 30) + b"\x85",
        text("f8"),
    ),
    "a seed of numpy": call(global_("numpy.random.bit_generator", "SeedSequence"), RANGE),
}
if find_spec("numpy"):
    LIVE |= NUMPY

FORKS = """
import json, os, pickle, resource, sys
import collections, decimal, fractions, ipaddress, logging, random
if sys.argv[1] == "numpy":
    import numpy.random
ends = {}
for name, data in json.load(sys.stdin).items():
    child = os.fork()
    if child == 0:
        taken = int(open("/proc/self/statm").read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (taken + (400 << 20), resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
        try:
            pickle.loads(bytes.fromhex(data))
        except (MemoryError, SystemError):  # a deque forgets to say which
            os._exit(3)
        except BaseException:
            os._exit(4)
        os._exit(0)
    ends[name] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(ends))
"""
OUT_OF_TIME, OUT_OF_MEMORY = -24, 3
"""SIGXCPU, and what the child makes of a MemoryError."""


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits for a child")
def test_each_takes_all_memory_or_all_time():
    cases = {name: (proto() + body + b".").hex() for name, body in LIVE.items()}
    done = subprocess.run(
        [sys.executable, "-c", FORKS, "numpy" if NUMPY.keys() <= LIVE.keys() else ""],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    dead = {name: end for name, end in json.loads(done.stdout).items() if end not in (OUT_OF_TIME, OUT_OF_MEMORY)}
    assert not dead


@pytest.mark.parametrize("body", LIVE.values(), ids=LIVE)
def test_bombs_are_told(body):
    report = modelscan.scan(proto() + body + b".")
    assert report.verdict == "UNSAFE"
    assert BOMBS & {finding.rule for finding in report.findings}


class Kept:
    """A class of somebody's own."""

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


ORDINARY = {
    "ranges": [range(5), range(1 << 40), range(10, 0, -3)],
    "wide keys": {(n * 0x9E3779B97F4A7C15F39CC0605CEDC834) % (1 << 128): n for n in range(3_000)},
    "one wide value": [{1 << 90: n, -(1 << 90): n} for n in range(3_000)],
    "copies": [tuple(range(300)), deque(range(3_000)), frozenset(range(3_000)), bytearray(100_000)],
    "a deque of few": deque([1, 2, 3], maxlen=2),
    "a giant range among others": [{1, 2}, frozenset([range(1 << 40)]), deque([range(1 << 40)])],
    "decimals": [Decimal("1.5"), Decimal("1e999999"), {Decimal("1e99999"): 1}, OrderedDict(a=Decimal(3))],
    "fractions": [Fraction(1, 3), Fraction("1e30")],
    "networks": [IPv4Network("10.0.0.0/8"), IPv6Network("fe80::/64")],
    "bytes": [b"", bytes(5), bytearray(b"abc"), bytearray(50_000)],
    "many decimals": [Decimal(n) for n in range(3_000)],
    "counted": Counter("abracadabra"),
}
if sys.version_info < (3, 14):  # later ones cannot be pickled
    ORDINARY["iterators kept"] = {"next": count(5), "same": repeat(1), "few": repeat("x", 3)}
OLD_ITERATORS = pytest.mark.filterwarnings("ignore:Pickle, copy, and deepcopy support will be:DeprecationWarning")


@OLD_ITERATORS
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_values_are_none(name, protocol):
    assert not modelscan.scan(pickle.dumps(ORDINARY[name], protocol)).findings


def test_a_long_number_is_one():
    assert not modelscan.scan(pickle.dumps([1 << 80_000, {"mask": (1 << 90_000) - 1, 1 << 9_000: 1}])).findings


@OLD_ITERATORS
@pytest.mark.parametrize("name", ORDINARY)
def test_what_an_object_keeps_is_kept(name):
    found = modelscan.scan(pickle.dumps(Kept(value=ORDINARY[name], more={"n": ORDINARY[name]}))).findings
    assert not BOMBS & {finding.rule for finding in found}


def test_arrays_are_made_of_what_the_file_has():
    numpy = pytest.importorskip("numpy")
    objects = numpy.empty(2, dtype=object)
    objects[0] = range(1 << 40)
    values = [
        numpy.array(["x" * 3_000_000]),
        numpy.arange(9),
        numpy.void(b"abc"),
        numpy.bytes_(b"abc"),
        numpy.str_("a"),
    ]
    values += [numpy.zeros(0), objects, numpy.zeros(3, "V7")]
    for value in values:
        assert not modelscan.scan(pickle.dumps(value)).findings
