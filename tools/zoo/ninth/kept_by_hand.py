"""What notebooks and programs keep beside models: caches, records, settings, graphs and tables, with own classes and without.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import abc
import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import operator
import pathlib
import re
import sys
import types
import typing
import uuid
import zoneinfo

import numpy as np
import pandas as pd


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


class Priority(enum.IntEnum):
    LOW = 1
    HIGH = 3


class Permission(enum.IntFlag):
    READ = 1
    WRITE = 2


class Currency(enum.StrEnum):
    EUR = "EUR"
    USD = "USD"


@dataclasses.dataclass
class Experiment:
    name: str
    params: dict
    started: datetime.datetime
    scores: list = dataclasses.field(default_factory=list)
    color: Color = Color.RED


@dataclasses.dataclass(frozen=True)
class Key:
    user: str
    day: datetime.date


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int
    b: typing.Any = None


class Point(typing.NamedTuple):
    x: float
    y: float


Row = collections.namedtuple("Row", "id label score")


class Node:
    __slots__ = ("left", "right", "value")

    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right


class Stack(list):
    def __init__(self, *items):
        super().__init__(items)
        self.name = "stack"


class Bag(dict):
    def __missing__(self, key):
        return 0


class Money(decimal.Decimal):
    pass


class Meters(float):
    pass


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


class Circle(Shape):
    def __init__(self, r):
        self.r = r
        self._cache = {}

    def area(self):
        return self.r**2


class Cache:
    def __init__(self):
        self.entries = collections.OrderedDict()
        self.hits = collections.Counter()
        self.clock = datetime.datetime.now

    def __getstate__(self):
        return {k: v for k, v in self.__dict__.items() if k != "clock"}

    def __setstate__(self, state):
        self.__dict__.update(state)


class Trouble(Exception):
    def __init__(self, message, code=3):
        super().__init__(message)
        self.code = code


class KMeansByHand:
    def __init__(self, k):
        self.k = k
        self.distance = euclidean
        self.centers = np.zeros((k, 2))
        self.history = []

    def fit(self, x):
        self.centers = x[: self.k]
        self.labels = x.argmin(1)
        self.history.append({"step": 0, "moved": np.float64(0.3)})
        return self


class Grid(typing.Generic[typing.TypeVar("T")]):
    def __init__(self):
        self.cells = {}


class Settings(types.SimpleNamespace):
    pass


def euclidean(a, b):
    return ((a - b) ** 2).sum() ** 0.5


def scaled(x, factor):
    return x * factor


def shown_in_main(*kinds):
    """As a notebook defines them."""
    for kind in kinds:
        kind.__module__ = "__main__"
        setattr(sys.modules["__main__"], kind.__name__, kind)


class Cell:
    def __init__(self, source, outputs=()):
        self.source, self.outputs = source, list(outputs)


class Phase(enum.Enum):
    TRAIN = 0
    VALID = 1


@dataclasses.dataclass
class Config:
    epochs: int = 3
    phase: Phase = Phase.TRAIN


Fold = collections.namedtuple("Fold", "train valid")


def half(x):
    return x / 2


shown_in_main(Cell, Phase, Config, Fold, half)


def of_main():
    yield Cell("x = 1", [1])
    yield Config()
    yield [Fold([1, 2], [3])], {"config": Config(5, Phase.VALID)}
    yield {"phase": Phase.VALID}
    yield {"transform": half, "cells": [Cell("y")]}


def own_records():
    yield Experiment("a", {"lr": 0.1}, datetime.datetime(2025, 1, 1), [0.3])
    yield [Experiment(str(number), {}, datetime.datetime(2025, 1, number + 1), color=Color.BLUE) for number in range(3)]
    yield {Key("a", datetime.date(2025, 1, 1)): 3}
    yield Slotted(1, [2])
    yield [Point(1, 2), Point(3, 4)], Row(1, "a", 0.5)
    yield Node(1, Node(2), Node(3, Node(4)))
    yield Stack(1, 2), Bag(a=1), Money("1.5"), Meters(3)
    yield Circle(2)
    yield Cache()
    yield Trouble("no")
    yield KMeansByHand(2).fit(np.eye(3))
    yield Settings(a=1), Grid()


def own_kinds():
    yield Color.RED
    yield {"priority": Priority.HIGH, "flags": Permission.READ | Permission.WRITE}
    yield Currency.EUR
    yield pd.DataFrame({"color": [Color.RED, Color.BLUE]})
    yield {Color.RED: 3, Color.BLUE: 4}


def own_functions():
    yield functools.partial(scaled, factor=2)
    yield {"metric": euclidean, "names": ["a"]}
    yield functools.partial(sorted, key=operator.itemgetter(1))
    yield [Circle(1).area, Circle]
    yield collections.defaultdict(functools.partial(Point, 0, 0))


def days_and_numbers():
    berlin = zoneinfo.ZoneInfo("Europe/Berlin")
    yield {
        "now": datetime.datetime(2025, 3, 1, 12, tzinfo=berlin),
        "utc": datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc),
    }
    yield datetime.timedelta(days=1), datetime.date(2025, 1, 1), datetime.time(3), berlin
    yield uuid.UUID(int=5), decimal.Decimal("3.14"), fractions.Fraction(1, 3), complex(1, 2)
    yield pathlib.Path("a/b"), pathlib.PurePosixPath("c"), pathlib.PureWindowsPath("d")
    yield re.compile("a+"), range(3), slice(1, 2), b"bytes", bytearray(b"x"), ...
    yield types.SimpleNamespace(a=1), types.MappingProxyType({}) if False else None, array.array("d", [1.0])
    yield {"big": 2**90, "neg": -(2**70), "inf": float("inf"), "nan": float("nan"), "s": "é\ud800"[:1]}
    yield [datetime.datetime.strptime("2024-02-03", "%Y-%m-%d")], datetime.timezone(datetime.timedelta(hours=5))


def containers():
    yield collections.OrderedDict(a=1), collections.Counter("hello"), collections.deque([1], 3)
    yield collections.defaultdict(list, a=[1]), collections.defaultdict(int), collections.ChainMap({"a": 1})
    yield {"a": {1, 2}, "b": frozenset("xy"), "c": (1, (2, (3,)))}
    yield [[number, str(number)] for number in range(200)]
    yield collections.UserDict(a=1), collections.UserList([1])
    shared = [1, 2]
    loop = {"me": None, "shared": [shared, shared]}
    loop["me"] = loop
    yield loop


def functions_and_types():
    yield {"f": len, "t": int, "m": str.upper, "n": np.mean, "k": dict.fromkeys, "d": datetime.datetime.now}
    yield (
        functools.partial(np.round, decimals=2),
        functools.partial(pd.read_csv, sep=";"),
        functools.partial(int, base=16),
    )
    yield functools.partial(pd.to_datetime, format="%Y"), functools.partial(max, key=len)
    yield operator.itemgetter(1), operator.attrgetter("a.b"), operator.methodcaller("lower")
    yield {"key": operator.itemgetter("a")}, [operator.attrgetter("b")]
    yield list[int], dict[str, float], typing.Optional[int], typing.Union[int, str], typing.Callable
    yield ValueError("x"), [KeyError("k"), OSError(2, "no")], Exception()


def randoms():
    import random

    generator = np.random.default_rng(4)
    yield generator, np.random.RandomState(3), np.random.MT19937(2), np.random.get_state()
    yield {"rng": random.Random(2), "state": random.getstate(), "bits": generator.bit_generator.state}
    yield np.random.SeedSequence(4).spawn(2), np.random.Generator(np.random.PCG64DXSM(1))


def arrays():
    yield np.arange(6).reshape(2, 3).T, np.array(["a", "bb"]), np.array([1, None, "x"], object)
    yield np.float32(1.5), np.int64(3), np.bool_(True), np.str_("s"), np.datetime64("2024-01-01"), np.complex64(1)
    yield np.zeros(3, [("a", "i4"), ("b", "U3")]), np.ma.array([1, 2], mask=[0, 1]), np.rec.array([(1, 2.0)])
    yield {"dtype": np.dtype("f4"), "types": [np.float64, np.int8], "empty": np.empty((0, 3))}
    yield np.array([[1, 2], [3, 4]], order="F"), np.matrix([[1]]), np.poly1d([1, 2, 3])


def tables():
    table = pd.DataFrame(
        {
            "i": [1, 2],
            "f": [0.5, np.nan],
            "s": ["a", "b"],
            "c": pd.Categorical(["x", "y"]),
            "d": pd.date_range("2024", periods=2),
            "z": pd.date_range("2024", periods=2, tz="UTC"),
            "n": pd.array([1, None], dtype="Int64"),
            "b": [True, False],
        }
    )
    yield table
    yield table.set_index(["s", "i"]), table.dtypes, table.columns, table["c"].cat.categories
    yield table.describe(), table.groupby("s")["i"].agg(["sum", "mean"]), table.T
    yield pd.Series([1, 2], ["a", "b"], name="n"), pd.Index([1.5]), pd.MultiIndex.from_product([[1], ["a"]])
    yield pd.interval_range(0, 3), pd.period_range("2024", periods=2, freq="M"), pd.timedelta_range("1D", periods=2)
    yield (
        pd.Timestamp("2024", tz="Europe/Rome"),
        pd.Timedelta("3h"),
        pd.NaT,
        pd.NA,
        pd.Interval(0, 1),
        pd.Period("2024"),
    )
    yield {"train": table, "test": table.head(1), "y": pd.Series([0, 1])}
    yield pd.DataFrame({"o": [{"a": 1}, [2]], "p": [pathlib.PurePosixPath("a"), None], "t": [datetime.time(3), None]})
    yield pd.offsets.BDay(), pd.offsets.MonthBegin(), pd.tseries.frequencies.to_offset("15min"), pd.DateOffset(days=2)
    yield table.to_dict("records"), table.to_numpy(), table.memory_usage()
    yield pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}), pd.get_dummies(table["s"]), pd.cut(table["i"], 2)


def tables_on_disk(folder):
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pd.date_range("2024", periods=2)})
    for ending in ("pkl", "pkl.gz", "pkl.bz2", "pkl.xz", "pkl.zip", "pkl.tar"):
        table.to_pickle(folder / f"table.{ending}")
    np.save(folder / "array.npy", np.arange(4))
    np.save(folder / "objects.npy", np.array([{"a": 1}, [2]], object))
    np.savez(folder / "arrays.npz", a=np.ones(2), names=np.array(["x"]))
    np.savez_compressed(folder / "objects.npz", d=np.array({"k": np.ones(2)}, object))


def bears():
    import polars as pl

    yield pl.DataFrame({"a": [1, 2], "b": ["x", None], "d": [datetime.date(2024, 1, 1)] * 2})
    yield pl.Series("s", [1.5, 2.5]), pl.DataFrame({"c": pl.Series(["u"], dtype=pl.Categorical)})
    yield pl.DataFrame({"a": [1]}).lazy(), pl.col("a") > 2
    yield {"schema": pl.DataFrame({"a": [1]}).schema, "type": pl.Int64}


def arrows():
    import pyarrow as pa

    yield pa.table({"a": [1, 2], "b": ["x", "y"]})
    yield pa.array([1, None]), pa.schema([("a", pa.int64())]), pa.record_batch({"a": [1]})
    yield pd.DataFrame({"a": pd.array([1, 2], "int64[pyarrow]"), "s": pd.array(["x", "y"], "string[pyarrow]")})


def nets_of_people():
    import networkx as nx

    yield nx.karate_club_graph()
    yield nx.DiGraph([(1, 2, {"w": 0.5})]), nx.MultiDiGraph([(1, 2)]), nx.grid_2d_graph(2, 2)
    graph = nx.Graph(name="roads")
    graph.add_node("a", pos=(0, 1), when=datetime.date(2024, 1, 1))
    yield {"graph": graph, "rank": nx.pagerank(nx.path_graph(3)), "layout": nx.circular_layout(nx.path_graph(3))}


def sciences():
    from scipy import interpolate, optimize, sparse, spatial, stats

    yield sparse.eye(3, format="csr"), sparse.coo_matrix(np.eye(2)), sparse.lil_matrix((2, 2))
    yield (
        interpolate.interp1d([0, 1], [2, 3]),
        interpolate.CubicSpline([0, 1, 2], [1, 2, 3]),
        interpolate.UnivariateSpline(range(6), range(6)),
    )
    yield (
        interpolate.RegularGridInterpolator((range(3), range(2)), np.ones((3, 2))),
        interpolate.PchipInterpolator([0, 1], [0, 1]),
    )
    yield optimize.minimize(np.sum, [1.0], method="Nelder-Mead", options={"maxiter": 3}), spatial.KDTree(np.eye(3))
    yield (
        stats.norm(0, 1),
        stats.gaussian_kde([1, 2, 3.5]),
        stats.linregress([1, 2, 3], [1, 2, 4]),
        stats.ttest_ind([1, 2, 3], [2, 3, 5]),
    )
    yield (
        spatial.ConvexHull(np.random.default_rng(1).random((6, 2))),
        stats.bootstrap(([1.0, 2, 3],), np.mean, n_resamples=9),
    )


def checked_settings():
    import pydantic

    yield Service(name="a", port=80, color="r")
    yield pydantic.TypeAdapter, Service.model_validate({"name": "b", "port": 1}).model_dump()


def attributed():
    yield Wheel(3, [1])
    yield Frozen("a")


def configured():
    import omegaconf

    yield omegaconf.OmegaConf.create({"model": {"lr": 0.1}, "list": [1, 2]})


try:
    import pydantic

    class Service(pydantic.BaseModel):
        name: str
        port: int
        color: Color = Color.RED
        seen: datetime.datetime | None = None
except ImportError:
    pass

try:
    import attrs

    @attrs.define
    class Wheel:
        size: int
        spokes: list = attrs.field(factory=list)

    @attrs.frozen
    class Frozen:
        name: str
except ImportError:
    pass
