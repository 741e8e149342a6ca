"""PyTorch's format before 0.1.10, a tar: `storages` and `tensors` hold pickles with raw numbers in between, `pickle`
the object. torch.serialization.legacy_load still reads it, though not with weights_only (CVE-2025-32434).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind
from modelscan.formats import pickle
from modelscan.formats.reader import Context, Facts, broken, unreadable
from modelscan.formats.walking import Stream
from modelscan.pickles.storages import ITEM
from modelscan.records import replace
from modelscan.source.artifact import Artifact

_MODULES = ("torch", "torch.cuda", "torch.storage")

Raw = Callable[[bytes, list[str]], int | None]
"""How many bytes of numbers follow a pickle, by the first of them and the names the pickle asks for. None: unknown."""


def is_torch(names: set[str]) -> bool:
    return {"pickle", "storages", "tensors"} <= names


def _storage(head: bytes, names: list[str]) -> int | None:
    """int64 count, then so many items of the one storage type that is named. The views behind all name none."""
    items = [ITEM[name] for name in names if name in ITEM]
    if not items:
        return 0 if not names else None
    count = int.from_bytes(head[:8], "little", signed=True)
    return 8 + count * items[0] if len(items) == 1 and len(head) >= 8 and count >= 0 else None


def _tensor(head: bytes, names: list[str]) -> int | None:
    """int32 dimensions, 4 bytes, shape, stride and offset as int64."""
    if len(head) < 8:
        return None
    (dimensions,) = struct.unpack("<i", head[:4])
    return 16 + 16 * dimensions if dimensions >= 0 else None


def _mixed(artifact: Artifact, context: Context, raw: Raw) -> Iterator[Evidence]:
    """A pickle with a count, then pickles that each have raw bytes behind them."""
    stream = Stream.of(artifact, context, "torch")
    pos, end, first = stream.start, stream.end, True
    for _ in range(context.limits.members):
        if pos >= end:
            return
        walked = stream.walk(pos)
        walk, ledger = walked.walk, walked.ledger
        yield from ledger.evidence()
        if walk.limit is not None:
            raise walk.limit
        if walk.broken is not None:
            yield broken(artifact, walk.broken.shifted(-stream.start))
            return
        names = [name if module in _MODULES else f"{module}.{name}" for module, name in ledger.imports]
        behind = 0 if first else raw(bytes(stream.data[walk.end : min(end, walk.end + 8)]), names)
        if behind is None:
            reason = "what follows a tensor's description cannot be measured"
            yield unreadable(artifact, FormatError("storage-unresolved", reason, walk.end - stream.start))
            return
        pos, first = walk.end + behind, False


def _storages(artifact: Artifact, context: Context) -> Facts:
    yield from _mixed(artifact, context, _storage)


def _tensors(artifact: Artifact, context: Context) -> Facts:
    yield from _mixed(artifact, context, _tensor)


def _object(artifact: Artifact, context: Context) -> Facts:
    """Persistent ids are plain numbers here, which the loader answers with the tensors it has read."""
    for item in pickle.read(artifact, context):
        if isinstance(item, Evidence) and item.kind is Kind.PERSISTENT:
            yield replace(item, detail={**item.detail, "shape": "torch-tensor"})
        else:
            yield item


MEMBERS: dict[str, Callable[[Artifact, Context], Facts]] = {
    "storages": _storages,
    "tensors": _tensors,
    "pickle": _object,
}
"""The members that are read in a way of their own."""
