"""NumPy's .npy (NEP 1): a header, then numbers, or a pickle where the dtype holds objects (CVE-2019-6446).

Several arrays may follow each other in one file; `numpy.load` of an open file reads the next one of them.
"""

from __future__ import annotations

import math
import re
from typing import Any

from modelscan.errors import FormatError, LimitExceeded
from modelscan.formats import pickle
from modelscan.formats.reader import Context, Facts, Reader, anomaly, broken, unreadable
from modelscan.source import literal
from modelscan.source.artifact import Artifact

MAGIC = b"\x93NUMPY"
HEADER = 1 << 20
"""Bytes of header that are read; numpy itself refuses more than 10,000 unless told otherwise."""
_VERSIONS = {b"\x01\0": (2, "latin-1"), b"\x02\0": (4, "latin-1"), b"\x03\0": (4, "utf-8")}
"""By version: bytes of the header's length, and its encoding."""
_KEYS = {"descr", "fortran_order", "shape"}
_PADDING = b"\0\r\n\t "

_PLAIN = re.compile(r"[<>|=]?([?bBhHiIlLqQefdgFDGcSaUVmMu])([0-9]*)(\[\w+\])?")
_WIDTHS = {"?": 1, "b": 1, "B": 1, "c": 1, "h": 2, "H": 2, "e": 2, "f": 4, "d": 8, "F": 8, "D": 16, "m": 8, "M": 8}
_WIDE_CHARACTER = 4


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.head.startswith(MAGIC)


def read(artifact: Artifact, context: Context) -> Facts:
    at = 0
    for _ in range(context.limits.members):
        try:
            descr, shape, start = _header(artifact, at)
        except FormatError as error:
            yield unreadable(artifact, error)
            return
        size = _itemsize(descr)
        if size is None:
            yield from pickle.read(artifact.part("objects", start, artifact.size - start), context)
            return
        at = start + size * math.prod(shape)
        if at > artifact.size:
            yield broken(artifact, FormatError("numpy-header", "the numbers of a numpy array end in the middle", start))
        if at >= artifact.size:
            return
        if artifact.read(at, len(MAGIC)) != MAGIC:
            yield from _rest(artifact, at)
            return
    raise LimitExceeded("members", f"more than {context.limits.members:,} numpy arrays in one file")


def _rest(artifact: Artifact, at: int) -> Facts:
    """What stands behind the last array: nothing that counts, or something that whoever opened the file reads next."""
    rest = artifact.part(f"rest@0x{at:x}", at, artifact.size - at)
    if rest.size <= len(rest.head) and not rest.head.strip(_PADDING):
        return
    yield anomaly(artifact, "trailing-bytes", at, f"{rest.size:,} bytes behind the array")
    yield rest


def _header(artifact: Artifact, at: int) -> tuple[object, tuple[int, ...], int]:
    """The dtype's description, the shape, and the offset of the data of the array that begins at `at`."""
    lead = artifact.read(at, 12)
    width, encoding = _VERSIONS.get(lead[6:8], (0, ""))
    if not width:
        raise FormatError("numpy-header", "a version of numpy's format that is not known", at + 6)
    start = at + 8 + width
    size = int.from_bytes(lead[8 : 8 + width], "little")
    if size > HEADER or start + size > artifact.size:
        raise FormatError("numpy-header", "a numpy header that is larger than the file or the limit", at + 8)
    try:
        header = literal.parse(artifact.read(start, size).decode(encoding))
    except (FormatError, UnicodeDecodeError):
        raise FormatError("numpy-header", "a numpy header that cannot be understood", start) from None
    if not isinstance(header, dict) or header.keys() != _KEYS:
        raise FormatError("numpy-header", "a numpy header that does not describe an array", start)
    shape = header["shape"]
    if not isinstance(shape, tuple) or not all(isinstance(axis, int) and 0 <= axis < 1 << 63 for axis in shape):
        raise FormatError("numpy-header", "a numpy array without a shape", start)
    return header["descr"], shape, start + size


def _itemsize(descr: Any, depth: int = 0) -> int | None:
    """Bytes of an item of numbers and text only, else None: what is not clearly that counts as objects."""
    if isinstance(descr, str):
        return _width(descr)
    if depth > 16:
        return None
    if isinstance(descr, tuple):  # a dtype and the shape of the array of it that each item is
        axes = descr[1] if len(descr) == 2 else None
        axes = (axes,) if isinstance(axes, int) else axes
        inner = _itemsize(descr[0], depth + 1) if isinstance(axes, tuple) else None
        if (
            inner is None
            or not isinstance(axes, tuple)
            or not all(isinstance(axis, int) and axis >= 0 for axis in axes)
        ):
            return None
        return inner * math.prod(axes)
    if not isinstance(descr, list) or not all(isinstance(field, tuple) and len(field) in (2, 3) for field in descr):
        return None
    fields = [_itemsize(field[1] if len(field) == 2 else field[1:], depth + 1) for field in descr]
    return None if None in fields else sum(size for size in fields if size is not None)


def _width(descr: str) -> int | None:
    match = _PLAIN.fullmatch(descr)
    if match is None:
        return None
    letter, digits, _ = match.groups()
    if not digits:
        return 0 if letter in "SaUV" else _WIDTHS.get(letter)
    if len(digits) > 18:
        return None
    return int(digits) * (_WIDE_CHARACTER if letter == "U" else 1)


READER = Reader(claims, read, lambda artifact: "NumPy array", begins=lambda head, size: head.startswith(MAGIC))
