"""Are ordinary models loaded under the guard as they are without it, and what do they do while they are loaded?

Run by hand by maintainers, in an environment that has the libraries:

    PYTHONPATH=core python tools/guarded_zoo.py [--every N]

The zoo of tools/harvest_trusted.py is written with pickle (protocols 2 and 5), joblib and torch.save (both formats),
and loaded by the libraries under the standard policy, with set binding and the tripwire as they are by default.
Printed are refusals of what loads without the guard, and acts that the tripwire only wrote down.
"""

from __future__ import annotations

import argparse
import functools
import io
import pickle
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from harvest_trusted import attempt, estimators, expressions, layers  # type: ignore[import-not-found]

from modelscan import guard
from modelscan.errors import UnsafeModelError
from modelscan.guard.events import HISTORY


def written(value: Any) -> Iterator[tuple[str, bytes, Callable[[io.BytesIO], Any]]]:
    """The format, the bytes, and the function that loads them."""
    import joblib
    import torch

    legacy = functools.partial(torch.save, _use_new_zipfile_serialization=False)
    ways: tuple[tuple[str, Callable[[Any, io.BytesIO], object], Callable[[io.BytesIO], Any]], ...] = (
        ("pickle 2", functools.partial(pickle.dump, protocol=2), _unpickle),
        ("pickle 5", functools.partial(pickle.dump, protocol=5), lambda file: pickle.loads(file.getvalue())),
        ("joblib", joblib.dump, _read_joblib),
        ("torch", torch.save, _read_torch),
        ("torch legacy", legacy, _read_torch),
    )
    for name, save, back in ways:
        file = io.BytesIO()
        if attempt(lambda save=save, file=file: save(value, file) or True):
            yield name, file.getvalue(), back


def _unpickle(file: io.BytesIO) -> Any:
    return pickle.load(file)  # looked up now: it is guarded by then


def _read_joblib(file: io.BytesIO) -> Any:
    import joblib

    return joblib.load(file)


def _read_torch(file: io.BytesIO) -> Any:
    import torch

    return torch.load(file, weights_only=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every Nth object")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    files, refusals, acts = 0, Counter[str](), Counter[str]()
    for room in (expressions, estimators, layers):
        for number, (animal, value) in enumerate(room()):
            if value is None or number % options.every:
                continue
            for name, data, back in written(value):
                files += 1
                guard.install()
                before = HISTORY.number()
                try:
                    back(io.BytesIO(data))
                except UnsafeModelError as error:
                    refusals[f"{name}: {error} ({animal})"] += 1
                except Exception as error:
                    guard.uninstall()
                    if attempt(lambda back=back, data=data: back(io.BytesIO(data)) is None or True):
                        refusals[f"{name}: {type(error).__name__}: {error} ({animal})"] += 1
                acts.update(note for event in guard.history() if event.number > before for note in event.noted)
    print(*(f"{what}: {count}" for table in (refusals, acts) for what, count in table.most_common()), sep="\n")
    print(f"{files:,} files, {refusals.total()} refused, {acts.total()} acts noted")
    return 1 if refusals else 0


if __name__ == "__main__":
    raise SystemExit(main())
