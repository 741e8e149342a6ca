"""Compression: recognised by its first bytes, undone within a budget, partial results kept.

A loader stops reading at the end of the pickle and never sees that the checksum behind it is wrong, so what came
out before an error counts.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Callable, Iterator

from modelscan.errors import FormatError, LimitExceeded
from modelscan.limits import Budget
from modelscan.patterns import later
from modelscan.records import dataclass
from modelscan.source.artifact import CHUNK, Artifact

TYPE_CHECKING = False
if TYPE_CHECKING:
    import tempfile
    from typing import Any, BinaryIO

SPILL = 64 << 20
"""Bytes kept in memory before a temporary file is used."""
DICTIONARY = 256 << 20
"""Bytes of LZMA's window, which data may ask for at will; what needs more counts as broken."""


_ZFILE_HEAD = 21
_ZFILE = later(rb"ZF[\s\w+-]{19} ?")
"""joblib reads the 19 characters with int(…, 16)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """`open` gives a readable file over the decompressed bytes; ImportError says what to install."""

    name: str
    claims: Callable[[bytes], bool]
    open: Callable[[Any], Any]


_LZ4, _ZSTD, _SKIPPABLE = b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd", b"\x2a\x4d\x18"
SKIPPED = 4_096
"""Skippable frames before the first other one."""


def _zlib_header(head: bytes) -> bool:
    return len(head) >= 2 and head[0] & 0x0F == 8 and head[0] >> 4 <= 7 and int.from_bytes(head[:2], "big") % 31 == 0


def _lzma_header(head: bytes) -> bool:
    """LZMA-alone has no magic: properties below 225, a power-of-two dictionary, a size that is unknown or sane."""
    if len(head) < 13 or head[0] >= 225:
        return False
    dictionary = int.from_bytes(head[1:5], "little")
    size = int.from_bytes(head[5:13], "little")
    return (
        dictionary >= 4096
        and (dictionary & (dictionary - 1) == 0 or dictionary % 3 == 0)
        and (size == (1 << 64) - 1 or size < 1 << 40)
        and head[0] == 0x5D
    )


def _never(_: bytes) -> bool:
    return False


class _Zlib(io.RawIOBase):
    """zlib streams, one after another, as joblib's BinaryZlibFile reads them; of raw deflate only the first.

    `single`: only the first here as well.
    """

    def __init__(self, file: BinaryIO, raw: bool = False, single: bool = False) -> None:
        self.file, self.single, self.rest = file, raw or single, b""
        self.engine = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS)

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        while True:
            if self.engine.eof and self.single:
                return 0
            source = self.rest or self.file.read(65_536)
            if self.engine.eof:
                source = self.engine.unused_data + source
                self.engine = zlib.decompressobj()
            if not source:
                return 0
            data = self.engine.decompress(source, len(target))
            self.rest = self.engine.unconsumed_tail
            if data:
                target[: len(data)] = data
                return len(data)


def _is_zfile(head: bytes) -> bool:
    found = _ZFILE.match(head)
    return found is not None and _zlib_header(head[found.end() : found.end() + 2])


def _open_zfile(file: BinaryIO) -> BinaryIO:
    """joblib before 0.10: the size as 19 characters, from Python 2 one space more, and one zlib stream."""
    head = file.read(_ZFILE_HEAD + 1)
    file.seek(_ZFILE_HEAD + (head[_ZFILE_HEAD:] == b" "))
    return io.BufferedReader(_Zlib(file, single=True), CHUNK)


def _zip_lzma(file: BinaryIO) -> BinaryIO:
    """APPNOTE 5.8.8: version, size of the properties, properties, raw LZMA.

    The window need not be larger than what comes out, so what is asked for is not what is taken.
    """
    import lzma

    head = file.read(4)
    properties = file.read(int.from_bytes(head[2:4], "little")) if len(head) == 4 else b""
    if len(properties) != 5 or properties[0] >= 225:
        raise lzma.LZMAError("the properties of LZMA data cannot be understood")
    rest, lc = divmod(properties[0], 9)
    pb, lp = divmod(rest, 5)
    dictionary = min(max(4096, int.from_bytes(properties[1:], "little")), DICTIONARY)
    only = {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}
    return lzma.LZMAFile(file, format=lzma.FORMAT_RAW, filters=[only])  # type: ignore[return-value]


def _open_gzip(file: BinaryIO) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=file)


def _open_bz2(file: BinaryIO) -> Any:
    import bz2

    return bz2.BZ2File(file)


def _open_xz(file: BinaryIO) -> Any:
    import lzma

    return lzma.LZMAFile(file)


def _open_lzma(file: BinaryIO) -> Any:
    import lzma

    return lzma.LZMAFile(file, format=lzma.FORMAT_ALONE)


class _Foreign(io.RawIOBase):
    """A reader of another package, whose own kinds of error become OSError."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.take = read

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        try:
            data = self.take(len(target))
        except Exception as error:  # these packages derive theirs from Exception and RuntimeError
            raise OSError(str(error)) from None
        target[: len(data)] = data
        return len(data)


