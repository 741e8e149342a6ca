"""One file or stream to scan, as modelscan 0.8 hands it around."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import IO, Any


class ModelDataEmpty(ValueError):
    """The model was not opened and has no stream."""


class Model:
    """A name and, once it is open, a stream. A stream that was passed in is never closed here."""

    def __init__(self, source: str | Path, stream: IO[bytes] | None = None) -> None:
        self._source = Path(source)
        self._stream = stream
        self._owns = stream is None
        self._context: dict[str, Any] = {"formats": []}

    def set_context(self, key: str, value: Any) -> None:
        self._context[key] = value

    def get_context(self, key: str) -> Any:
        return self._context.get(key)

    def open(self) -> Model:
        """Raises OSError for a file that cannot be opened."""
        if self._stream is None:
            self._stream = self._source.open("rb")
        return self

    def close(self) -> None:
        if self._stream is not None and self._owns:
            self._stream.close()
            self._stream = None

    def __enter__(self) -> Model:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get_source(self) -> Path:
        return self._source

    def get_stream(self, offset: int = 0) -> IO[bytes]:
        """The stream, at `offset`. Raises ModelDataEmpty before `open`."""
        if self._stream is None:
            raise ModelDataEmpty(f"{self._source} is not open")
        self._stream.seek(offset)
        return self._stream
