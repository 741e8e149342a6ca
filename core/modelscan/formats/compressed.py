"""One compressed stream: joblib's compressors, `.pkl.gz` and their kin. What comes out is read in turn."""

from __future__ import annotations

from modelscan.errors import FormatError
from modelscan.formats.reader import Context, Facts, Reader, broken, unreadable
from modelscan.report import Skip
from modelscan.source import codecs
from modelscan.source.artifact import Artifact


def claims(artifact: Artifact, context: Context) -> bool:
    return codecs.codec_of(artifact.head) is not None


def read(artifact: Artifact, context: Context) -> Facts:
    codec = codecs.codec_of(artifact.head)
    if codec is None:
        return
    try:
        child, error = codecs.expand(artifact, codec, context.budget)
    except FormatError as missing:
        yield unreadable(artifact, missing)
        return
    if error is not None and not child.size:
        yield Skip(artifact.name, error.reason)
        return
    child.beside, child.expected, child.numbers = artifact.beside, artifact.expected, artifact.numbers
    yield child
    if error is not None:
        yield unreadable(artifact, error) if error.code == "limit" else broken(artifact, error)


def _format(artifact: Artifact) -> str:
    codec = codecs.codec_of(artifact.head)
    return f"{codec.name} data" if codec else "compressed data"


READER = Reader(claims, read, _format, begins=lambda head, size: codecs.codec_of(head) is not None)
