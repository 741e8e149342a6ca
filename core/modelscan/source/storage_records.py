"""How large the records of an archive are, by the keys that the persistent ids of its pickles name them with.

The pickle `model/data.pkl` has its records in `model/data/`, `constants.pkl` in `constants/`, and all pickles of a
torch.package in `.data/` (torch/serialization.py, torch/package/package_importer.py). miniz takes capital and small
letters of a name for the same.
"""

from __future__ import annotations

from modelscan.source.archive import Archive

_LOADED = ("data.pkl", "constants.pkl")


class Listed:
    """Sizes of one archive's members. Of several with one name the smallest counts: loaders take one or another."""

    def __init__(self, found: Archive) -> None:
        self.tensors = found.tensors
        self.others: dict[bytes, int] = {}
        for member in found.members:
            name = member.name.lower().encode("utf-8", "surrogatepass")
            self.others[name] = min(member.size, self.others.get(name, member.size))

    def records(self, name: str, packaged: bool) -> Records | None:
        """Those of the pickle with that name, if it is one that torch loads: others may be written without numbers."""
        folder, _, inner = name.partition("/")
        if not packaged and inner.lower() not in _LOADED:
            return None
        before = f"{folder}/.data/" if packaged else f"{name.rpartition('.')[0]}/"
        return Records(self, before.encode("utf-8", "surrogatepass"), b".storage" if packaged else b"")


class Records:
    """The records of one pickle: their names are its keys with `before` in front and `behind` behind."""

    def __init__(self, listed: Listed, before: bytes, behind: bytes) -> None:
        self.listed, self.before, self.behind = listed, before, behind

    def least(self) -> int:
        """Bytes of the smallest one, and of no smaller one elsewhere; 0 where there is none."""
        start = self.before.lower()
        others = [size for name, size in self.listed.others.items() if name.startswith(start)]
        return min((*self.listed.tensors.values(), *others), default=0)

    def sizes(self, keys: list[bytes]) -> list[int | None]:
        """Bytes of these, None where there is none."""
        names = [self.before + key + self.behind for key in keys]
        found = list(map(self.listed.tensors.get, names))
        if None not in found:
            return found
        others = self.listed.others
        return [others.get(name.lower()) if size is None else size for name, size in zip(names, found, strict=True)]
