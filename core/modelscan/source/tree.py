"""The files below a folder that a loader takes as a whole, and the sha256 of all of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from modelscan.errors import FormatError
from modelscan.source.artifact import Artifact

_ESCAPED = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}


def files_below(folder: Path) -> Iterator[Path]:
    """Also behind links to other folders, each real folder once."""
    seen: set[tuple[int, int]] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        try:
            found = os.stat(root)  # noqa: PTH116
        except OSError:
            continue  # it is gone
        if (found.st_dev, found.st_ino) in seen:
            folders.clear()
            continue
        seen.add((found.st_dev, found.st_ino))
        folders.sort()
        for name in sorted(names):
            yield Path(root, name)


def sha256_of(folder: Path) -> str:
    """Of the lines that `find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum` writes in there.

    Raises OSError for what cannot be read, and FormatError for what no such lines would tell of: a link to a folder,
    behind which anything may lie later, a pipe, a link that leads nowhere.
    """
    lines = hashlib.sha256()
    for path, file in sorted((_path(file, folder), file) for file in _told(folder)):
        with closing(Artifact.open(file)) as artifact:
            lines.update(_line(artifact.sha256(), path))
    return lines.hexdigest()


def _told(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, onerror=_fail):
        for name in folders:
            if os.path.islink(os.path.join(root, name)):  # noqa: PTH114, PTH118
                raise FormatError("not-a-file", f"{name} in it is a link to a folder")
        yield from (Path(root, name) for name in names)


def _fail(error: OSError) -> None:
    raise error


def _path(file: Path, folder: Path) -> bytes:
    return os.fsencode(file.relative_to(folder).as_posix())


def _line(digest: str, path: bytes) -> bytes:
    """A path with a line end in it could pass for two files; sha256sum marks and escapes it."""
    escaped = path
    for plain, written in _ESCAPED.items():
        escaped = escaped.replace(plain, written)
    return (b"\\" if escaped != path else b"") + digest.encode() + b"  " + escaped + b"\n"
