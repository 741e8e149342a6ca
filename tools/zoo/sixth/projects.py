"""What programs and notebooks leave behind besides models: values of every kind of Python, numpy, pandas, arrow.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import importlib.util
import ipaddress
import logging
import operator
import pathlib
import random
import re
import time
import types
import typing
import uuid
import zoneinfo


@dataclasses.dataclass
class Experiment:
    name: str
    rate: float = 0.1
    tags: list = dataclasses.field(default_factory=list)
    started: datetime.datetime = datetime.datetime(2025, 1, 2, 3)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    latitude: float
    longitude: float


class Row(typing.NamedTuple):
    key: str
    value: float = 0.0


Point = collections.namedtuple("Point", "x y")


class Node:
    def __init__(self, value, *children):
        self.value, self.children, self.parent = value, list(children), None
        for child in children:
            child.parent = self


class Averages(dict):
    def __missing__(self, key):
        return 0.0


class Account:
    __slots__ = ("balance", "owner")

    def __init__(self, owner, balance):
        self.owner, self.balance = owner, balance


class Cleaner:
    """A step of a pipeline of one's own, with a state of its own."""

    def __init__(self, words):
        self.words, self.pattern = frozenset(words), re.compile("|".join(words), re.IGNORECASE)

    def __getstate__(self):
        return {"words": sorted(self.words)}

    def __setstate__(self, state):
        self.__init__(state["words"])


def records():
    yield Experiment("first", 0.5, ["a"])
    yield [Experiment(f"run-{number}") for number in range(30)]
    yield Place(45.1, 9.2)
    yield [Row("a", 1.5), Point(1, 2)]
    yield {"tree": Node(1, Node(2), Node(3, Node(4)))}
    yield Averages(a=1.0)
    yield Account("me", decimal.Decimal("12.50"))
    yield Cleaner(["um", "er"])
    yield dataclasses.asdict(Experiment("first"))
    yield argparse.Namespace(lr=0.1, epochs=3, data=pathlib.PurePosixPath("data/train"), device="cpu", resume=None)
    yield types.SimpleNamespace(model="resnet", layers=[1, 2])


