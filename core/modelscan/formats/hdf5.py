"""HDF5 files: Keras 2 models, weights of Keras 3, and what other libraries keep in them.

Only what describes the data is read, by h5py over the artifact's own bytes: no link is followed, no other file is
opened, and no tensor is read. What an attribute or a dataset of odd type holds is read as an artifact of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from modelscan.errors import FormatError
from modelscan.evidence import Evidence, Kind, Where
from modelscan.formats import keras
from modelscan.formats.reader import Context, Facts, Reader, unreadable
from modelscan.report import Scanned
from modelscan.source.artifact import Artifact

MAGIC = b"\x89HDF\r\n\x1a\n"
BUFFER = 512
"""Bytes per read: what describes the data is small and lies apart."""
CONFIGURATIONS = ("model_config", "training_config")
"""Attributes that `load_model` takes for configurations, whatever they look like."""
LARGE = 1 << 30
STRETCH = 200
"""A dataset that declares more than `LARGE` bytes and so many times what is stored is a bomb (CVE-2026-0897)."""
HELD = 64 << 20
"""Bytes of one attribute, or of one dataset of odd type, that are read."""
ROWS = 4_096
SHORTEST = 8

_PICKLED = (b"\x80", b"(", b"]", b"}", b"c", b"PK\x03\x04", MAGIC, b"\x93NUMPY")


def claims(artifact: Artifact, context: Context) -> bool:
    """libhdf5 looks for the signature at 0, 512, 1024 and every power of two behind."""
    if artifact.head.startswith(MAGIC):
        return True
    if artifact.expected:
        return False
    return any(artifact.read(at, 8) == MAGIC for at in _places(artifact.size))


def _places(size: int) -> Iterator[int]:
    at = 512
    while at < size:
        yield at
        at *= 2


def read(artifact: Artifact, context: Context) -> Facts:
    """Facts of every object in the file."""
    import h5py

    try:
        with artifact.stream(BUFFER) as stream, h5py.File(stream, "r") as file:
            if CONFIGURATIONS[0] not in file.attrs:
                yield Scanned(artifact.name, "HDF5 without a configuration", artifact.size)
            yield from _Walk(artifact, context, h5py).objects(file)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        yield unreadable(artifact, FormatError("hdf5-data", f"an HDF5 file that breaks: {error}"))


class _Walk:
    """One pass over the objects of one file. `h5` is h5py."""

    def __init__(self, artifact: Artifact, context: Context, h5: Any) -> None:
        self.artifact, self.context, self.h5 = artifact, context, h5
        self.seen: set[int] = set()

    def objects(self, root: Any) -> Facts:
        waiting = [(root, "/")]
        self.seen.add(self._address(root))
        while waiting:
            found, path = waiting.pop()
            yield from self._attributes(found, path)
            if isinstance(found, self.h5.Dataset):
                yield from self._dataset(found, path)
            elif isinstance(found, self.h5.Group):
                for name in found:
                    inner = f"{path.rstrip('/')}/{name}"
                    child = yield from self._follow(found, name, inner)
                    if child is not None:
                        waiting.append((child, inner))

    def _follow(self, group: Any, name: str, path: str) -> Generator[Evidence, None, Any]:
        """The object behind a hard link, once; what another kind of link points at is stated."""
        link = group.get(name, getlink=True)
        if isinstance(link, self.h5.ExternalLink):
            yield self._reference("hdf5-link", link.filename, f"{link.filename}:{link.path}", path)
            return None
        if isinstance(link, self.h5.SoftLink):
            yield self._odd("hdf5-soft-link", f"{path} -> {link.path}", path)
            return None
        child = group[name]
        address = self._address(child)
        if address in self.seen:
            return None
        self.seen.add(address)
        if len(self.seen) > self.context.limits.members:
            raise ValueError(f"more than {self.context.limits.members:,} objects (limit 'members')")
        return child

    def _address(self, found: Any) -> int:
        return int(self.h5.h5o.get_info(found.id).addr)

    def _dataset(self, found: Any, path: str) -> Facts:
        made = found.id.get_create_plist()
        for number in range(min(made.get_external_count(), ROWS)):
            name = made.get_external(number)[0].decode("utf-8", "backslashreplace")
            yield self._reference("hdf5-external", name, f"{path} is kept in {name}", path)
        if made.get_layout() == self.h5.h5d.VIRTUAL:
            for name in self._sources(made) or ["?"]:
                yield self._reference("hdf5-external", name, f"{path} is a view of {name}", path)
            return
        kind = found.id.get_type()
        declared = found.id.get_space().get_simple_extent_npoints() * kind.get_size()
        stored = found.id.get_storage_size()
        if declared > LARGE and declared > STRETCH * max(1, stored):
            yield self._odd("hdf5-bomb", f"{path} declares {declared:,} bytes and stores {stored:,}", path)
        elif not made.get_external_count() and self._is_odd(kind) and declared:
            yield from self._contents(found, path, declared)

    def _sources(self, made: Any) -> list[str]:
        names = {made.get_virtual_filename(number) for number in range(min(made.get_virtual_count(), ROWS))}
        return sorted(str(name) for name in names if name != ".")

    def _is_odd(self, kind: Any) -> bool:
        """Bytes of any length, or of no known kind: where a pickle may be kept (PyTables, joblib, hickle do)."""
        h5t = self.h5.h5t
        if kind.get_class() == h5t.VLEN:
            return bool(kind.get_super().get_size() == 1)
        if kind.get_class() == h5t.OPAQUE:
            return True
        return bool(kind.get_class() == h5t.STRING and kind.get_size() >= SHORTEST)

    def _contents(self, found: Any, path: str, declared: int) -> Facts:
        """The elements of a dataset of bytes, one after the other."""
        if declared > HELD:
            reason = f"{path} holds {declared:,} bytes of no known kind"
            yield Evidence(Kind.UNREADABLE, "limit", Where(self.artifact.name, None, path), {"reason": reason})
            return
        budget = HELD
        for number, index in enumerate(_indices(found.shape)):
            value = _bytes_of(found[index])
            budget -= len(value)
            if number >= ROWS or budget < 0:
                break
            yield from self._held(value, path)

    def _attributes(self, found: Any, path: str) -> Facts:
        h5a = self.h5.h5a
        for number in range(h5a.get_num_attrs(found.id)):
            attribute = h5a.open(found.id, index=number)
            name = attribute.name.decode("utf-8", "backslashreplace")
            place = f"{path}@{name}"
            if self._is_too_large(attribute):
                if name in CONFIGURATIONS:
                    raise ValueError(f"the attribute {name} is larger than is read")
                continue
            try:
                value = found.attrs[name]
            except (OSError, TypeError, ValueError, KeyError) as error:
                if name in CONFIGURATIONS:
                    raise ValueError(f"the attribute {name} cannot be read: {error}") from None
                continue
            config = name.rstrip("0123456789") in CONFIGURATIONS
            for one in _values(value):
                yield from self._config(one, place) if config else self._held(one, place)

    def _is_too_large(self, attribute: Any) -> bool:
        """Also where many elements of any length may point at the same bytes; nothing that a loader runs is kept so."""
        kind, count = attribute.get_type(), int(attribute.get_space().get_simple_extent_npoints())
        if count * int(kind.get_size()) > HELD:
            return True
        return count > 1 and count * self.artifact.size > 4 * HELD and self._is_variable(kind)

    def _is_variable(self, kind: Any) -> bool:
        h5t = self.h5.h5t
        return kind.get_class() == h5t.VLEN or (kind.get_class() == h5t.STRING and bool(kind.is_variable_str()))

    def _config(self, value: bytes, place: str) -> Facts:
        yield from keras.read_text(self.artifact, value, place)

    def _held(self, value: bytes, place: str) -> Facts:
        """A configuration, a pickle or another model among the data."""
        if len(value) < SHORTEST:
            return
        if value[:64].lstrip()[:1] == b"{" and keras.is_config(value):
            yield from self._config(value, place)
        elif value.startswith(_PICKLED):
            child = self.artifact.child(place.lstrip("/"), value)
            child.expected = True
            yield child

    def _reference(self, rule: str, target: str, text: str, path: str) -> Evidence:
        detail = {"by": rule, "expression": text}
        return Evidence(Kind.REFERENCE, target, Where(self.artifact.name, None, path), detail)

    def _odd(self, code: str, text: str, path: str) -> Evidence:
        return Evidence(Kind.ANOMALY, code, Where(self.artifact.name, None, path), {"expression": text})


def _indices(shape: tuple[int, ...]) -> Iterator[Any]:
    import numpy

    return iter(numpy.ndindex(shape)) if shape else iter([()])


def _values(value: Any) -> Iterator[bytes]:
    """Of one attribute: a text, or an array of texts."""
    items = value.ravel()[:ROWS].tolist() if hasattr(value, "ravel") and value.ndim else [value]
    for item in items:
        yield _bytes_of(item)


def _bytes_of(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value
    return value.tobytes() if hasattr(value, "tobytes") else b""


READER = Reader(claims, read, lambda artifact: "HDF5", first=b"\x89")
