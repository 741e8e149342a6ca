"""PyTorch's format before 1.6: five pickles (magic number, protocol, system, object, storage keys), then raw storages.

torch.serialization._legacy_load unpickles all five, so a payload may stand in any of them.
"""

from __future__ import annotations

from modelscan.formats.reader import Context, Facts, Reader, broken
from modelscan.formats.signs import is_torch_legacy
from modelscan.formats.walking import Stream
from modelscan.source.artifact import Artifact

PICKLES = 5


def claims(artifact: Artifact, context: Context) -> bool:
    return is_torch_legacy(artifact)


def read(artifact: Artifact, context: Context) -> Facts:
    stream = Stream.of(artifact, context, "torch")
    pos = stream.start
    for _ in range(PICKLES):
        walked = stream.walk(pos)
        walk = walked.walk
        yield from walked.ledger.evidence()
        if walk.broken is not None:
            yield broken(artifact, walk.broken.shifted(-stream.start))
            return
        if walk.limit is not None:
            raise walk.limit
        pos = walk.end


READER = Reader(claims, read, lambda artifact: "PyTorch legacy")
