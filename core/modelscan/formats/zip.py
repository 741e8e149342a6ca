"""Zip archives: torch checkpoints, TorchScript, torch.package, .pt2, npz and others; members go by their content."""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence

from modelscan.errors import FormatError, LimitExceeded
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats import pickle
from modelscan.formats.reader import Context, Facts, Parts, Reader, anomaly, leaves_the_archive, unreadable
from modelscan.patterns import later
from modelscan.report import Skip
from modelscan.source import archive
from modelscan.source.archive import Member
from modelscan.source.artifact import Artifact
from modelscan.source.storage_records import Listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHECKED = 1 << 20
"""Stored members up to this size, unless they are tensors, are held against their checksum."""
LISTED = 4_096
"""Tensors of a checkpoint that are told by their names; of more, none is."""
CONFIG = "config.json"
"""The member of a .keras archive that says what the model is made of; its name is the only thing Keras goes by."""


KERAS, TORCH, SCRIPT, PACKAGE, EXPORTED = "keras", "torch", "script", "package", "exported"
"""What an archive may be, by the names in it, several things at once: whatever is none of Keras is torch's."""
_MARKS: tuple[tuple[str, str], ...] = (
    ("data.pkl", TORCH),
    ("constants.pkl", SCRIPT),  # torch.load hands an archive with this member to torch.jit.load
    (".data/extern_modules", PACKAGE),
    ("archive_format", EXPORTED),
    ("serialized_exported_program.json", EXPORTED),  # up to torch 2.7, and still read
)


_TENSOR = later(r"(?:^|/)(?:\.?data|constants)/(?:weights/weight_)?\d+(?:\.storage)?$", re.IGNORECASE | re.ASCII)
"""What holds the numbers of a tensor in the archives that torch writes."""


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.size >= 22 and archive.is_zip(artifact)


def read(artifact: Artifact, context: Context) -> Facts:
    """Every member as an artifact of its own, and what is odd about the archive."""
    try:
        found = archive.read(artifact, context.limits, context.hides)
        if found.tensors and TORCH not in _traits([member.name for member in found.members]):
            found = archive.read(artifact, context.limits)
    except FormatError as error:
        yield unreadable(artifact, error)
        return
    for code in found.oddities:
        yield anomaly(artifact, code)
    if found.broken is not None:
        yield unreadable(artifact, found.broken)
    if 0 < len(found.tensors) <= LISTED:
        yield Parts(tuple(name.decode() for name in sorted(found.tensors)))
    traits = _traits([member.name for member in found.members])
    if PACKAGE in traits:
        yield from _sources(artifact, found.members)
    listed = Listed(found) if TORCH in traits else None
    for member in found.members:
        if not member.is_folder:
            yield from _member(artifact, member, context, traits, listed)


def _traits(names: Sequence[str]) -> frozenset[str]:
    """miniz, which torch reads with, takes capital and small letters for the same."""
    lower = [f"/{name.lower()}" for name in names]
    found = {trait for mark, trait in _MARKS if any(name.endswith(f"/{mark}") for name in lower)}
    return frozenset((*found, *((TORCH,) if found else ()), *((KERAS,) if CONFIG in names else ())))


def _sources(artifact: Artifact, members: Iterable[Member]) -> Iterator[Evidence]:
    """Python files in a torch.package, which `PackageImporter` runs when it imports them."""
    names = [member.name for member in members if member.name.lower().endswith(".py")]
    for name in names:
        yield Evidence(Kind.REFERENCE, "python source", Where(f"{artifact.name}!{name}"), {"expression": name})
    if names:
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        yield anomaly(artifact, "package-source", None, names[0] + more)


