"""7z archives, through py7zr when it is installed (optional extra `codecs`), into memory and within the budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelscan.errors import FormatError, LimitExceeded
from modelscan.limits import Budget, Limits
from modelscan.source import codecs
from modelscan.source.artifact import Artifact

MAGIC = b"7z\xbc\xaf\x27\x1c"


def members(artifact: Artifact, limits: Limits, budget: Budget) -> Iterator[Artifact]:
    """Each file as a child. Raises FormatError, after what came out before, and LimitExceeded."""
    budget.spend(0)
    products: list[tuple[str, Any]] = []
    error: FormatError | None = None
    try:
        _extract(artifact, limits, budget, products)
    except ImportError:
        raise FormatError("codec-missing", "7z archive: install py7zr to look into it") from None
    except LimitExceeded as reached:
        error = FormatError("limit", f"{reached.reason} (limit {reached.budget!r})")
    except Exception as failed:  # py7zr meets hostile headers with errors of every kind
        error = FormatError("archive-data", f"7z archive: {type(failed).__name__}: {failed}".rstrip(": "))
    for name, target in products:
        yield artifact.child(name, codecs.settled(target))
    if error is not None:
        raise error


def _extract(artifact: Artifact, limits: Limits, budget: Budget, products: list[tuple[str, Any]]) -> None:
    import py7zr
    from py7zr.io import Py7zIO, WriterFactory

    class Writer(Py7zIO):  # type: ignore[misc]
        """Spends the budget for every byte, whatever the header says about sizes."""

        def __init__(self) -> None:
            self.target = codecs.spool()

        def write(self, data: bytes | bytearray) -> int:
            budget.spend(len(data))
            return self.target.write(data)

        def read(self, size: int | None = None) -> bytes:
            return self.target.read(-1 if size is None else size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self.target.seek(offset, whence)

        def flush(self) -> None:
            return None

        def size(self) -> int:
            return self.target.tell()

    class Factory(WriterFactory):  # type: ignore[misc]
        def create(self, filename: str) -> Py7zIO:
            if len(products) >= limits.members:
                raise LimitExceeded("members", f"more than {limits.members:,} 7z members")
            writer = Writer()
            products.append((filename, writer.target))
            return writer

    with py7zr.SevenZipFile(artifact.stream(), "r") as archive:
        if archive.needs_password():
            raise FormatError("archive-data", "7z archive: encrypted")
        archive.extractall(factory=Factory())
