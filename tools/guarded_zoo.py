"""Are ordinary models loaded under the guard as they are without it, and what do they do while they are loaded?

Run by hand by maintainers, on the folders that tools/zoo/animals.py and tools/zoo/write_scripts.py wrote in this very
environment, since every file is loaded:

    PYTHONPATH=core python tools/guarded_zoo.py FOLDER ... [--every N]

By the suffix of a file, the library that wrote it loads it, under the standard policy, with set binding and the
tripwire as they are by default. Printed are refusals of what loads without the guard, and acts that the tripwire only
wrote down.
"""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "zoo"))
from animals import attempt  # type: ignore[import-not-found]

from modelscan import guard
from modelscan.errors import UnsafeModelError
from modelscan.guard.events import HISTORY


def _unpickle(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)  # looked up now: it is guarded by then


def _unpickle_bytes(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


def _joblib(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _torch(path: Path) -> Any:
    import torch

    return torch.load(path, weights_only=False)


def _dill(path: Path) -> Any:
    import dill

    return dill.loads(path.read_bytes())


def _pandas(path: Path) -> Any:
    import pandas

    return pandas.read_pickle(path)


def _numpy(path: Path) -> Any:
    import numpy

    found = numpy.load(path, allow_pickle=True)
    return [found[name] for name in found] if hasattr(found, "files") else found


WAYS: dict[str, Callable[[Path], Any]] = {
    **{f"p{protocol}": (_unpickle, _unpickle_bytes)[protocol % 2] for protocol in range(6)},
    **dict.fromkeys(("pkl", "pickle", "cloudpickle"), _unpickle),
    **dict.fromkeys(("joblib", "joblib0", "joblib3", "joblib-zlib", "joblib-gzip", "joblib-bz2", "joblib-xz"), _joblib),
    **dict.fromkeys(("pt", "pth", "legacy-pt"), _torch),
    **dict.fromkeys(("npy", "npz"), _numpy),
    "dill": _dill,
    "read_pickle": _pandas,
}
"""By the end of a file's name."""


def files(folders: list[str], every: int) -> Iterator[tuple[Path, Callable[[Path], Any]]]:
    found = sorted(path for folder in folders for path in Path(folder).rglob("*") if path.is_file())
    known = [(path, WAYS[path.suffix[1:]]) for path in found if path.suffix[1:] in WAYS]
    yield from known[::every]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--every", type=int, default=1, help="only every Nth file")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    loaded, gone, refusals, acts = 0, 0, Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELSCAN_HOME"] = home
        for path, load in files(options.folders, options.every):
            guard.install()
            begun = HISTORY.number()
            problem = _problem(path, load)
            noted = [note for event in guard.history() if event.number > begun for note in event.noted]
            guard.uninstall()
            if problem is None:
                loaded += 1
                acts.update(note.split(" ")[0] for note in dict.fromkeys(noted))
            elif attempt(lambda path=path, load=load: (load(path), True)):
                refusals[f"{path.suffix}: {problem} ({path.parent.name}/{path.name})"] += 1
                print(*list(refusals)[-1:], flush=True)
            else:
                gone += 1
    print(*(f"{what}: {count}" for what, count in acts.most_common()), sep="\n")
    print(f"{loaded:,} files loaded, {refusals.total()} refused that load without it, {gone:,} that do not load at all")
    return 1 if refusals else 0


def _problem(path: Path, load: Callable[[Path], Any]) -> str | None:
    try:
        load(path)
    except UnsafeModelError as error:
        return str(error)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return None


if __name__ == "__main__":
    raise SystemExit(main())
