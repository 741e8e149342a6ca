"""GGUF: settings by name, then descriptions of tensors, then numbers (ggml/docs/gguf.md). It can run nothing by itself.

One setting is a program: the chat template, which llama-cpp-python rendered without a sandbox (CVE-2024-34359). What
does not follow the format is stated as unread: readers in C have trusted its counts (CVE-2024-21802 and others).
"""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.errors import FormatError
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.formats.template import facts
from modelscan.source.artifact import Artifact

MAGIC = b"GGUF"
TEMPLATE = b"tokenizer.chat_template"
VERSIONS = (2, 3)
DIMENSIONS = 4
"""As many as readers have room for (GGML_MAX_DIMS)."""
DEEP = 4
"""Lists within lists."""
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a number, by its type."""
_TEXT, _LIST = 8, 9


def claims(artifact: Artifact, context: Context) -> bool:
    return artifact.head.startswith(MAGIC) and not artifact.expected


def read(artifact: Artifact, context: Context) -> Facts:
    """Chat templates, and what of the header could not be followed."""
    try:
        for key, text in _Header(artifact, context.limits.metadata).templates():
            yield from facts(artifact, key, text)
    except FormatError as error:
        yield unreadable(artifact, error)


class _Header:
    """A walk through the header of one file, item by item."""

    def __init__(self, artifact: Artifact, longest: int) -> None:
        self.data, self.start, self.end = artifact.view()
        self.longest = longest
        self.at = self.start + len(MAGIC)
        version = self._take(4)
        self.little = int.from_bytes(version, "little") in VERSIONS
        if not self.little and int.from_bytes(version, "big") not in VERSIONS:
            raise self._error("a version of GGUF that is not read yet")

    def templates(self) -> Iterator[tuple[str, str]]:
        tensors, settings = self._number(8), self._number(8)
        keys: set[bytes] = set()
        names: set[bytes] = set()
        for _ in self._counted(settings, 13):
            key = self._name(keys)
            kind = self._number(4)
            told = key.startswith(TEMPLATE)
            for text in self._pass(kind, DEEP):
                if told:
                    yield key.decode("utf-8", "replace"), text.decode("utf-8", "replace")
        for _ in self._counted(tensors, 24):
            self._name(names)
            dimensions = self._number(4)
            if dimensions > DIMENSIONS:
                raise self._error(f"a tensor of {dimensions:,} dimensions")
            self._skip(8 * dimensions + 4)
            if self._number(8) > self.end - self.start:
                raise self._error("a tensor behind the end of the file")

    def _name(self, seen: set[bytes]) -> bytes:
        name = self._text()
        if name in seen:
            raise self._error("the same name twice")
        seen.add(name)
        return name

    def _pass(self, kind: int, deep: int) -> Iterator[bytes]:
        """Walks over one value, and tells its texts."""
        if kind in _WIDTHS:
            self._skip(_WIDTHS[kind])
        elif kind == _TEXT:
            yield self._text()
        elif kind == _LIST and deep:
            inner, count = self._number(4), self._number(8)
            if inner in _WIDTHS:
                self._skip(_WIDTHS[inner] * count)
                return
            for _ in self._counted(count, 8):
                yield from self._pass(inner, deep - 1)
        else:
            raise self._error(f"a value of the unknown type {kind:,}")

    def _counted(self, count: int, least: int) -> range:
        """So many items, of `least` bytes or more each."""
        if count * least > self.end - self.at:
            raise self._error("more items than the file has room for")
        return range(count)

    def _text(self) -> bytes:
        return self._take(self._number(8))

    def _number(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little" if self.little else "big")

    def _take(self, size: int) -> bytes:
        at = self.at
        self._skip(size)
        return self.data[at : self.at]

    def _skip(self, size: int) -> None:
        if size > self.end - self.at:
            raise self._error("the header ends behind the file")
        self.at += size
        if self.at - self.start > self.longest:
            raise FormatError("limit", "a header larger than the limit (limit 'metadata')")

    def _error(self, reason: str) -> FormatError:
        return FormatError("gguf", reason, self.at - self.start)


READER = Reader(claims, read, lambda artifact: "GGUF")
