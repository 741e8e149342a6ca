"""From what a loader was given to a source that can be scanned: one function for each `Takes`."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelscan.guard.folder import Folder
from modelscan.guard.sources import Bytes, File, Handle, Source, Stream, can_rewind, is_ordinary, label_of
from modelscan.guard.target import Takes, Target
from modelscan.guard.window import Window


def of(target: Target, value: Any) -> Source | None:
    """The source `value` of a load by `target`, None when it is nothing that could be scanned."""
    with suppress(Exception):  # closed, missing, forbidden, of a strange type: the loader has its own words for it
        opener = OPENERS.get(target.takes)
        source = opener(target, value) if opener is not None else None
        if source is not None:
            source.loader = target.loader
        return source
    return None


def _bytes(target: Target, value: Any) -> Source:
    single = target.single
    if type(value) is bytes:
        return Bytes(value, single=single)
    made = Bytes(bytes(memoryview(value).cast("B")), single=single)  # what is in pieces has no such view
    made.given = made.data  # a buffer could give other bytes the next time
    return made


def _file(target: Target, value: Any) -> Source | None:
    if not callable(value.read) or not callable(value.readline) or isinstance(value, io.TextIOBase):
        return None
    if getattr(value, "closed", False):
        return None
    if target.single:
        return Window(value) if is_ordinary(value) else Stream(value, single=True)
    if can_rewind(value):
        return Handle(value, whole=target.rewinds(value))
    return Stream(value, single=False) if target.spools else None


def _place(target: Target, value: Any) -> Source | None:
    if not isinstance(value, str | bytes | os.PathLike):
        return _file(target, value)
    return _bound(value, File(_path(target, os.fsdecode(value))))


def _folder(target: Target, value: Any) -> Source | None:
    if not isinstance(value, str | bytes | os.PathLike):
        return _file(target, value)
    path = _path(target, os.fsdecode(value))
    return _bound(value, Folder(path) if path.is_dir() else File(path))


def _path(target: Target, text: str) -> Path:
    return Path(text).expanduser() if target.home else Path(text)


def _bound(value: Any, source: File | Folder) -> Source:
    """An object that names a path when it is asked could name another one the next time."""
    if not isinstance(value, str | bytes | Path):
        source.given = source.label
    return source


def _text(target: Target, value: Any) -> Source | None:
    return Bytes(value.encode("utf-8", "surrogatepass"), "<text>", single=False) if isinstance(value, str) else None


def _config(target: Target, value: Any) -> Source | None:
    """What JSON does not know becomes text; it is an object of this process already."""
    return Bytes(json.dumps(value, default=str).encode(), f"<{target.name}>", single=False)


def _function(target: Target, value: Any) -> Source | None:
    """As the configuration that it stands in."""
    code = value[0] if isinstance(value, list | tuple) and value else value
    config = {"class_name": "__lambda__", "config": {"code": code}}
    return Bytes(json.dumps(config, default=str).encode(), f"<{target.name}>", single=False)


def _proto(target: Target, value: Any) -> Source | None:
    return Bytes(value.SerializeToString(), label_of(value), single=False)


OPENERS: dict[Takes, Callable[[Target, Any], Source | None]] = {
    Takes.BYTES: _bytes,
    Takes.FILE: _file,
    Takes.PLACE: _place,
    Takes.FOLDER: _folder,
    Takes.TEXT: _text,
    Takes.CONFIG: _config,
    Takes.PROTO: _proto,
    Takes.FUNCTION: _function,
}
