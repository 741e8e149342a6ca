"""Readers: one file a format, each turning bytes into evidence. `READERS` is the one registry.

A new format is one file here and one row below. Every reader whose `claims` says yes reads the artifact, so a file
that is several things at once is scanned as each of them. A reader's module is imported for the first artifact that
begins as its format may: most scans meet one format, and wait for no other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from modelscan.formats import signs
from modelscan.formats.reader import Context, Parts, Reader, Row
from modelscan.pickles import beginnings
from modelscan.pickles.opcodes import NAMES
from modelscan.source.hiding import Hides, Sign, magic

_OPCODES = bytes(NAMES)

READERS: tuple[Row, ...] = (
    Row("zip", among_tensors=magic(b"PK"), sign=signs.is_zip),
    Row("tar", sign=signs.is_tar),
    Row("sevenzip", b"7", among_tensors=magic(b"7z")),
    Row("torch_legacy", sign=signs.is_torch_legacy),
    Row("pickle", _OPCODES, among_tensors=beginnings.signs),
    Row("numpy", b"\x93", among_tensors=magic(b"\x93N")),
    Row("skops", sign=signs.is_skops),
    Row("notebook", sign=signs.is_notebook),
    Row("compressed", signs.COMPRESSED, among_tensors=signs.packed),
    Row("hdf5", among_tensors=magic(b"\x89H"), sign=signs.is_hdf5),
    Row("keras", sign=signs.is_json),
    Row("tensorflow", sign=signs.is_tensorflow),
    Row("tf_text", sign=signs.is_graph_text),
    Row("tflite", sign=signs.is_tflite),
    Row("safetensors", sign=signs.is_safetensors),
    Row("gguf", b"G", sign=signs.is_gguf),
    Row("template", sign=signs.is_template),
    Row("unread", among_tensors=magic(b"\x7fE", b"\xcf\xfa", b"\xca\xfe", b"MZ", b"Ra"), sign=signs.is_unread),
)


def _begins(head: bytes, size: int) -> bool:
    for place, allowed, begins in _looked_for(head[0]):
        if (place >= len(head) or head[place] in allowed) and begins(head, size):
            return True
    return False


@functools.cache
def _looked_for(first: int) -> tuple[tuple[int, bytes, Callable[[bytes, int], bool]], ...]:
    signs = ((sign, row.reader.begins) for row in READERS for sign in row.among_tensors() if first in sign.first)
    return tuple((sign.place, sign.allowed, begins) for sign, begins in signs)


def _signs() -> tuple[Sign, ...]:
    return tuple(sign for row in READERS for sign in row.among_tensors())


hides = Hides(_signs, _begins)
"""Could a tensor be in one of these formats instead?"""


__all__ = ["READERS", "Context", "Parts", "Reader", "Row", "hides"]