def _member(
    artifact: Artifact, member: Member, context: Context, traits: frozenset[str], listed: Listed | None
) -> Facts:
    for code in member.oddities:
        yield anomaly(artifact, code, member.header, member.name)
    if leaves_the_archive(member.name):
        yield anomaly(artifact, "archive-path", member.header, member.name)
    if member.encrypted:
        reason = f"member {member.name!r} is encrypted"
        yield unreadable(artifact, FormatError("zip-encrypted", reason, member.header))
    try:
        child, broken = _extract(artifact, member, context)
    except FormatError as error:
        yield unreadable(artifact, error)
        return
    except LimitExceeded as error:
        yield unreadable(artifact, FormatError("limit", f"{error.reason} (limit {error.budget!r})", member.header))
        return
    if broken is not None:
        yield unreadable(artifact, broken)
    elif _is_wrong(member, child):
        yield anomaly(artifact, "zip-checksum", member.header, member.name)
    child.loader = TORCH if TORCH in traits else KERAS if traits else ""
    child.expected = bool(traits) or member.encrypted
    child.numbers = TORCH in traits and _TENSOR.search(member.name) is not None
    child.records = listed.records(member.name, PACKAGE in traits) if listed is not None else None
    source = child.name.endswith(".py")
    if KERAS in traits and member.name == CONFIG:
        from modelscan.formats import keras

        yield from keras.read_config(child, context)
        return
    if EXPORTED in traits:
        yield from _exported(child, context)
    if SCRIPT in traits and (yield from _compiled(child, source, context)):
        child.release()
    elif not (traits and source and _is_prose(child, context)):
        yield child


def _extract(artifact: Artifact, member: Member, context: Context) -> tuple[Artifact, FormatError | None]:
    """The member's bytes as a child, and what cut them short.

    Neither the encryption flag nor a damaged end is a reason to stop: what stands before is read by some loader.
    """
    size = max(0, min(member.compressed, artifact.size - member.start))
    if member.method == 0:
        if "zip-overlap" in member.oddities:
            context.budget.spend(size)  # the same bytes over and over are a bomb as well
        return artifact.part(member.name, member.start, size), None
    from modelscan.source import codecs  # checkpoints and most other models are stored as they are

    codec = codecs.ZIP_METHODS.get(member.method)
    if codec is None:
        reason = f"member {member.name!r} uses compression method {member.method}"
        raise FormatError("zip-method", reason, member.header)
    packed = artifact.part("", member.start, size, chain="")
    child, error = codecs.expand(packed, codec, context.budget, member.name)
    if error is None:
        return child, None
    code = "zip-data" if error.code == "codec-broken" else error.code
    return child, FormatError(code, f"member {member.name!r}: {error.reason}", member.header)


def _is_wrong(member: Member, child: Artifact) -> bool:
    """Some loaders stop at a wrong checksum, and some never look at it (CVE-2025-10156)."""
    if "zip-hidden" in member.oddities or "zip-checksum" in member.oddities:
        return False
    if child.size != member.size:
        return True
    if member.method == 0 and (member.size > CHECKED or "/data/" in member.name):
        return False
    crc = 0
    for start in range(0, child.size, CHECKED):
        crc = zlib.crc32(child.read(start, CHECKED), crc)
    return crc != member.crc


def _exported(child: Artifact, context: Context) -> Facts:
    from modelscan.formats import exported

    if exported.is_program(child):
        yield from exported.read_program(child, context)


def _compiled(child: Artifact, source: bool, context: Context) -> Generator[Any, None, bool]:
    """A member of a TorchScript archive. Returned: was it one of its pickles?"""
    from modelscan.formats import torchscript

    if source:
        yield from torchscript.read_source(child)
    if not torchscript.is_pickle(child, context):
        return False
    yield from torchscript.read_pickle(child, context)
    return True


def _is_prose(child: Artifact, context: Context) -> bool:
    """Does it only begin like a pickle, as every "class" does?"""
    return pickle.claims(child, context) and isinstance(next(iter(pickle.read(child, context)), None), Skip)


def _format(artifact: Artifact) -> str:
    """By the names of the first members, which torch writes in an order of its own."""
    return next((label for mark, label in _LABELS if mark in artifact.head[30:]), "zip archive")


_LABELS: tuple[tuple[bytes, str], ...] = (
    (b"/data/weights/", "PyTorch exported program"),
    (b"data.pkl", "PyTorch zip"),
    (b"/data/0", "TorchScript"),
    (CONFIG.encode(), "Keras v3"),
)


READER = Reader(claims, read, _format, begins=lambda head, size: head[:2] == b"PK")
