"""What a guarded loader is: where it is defined, what it does, and where its source stands among its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from enum import Enum, auto
from typing import Any

from modelscan.records import dataclass

Arguments = tuple[Any, ...]
Keywords = Mapping[str, Any]
Names = Set[tuple[str, str]]
"""(module, name) pairs as a file spells them."""


class Takes(Enum):
    """What a loader accepts as its source; `sources` has one way of opening each."""

    FILE = auto()
    """A file object, read from its position on."""
    BYTES = auto()
    PLACE = auto()
    """A path, or a file object."""
    FOLDER = auto()
    """A path of a folder, everything in which counts, or what PLACE takes."""
    TEXT = auto()
    """The model itself, as text."""
    CONFIG = auto()
    """The model itself, as a dictionary of JSON values."""
    PROTO = auto()
    """A message of protobuf; what is scanned is its serialized form."""
    FUNCTION = auto()
    """The code of a function as Keras packs it: text, or a list that begins with it."""
    CODE = auto()
    """The name or path of a repository."""


class Does(Enum):
    """What stands in the loader's place; `gates` has one function for each."""

    LOADS = auto()
    """It is scanned first, then loaded in a scope."""
    OPENS = auto()
    """A constructor of an archive that is read later, by an unpickler that RESOLVES: the names are kept for it."""
    PARSES = auto()
    """It only parses: what it returns is scanned, so that nothing can change in between."""
    RESOLVES = auto()
    """`find_class(module, name)` of an unpickler that raises no audit event."""
    RUNS = auto()
    """It runs the code of a repository, as it is meant to."""


def always(args: Arguments, kwargs: Keywords) -> bool:
    """For `Target.unpickles`, and for `Target.restricted` of a loader that runs no code of a file's choice."""
    return True


def never(args: Arguments, kwargs: Keywords) -> bool:
    return False


def any_file(file: Any) -> bool:
    """For `Target.rewinds`: an archive is found from its end, wherever the file object stands."""
    return True


@dataclass(frozen=True, slots=True)
class Target:
    """A loader, by the module that defines it. `position` and `keyword` are where its source stands.

    `attribute` may be dotted: "Booster.load_model" is a method, whose position is counted without `self`.
    """

    name: str
    """As people write it."""
    module: str
    attribute: str
    takes: Takes
    keyword: str
    position: int = 0
    does: Does = Does.LOADS
    loader: str = ""
    """How it reads pickles, as in `formats.reader.Context`; only joblib knows of arrays between opcodes."""
    single: bool = False
    """It reads exactly one pickle, and takes the bytes for nothing else."""
    inner: bool = False
    """What is no local file reaches another guarded loader."""
    spools: bool = False
    """It can read a stream that cannot be rewound; such a stream is read to its end first."""
    rewinds: Callable[[Any], bool] = lambda file: False
    """True: it reads this file object from the beginning, wherever it stands."""
    home: bool = False
    """It expands "~" in a path."""
    unpickles: Callable[[Arguments, Keywords], bool] = always
    """False: with these arguments it can run no code and is not scanned."""
    restricted: Callable[[Arguments, Keywords], bool] = never
    """True: with these arguments it keeps to a list of safe names, or knows no names at all.

    What could not be read to its end is then no reason to refuse it.
    """
    renames: Callable[[Names], Names] = lambda names: frozenset()
    """What its unpickler asks for instead of these names."""
    label: str = "{}"
    """What a report calls the source of a loader that PARSES, with its path in place of the braces."""
