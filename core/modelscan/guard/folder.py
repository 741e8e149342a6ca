"""A folder that a loader reads files of: everything below it is scanned, and looked at again after the load."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.guard.sources import Source
from modelscan.policy import Policy
from modelscan.scanner import Examination, examine
from modelscan.source.artifact import Artifact, BytesRoot, Identity, identity_of
from modelscan.source.tree import files_below, sha256_of


class Folder(Source):
    """Which of its files will be read is the loader's business, so all of them count."""

    def __init__(self, path: Path) -> None:
        self.path, self.label, self._whole = path, str(path), Path(os.path.abspath(path))  # noqa: PTH100
        self.identity = _identities(path)

    def beside(self) -> Path:
        return self._whole

    def examine(self, policy: Policy) -> tuple[Artifact, Examination]:
        whole = Examination()
        for file in self.identity:
            found = _examined(file, policy, self.loader)
            whole.evidence += found.evidence
            whole.scanned += found.scanned
            whole.skips += found.skips
        size = sum(size for _, _, size, _, _ in self.identity.values())
        return Artifact(self.label, BytesRoot(b""), 0, size), whole

    def sha256(self) -> str | None:
        """Of all its files by their paths (see `tree.sha256_of`); None of what cannot be told so."""
        with suppress(OSError, FormatError):
            return sha256_of(self.path)
        return None

    def changed(self) -> bool:
        return _identities(self.path) != self.identity


def _examined(file: Path, policy: Policy, loader: str) -> Examination:
    try:
        artifact = Artifact.open(file)
    except (OSError, FormatError) as error:
        reason = {"reason": getattr(error, "strerror", None) or str(error)}
        return Examination([Evidence(Kind.UNREADABLE, "not-accessible", Where(str(file)), reason)])
    try:
        found = examine(artifact, policy, loader=loader)
    finally:
        artifact.close()
    if loader == "package" and file.suffix.lower() == ".py":
        found.evidence.append(Evidence(Kind.ANOMALY, "package-source", Where(str(file)), {"expression": file.name}))
    return found


def _identities(path: Path) -> dict[Path, Identity]:
    return {file: _identity(file) for file in files_below(path)}


def _identity(file: Path) -> Identity:
    """Of what cannot be looked at, the same each time: whether it can be opened is found out later."""
    try:
        return identity_of(file)
    except OSError:
        return (0, 0, 0, 0, 0)