def _open_lz4(file: BinaryIO) -> BinaryIO:
    import lz4.frame

    return io.BufferedReader(_Foreign(lz4.frame.open(file, "rb").read1), CHUNK)


def _open_zstd(file: BinaryIO) -> BinaryIO:
    try:
        from compression import zstd
    except ImportError:
        import zstandard

        found = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read
    else:
        found = zstd.open(file, "rb").read1
    return io.BufferedReader(_Foreign(found), CHUNK)


def _is_skippable(head: bytes) -> bool:
    return head[1:4] == _SKIPPABLE and head[0] & 0xF0 == 0x50


def _open_skippable(file: BinaryIO) -> BinaryIO:
    """Frames of anything, which zstd and lz4 have in common, and behind them one that says which of both it is."""
    at = 0
    for _ in range(SKIPPED):
        file.seek(at)
        head = file.read(8)
        if not _is_skippable(head):
            break
        at += 8 + int.from_bytes(head[4:], "little")
    file.seek(0)
    for magic, open_ in ((_LZ4, _open_lz4), (_ZSTD, _open_zstd)):
        if head.startswith(magic):
            return open_(file)
    raise OSError("neither lz4 nor zstd data follows its skippable frames")


CODECS: tuple[Codec, ...] = (
    Codec("gzip", lambda head: head[:2] == b"\x1f\x8b", _open_gzip),
    Codec("bz2", lambda head: head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"), _open_bz2),
    Codec("xz", lambda head: head[:6] == b"\xfd7zXZ\0", _open_xz),
    Codec("lzma", _lzma_header, _open_lzma),
    Codec("joblib zlib", _is_zfile, _open_zfile),
    Codec("zlib", _zlib_header, lambda file: io.BufferedReader(_Zlib(file), CHUNK)),
    Codec("lz4", lambda head: head[:4] == _LZ4, _open_lz4),
    Codec("zstd", lambda head: head[:4] == _ZSTD, _open_zstd),
    Codec("skippable frames", _is_skippable, _open_skippable),
)


def codec_of(head: bytes) -> Codec | None:
    return next((codec for codec in CODECS if codec.claims(head)), None)


ZIP_METHODS: dict[int, Codec] = {
    8: Codec("deflate", _never, lambda file: io.BufferedReader(_Zlib(file, raw=True), CHUNK)),
    12: Codec("bzip2", _never, _open_bz2),
    14: Codec("lzma", _never, _zip_lzma),
    93: Codec("zstd", _never, _open_zstd),
}
"""By the number in a zip header. Python's zipfile reads 8, 12 and 14, from 3.14 on 93 as well; miniz reads 8."""


def expand(
    artifact: Artifact, codec: Codec, budget: Budget, name: str | None = None
) -> tuple[Artifact, FormatError | None]:
    """The decompressed child, and the error or limit that cut it short if one did."""
    budget.spend(0)
    target = spool()
    broken: FormatError | None = None
    try:
        with codec.open(artifact.stream()) as source:
            for chunk in _chunks(source):
                target.write(chunk)
                budget.spend(len(chunk))
    except LimitExceeded as error:
        broken = FormatError("limit", f"{error.reason} (limit {error.budget!r})")
    except _breaks() as error:
        broken = FormatError("codec-broken", f"{codec.name} data breaks: {error}")
    except ImportError:
        raise FormatError("codec-missing", f"{codec.name} data: install the Python package that reads it") from None
    return artifact.child(name or codec.name, settled(target)), broken


def _breaks() -> tuple[type[Exception], ...]:
    """What the codecs raise for data that does not follow them; lzma's own error if anything needed lzma so far."""
    module = sys.modules.get("lzma")
    return (OSError, EOFError, zlib.error, ValueError, *((module.LZMAError,) if module else ()))


def spool() -> tempfile.SpooledTemporaryFile[bytes]:
    """Where decompressed bytes go; `settled` makes them an artifact's."""
    import tempfile

    return tempfile.SpooledTemporaryFile(max_size=SPILL)


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    """As little at a time as there is: what comes before a break is read by whoever does not read further."""
    while chunk := source.read1(CHUNK):  # type: ignore[attr-defined]
        yield chunk


def settled(target: tempfile.SpooledTemporaryFile[bytes]) -> bytes | BinaryIO:
    """Small results as bytes, large ones as the file that holds them."""
    if target.seek(0, io.SEEK_END) > SPILL:
        return target  # type: ignore[return-value]
    target.seek(0)
    data = target.read()
    target.close()
    return data
