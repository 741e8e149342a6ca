"""PyTorch's format before 1.6: five pickles (magic number, protocol, system, object, storage keys), then raw storages.

torch.serialization._legacy_load unpickles all five, so a payload may stand in any of them.
"""

from __future__ import annotations

from modelscan.formats.reader import Context, Facts, Reader, broken
from modelscan.formats.walking import Stream
from modelscan.source.artifact import Artifact

MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""LONG1 0x1950a86a20f9469cfc6c, STOP; a PROTO opcode stands before it."""
PICKLES = 5


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.head[2 : 2 + len(MAGIC)] == MAGIC and artifact.head[0] == 0x80


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
