"""7z archives, in which models were hidden from scanners that only know zip (nullifAI, ReversingLabs 2025)."""

from __future__ import annotations

from modelscan.errors import FormatError
from modelscan.formats.reader import Context, Facts, Reader, anomaly, leaves_the_archive, unreadable
from modelscan.source import sevenzip
from modelscan.source.artifact import Artifact


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.head.startswith(sevenzip.MAGIC)


def read(artifact: Artifact, context: Context) -> Facts:
    try:
        for child in sevenzip.members(artifact, context.limits, context.budget):
            name = child.name.removeprefix(f"{artifact.name}!")
            if leaves_the_archive(name):
                yield anomaly(artifact, "archive-path", None, name)
            yield child
    except FormatError as error:
        yield unreadable(artifact, error)


READER = Reader(
    claims,
    read,
    lambda artifact: "7z archive",
    begins=lambda head, size: head.startswith(sevenzip.MAGIC),
)
