"""HDF5 by h5py: what describes the data, row by row.

Meant for a process of its own (see `hdf5_worker`): some broken files crash libhdf5.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from modelscan.records import dataclass

MAGIC = b"\x89HDF\r\n\x1a\n"
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


@dataclass(frozen=True, slots=True)
class Row:
    """`kind`: "config" and "held" carry bytes; "reference", "odd" and "unread" have a rule and a text."""

    kind: str
    rule: str
    text: str
    path: str
    target: str = ""
    """What a reference points at."""
    data: bytes = b""


class Walk:
    """One pass over the objects of one file. `h5` is h5py, `size` the file's, `members` how many objects are read."""

    def __init__(self, h5: Any, size: int, members: int) -> None:
        self.h5, self.size, self.members = h5, size, members
        self.seen: set[int] = set()

    def objects(self, root: Any) -> Iterator[Row]:
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

    def _follow(self, group: Any, name: str, path: str) -> Generator[Row, None, Any]:
        """The object behind a hard link, once; what another kind of link points at is stated."""
        link = group.get(name, getlink=True)
        if isinstance(link, self.h5.ExternalLink):
            yield Row("reference", "hdf5-link", f"{link.filename}:{link.path}", path, link.filename)
            return None
        if isinstance(link, self.h5.SoftLink):
            yield Row("odd", "hdf5-soft-link", f"{path} -> {link.path}", path)
            return None
        child = group[name]
        address = self._address(child)
        if address in self.seen:
            return None
        self.seen.add(address)
        if len(self.seen) > self.members:
            raise ValueError(f"more than {self.members:,} objects (limit 'members')")
        return child

    def _address(self, found: Any) -> int:
        return int(self.h5.h5o.get_info(found.id).addr)

    def _dataset(self, found: Any, path: str) -> Iterator[Row]:
        made = found.id.get_create_plist()
        for number in range(min(made.get_external_count(), ROWS)):
            name = made.get_external(number)[0].decode("utf-8", "backslashreplace")
            yield Row("reference", "hdf5-external", f"{path} is kept in {name}", path, name)
        if made.get_layout() == self.h5.h5d.VIRTUAL:
            for name in self._sources(made) or ["?"]:
                yield Row("reference", "hdf5-external", f"{path} is a view of {name}", path, name)
            return
        kind = found.id.get_type()
        declared = found.id.get_space().get_simple_extent_npoints() * kind.get_size()
        stored = found.id.get_storage_size()
        if declared > LARGE and declared > STRETCH * max(1, stored):
            yield Row("odd", "hdf5-bomb", f"{path} declares {declared:,} bytes and stores {stored:,}", path)
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

    def _contents(self, found: Any, path: str, declared: int) -> Iterator[Row]:
        """The elements of a dataset of bytes, one after the other."""
        if declared > HELD:
            reason = f"{path} holds {declared:,} bytes of no known kind"
            yield Row("unread", "limit", reason, path)
            return
        budget = HELD
        for number, index in enumerate(_indices(found.shape)):
            value = _bytes_of(found[index])
            budget -= len(value)
            if number >= ROWS or budget < 0:
                break
            yield from self._held(value, path)

    def _attributes(self, found: Any, path: str) -> Iterator[Row]:
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
                yield from (Row("config", name, "", place, data=one),) if config else self._held(one, place)

    def _is_too_large(self, attribute: Any) -> bool:
        """Also where many elements of any length may point at the same bytes; nothing that a loader runs is kept so."""
        kind, count = attribute.get_type(), int(attribute.get_space().get_simple_extent_npoints())
        if count * int(kind.get_size()) > HELD:
            return True
        return count > 1 and count * self.size > 4 * HELD and self._is_variable(kind)

    def _is_variable(self, kind: Any) -> bool:
        h5t = self.h5.h5t
        return kind.get_class() == h5t.VLEN or (kind.get_class() == h5t.STRING and bool(kind.is_variable_str()))

    def _held(self, value: bytes, place: str) -> Iterator[Row]:
        """What may be a configuration, a pickle or another model among the data."""
        if len(value) >= SHORTEST and (value[:64].lstrip()[:1] == b"{" or value.startswith(_PICKLED)):
            yield Row("held", "", "", place, data=value)


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


HEAP = b"GCOL"
_HEADER = 16


def is_sound(heap: bytes) -> bool:
    """Do the lengths of the objects in it lead from one to the next? The last may be cut."""
    at = _HEADER
    size = int.from_bytes(heap[8:16], "little")
    if size < _HEADER:
        return False
    while at + _HEADER <= min(len(heap), size):
        index = int.from_bytes(heap[at : at + 2], "little")
        length = int.from_bytes(heap[at + 8 : at + 16], "little")
        step = _HEADER + (length + 7) // 8 * 8 if index else length  # free space counts its own header
        if step < _HEADER or at + step > size:
            return False
        at += step
    return True
