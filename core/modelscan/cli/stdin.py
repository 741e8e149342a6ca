"""A model out of a pipe. It is kept in a file for the scan, because formats are read from both ends."""

from __future__ import annotations

import sys
import time

from modelscan.folder import Merged
from modelscan.scanner import approved, scan_artifact
from modelscan.source.artifact import CHUNK, Artifact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO


def read_stdin(merged: Merged, name: str) -> None:
    """Scans standard input into `merged` by that name; at most as much of it as a scan may unpack."""
    import tempfile

    if sys.stdin is None:
        merged.fail(name, "not-accessible", "standard input is closed")
        return
    started = time.perf_counter()
    with tempfile.TemporaryFile() as file:
        limit = merged.policy.limits.expanded
        try:
            size = _copy(sys.stdin.buffer, file, limit)
        except OSError as error:  # a folder, a full disk
            merged.fail(name, "not-accessible", error.strerror or str(error))
            return
        if size > limit:
            merged.fail(name, "limit", f"more than {limit} bytes (limit 'expanded')")
            return
        artifact = Artifact.of_file(name, file)
        report = scan_artifact(artifact, merged.policy, started=started)
        merged.add(approved(artifact, report, merged.policy))


def _copy(source: IO[bytes], target: IO[bytes], limit: int) -> int:
    size = 0
    while size <= limit and (data := source.read(CHUNK)):
        size += len(data)
        target.write(data)
    target.flush()
    return size
