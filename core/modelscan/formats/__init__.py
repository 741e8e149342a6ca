"""Readers: one file a format, each turning bytes into evidence. `READERS` is the one registry.

A new format is one file here and one row below. Every reader whose `claims` says yes reads the artifact, so a file
that is several things at once is scanned as each of them.
"""

from __future__ import annotations

from modelscan.formats import (
    compressed,
    hdf5,
    keras,
    notebook,
    numpy,
    pickle,
    safetensors,
    sevenzip,
    skops,
    tar,
    tensorflow,
    tf_text,
    tflite,
    torch_legacy,
    unread,
    zip,
)
from modelscan.formats.reader import Context, Reader

READERS: tuple[Reader, ...] = (
    zip.READER,
    tar.READER,
    sevenzip.READER,
    torch_legacy.READER,
    pickle.READER,
    numpy.READER,
    skops.READER,
    notebook.READER,
    compressed.READER,
    hdf5.READER,
    keras.READER,
    tensorflow.READER,
    tf_text.READER,
    tflite.READER,
    safetensors.READER,
    unread.READER,
)

_FIRST: dict[int, list[Reader]] = {
    byte: [reader for reader in READERS if byte in reader.first]
    for byte in sorted({byte for reader in READERS for byte in reader.first})
}


def hides(head: bytes) -> bool:
    """Could a tensor that begins like this be a model format instead?"""
    readers = _FIRST.get(head[0]) if head else None
    return readers is not None and any(reader.begins(head) for reader in readers)


__all__ = ["READERS", "Context", "Reader", "hides"]
