"""Ordinary files to damage: one small pickle or torch archive of each kind of object whose loading is C code.

A kind is left out where its package is missing, or where this version of it does not pickle it.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import io
import ipaddress
import itertools
import pickle
import random
import zipfile
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

Maker = Callable[[], Any]


def archive(program: bytes, records: dict[str, bytes]) -> bytes:
    """A torch archive of a pickle and of the bytes of its storages."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as members:
        for name, data in {"data.pkl": program, "version": b"3\n", "byteorder": b"little", **records}.items():
            members.writestr(zipfile.ZipInfo(f"model/{name}"), data)
    return file.getvalue()


def files(wanted: str = "") -> Iterator[tuple[str, bytes, dict[str, bytes] | None]]:
    """Kind, pickle, and the records of the archive it belongs into (None: it stands alone).

    Only kinds with `wanted` in their name; one that begins with a package does without the others.
    """
    first = wanted.partition(" ")[0]
    for package in (first,) if first in PACKAGES else PACKAGES:
        try:
            makers = PACKAGES[package]()
        except ImportError:
            continue
        for kind, make in makers.items():
            if wanted not in f"{package} {kind}":
                continue
            try:
                yield from _saved(package, kind, make())
            except Exception:  # what cannot be written is no file to damage
                continue


def _saved(package: str, kind: str, value: Any) -> Iterator[tuple[str, bytes, dict[str, bytes] | None]]:
    if package != "torch":
        for protocol in (2, 5):
            yield f"{package} {kind}", pickle.dumps(value, protocol), None
        return
    import torch

    file = io.BytesIO()
    torch.save(value, file)
    with zipfile.ZipFile(file) as members:
        held = {name.partition("/")[2]: members.read(name) for name in members.namelist()}
    yield f"{package} {kind}", held.pop("data.pkl"), {name: data for name, data in held.items() if "data/" in name}


def _python() -> dict[str, Maker]:
    return {
        "array": lambda: array.array("d", [1, 2]),
        "array of text": lambda: array.array("u", "ab"),
        "deque": lambda: collections.deque([1, [2]], 3),
        "counter": lambda: collections.Counter("aab"),
        "ordered": lambda: collections.OrderedDict(a=1, b=[2]),
        "random": lambda: random.Random(1),
        "datetime": lambda: datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        "time": lambda: datetime.time(1, 2, tzinfo=datetime.timezone(datetime.timedelta(1))),
        "zone": lambda: datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
        "zoneinfo": lambda: zoneinfo.ZoneInfo("Europe/Paris"),
        "decimal": lambda: decimal.Decimal("1.5"),
        "fraction": lambda: fractions.Fraction(1, 3),
        "address": lambda: ipaddress.ip_network("10.0.0.0/30"),
        "iterators": lambda: [iter([1, 2]), iter((1,)), iter("ab"), iter(range(3)), reversed([1, 2])],
        "chain": lambda: [itertools.count(1), itertools.cycle([1]), itertools.product([1], [2]), enumerate([1])],
        "slice": lambda: [slice(1, 2), range(3), complex(1, 2), bytearray(b"ab"), frozenset([1])],
    }


def _numpy() -> dict[str, Maker]:
    import numpy as np

    return {
        "objects": lambda: np.array([1, "a", None], dtype=object),
        "floats": lambda: np.arange(6.0).reshape(2, 3),
        "fortran": lambda: np.asfortranarray(np.arange(6).reshape(2, 3)),
        "fields": lambda: np.array([(1, "a")], dtype=[("x", "i4"), ("y", "O")]),
        "aligned": lambda: np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
        "texts": lambda: np.array(["ab", "c"]),
        "strings": lambda: np.array(["ab", "c" * 40], np.dtypes.StringDType()),
        "dates": lambda: np.array(["2020-01-01"], dtype="M8[ns]"),
        "delta": lambda: np.array([3], dtype="m8[25s]"),
        "subarrays": lambda: np.zeros(2, dtype=[("a", "f4", (2, 3))]),
        "objects in subarrays": lambda: np.zeros(2, dtype=[("a", "O", (2,))]),
        "void": lambda: np.zeros(1, dtype="V5"),
        "void scalar": lambda: np.zeros(1, dtype=[("a", "i4"), ("o", "O")])[0],
        "masked": lambda: np.ma.array([1, 2, None], dtype=object, mask=[0, 1, 0]),
        "records": lambda: np.rec.array([(1, 2.0)], names="a,b"),
        "scalar": lambda: [np.float64(3), np.str_("a"), np.bytes_(b"a"), np.datetime64("2020"), np.longdouble(1)],
        "dtypes": lambda: [np.dtype("O"), np.dtype("M8[ns]"), np.dtype([("a", "O"), ("b", "U3")]), np.dtype("V7")],
        "empty": lambda: np.empty((0, 3), dtype=object),
        "state": lambda: np.random.RandomState(1),
        "generator": lambda: np.random.default_rng(1),
        "twister": lambda: np.random.Generator(np.random.MT19937(1)),
        "philox": lambda: np.random.Generator(np.random.Philox(1)),
        "sfc": lambda: np.random.Generator(np.random.SFC64(1)),
        "polynomial": lambda: np.polynomial.Polynomial([1, 2]),
    }


