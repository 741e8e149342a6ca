"""A file object of which one pickle is read, as by `pickle.load`: the loader gets the very bytes that were scanned."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Set as AbstractSet
from typing import Any

from modelscan.evidence import Kind
from modelscan.guard import shapes
from modelscan.guard.plain import WINDOW, asks_nothing, reach
from modelscan.guard.scope import Pair
from modelscan.guard.sources import READ_AHEAD, Handle, file_identity, label_of, pickles
from modelscan.policy import Policy
from modelscan.scanner import Examination, examine
from modelscan.source.artifact import CHUNK, IN_MEMORY, MAPPED_ANYWAY, Artifact, FileRoot, read_up_to

GROWTH = 16
"""Where a pickle does not end within what was looked at, so many times more is looked at."""


class Window(Handle):
    """As much of a file on disk or in memory is looked at as its next pickle takes.

    The loader reads from a copy of that, and the file object is left where the loader stopped. A large pickle it reads
    itself, from a file that nobody can write to until it is done; where the system has no such thing, only one that is
    too large to be held beside its objects. In any case the file must be the same afterwards.
    """

    def __init__(self, file: Any) -> None:
        self.file, self.label, self.origin = file, label_of(file), file.tell()
        self.data = self._read(WINDOW)
        self.whole = len(self.data) < WINDOW
        self.mapped: Artifact | None = None

    def names(self, policy: Policy) -> AbstractSet[Pair] | None:
        self.small = self.data[: shapes.LONGEST]
        found = shapes.names(self.small, policy)
        if found is None and self.whole and asks_nothing(self.data):
            found = shapes.NOTHING
        if found is not None:
            self._hand_over()
        return found

    def examine(self, policy: Policy) -> tuple[Artifact, Examination]:
        if not self.whole and reach(self.data) >= WINDOW:
            self._grow()
        while True:
            artifact = self.mapped or Artifact.of_bytes(self.label, self.data)
            found = examine(artifact, policy, single=True, loader=self.loader, reader=pickles())
            if self.whole or not _is_cut(found, self.label):
                self._hand_over()
                return artifact, found
            self._grow()

    def sha256(self) -> str:
        """Of what the loader gets, and of what stands behind that, which it cannot read."""
        if self.mapped:
            return super().sha256()
        digest, at = hashlib.sha256(self.data), self.file.tell()
        self.file.seek(self.origin + len(self.data))
        try:
            while more := self.file.read(CHUNK):
                digest.update(more)
        finally:
            self.file.seek(at)
        return digest.hexdigest()

    def changed(self) -> bool:
        return self.mapped is not None and super().changed()

    def close(self) -> None:
        if self.mapped is not None:
            self.mapped.close()
        if self.given is not None:
            self.file.seek(self.origin + self.given.tell())

    def _map(self) -> Artifact:
        self.identity = file_identity(self.file)
        file = os.fdopen(os.dup(self.file.fileno()), "rb")
        size = os.fstat(file.fileno()).st_size - self.origin
        return Artifact(self.label, FileRoot(file), self.origin, size)

    def _grow(self) -> None:
        """Reads more: all that is left where nobody has read from the file object yet, or where that is little.

        A file may hold thousands of pickles, and each of them begins anew.
        """
        size, rest = len(self.data) * GROWTH, self.file.seek(0, io.SEEK_END) - self.origin
        self.rewind()
        in_memory = isinstance(self.file, io.BytesIO)
        alone = self.origin == 0 or rest <= size * GROWTH
        if (rest if alone else min(size, rest)) > IN_MEMORY and not in_memory:
            mapped = self._map()
            if mapped.hold() or min(size, rest) > MAPPED_ANYWAY:
                self.data, self.mapped, self.whole = b"", mapped, True
                return
            mapped.close()
        self.whole = in_memory or (alone and rest <= MAPPED_ANYWAY)
        self.data = self._read(rest if self.whole else size)

    def _hand_over(self) -> None:
        """As a file object of the same kind: how it is read shows in where the loader stops."""
        if self.mapped:
            return
        self.given = io.BytesIO(self.data)
        if isinstance(self.file, io.BufferedReader | io.BufferedRandom):
            self.given = io.BufferedReader(self.given, min(len(self.data) + 1, READ_AHEAD))

    def _read(self, size: int) -> bytes:
        try:
            return read_up_to(self.file, size)
        finally:
            self.file.seek(self.origin)


def _is_cut(found: Examination, label: str) -> bool:
    return any(
        fact.kind is Kind.BROKEN and fact.subject == "pickle-truncated" and fact.where.artifact == label
        for fact in found.evidence
    )
