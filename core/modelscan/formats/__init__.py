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
from modelscan.source.hiding import Hides

_OPCODES = bytes(NAMES)

READERS: tuple[Row, ...] = (
    Row("zip", among_tensors=b"P", sign=signs.is_zip),
    Row("tar", sign=signs.is_tar),
    Row("sevenzip", b"7", among_tensors=b"7"),
    Row("torch_legacy", sign=signs.is_torch_legacy),
    Row("pickle", _OPCODES, among_tensors=beginnings.FIRST),
    Row("numpy", b"\x93", among_tensors=b"\x93"),
    Row("skops", sign=signs.is_skops),
    Row("notebook", sign=signs.is_notebook),
    Row("compressed", signs.COMPRESSED, among_tensors=signs.COMPRESSED),
    Row("hdf5", among_tensors=b"\x89", sign=signs.is_hdf5),
    Row("keras", sign=signs.is_json),
    Row("tensorflow", sign=signs.is_tensorflow),
    Row("tf_text", sign=signs.is_graph_text),
    Row("tflite", sign=signs.is_tflite),
    Row("safetensors", sign=signs.is_safetensors),
    Row("template", sign=signs.is_template),
    Row("unread", among_tensors=b"\x7f\xcf\xcaMR", sign=signs.is_unread),
)

_AMONG: dict[int, list[Row]] = {
    byte: [row for row in READERS if byte in row.among_tensors]
    for byte in sorted({byte for row in READERS for byte in row.among_tensors})
}


def _begins(head: bytes, size: int) -> bool:
    return any(begins(head, size) for begins in _looked_for(head[0]))


@functools.cache
def _looked_for(first: int) -> tuple[Callable[[bytes, int], bool], ...]:
    return tuple(row.reader.begins for row in _AMONG[first])


hides = Hides(bytes(_AMONG), _begins)
"""Could a tensor be in one of these formats instead?"""


__all__ = ["READERS", "Context", "Parts", "Reader", "Row", "hides"]
