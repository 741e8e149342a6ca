"""Zip archives: torch checkpoints, TorchScript, npz, and any other; each member is sniffed by its content."""

from __future__ import annotations

from modelscan.errors import FormatError
from modelscan.formats.reader import Context, Facts, Reader, anomaly, unreadable
from modelscan.source import archive
from modelscan.source.archive import Member
from modelscan.source.artifact import Artifact

_TORCH = "data.pkl"


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.size >= 22 and archive.is_zip(artifact)


def read(artifact: Artifact, context: Context) -> Facts:
    """Every member as an artifact of its own, and what is odd about the archive."""
    try:
        entries = list(archive.members(artifact, context.limits))
        for code in archive.oddities(artifact):
            yield anomaly(artifact, code)
    except FormatError as error:
        yield unreadable(artifact, error)
        return
    torch = any(_is_torch(member.name) for member in entries)
    for member in entries:
        if not member.is_folder:
            yield from _member(artifact, member, context, torch)


def _member(artifact: Artifact, member: Member, context: Context, torch: bool) -> Facts:
    for code in member.oddities:
        yield anomaly(artifact, code, member.start, member.name)
    if _leaves_the_archive(member.name):
        yield anomaly(artifact, "zip-path", member.start, member.name)
    if member.encrypted:
        reason = f"member {member.name!r} is encrypted"
        yield unreadable(artifact, FormatError("zip-encrypted", reason, member.start))
    try:
        child, odd = archive.extract(artifact, member, context.budget)
    except FormatError as error:
        yield unreadable(artifact, error)
        return
    if odd:
        yield anomaly(artifact, odd, member.start, member.name)
    child.loader = "torch" if torch else ""
    child.expected = torch or member.encrypted
    yield child


def _is_torch(name: str) -> bool:
    return name == _TORCH or name.endswith("/" + _TORCH)


def _leaves_the_archive(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":")


def _format(artifact: Artifact) -> str:
    """torch writes data.pkl first, so the first member's name tells."""
    return "PyTorch zip" if b"data.pkl" in artifact.head[30:300] else "zip archive"


READER = Reader(claims, read, _format)
