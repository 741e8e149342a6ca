"""Tar archives, plain and inside gzip, bz2 or xz; PyTorch's first format, which was one, is told by its members."""

from __future__ import annotations

from modelscan.errors import FormatError, LimitExceeded
from modelscan.formats import torch_tar
from modelscan.formats.reader import Context, Facts, Reader, anomaly, leaves_the_archive, unreadable
from modelscan.source import tar
from modelscan.source.artifact import Artifact
from modelscan.source.tar import Member


def claims(artifact: Artifact, context: Context) -> bool:
    return tar.is_tar(artifact.head)


def read(artifact: Artifact, context: Context) -> Facts:
    """Every file as an artifact of its own; nothing is unpacked, no link is followed."""
    entries: list[Member] = []
    try:
        entries.extend(tar.members(artifact, context.limits))
    except FormatError as error:
        yield unreadable(artifact, error)
    except LimitExceeded as error:
        yield unreadable(artifact, FormatError("limit", f"{error.reason} (limit {error.budget!r})"))
    torch = torch_tar.is_torch({member.name.removeprefix("./") for member in entries})
    for member in entries:
        yield from _member(artifact, member, context, torch)


def _member(artifact: Artifact, member: Member, context: Context, torch: bool) -> Facts:
    if member.behind:
        yield anomaly(artifact, "tar-behind", member.start, member.name)
    if leaves_the_archive(member.name):
        yield anomaly(artifact, "archive-path", member.start, member.name)
    if member.is_device or (member.is_link and leaves_the_archive(member.link)):
        link = f" -> {member.link}" if member.link else ""
        yield anomaly(artifact, "tar-link", member.start, member.name + link)
    if member.sparse:
        yield unreadable(artifact, FormatError("tar-header", f"member {member.name!r} is sparse", member.start))
    size = max(0, min(member.size, artifact.size - member.start))
    if not member.is_file or not size:
        return
    child = artifact.part(member.name, member.start, size, loader="torch" if torch else "")
    child.expected = torch
    reader = torch_tar.MEMBERS.get(member.name.removeprefix("./")) if torch else None
    if reader is None:
        yield child
    else:
        yield from reader(child, context)


READER = Reader(claims, read, lambda artifact: "tar archive")
