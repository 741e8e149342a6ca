"""The opcodes of protocols 0 to 5 (CPython: Lib/pickle.py, Modules/_pickle.c) and how far their arguments reach.

`pickletools` describes the same opcodes but rejects streams that the C unpickler loads (threats P25 to P28),
so the machine reads them by this table.
"""

from __future__ import annotations


class Op:
    """The opcodes by name. Plain numbers: as an enumeration they take longer to make than a small file to be read."""

    MARK = 0x28
    STOP = 0x2E
    POP = 0x30
    POP_MARK = 0x31
    DUP = 0x32
    FLOAT = 0x46
    INT = 0x49
    BININT = 0x4A
    BININT1 = 0x4B
    LONG = 0x4C
    BININT2 = 0x4D
    NONE = 0x4E
    PERSID = 0x50
    BINPERSID = 0x51
    REDUCE = 0x52
    STRING = 0x53
    BINSTRING = 0x54
    SHORT_BINSTRING = 0x55
    UNICODE = 0x56
    BINUNICODE = 0x58
    APPEND = 0x61
    BUILD = 0x62
    GLOBAL = 0x63
    DICT = 0x64
    EMPTY_DICT = 0x7D
    APPENDS = 0x65
    GET = 0x67
    BINGET = 0x68
    INST = 0x69
    LONG_BINGET = 0x6A
    LIST = 0x6C
    EMPTY_LIST = 0x5D
    OBJ = 0x6F
    PUT = 0x70
    BINPUT = 0x71
    LONG_BINPUT = 0x72
    SETITEM = 0x73
    TUPLE = 0x74
    EMPTY_TUPLE = 0x29
    SETITEMS = 0x75
    BINFLOAT = 0x47
    BINBYTES = 0x42
    SHORT_BINBYTES = 0x43
    PROTO = 0x80
    NEWOBJ = 0x81
    EXT1 = 0x82
    EXT2 = 0x83
    EXT4 = 0x84
    TUPLE1 = 0x85
    TUPLE2 = 0x86
    TUPLE3 = 0x87
    NEWTRUE = 0x88
    NEWFALSE = 0x89
    LONG1 = 0x8A
    LONG4 = 0x8B
    SHORT_BINUNICODE = 0x8C
    BINUNICODE8 = 0x8D
    BINBYTES8 = 0x8E
    EMPTY_SET = 0x8F
    ADDITEMS = 0x90
    FROZENSET = 0x91
    NEWOBJ_EX = 0x92
    STACK_GLOBAL = 0x93
    MEMOIZE = 0x94
    FRAME = 0x95
    BYTEARRAY8 = 0x96
    NEXT_BUFFER = 0x97
    READONLY_BUFFER = 0x98


FIXED: dict[int, int] = {
    Op.NONE: 0,
    Op.NEWTRUE: 0,
    Op.NEWFALSE: 0,
    Op.NEXT_BUFFER: 0,
    Op.BININT1: 1,
    Op.BININT2: 2,
    Op.BININT: 4,
    Op.BINFLOAT: 8,
}
"""Opcodes that push plain data, with the bytes of their argument."""

COUNTED: dict[int, int] = {
    Op.SHORT_BINSTRING: 1,
    Op.SHORT_BINBYTES: 1,
    Op.SHORT_BINUNICODE: 1,
    Op.LONG1: 1,
    Op.BINSTRING: 4,
    Op.BINBYTES: 4,
    Op.BINUNICODE: 4,
    Op.LONG4: 4,
    Op.BINUNICODE8: 8,
    Op.BINBYTES8: 8,
    Op.BYTEARRAY8: 8,
}
"""Opcodes that push plain data of a stated length, with the bytes of that little-endian length."""

LEAVES = frozenset(FIXED) - {Op.NEXT_BUFFER} | frozenset(COUNTED)
"""Opcodes that push plain data which stands in the stream."""

GROUPING = frozenset(
    {
        *(Op.MARK, Op.POP, Op.POP_MARK, Op.DUP, Op.LIST, Op.EMPTY_LIST, Op.APPEND, Op.APPENDS, Op.DICT, Op.EMPTY_DICT),
        *(Op.SETITEM, Op.SETITEMS, Op.TUPLE, Op.EMPTY_TUPLE, Op.TUPLE1, Op.TUPLE2, Op.TUPLE3),
        *(Op.EMPTY_SET, Op.ADDITEMS, Op.FROZENSET),
    }
)
"""Opcodes without an argument that arrange what is on the stack."""
CALLS = frozenset({Op.REDUCE, Op.NEWOBJ, Op.NEWOBJ_EX, Op.OBJ, Op.BUILD})
"""Opcodes without an argument that call what is on the stack."""

LINES: dict[int, int] = {
    Op.FLOAT: 1,
    Op.INT: 1,
    Op.LONG: 1,
    Op.STRING: 1,
    Op.UNICODE: 1,
    Op.PERSID: 1,
    Op.GET: 1,
    Op.PUT: 1,
    Op.GLOBAL: 2,
    Op.INST: 2,
}
"""Opcodes whose argument is text, with the number of lines."""

OPERANDS: dict[int, int] = {
    Op.PROTO: 1,
    Op.EXT1: 1,
    Op.EXT2: 2,
    Op.EXT4: 4,
    Op.BINGET: 1,
    Op.BINPUT: 1,
    Op.LONG_BINGET: 4,
    Op.LONG_BINPUT: 4,
    Op.FRAME: 8,
}
"""Other opcodes with an argument, with its bytes."""

EMPTY: dict[int, str] = {
    Op.EMPTY_LIST: "list",
    Op.EMPTY_TUPLE: "tuple",
    Op.EMPTY_DICT: "dict",
    Op.EMPTY_SET: "set",
}
"""Opcodes that push an empty container."""

SIGNED = frozenset({Op.BINSTRING, Op.LONG4})
"""Counted opcodes whose length is signed; the unpickler refuses a negative one."""

NAMES: dict[int, str] = {code: name for name, code in vars(Op).items() if name.isupper()}


def widths() -> list[int]:
    """Per opcode byte: bytes of argument if it pushes data of fixed size, else -1."""
    return [FIXED.get(code, -1) for code in range(256)]
