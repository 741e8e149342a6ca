"""Rows by the hundred thousand, in a few bytes each: what a scan of a folder keeps of files that are in order.

Neighbours in a folder have names that are nearly the same, so that some 15 bytes are left of a row once it is packed.
As an object it takes ten times as much; a file on disk would be one more that somebody has to clean up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

CHUNK = 4_096
"""Rows that are packed together, and unpacked together when somebody goes through them. Fewer stay as they are."""


class Many(Sequence["T"]):
    """Strings, or records of plain values such as `report.Scanned`: a sequence that grows at its end."""

    __slots__ = ("_chunks", "_count", "_kind", "_tail")

    def __init__(self, kind: type[T], rows: Iterable[T] = ()) -> None:
        """`kind`: str, or the class that every row is made of by its fields in their order."""
        self._kind = kind
        self._chunks: list[bytes] = []
        self._tail: list[T] = []
        self._count = 0
        self.extend(rows)

    @classmethod
    def of(cls, kind: type[T], chunks: Sequence[bytes], count: int) -> Many[T]:
        """What `packed` gave, out of a store. Raises ValueError for anything else."""
        import zlib

        made = cls(kind)
        try:
            whole = all(map(zlib.decompress, chunks))
            last = made._unpack(chunks[-1]) if chunks else []
        except zlib.error as error:
            raise ValueError(f"chunks of something else: {error}") from None
        if not whole or count != CHUNK * max(0, len(chunks) - 1) + len(last):
            raise ValueError("chunks of another length")
        made._chunks, made._count = list(chunks), count
        if len(last) < CHUNK and chunks:
            made._chunks.pop()
            made._tail = last
        return made

    def extend(self, rows: Iterable[T]) -> None:
        if isinstance(rows, Many) and not self._tail:
            self._chunks += rows._chunks
            self._count += rows._count - len(rows._tail)
            rows = rows._tail
        for row in rows:
            self._tail.append(row)
            self._count += 1
            if len(self._tail) == CHUNK:
                self._chunks.append(self._pack(self._tail))
                self._tail = []

    @property
    def packed(self) -> list[bytes]:
        """All of it as `of` takes it."""
        return [*self._chunks, *([self._pack(self._tail)] if self._tail else ())]

    def few(self) -> Sequence[T]:
        """A tuple, where there are so few rows that none was packed."""
        return self if self._chunks else tuple(self._tail)

    def _pack(self, rows: list[T]) -> bytes:
        import json
        import zlib

        plain = rows if self._kind is str else list(map(attrgetter(*self._kind.__match_args__), rows))  # type: ignore[attr-defined]
        return zlib.compress(json.dumps(plain).encode(), 1)

    def _unpack(self, chunk: bytes) -> list[T]:
        import json
        import zlib

        rows = json.loads(zlib.decompress(chunk))
        make: Callable[..., T] = self._kind
        return rows if self._kind is str else [make(*row) for row in rows]

    def __iter__(self) -> Iterator[T]:
        for chunk in self._chunks:
            yield from self._unpack(chunk)
        yield from self._tail

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return tuple(self)[at]
        number = range(self._count)[at]
        chunk, row = divmod(number, CHUNK)
        return self._unpack(self._chunks[chunk])[row] if chunk < len(self._chunks) else self._tail[row]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, tuple | Many)
            and len(self) == len(other)
            and all(one == row for one, row in zip(self, other, strict=True))
        )

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<{self._count:,} rows of {self._kind.__name__}>"
