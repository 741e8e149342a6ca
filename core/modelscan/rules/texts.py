"""The files of rules as they lie in this package: some for all of them, and one a package in the folder trusted/."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

FILES = (
    "gadgets.toml",
    "aliases.toml",
    "packages.toml",
    "structure.toml",
    "notebook.toml",
    "keras.toml",
    "operators.toml",
)
TRUSTED = "trusted/"


class Texts(Mapping[str, str]):
    """What is in the files of a folder, by their names; each is read when it is first wanted."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        trusted = os.listdir(os.path.join(folder, TRUSTED))  # noqa: PTH118, PTH208 - pathlib takes longer than a scan
        self._names = dict.fromkeys((*FILES, *(TRUSTED + name for name in sorted(trusted))))
        self._read: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._read:
            if name not in self._names:
                raise KeyError(name)
            with open(os.path.join(self._folder, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123
                self._read[name] = file.read()
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
