"""safetensors: a header of JSON, then numbers (https://github.com/huggingface/safetensors). It can run nothing.

So the only question is whether the header says all: every byte behind it belongs to exactly one tensor of the stated
size. What does not add up has something else in it, and is stated; the loader refuses most of it as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from modelscan.evidence import Evidence
from modelscan.formats.reader import Context, Facts, Reader, anomaly
from modelscan.source.artifact import Artifact

LARGEST = 100_000_000
"""Bytes of a header; the loader has the same limit."""

_BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}


def claims(artifact: Artifact, context: Context) -> bool:
    """A length, then JSON of that length that speaks of tensors."""
    if artifact.expected or artifact.head[8:9] != b"{":
        return False
    size = _size(artifact)
    return 2 <= size <= LARGEST and (
        b'"data_offsets"' in artifact.head or b'"__metadata__"' in artifact.head or size < 9
    )


def _size(artifact: Artifact) -> int:
    return int.from_bytes(artifact.head[:8], "little")


def read(artifact: Artifact, context: Context) -> Facts:
    """What in the header does not add up; nothing for an ordinary file."""
    size = _size(artifact)
    if 8 + size > artifact.size:
        yield _odd(artifact, "the header ends behind the file")
        return
    try:
        header = json.loads(artifact.read(8, size), object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        yield _odd(artifact, f"a header that is no JSON: {error}")
        return
    reason = next(_wrong(header, artifact.size - 8 - size), None)
    if reason is not None:
        yield _odd(artifact, reason)


def _odd(artifact: Artifact, reason: str) -> Evidence:
    return anomaly(artifact, "safetensors-header", 8, reason[:300])


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("the same key twice")
    return made


def _wrong(header: Any, size: int) -> Iterator[str]:
    """Reasons why these tensors are not exactly the `size` bytes behind the header."""
    if not isinstance(header, dict):
        yield "a header that is no mapping"
        return
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        yield "metadata that is not text"
    spans: list[tuple[int, int]] = []
    for name, row in header.items():
        span = _span(row)
        if span is None:
            yield f"tensor {name[:80]!r} is not described as one"
            return
        spans.append(span)
    at = 0
    for start, stop in sorted(spans):
        if start != at:
            yield f"tensors that overlap or leave a gap at byte {at:,}"
            return
        at = stop
    if at != size:
        yield f"{abs(size - at):,} bytes {'behind' if size > at else 'missing at the end of'} the tensors"


def _span(row: Any) -> tuple[int, int] | None:
    if not isinstance(row, dict) or not {"dtype", "shape", "data_offsets"} <= row.keys():
        return None
    shape, offsets = row["shape"], row["data_offsets"]
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        return None
    bits = _BITS.get(str(row["dtype"]))
    if bits is not None and math.prod(shape) * bits != (offsets[1] - offsets[0]) * 8:
        return None
    return offsets[0], offsets[1]


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 1 << 63 for value in values)


READER = Reader(claims, read, lambda artifact: "safetensors")
