"""Trees of points whose nodes stand in the state as bytes, with the places of their children.

scipy's `cKDTree.__setstate__` copies these bytes and goes from the first node to its children, writing an address into
each (`_post_init_traverse` in scipy/spatial/_ckdtree.pyx). It does not ask whether a child is there, so a number in the
file is a place in memory that is written to; a child that leads back, or a chain of them, uses up the stack.
"""

from __future__ import annotations

import struct

from modelscan.pickles import leaves
from modelscan.pickles.dtypes import whole
from modelscan.pickles.opcodes import Op
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.pickles.arrays import Raw

_NAMES = frozenset({"cKDTree", "KDTree"})
_PARTS = 10
"""Of a state, with the nodes first."""
_NODE = struct.Struct("<q48xqq")
"""ckdtreenode of scipy/spatial/ckdtree/src/ckdtree_decl.h: split_dim, and at the end both children, 64 bits each."""
_LEAF = -1
DEEPEST = 1_000
"""Nodes from the first to the last one below it. A tree of a million random points has some 20."""
_MOST = 1 << 28
_BYTES = frozenset({Op.SHORT_BINBYTES, Op.BINBYTES, Op.BINBYTES8, Op.BYTEARRAY8})


def has_nodes(target: Made) -> bool:
    root = target.root
    if root is None or root.name.rpartition(".")[2] not in _NAMES:
        return False
    return root.module.partition(".")[0] == "scipy"


def are_in_order(data: leaves.Buffer, end: int, given: Any, raws: dict[int, Raw]) -> bool:
    """Does this state show its nodes, and does each lead to others behind it, which nothing else leads to?"""
    if type(given) is not Group or given.kind != "tuple" or given.size != _PARTS:
        return False
    raw = _bytes_of(data, end, given.head[0], raws)
    return raw is not None and _is_tree(raw)


def _is_tree(raw: bytes) -> bool:
    count, rest = divmod(len(raw), _NODE.size)
    if rest or not count:
        return False
    depths = [0] * count
    depths[0] = 1
    for number, (split, *children) in enumerate(_NODE.iter_unpack(raw)):
        if split == _LEAF:
            continue
        for child in children:
            if not number < child < count or depths[child] or not 0 < depths[number] < DEEPEST:
                return False
            depths[child] = depths[number] + 1
    return True


def _bytes_of(data: leaves.Buffer, end: int, array: Any, raws: dict[int, Raw]) -> bytes | None:
    """The bytes of an array of `S1` that the stream spells out, None for any other value."""
    if type(array) is not Made or type(array.callee) is not Global:
        return None
    if array.kind == "array":
        raw = raws.get(array.at)
        return bytes(data[raw.start : raw.stop]) if raw is not None and _is_text(data, end, raw.dtype) else None
    name, args = array.callee.name, whole(array.args)
    if array.callee.module.partition(".")[0] != "numpy":
        return None
    if name == "_frombuffer" and len(args) == 4 and array.held is None:
        return _leaf(data, end, args[0]) if _is_text(data, end, args[1]) else None
    held = array.held or []
    parts = whole(held[0]) if len(held) == 1 else []
    if name != "_reconstruct" or len(args) != 3 or len(parts) != 5 or not _is_text(data, end, parts[2]):
        return None
    plain = type(args[0]) is Global and args[0].spelled == "numpy:ndarray"
    return _leaf(data, end, parts[4]) if plain else None


def _is_text(data: leaves.Buffer, end: int, dtype: Any) -> bool:
    """Is it `dtype("S1")`? Bytes of any other type are converted when they are copied."""
    from modelscan.pickles.arrays import itemsize

    args = whole(dtype.args) if type(dtype) is Made else []
    letter = leaves.string(data, args[0], end) if args else None
    return letter in ("S1", "|S1") and itemsize(data, end, dtype) == (1, False)


def _leaf(data: leaves.Buffer, end: int, value: Any) -> bytes | None:
    """Bytes, or a text that protocol 2 has encoded for them."""
    if type(value) is int and data[value] in _BYTES:
        start, stop = leaves.span(data, value, end)
        return bytes(data[start:stop]) if stop <= end else None
    if type(value) is not Made or type(value.callee) is not Global or value.callee.spelled != "_codecs:encode":
        return None
    args = whole(value.args)
    if len(args) != 2 or leaves.string(data, args[1], end) != "latin1" or type(args[0]) is not int:
        return None
    text = leaves.decode(data, args[0], end, _MOST)
    return text.encode("latin1", "replace") if isinstance(text, str) else None
