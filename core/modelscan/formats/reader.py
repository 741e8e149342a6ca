"""What a reader is, and what it may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.limits import Limits
from modelscan.report import Scanned, Skip
from modelscan.source.artifact import Artifact
from modelscan.source.codecs import Budget


@dataclass(frozen=True, slots=True)
class Context:
    """The budgets of the scan, and what is known of the load that will follow."""

    limits: Limits
    budget: Budget
    single: bool = False
    """Only the first of several pickles is going to be loaded."""
    loader: str = ""
    """Who reads pickles: "pickle", "joblib", or unknown."""
    operators: frozenset[str] = frozenset()
    """Operators of graphs that are worth a row; a graph has hundreds of thousands."""
    hides: Callable[[bytes], bool] = lambda head: True
    """Could the first bytes of what should be a tensor be those of a format that some reader knows?"""


Facts = Iterator[Evidence | Artifact | Scanned | Skip]
"""What a reader yields: facts, artifacts found inside that are to be read in turn, what it turns out to be,
or that it is no model after all."""


@dataclass(frozen=True, slots=True)
class Reader:
    """`claims` looks at the bytes, never at the name alone; `format` words the format for this artifact."""

    claims: Callable[[Artifact, Context], bool]
    read: Callable[[Artifact, Context], Facts]
    format: Callable[[Artifact], str]
    first: bytes = b""
    """The bytes that may stand first in this format; it is looked for in the place of a tensor."""
    begins: Callable[[bytes], bool] = lambda head: True
    """Could these be its first bytes, given that the very first one may?"""


def unreadable(artifact: Artifact, error: FormatError) -> Evidence:
    """Something a loader might interpret and we could not read."""
    return Evidence(Kind.UNREADABLE, error.code, Where(artifact.name, error.offset), {"reason": error.reason})


def broken(artifact: Artifact, error: FormatError) -> Evidence:
    """The bytes stop making sense here, for a loader as for us."""
    return Evidence(Kind.BROKEN, error.code, Where(artifact.name, error.offset), {"reason": error.reason})


def anomaly(artifact: Artifact, code: str, offset: int | None = None, about: str = "") -> Evidence:
    return Evidence(Kind.ANOMALY, code, Where(artifact.name, offset), {"expression": about} if about else {})


def leaves_the_archive(name: str) -> bool:
    """Would unpacking this member write outside the folder it is unpacked into?"""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":")
