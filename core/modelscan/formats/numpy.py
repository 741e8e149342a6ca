"""NumPy's .npy (NEP 1): a header, then numbers, or a pickle where the dtype holds objects (CVE-2019-6446)."""

from __future__ import annotations

import ast
import re

from modelscan.errors import FormatError
from modelscan.formats import pickle
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.source.artifact import Artifact

MAGIC = b"\x93NUMPY"
HEADER = 1 << 20
"""Bytes of header that are read; numpy itself refuses more than 10,000 unless told otherwise."""

_PLAIN = re.compile(r"[<>|=]?[?bBhHiIlLqQefdgFDGcSaUVmMu]\d*(\[[\w\d]+\])?")


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.head.startswith(MAGIC)


def read(artifact: Artifact, context: Context) -> Facts:
    try:
        descr, start = _header(artifact)
    except FormatError as error:
        yield unreadable(artifact, error)
        return
    if not _is_plain(descr):
        yield from pickle.read(artifact.part("objects", start, artifact.size - start), context)


def _header(artifact: Artifact) -> tuple[object, int]:
    """The dtype's description and the offset of the data."""
    width = 2 if artifact.head[6:7] == b"\x01" else 4
    start = 8 + width
    size = int.from_bytes(artifact.head[8:start], "little")
    if size > HEADER or start + size > artifact.size:
        raise FormatError("numpy-header", "a numpy header that is larger than the file or the limit", 8)
    text = artifact.read(start, size).decode("utf-8", "replace")
    try:
        header = ast.literal_eval(text.strip())
        return header["descr"], start + size
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        raise FormatError("numpy-header", "a numpy header that cannot be understood", start) from None


def _is_plain(descr: object, depth: int = 0) -> bool:
    """Numbers and text only. Whatever is not clearly that is treated as objects, and its data as a pickle."""
    if isinstance(descr, str):
        return _PLAIN.fullmatch(descr) is not None
    if depth > 16 or not isinstance(descr, list | tuple):
        return False
    if isinstance(descr, list):
        return all(
            isinstance(field, tuple) and len(field) in (2, 3) and _is_plain(field[1], depth + 1) for field in descr
        )
    return len(descr) == 2 and _is_plain(descr[0], depth + 1)


READER = Reader(claims, read, lambda artifact: "NumPy array", begins=lambda head: head.startswith(MAGIC))