def _pandas() -> dict[str, Maker]:
    import numpy as np
    import pandas as pd

    frame = {"a": ["x", "y"], "b": [1, 2], "c": pd.Categorical(["u", "v"]), "d": pd.date_range("2020", periods=2)}
    return {
        "frame": lambda: pd.DataFrame(frame),
        "series": lambda: pd.Series([1.0, None], index=["a", "b"]),
        "blocks": lambda: pd.DataFrame(np.zeros((2, 3)), columns=list("abc")),
        "index": lambda: pd.DataFrame(frame).index,
        "dates": lambda: pd.date_range("2020", periods=3, tz="Europe/Paris"),
        "levels": lambda: pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
        "intervals": lambda: pd.interval_range(0, 3),
        "interval": lambda: pd.Interval(0, 1),
        "categories": lambda: pd.Categorical(["a", "b", None], ordered=True),
        "periods": lambda: pd.period_range("2020", periods=3),
        "nullable": lambda: pd.array([1, None], dtype="Int64"),
        "times": lambda: [pd.Timestamp("2020", tz="UTC"), pd.Timedelta(3), pd.Period("2020"), pd.NaT, pd.NA],
        "sparse": lambda: pd.arrays.SparseArray([0, 0, 1]),
        "strings": lambda: pd.array(["a", None], dtype="string"),
        "arrow": lambda: pd.array(["a", None], dtype="string[pyarrow]"),
        "offsets": lambda: [pd.offsets.MonthEnd(2), pd.offsets.CustomBusinessDay(), pd.offsets.Week(weekday=1)],
    }


def _scipy() -> dict[str, Maker]:
    import numpy as np
    from scipy import interpolate, sparse, spatial, stats

    shapes = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
    points = np.random.default_rng(1).random((20, 2))
    return {
        **{kind: lambda kind=kind: sparse.random(5, 5, 0.3, format=kind, random_state=1) for kind in shapes},
        "csr array": lambda: sparse.csr_array(np.eye(3)),
        "kd tree": lambda: spatial.cKDTree(points),
        "python kd tree": lambda: spatial.KDTree(points),
        "rotation": lambda: spatial.transform.Rotation.identity(2),
        "spline": lambda: interpolate.make_interp_spline(np.arange(6), np.arange(6.0)),
        "frozen": lambda: stats.norm(1, 2),
    }


def _sklearn() -> dict[str, Maker]:
    import numpy as np
    from sklearn import cluster, ensemble, gaussian_process, linear_model, neighbors, svm, tree

    x, y = np.random.default_rng(1).random((30, 3)), np.arange(30) % 2
    return {
        "tree": lambda: tree.DecisionTreeClassifier().fit(x, y),
        "bare tree": lambda: tree.DecisionTreeClassifier().fit(x, y).tree_,
        "forest": lambda: ensemble.RandomForestClassifier(2).fit(x, y),
        "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=2).fit(x, y),
        "histograms": lambda: ensemble.HistGradientBoostingClassifier(max_iter=2).fit(x, y),
        "isolation": lambda: ensemble.IsolationForest(2).fit(x),
        "kd tree": lambda: neighbors.KDTree(x),
        "ball tree": lambda: neighbors.BallTree(x),
        "neighbours": lambda: neighbors.KNeighborsClassifier(algorithm="kd_tree").fit(x, y),
        "density": lambda: neighbors.KernelDensity().fit(x),
        "outliers": lambda: neighbors.LocalOutlierFactor(novelty=True).fit(x),
        "logistic": lambda: linear_model.LogisticRegression().fit(x, y),
        "descent": lambda: linear_model.SGDClassifier().fit(x, y),
        "vectors": lambda: svm.SVC().fit(x, y),
        "means": lambda: cluster.KMeans(2, n_init=1).fit(x),
        "birch": lambda: cluster.Birch(n_clusters=2).fit(x),
        "process": lambda: gaussian_process.GaussianProcessRegressor().fit(x, y),
    }


def _torch() -> dict[str, Maker]:
    import torch

    return {
        "tensor": lambda: torch.arange(6.0).reshape(2, 3),
        "view": lambda: torch.arange(24.0).reshape(2, 3, 4)[1, 1:, ::2],
        "shared": lambda: [torch.arange(6.0).reshape(2, 3).t(), torch.ones(2, dtype=torch.bfloat16)],
        "expanded": lambda: torch.ones(1).expand(4, 4),
        "parameter": lambda: torch.nn.Linear(2, 2),
        "numbers": lambda: [torch.ones(2, dtype=kind) for kind in (torch.int8, torch.bool, torch.complex64)],
        "sizes": lambda: [torch.Size([1, 2]), torch.float32, torch.device("cpu"), torch.strided],
        "sparse": lambda: torch.eye(3).to_sparse(),
        "sparse rows": lambda: torch.eye(3).to_sparse_csr(),
        "sparse columns": lambda: torch.eye(3).to_sparse_csc(),
        "sparse blocks": lambda: torch.eye(4).to_sparse_bsr((2, 2)),
        "quantised": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "quantised by channel": lambda: torch.quantize_per_channel(
            torch.ones(2, 3), torch.ones(2), torch.zeros(2), 0, torch.qint8
        ),
        "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "jagged": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
        "meta": lambda: torch.ones(2, device="meta"),
        "storage": lambda: torch.ones(3).untyped_storage(),
        "generator": torch.Generator,
        "conjugate": lambda: [torch.ones(2, dtype=torch.complex64).conj(), torch._neg_view(torch.ones(2))],
        "packed": lambda: torch.nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)]),
        "optimiser": lambda: torch.optim.Adam([torch.nn.Parameter(torch.ones(2))]).state_dict(),
    }


PACKAGES: dict[str, Callable[[], dict[str, Maker]]] = {
    "python": _python,
    "numpy": _numpy,
    "pandas": _pandas,
    "scipy": _scipy,
    "sklearn": _sklearn,
    "torch": _torch,
}
