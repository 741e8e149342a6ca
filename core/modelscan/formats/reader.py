"""What a reader is, and what it may use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.limits import Budget, Limits
from modelscan.records import dataclass
from modelscan.report import Scanned, Skip
from modelscan.source.artifact import Artifact
from modelscan.source.hiding import Hides, Signs


@dataclass(frozen=True, slots=True)
class Context:
    """The budgets of the scan, and what is known of the load that will follow."""

    limits: Limits
    budget: Budget
    single: bool = False
    """Only the first of several pickles is going to be loaded."""
    loader: str = ""
    """Who reads pickles: "pickle", "joblib", or unknown."""
    operators: Callable[[], frozenset[str]] = frozenset
    """Operators of graphs that are worth a row; a graph has hundreds of thousands."""
    hides: Hides | None = None
    """Could what should be a tensor be in a format that some reader knows?"""
    wanted: Callable[[Evidence], bool] = lambda fact: True
    """Might the details of a call be shown, what it is given and how it came about? Working them out takes longer than
    reading the call."""


Facts = Iterator["Evidence | Artifact | Parts | Scanned | Skip"]
"""What a reader yields: facts, artifacts found inside that are to be read in turn, members that need not be, what it
turns out to be, or that it is no model after all."""


@dataclass(frozen=True, slots=True)
class Reader:
    """`claims` looks at the bytes, never at the name alone; `format` words the format for this artifact."""

    claims: Callable[[Artifact, Context], bool]
    read: Callable[[Artifact, Context], Facts]
    format: Callable[[Artifact], str]
    begins: Callable[[bytes, int], bool] = lambda head, size: True
    """Could so many bytes begin like this, given that they show a sign of its row's `among_tensors`?"""


@dataclass(frozen=True, slots=True)
class Row:
    """A reader in the registry: `module` of this package has it as `READER`, and is imported when it may be needed."""

    module: str
    starts: bytes = b""
    """Every byte that may stand first in what it claims; empty for any."""
    among_tensors: Signs = tuple
    """What it shows where it is looked for in the place of a tensor."""
    sign: Callable[[Artifact], bool] | None = None
    """A test of `formats.signs` that everything it claims passes."""

    @property
    def reader(self) -> Reader:
        return _reader(self.module)

    def claims(self, artifact: Artifact, context: Context) -> bool:
        if self.starts and artifact.head[:1] not in self.starts:
            return False
        if self.sign is not None and not self.sign(artifact):
            return False
        return self.reader.claims(artifact, context)

    def read(self, artifact: Artifact, context: Context) -> Facts:
        return self.reader.read(artifact, context)

    def format(self, artifact: Artifact) -> str:
        return self.reader.format(artifact)


@functools.cache
def _reader(module: str) -> Reader:
    # importlib, which brings warnings, takes longer to import than a reader
    found: Reader = __import__(f"modelscan.formats.{module}", fromlist=("READER",)).READER
    return found


@dataclass(frozen=True, slots=True)
class Parts:
    """Members that are as plain data should be, and were not read for that: their names."""

    names: tuple[str, ...]


def unreadable(artifact: Artifact, error: FormatError) -> Evidence:
    """Something a loader might interpret and we could not read."""
    return Evidence(Kind.UNREADABLE, error.code, Where(artifact.name, error.offset), {"reason": error.reason})


def broken(artifact: Artifact, error: FormatError) -> Evidence:
    """The bytes stop making sense here, for a loader as for us, unless the error says otherwise."""
    kind = Kind.UNREADABLE if error.unread else Kind.BROKEN
    return Evidence(kind, error.code, Where(artifact.name, error.offset), {"reason": error.reason})


def anomaly(artifact: Artifact, code: str, offset: int | None = None, about: str = "") -> Evidence:
    return Evidence(Kind.ANOMALY, code, Where(artifact.name, offset), {"expression": about} if about else {})


def leaves_the_archive(name: str) -> bool:
    """Would unpacking this member write outside the folder it is unpacked into?"""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":")
