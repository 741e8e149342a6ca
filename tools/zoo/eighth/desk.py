"""Records, settings and tables as notebooks and small services pickle them, with classes of one's own.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import itertools
import operator
import pathlib
import random
import re
import threading
import types
import typing
import uuid
import weakref
import zoneinfo


@dataclasses.dataclass(frozen=True, slots=True)
class Coordinate:
    lat: float
    lon: float


@dataclasses.dataclass(order=True)
class Job:
    priority: int
    name: str = dataclasses.field(compare=False)
    tags: set = dataclasses.field(default_factory=set, compare=False)


@dataclasses.dataclass
class Shop:
    place: Coordinate
    opened: datetime.date
    open_days: list[int]
    manager: typing.Optional["Person"] = None


class Person:
    __slots__ = ("__dict__", "age", "name")

    def __init__(self, name, age):
        self.name = name
        self.age = age


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Status(enum.Enum):
    OPEN = "open"
    CLOSED = "closed"


class Rights(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Sale(typing.NamedTuple):
    item: str
    price: decimal.Decimal
    when: datetime.datetime


class Options(typing.TypedDict):
    rate: float


class Tally(collections.Counter):
    pass


class Registry(dict):
    def __init__(self, *args, owner="me", **kwargs):
        super().__init__(*args, **kwargs)
        self.owner = owner


class History(list):
    pass


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.Lock()

    def __getstate__(self):
        return {"balance": self.balance}

    def __setstate__(self, state):
        self.__init__(**state)


class Temperature(float):
    unit = "C"


class ValidationError(ValueError):
    def __init__(self, message, field="x"):
        super().__init__(message)
        self.field = field


class LinkedList:
    def __init__(self, value, following=None):
        self.value = value
        self.next = following


class Matrix:
    def __init__(self, rows):
        self.rows = rows

    def __reduce__(self):
        return Matrix, (self.rows,)


class Perceptron:
    def __init__(self, inputs):
        self.weights = [random.random() for _ in range(inputs)]
        self.step = abs
        self.errors = []

    def activation(self, x):
        return max(0.0, x)


Version = collections.namedtuple("Version", ["major", "minor"], defaults=[0])
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def square(x):
    return x * x


def own_records():
    yield [Job(2, "b", {"x"}), Job(1, "a")]
    yield Shop(Coordinate(52.5, 13.4), datetime.date(2020, 5, 1), [1, 2, 3], Person("Ada", 36))
    yield {"sales": [Sale("pen", decimal.Decimal("1.20"), datetime.datetime(2025, 1, 2, 3))] * 2}
    yield Version(1), Options(rate=0.1)
    yield Tally("banana"), Registry({"a": 1}, owner="you"), History([1, 2])
    yield Account(decimal.Decimal("10.5"))
    yield Temperature(21.5)
    yield ValidationError("bad", "age")
    yield functools.reduce(lambda tail, value: LinkedList(value, tail), range(5), None)
    yield Matrix([[1, 2], [3, 4]])
    yield Perceptron(3)
    yield {"person": Person("Bob", 4), "friends": [Person("Eve", 5)] * 2}


def own_kinds():
    yield {"status": Status.OPEN, "count": 3}
    yield Level.HIGH
    yield Rights.READ | Rights.WRITE
    yield collections.Counter([Status.OPEN, Status.OPEN, Status.CLOSED])


def rows_from_database():
    yield [
        {
            "id": uuid.UUID(int=number),
            "total": decimal.Decimal("19.99") * number,
            "created": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
            "local": datetime.datetime(2024, 6, 1, 12, tzinfo=BERLIN),
            "due": datetime.date(2024, 2, 1),
            "took": datetime.timedelta(minutes=5),
            "at": datetime.time(8, 30),
            "file": pathlib.PurePosixPath("/data/in.csv"),
            "blob": b"\x00\x01",
            "ratio": fractions.Fraction(1, 3),
            "address": ipaddress.ip_address("10.0.0.1"),
        }
        for number in range(3)
    ]
    yield pathlib.Path("models") / "best.pkl"
    yield pathlib.PureWindowsPath("C:/x"), ipaddress.ip_network("10.0.0.0/8")
    yield datetime.timezone(datetime.timedelta(hours=2), "CEST"), BERLIN
    yield complex(1, 2), range(3, 9, 2), slice(1, None), Ellipsis, NotImplemented
    yield bytearray(b"abc"), memoryview(b"abc").tobytes(), frozenset({1, (2, 3)})


def types_in_settings():
    yield {"fn": square, "built": len, "kind": int, "np": None}
    yield {"activation": operator.add, "sort": sorted, "upper": str.upper}
    yield functools.partial(square, 3)
    yield functools.partial(int, base=2)
    yield [typing.Optional[int], list[int], dict[str, float], typing.Any]
    yield re.compile(r"(?P<year>\d{4})", re.I)
    yield types.SimpleNamespace(lr=0.1, layers=[1, 2], nested=types.SimpleNamespace(a=1))
    yield (
        collections.defaultdict(lambda: 0)
        if False
        else collections.defaultdict(functools.partial(collections.defaultdict, int), a={"b": 1})
    )
    yield collections.ChainMap({"a": 1}, {"b": 2}), collections.deque([1, 2], maxlen=5)
    yield collections.UserDict(a=1), types.MappingProxyType
    yield itertools.count(3), enumerate, operator.itemgetter("a", 1)
    yield [operator.attrgetter("x"), operator.methodcaller("strip")]
    yield weakref.WeakValueDictionary
    yield random.Random(3), random.getstate()
    yield {"keys": list({"a": 1}.keys()), "iter": iter([1, 2]), "rev": reversed([1, 2])}
    yield logging_settings()


def logging_settings():
    import logging

    return {"level": logging.INFO, "logger": logging.getLogger("training")}


def models_by_hand():
    class_counts = {"spam": collections.Counter(free=3), "ham": collections.Counter(hello=2)}
    yield {"counts": class_counts, "priors": {"spam": 0.4, "ham": 0.6}, "vocabulary": set("abc")}
    yield {(0, 0): {"up": 0.1, "down": -0.2}, (0, 1): {"up": 0.5}}
    yield [[0.0] * 3 for _ in range(3)], (("a", 1), ("b", [2]))


def frames_of_every_kind():
    import numpy as np
    import pandas as pd

    yield pd.DataFrame(
        {
            "a": pd.array([1, None], "Int64"),
            "b": pd.array([True, None], "boolean"),
            "c": pd.array([0.5, None], "Float64"),
        }
    )
    yield pd.DataFrame({"s": pd.array(["x", None], "string"), "c": pd.Categorical(["u", "v"])})
    yield pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2]))
    yield pd.cut(pd.Series([1, 5, 9]), [0, 3, 6, 10], labels=["low", "mid", "high"])
    yield pd.qcut(np.arange(10), 4)
    yield pd.Series(pd.period_range("2024Q1", periods=3, freq="Q"))
    yield pd.Series(pd.date_range("2024", periods=3, tz="Europe/Paris"), name="when")
    yield (
        pd.date_range("2024-01-01", periods=4, freq="B"),
        pd.timedelta_range("1h", periods=3),
        pd.bdate_range("2024", periods=2),
    )
    yield pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", "n"])
    yield pd.DataFrame(np.eye(2), pd.MultiIndex.from_tuples([("a", pd.Timestamp("2024")), ("b", pd.NaT)]), ["x", "y"])
    yield (
        pd.IntervalIndex.from_arrays([0, 1], [1, 2], closed="left"),
        pd.RangeIndex(3, name="i"),
        pd.CategoricalIndex(list("ab")),
    )
    yield pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])})
    yield pd.Timestamp("2024-05-01", tz="UTC"), pd.Timedelta("2D"), pd.Period("2024-05"), pd.Interval(0, 1), pd.NA
    yield pd.offsets.MonthEnd(2), pd.offsets.CustomBusinessDay(holidays=["2024-12-25"]), pd.DateOffset(months=1, days=3)
    yield pd.DataFrame({"o": [{"a": 1}, [1, 2]], "d": [decimal.Decimal("1"), None], "u": [uuid.UUID(int=1)] * 2})
    yield pd.DataFrame({"t": [datetime.date(2024, 1, 1)], "p": [pathlib.PurePosixPath("a")]})
    yield pd.DataFrame({"a": [1]}).groupby("a"), pd.DataFrame({"a": [1, 2]}).rolling(2), pd.Series([1]).ewm(0.5)
    yield pd.DataFrame(np.zeros((2, 2), "complex64")), pd.Series([1, 2], dtype="uint8"), pd.Series(dtype=object)
    frame = pd.DataFrame({"a": [1, 2]})
    frame.attrs["source"] = {"file": "x.csv"}
    frame.flags.allows_duplicate_labels = False
    yield frame
    yield {"train": frame, "dtypes": frame.dtypes.to_dict(), "null": pd.isna}
    yield (
        pd.Grouper(key="a"),
        pd.CategoricalDtype(["a"], True),
        pd.Int64Dtype(),
        pd.StringDtype(),
        pd.DatetimeTZDtype(tz="UTC"),
    )
    yield frame.style


def frames_of_arrow():
    import pandas as pd
    import pyarrow as pa

    yield pd.DataFrame({"s": pd.array(["x", None], "string[pyarrow]"), "n": pd.array([1, None], "int64[pyarrow]")})
    yield pd.Series(pd.array([datetime.date(2024, 1, 1)], pd.ArrowDtype(pa.date32())))
    yield pd.Series([[1, 2]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    yield pa.table({"a": [1, 2], "d": pa.array(["x", "x"]).dictionary_encode()}).schema
    yield pa.record_batch({"a": [1.5]}), pa.chunked_array([[1], [2]]), pa.scalar(3)


def bears():
    import polars as pl

    frame = pl.DataFrame(
        {"a": [1, 2], "d": [datetime.date(2024, 1, 1)] * 2, "l": [[1], [2, 3]], "s": [{"x": 1}, {"x": 2}]}
    )
    yield frame
    yield frame.lazy().filter(pl.col("a") > 1)
    yield frame.schema, pl.Series("e", ["a", "b"], pl.Enum(["a", "b"])), pl.col("a").sum().over("d")


def arrays_of_every_kind():
    import numpy as np

    yield np.ma.masked_array([1, 2], [0, 1]), np.rec.fromrecords([(1, "a")], names="n,s"), np.matrix([[1]])
    yield np.array([("a", 1.5)], [("name", "U5"), ("score", "f4")]), np.dtype([("x", "<i4", (2,))])
    yield np.array(["2024-01-01"], "datetime64[D]"), np.timedelta64(3, "h"), np.datetime64("NaT")
    yield np.random.default_rng(1), np.random.RandomState(2), np.random.SeedSequence(3), np.random.Philox(4)
    yield np.poly1d([1, 2]), np.polynomial.Chebyshev([1, 2]), np.vectorize(square)
    yield np.array([{"a": 1}, None, square], object), np.broadcast_to(np.ones(2), (3, 2)), np.float16(1), np.bool_(1)
    yield {"sum": np.sum, "ufunc": np.exp, "where": np.where, "type": np.float32, "finfo": np.finfo(np.float32)}
    yield np.array(["x", "yy"], np.dtypes.StringDType()) if hasattr(np.dtypes, "StringDType") else None
    yield np.lib.stride_tricks.sliding_window_view(np.arange(5), 2), np.index_exp[1:2, ...], np.nditer


def sparse():
    import numpy as np
    from scipy import sparse, spatial, special
    from scipy.signal import StateSpace, TransferFunction, dlti, firwin

    for kind in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil"):
        yield sparse.random(5, 5, 0.3, kind, random_state=1)
    yield sparse.csr_array(np.eye(3)), sparse.block_diag([np.eye(2)])
    yield spatial.Delaunay(np.random.default_rng(0).random((8, 2))), spatial.cKDTree(np.eye(3))
    yield spatial.transform.Rotation.from_euler("z", 30, degrees=True), special.expit, special.legendre(2)
    yield (
        TransferFunction([1], [1, 2]),
        StateSpace([[1]], [[1]], [[1]], [[0]]),
        dlti([1], [1, 0.5], dt=0.1),
        firwin(5, 0.2),
    )


def checked():
    import pydantic

    yield Customer(name="a", born=datetime.date(2000, 1, 1), address=Address(street="x"), status="open")
    yield [Address(street=str(number)) for number in range(3)]
    yield pydantic.SecretStr("x")
    yield Point3(1, 2, 3)
    yield Limits(0.1)


try:
    import pydantic
    from pydantic.dataclasses import dataclass as checked_dataclass

    class Address(pydantic.BaseModel):
        street: str
        number: int | None = None

    class Customer(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        name: str
        born: datetime.date
        address: Address
        status: Status
        _seen: int = pydantic.PrivateAttr(default=0)

    @checked_dataclass
    class Limits:
        low: float
        high: float = 1.0
except ImportError:
    pass

try:
    import attrs

    @attrs.define
    class Point3:
        x: int
        y: int
        z: int = 0

    @attrs.frozen
    class Sensor:
        name: str
        readings: list = attrs.field(factory=list)

    @attrs.define(slots=False)
    class Plan:
        steps: dict
        created: datetime.datetime
except ImportError:
    pass


def attributed():
    yield Point3(1, 2)
    yield Sensor("t", [1.0])
    yield Plan({"a": Sensor("x")}, datetime.datetime(2024, 1, 1))


def settings_of_a_run():
    from omegaconf import OmegaConf

    yield OmegaConf.create({"model": {"lr": 0.1, "layers": [1, 2]}, "out": "${model.lr}"})
    yield OmegaConf.structured(Job(1, "a", None)) if False else OmegaConf.create([1, {"a": None}])


def settings_of_others():
    import box
    import easydict

    yield box.Box({"a": {"b": 1}}), easydict.EasyDict(a={"b": 2})


def pages():
    import requests

    yield requests.structures.CaseInsensitiveDict({"A": "b"})
    session = requests.Session()
    session.headers["x"] = "y"
    yield session
    yield requests.cookies.cookiejar_from_dict({"a": "b"})


def rows_by_query():
    import sqlalchemy

    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text("select 1 as a, 'x' as b")).fetchall()
    yield rows
    yield [row._asdict() for row in rows]
    yield sqlalchemy.MetaData()
    yield sqlalchemy.Table("t", sqlalchemy.MetaData(), sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True))
    yield engine.url


def trees_of_markup():
    import xml.etree.ElementTree as tree
    import email.message

    yield tree.fromstring("<a><b c='d'>text</b></a>")
    message = email.message.EmailMessage()
    message["Subject"] = "x"
    yield dict(message.items())


def thoughts():
    import ast
    import json
    import string

    yield json.loads('{"a": [1, 2.5, null, true]}')
    yield string.Template("hello $name"), string.Formatter
    yield ast.literal_eval("{'a': 1}")
    yield ast.parse("x + 1")
