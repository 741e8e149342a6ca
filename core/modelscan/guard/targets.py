"""The guarded loaders. One row each; a new loader is a new row.

Signatures are those of pickle (Python 3.11 to 3.14), dill 0.3.8 to 0.4, joblib 1.3 to 1.6, numpy 1.26 to 2.4,
pandas 2.2 to 3.1 and torch 2.0 to 2.13. `cloudpickle.load` is `pickle.load` itself, so it needs no row.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Arguments = tuple[Any, ...]
Keywords = Mapping[str, Any]
Names = Set[tuple[str, str]]
"""(module, name) pairs as a file spells them."""


class Takes(Enum):
    """What a loader accepts as its source."""

    FILE = auto()
    """A file object, read from its position on."""
    BYTES = auto()
    PLACE = auto()
    """A path, or a file object."""


@dataclass(frozen=True, slots=True)
class Target:
    """A loader, by the module that defines it. `position` and `keyword` are where its source stands."""

    name: str
    """As people write it."""
    module: str
    attribute: str
    takes: Takes
    keyword: str
    position: int = 0
    loader: str = ""
    """How it reads pickles, as in `formats.reader.Context`; only joblib knows of arrays between opcodes."""
    single: bool = False
    """It reads exactly one pickle, and takes the bytes for nothing else."""
    inner: bool = False
    """What is no local file reaches `pickle.load`, which is guarded itself."""
    spools: bool = False
    """It can read a stream that cannot be rewound; such a stream is read to its end first."""
    home: bool = False
    """It expands "~" in a path."""
    unpickles: Callable[[Arguments, Keywords], bool] = lambda args, kwargs: True
    """False: with these arguments it can run no code and is not scanned."""
    restricted: Callable[[Arguments, Keywords], bool] = lambda args, kwargs: False
    """True: with these arguments an unpickler of its own keeps to a list of safe names."""
    renames: Callable[[Names], Names] = lambda names: frozenset()
    """What its unpickler asks for instead of these names."""


def _allows_pickle(args: Arguments, kwargs: Keywords) -> bool:
    """numpy.load(file, mmap_mode=None, allow_pickle=False, …)."""
    return bool(args[2] if len(args) > 2 else kwargs.get("allow_pickle", False))


def _weights_only(args: Arguments, kwargs: Keywords) -> bool:
    """torch.load(f, map_location=None, pickle_module=None, *, weights_only=…): said in so many words.

    What it means when it is left out depends on torch's version and on two environment variables, so that counts as
    not restricted.
    """
    return kwargs.get("weights_only") is True and not os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")


def _moved(old: str, new: str) -> Callable[[Names], Names]:
    return lambda names: {(new, name) for module, name in names if module == old}


def _pandas_names(names: Names) -> Names:
    """pandas tries again with an unpickler that knows where its classes went; the table is its own."""
    table = getattr(sys.modules.get("pandas.compat.pickle_compat"), "_class_locations_map", {})
    return {table[pair] for pair in names if pair in table}


_torch_names = _moved("torch.tensor", "torch._tensor")
_dill_names = _moved("dill.dill", "dill._dill")

TARGETS: tuple[Target, ...] = (
    Target("pickle.load", "pickle", "load", Takes.FILE, "file", single=True, loader="pickle"),
    Target("pickle.loads", "pickle", "loads", Takes.BYTES, "data", single=True, loader="pickle"),
    Target(
        "torch.load", "torch.serialization", "load", Takes.PLACE, "f", restricted=_weights_only, renames=_torch_names
    ),
    Target("joblib.load", "joblib.numpy_pickle", "load", Takes.PLACE, "filename", spools=True, loader="joblib"),
    Target("numpy.load", "numpy.lib._npyio_impl", "load", Takes.PLACE, "file", unpickles=_allows_pickle),
    Target("numpy.load", "numpy.lib.npyio", "load", Takes.PLACE, "file", unpickles=_allows_pickle),
    Target(
        "pandas.read_pickle",
        "pandas.io.pickle",
        "read_pickle",
        Takes.PLACE,
        "filepath_or_buffer",
        inner=True,
        home=True,
        renames=_pandas_names,
    ),
    Target("dill.load", "dill._dill", "load", Takes.FILE, "file", single=True, loader="pickle", renames=_dill_names),
    Target("dill.loads", "dill._dill", "loads", Takes.BYTES, "str", single=True, loader="pickle", renames=_dill_names),
)
