"""Files worth timing, written by the libraries that write them in life. Sizes can be scaled down for a quick look."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import apart

Write = Callable[[Path, float], None]

SMALL = 0.001
"""The scale of a file that is loaded only to have loaded one."""

Labels = Callable[[Any], Any]
"""Data of the shape (rows, features) to a label for each row."""


@dataclass(frozen=True, slots=True)
class Workload:
    """`write` makes the file once, `load` is the bare load that a scan is held against."""

    name: str
    write: Write
    load: Callable[[Path], object]
    goal: float | None = None
    """The ratio scan / load to reach."""


def written(write: Write, folder: Path, scale: float) -> tuple[Path, Path]:
    """A file of that scale and a small one of its kind; what writing takes is no memory of this process."""
    path, small = folder / "model.bin", folder / "small.bin"
    apart.run(lambda: write(path, scale))
    write(small, SMALL)
    return path, small


def _unpickle(path: Path) -> object:
    with path.open("rb") as file:
        return pickle.load(file)


def _dicts(protocol: int) -> Write:
    def write(path: Path, scale: float) -> None:
        rows = [{"id": n, "name": f"row {n}", "score": n / 3, "ok": n % 2 == 0} for n in range(int(1_000_000 * scale))]
        path.write_bytes(pickle.dumps(rows, protocol))

    return write


def _frame(path: Path, scale: float) -> None:
    import numpy as np
    import pandas as pd

    words = np.random.default_rng(0).integers(0, 10**9, (int(1_000_000 * scale), 5))
    pd.DataFrame(words).astype(str).astype(object).to_pickle(path)


def _forest(labels: Labels) -> Write:
    def write(path: Path, scale: float) -> None:
        path.write_bytes(pickle.dumps(_fitted(scale, labels), 5))

    return write


def _joblib(path: Path, scale: float) -> None:
    import joblib

    joblib.dump(_fitted(scale, _noisy), path)


def _plain(data: Any) -> Any:
    """Labels that a few questions answer: trees of some 1,300 nodes."""
    return data[:, 0] + data[:, 1] ** 2 > 0.8


def _noisy(data: Any) -> Any:
    """Of a hundred labels 18 are wrong, as in life: the trees grow to some 5,000 nodes."""
    import numpy as np

    return _plain(data) ^ (np.random.default_rng(1).random(len(data)) < 0.18)


def _fitted(scale: float, labels: Labels) -> object:
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier

    data = np.random.default_rng(0).random((int(20_000 * scale) + 100, 20))
    return RandomForestClassifier(int(200 * scale) + 5, random_state=0).fit(data, labels(data).astype(int))


def _load_joblib(path: Path) -> object:
    import joblib

    return joblib.load(path)


def _torch(tensors: int, numbers: int) -> Write:
    def write(path: Path, scale: float) -> None:
        import torch

        size = max(1, int(numbers * scale))
        torch.manual_seed(0)  # weights look like anything, zeros like nothing else
        torch.save({f"layer.{n}.weight": torch.randn(size) for n in range(tensors)}, path)

    return write


def _load_torch(path: Path) -> object:
    import torch

    return torch.load(path, weights_only=False)


def _notebook(path: Path, scale: float) -> None:
    """Ten code cells of thirty hold a picture, the others print; as notebooks of that size do."""
    cells = []
    for number in range(int(90 * scale)):
        picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo" + "A" * 30_000}}
        printed = {"output_type": "stream", "name": "stdout", "text": [f"epoch {n} loss 0.1\n" for n in range(60)]}
        source = f"model{number} = fit(frame[frame.a > {number}])\njoblib.dump(model{number}, 'm{number}.joblib')\n"
        source += f"model = joblib.load('m{number}.joblib')\nplt.plot(model.history['loss'])\nplt.title('{number}')"
        outputs = [picture if number % 3 == 0 else printed]
        cells.append({"cell_type": "code", "metadata": {}, "source": source, "outputs": outputs})
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}), "utf-8")


def _parse(path: Path) -> object:
    return json.loads(path.read_bytes())


WORKLOADS = (
    Workload("1M dicts, protocol 2", _dicts(2), _unpickle, 0.30),
    Workload("1M dicts, protocol 4", _dicts(4), _unpickle, 0.30),
    Workload("1M dicts, protocol 5", _dicts(5), _unpickle, 0.30),
    Workload("DataFrame 1M x 5 strings", _frame, _unpickle, 0.85),
    Workload("forest of 200 trees, pickle", _forest(_noisy), _unpickle, 0.08),
    Workload("forest of 200 trees, joblib", _joblib, _load_joblib),
    Workload("forest of small trees, pickle", _forest(_plain), _unpickle),
    Workload("torch zip, 16 tensors, 200 MB", _torch(16, 3_200_000), _load_torch),
    Workload("torch zip, 20,000 tensors", _torch(20_000, 2_500), _load_torch, 0.05),
    Workload("notebook of 1 MB, against JSON", _notebook, _parse),
)