def numbers_and_moments():
    yield [decimal.Decimal("3.14159"), fractions.Fraction(22, 7), 1 + 2j, 2**200, float("inf"), -0.0]
    yield decimal.Context(prec=10, rounding=decimal.ROUND_HALF_EVEN)
    yield datetime.datetime(2024, 2, 29, 12, tzinfo=zoneinfo.ZoneInfo("America/New_York"))
    yield [datetime.date(2024, 2, 29), datetime.time(23, 59, 59), datetime.timedelta(days=1, seconds=5)]
    yield datetime.timezone(datetime.timedelta(hours=5, minutes=30), "IST")
    yield time.localtime(0)
    yield {"id": uuid.UUID(int=5), "other": uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")}
    yield [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("2001:db8::/32")]
    yield pathlib.Path("models") / "best.pt"
    yield random.Random(3)
    yield random.getstate()
    yield range(0, 100, 7), slice(1, None, 2)
    yield re.compile(r"(?P<word>\w+)\s", re.MULTILINE)


def containers():
    yield collections.Counter("abracadabra")
    yield collections.defaultdict(list, a=[1])
    yield collections.defaultdict(functools.partial(collections.defaultdict, int), a=collections.defaultdict(int, b=1))
    yield collections.deque([1, 2, 3], maxlen=5)
    yield collections.ChainMap({"a": 1}, {"b": 2})
    yield collections.OrderedDict(z=1, a=[2])
    yield types.MappingProxyType({"a": 1})
    yield {frozenset({1, 2}): "pair", (1, 2): {"nested": [None, True, b"bytes", bytearray(b"x")]}}
    loop = [1, 2]
    loop.append(loop)
    yield loop
    yield memo_of_everything()
    yield {"by": operator.itemgetter("key"), "of": operator.attrgetter("value")}
    yield functools.partial(sorted, reverse=True)
    yield functools.partial(int, base=2)
    yield [typing.List[int], typing.Optional[str], dict[str, int], typing.Callable[[int], str]]


def memo_of_everything():
    shared = {"weights": [0.1] * 20}
    return {f"layer{number}": shared for number in range(10)}


def logs():
    record = logging.LogRecord("train", logging.INFO, "train.py", 3, "epoch %d", (1,), None)
    yield record
    yield logging.getLogger("train")
    yield logging.Formatter("%(asctime)s %(message)s")
    try:
        {}["missing"]
    except KeyError as error:
        yield {"failed": error, "when": 3.5}
    yield [ValueError("bad", 3), FileNotFoundError(2, "No such file", "x.csv"), TimeoutError("slow")]


def colours():
    yield [logging.INFO, enum.auto().value, re.IGNORECASE | re.DOTALL]


def functions_by_name():
    yield {"mean": sum, "clean": str.strip, "split": str.split, "key": len}
    yield [tidy, Node, Experiment]
    yield {"preprocess": tidy, "threshold": 0.5}


def tidy(text):
    return text.lower().strip()


def arrays():
    import numpy as np

    for kind in "?bhilqBHILQefdgFDG":
        yield np.zeros(3, kind)
    yield np.array(["a", "bcd"]), np.array([b"x", b"yz"])
    yield np.array(["2024-01-01", "NaT"], "datetime64[D]"), np.array([1, 2], "timedelta64[ms]")
    yield np.zeros(2, [("name", "U8"), ("position", "f4", (3,))])
    yield np.array([{"a": 1}, None, [1, 2]], dtype=object)
    yield np.asfortranarray(np.eye(3)), np.arange(10)[::2], np.ma.masked_greater([1, 5, 9], 4)
    yield [np.float64(1.5), np.int8(3), np.bool_(True), np.str_("x"), np.datetime64("2024-01-01")]
    yield np.random.default_rng(5)
    yield np.random.RandomState(5), np.random.get_state()
    yield np.dtype("f8"), np.dtype([("a", "i4")]), np.float32
    yield np.polynomial.Polynomial([1, 2, 3])
    yield np.rec.fromarrays([[1, 2], ["a", "b"]], names="n,s")
    yield {"log": np.log, "add": np.add, "pi": np.pi}
    yield np.histogram([1, 2, 3], 2)
    yield np.finfo(np.float32).eps, np.nan
    yield np.linalg.svd(np.eye(2)), np.unique([1, 1, 2], return_counts=True)


def frames():
    import numpy as np
    import pandas as pd

    kinds = ["int8", "Int64", "UInt16", "float32", "Float64", "bool", "boolean", "string", "category", "object"]
    for kind in kinds:
        values = ["a", "b"] if kind in ("string", "category", "object") else [1, 0]
        yield pd.Series(values, dtype=kind, name=kind)
    dates = pd.date_range("2024-01-01", periods=4, freq="D", tz="Europe/Berlin")
    yield pd.DataFrame({"when": dates, "value": [1.0, np.nan, 3, 4]}).set_index("when")
    yield pd.Series(pd.period_range("2024Q1", periods=3, freq="Q"))
    yield pd.Series(pd.to_timedelta([1, 2], "h"))
    yield pd.Series(pd.interval_range(0, 3))
    yield pd.Series(pd.arrays.SparseArray([0, 0, 1]))
    yield pd.Series(pd.Categorical(["lo", "hi"], ["lo", "hi"], ordered=True))
    yield pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", "n"])
    yield pd.RangeIndex(5), pd.Index(["x", "y"]), pd.DatetimeIndex(["2024-01-01"])
    yield [pd.Timestamp("2024-01-01 12:00", tz="UTC"), pd.Timedelta("1D"), pd.Period("2024-01"), pd.NaT, pd.NA]
    yield pd.offsets.BusinessDay(2), pd.offsets.MonthEnd(), pd.Interval(0, 1)
    yield pd.DataFrame({"lists": [[1], [2, 3]], "dicts": [{"a": 1}, None]})
    yield pd.concat({"a": pd.Series([1]), "b": pd.Series([2])})
    yield pd.DataFrame({"a": [1, 2]}).rolling(2).mean()
    yield {name: pd.DataFrame({name: range(3)}) for name in "ab"}
    yield pd.DataFrame({"t": pd.Series(["a", None], dtype="string[pyarrow]")})


def columns_of_arrow():
    import pyarrow as pa
    import pyarrow.compute as pc

    yield pa.table({"a": [1, 2], "b": ["x", None]})
    yield pa.schema([("a", pa.int64()), ("b", pa.list_(pa.string()))], metadata={"k": "v"})
    yield pa.array([[1], None]), pa.scalar(3), pa.chunked_array([[1], [2]])
    yield pa.array(["a", "b", "a"]).dictionary_encode()
    yield pc.sum(pa.array([1, 2]))
    yield pa.record_batch({"a": [1]}), pa.timestamp("us", "UTC")


def bears():
    import polars as pl

    yield pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    yield pl.Series("s", [1.5, None])
    yield pl.DataFrame({"d": [datetime.date(2024, 1, 1)], "c": pl.Series(["u"], dtype=pl.Categorical)})
    yield pl.DataFrame({"a": [[1, 2], [3]]}).schema
    yield pl.col("a").sum()
    yield pl.DataFrame({"a": [1]}).lazy()


def sparse_and_scientific():
    import numpy as np
    import scipy.interpolate
    import scipy.optimize
    import scipy.sparse
    import scipy.spatial
    import scipy.stats

    for form in ("csr", "csc", "coo", "lil", "dok", "dia"):
        yield scipy.sparse.random(5, 5, 0.3, form, random_state=0)
    yield scipy.spatial.KDTree(np.eye(4))
    yield scipy.interpolate.interp1d([0, 1, 2], [0, 1, 4])
    yield scipy.interpolate.CubicSpline([0, 1, 2], [0, 1, 4])
    yield scipy.optimize.minimize(lambda x: (x**2).sum(), np.ones(2))
    yield scipy.stats.norm(1, 2)
    yield scipy.stats.gaussian_kde([1, 2, 3.5])
    yield scipy.stats.ttest_ind([1, 2, 3], [2, 3, 5]), scipy.stats.describe([1, 2, 3])
    yield scipy.spatial.transform.Rotation.from_euler("z", 90, degrees=True)


def cubes():
    import numpy as np
    import xarray as xr

    yield xr.DataArray(np.zeros((2, 3)), dims=("t", "x"), coords={"x": [1, 2, 3]}, attrs={"units": "K"})
    yield xr.Dataset({"a": ("t", [1.0, 2.0])}, coords={"t": np.array(["2024-01-01", "2024-01-02"], "datetime64[ns]")})


def networks_of_people():
    import networkx as nx

    yield nx.karate_club_graph()
    yield nx.DiGraph([("a", "b", {"weight": 2}), ("b", "c")])
    yield nx.pagerank(nx.path_graph(4))
    yield nx.MultiGraph([(1, 2), (1, 2)])


def shapes():
    from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

    yield Point(1, 2), LineString([(0, 0), (1, 1)]), Polygon([(0, 0), (1, 0), (1, 1)]), MultiPolygon([box(0, 0, 1, 1)])


def by_dill():
    """Only dill and cloudpickle can save these: functions without a name, closures, classes made in a cell."""
    step = 3
    yield collections.defaultdict(lambda: 0, a=1)
    yield {"square": lambda x: x * x, "scale": 2}
    yield functools.partial(lambda x, y: x + y, y=step)


def moments_of_arrow():
    import arrow
    import dateutil.relativedelta
    import dateutil.tz
    import pytz

    yield arrow.Arrow(2024, 1, 1, tzinfo="Europe/Paris")
    yield dateutil.relativedelta.relativedelta(months=1), dateutil.tz.gettz("Asia/Tokyo"), dateutil.tz.UTC
    yield pytz.timezone("US/Eastern").localize(datetime.datetime(2024, 1, 1)), pytz.utc


def records_of_libraries():
    import attrs

    yield attrs.asdict(Measured(1.5))
    yield Measured(1.5, "m")
    yield Order(number=3, lines=["a"])


def _records_of_libraries():
    import attrs
    import pydantic

    class Order(pydantic.BaseModel):
        number: int
        lines: list[str] = []

    Order.__qualname__ = "Order"

    @attrs.define
    class Measured:
        value: float
        unit: str = "s"

    Measured.__qualname__ = "Measured"
    return Order, Measured


HERE = all(importlib.util.find_spec(library) for library in ("attrs", "pydantic"))
Order, Measured = _records_of_libraries() if HERE else (None, None)
