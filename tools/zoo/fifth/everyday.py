"""What other people's programs and notebooks keep, without any library of machine learning, and with the usual ones.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import abc
import array
import collections
import copy
import csv
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import io
import itertools
import json
import logging
import math
import operator
import pathlib
import random
import re
import statistics
import string
import time
import traceback
import types
import typing
import uuid
import warnings


class Priority(enum.Enum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass(slots=True)
class Order:
    number: int
    lines: list
    paid: bool = False
    total: decimal.Decimal = decimal.Decimal("0")


@dataclasses.dataclass(order=True)
class Job:
    due: float
    name: str = dataclasses.field(compare=False)
    options: dict = dataclasses.field(default_factory=dict, compare=False)


Reading = collections.namedtuple("Reading", "station value when", defaults=(None,))


class Node:
    __slots__ = ("children", "key", "parent")

    def __init__(self, key, parent=None):
        self.key, self.parent, self.children = key, parent, []
        if parent is not None:
            parent.children.append(self)


class Stack(list):
    def top(self):
        return self[-1]


class Settings(dict):
    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Money(float):
    currency = "EUR"


class Matrix:
    def __init__(self, rows):
        self.rows = rows

    def __getstate__(self):
        return {"rows": [tuple(row) for row in self.rows]}

    def __setstate__(self, state):
        self.rows = [list(row) for row in state["rows"]]


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


class Circle(Shape):
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius**2


class Step(typing.Protocol):
    def __call__(self, value: float) -> float: ...


class Movie(typing.TypedDict):
    title: str
    year: int


class Box(typing.Generic[typing.TypeVar("T")]):
    def __init__(self, value):
        self.value = value


def halve(value):
    return value / 2


def pipeline_of_functions():
    yield [halve, math.sqrt, abs]
    yield {"steps": [("half", halve), ("root", math.sqrt), ("absolute", operator.abs)]}
    yield functools.partial(halve, 3)


def orders():
    yield [Order(1, ["a", "b"]), Order(2, [], True, decimal.Decimal("9.99"))]
    queue = [Job(3.0, "c"), Job(1.0, "a", {"x": 1}), Job(2.0, "b")]
    heapq.heapify(queue)
    yield queue


def readings():
    yield [Reading("north", 1.5), Reading("south", -2.0, datetime.datetime(2025, 1, 1))]
    yield {s: list(g) for s, g in itertools.groupby([Reading("a", 1), Reading("a", 2)], key=lambda r: r.station)}


def trees_of_nodes():
    root = Node("root")
    for name in "abc":
        Node(name + "2", Node(name, root))
    yield root


def containers_of_ones_own():
    yield [Stack([1, 2, 3]), Settings(lr=0.1, deep=Settings(a=1)), Money(2.5)]


def states_of_ones_own():
    yield Matrix([[1, 2], [3, 4]])
    yield {"shapes": [Circle(1.0), Circle(2.0)], "boxes": [Box(1), Box("x")]}


def typed_rows():
    yield [Movie(title="Brazil", year=1985)]


def priorities_by_value():
    yield {"level": Priority.HIGH.name, "value": Priority.LOW.value}


def records_of_csv():
    text = "name,age\nAnn,3\nBob,4\n"
    yield list(csv.DictReader(io.StringIO(text)))
    yield list(csv.reader(io.StringIO(text)))


def answers_of_a_service():
    yield json.loads('{"data": [{"id": 1, "tags": ["a", null, true], "score": 1e-3}], "next": "?page=2"}')
    yield {
        "url": "https://example.org/?q=1",
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "body": b"{}",
        "elapsed": datetime.timedelta(milliseconds=80),
        "fetched": datetime.datetime.now(datetime.timezone.utc),
    }


def table_of_memos():
    @functools.lru_cache(None)
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    yield {n: fib(n) for n in range(60)}
    yield {"info": tuple(fib.cache_info())}


def maze():
    grid = [bytearray(b"#.#"), bytearray(b"...")]
    yield {"grid": grid, "start": (0, 1), "seen": {(0, 1), (1, 1)}, "path": [(0, 1), (1, 1)]}
    yield {"open": [(0.0, (0, 1))], "came_from": {(1, 1): (0, 1)}, "inf": math.inf, "nan": math.nan}


def random_walks():
    generator = random.Random(5)
    yield {"walk": [generator.gauss(0, 1) for _ in range(20)], "generator": generator}
    yield random.Random(6).getstate()


def checksums():
    yield {"a.txt": hashlib.sha256(b"a").hexdigest(), "b.txt": hashlib.md5(b"b", usedforsecurity=False).digest()}


def word_statistics():
    text = "the quick brown fox jumps over the lazy dog the end".split()
    pairs = collections.defaultdict(collections.Counter)
    for first, second in itertools.pairwise(text):
        pairs[first][second] += 1
    yield pairs
    yield {"lengths": statistics.multimode(map(len, text)), "longest": max(text, key=len), "alphabet": string.printable}
    yield collections.ChainMap({"a": 1}, {"b": 2})


def markov_chain():
    chain = {}
    for first, second in itertools.pairwise("abracadabra"):
        chain.setdefault(first, []).append(second)
    yield chain


def timings():
    yield {"started": time.time(), "clock": time.localtime(0), "gm": time.gmtime(0), "laps": [0.1, 0.2]}
    yield array.array("d", [0.1, 0.2])


def schedules():
    yield {
        "every": datetime.timedelta(hours=6),
        "at": datetime.time(9, 30),
        "zone": datetime.timezone(datetime.timedelta(hours=-5), "EST"),
        "days": frozenset({0, 1, 2}),
        "last": datetime.date.max,
    }


def failures():
    try:
        json.loads("{")
    except ValueError as error:
        yield {"error": error, "text": traceback.format_exc()}
    try:
        pathlib.Path("/nowhere/at/all").read_text()
    except OSError as error:
        yield error
    yield [
        warnings.WarningMessage("old", DeprecationWarning, "f.py", 3).__dict__ and "old",
        KeyError("k"),
        StopIteration(),
    ]
    yield [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), ZeroDivisionError("division by zero")]


def patterns():
    yield [re.compile(r"(?P<year>\d{4})-(\d\d)", re.VERBOSE | re.IGNORECASE), re.compile(rb"\x00+")]
    yield {"match": re.match(r"(\w+)", "hello world").groupdict(), "all": re.findall(r"\w", "abc")}


def numbers_of_all_kinds():
    yield [1, -1, 2**64, 10**30, 1.5, -0.0, 1e308, 3 + 4j, True, decimal.Decimal("NaN"), fractions.Fraction(22, 7)]
    yield decimal.getcontext().copy()


def identifiers():
    yield {uuid.UUID(int=i): i for i in range(3)}
    yield {"v5": uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")}


def keys_and_views():
    table = {"a": 1, "b": 2}
    yield [list(table.keys()), list(table.items()), tuple(table.values()), sorted(table, reverse=True)]
    yield types.MappingProxyType(table).copy()


def shared_and_circular():
    row = [1, 2]
    loop = {"name": "loop"}
    loop["self"] = loop
    yield [row, row, copy.deepcopy(row), loop]


def logs():
    record = logging.LogRecord("app", logging.INFO, "app.py", 3, "hello %s", ("you",), None)
    yield record
    yield logging.Formatter("%(asctime)s %(message)s")


def texts_of_all_kinds():
    yield ["", "é", "\U0001f600", "\ud800", "a\0b", "x" * 300, b"", bytes(range(256))]
    yield string.Template("hello $name")


def addresses_and_paths():
    yield {
        "home": pathlib.Path("~"),
        "windows": pathlib.PureWindowsPath("C:/x"),
        "parts": pathlib.PurePosixPath("/a/b").parts,
    }


def wide_and_deep():
    deep = []
    for _ in range(50):
        deep = [deep, {}]
    yield deep
    yield [list(range(300)), dict.fromkeys(range(300)), tuple(range(300)), {str(n) for n in range(300)}]


def notebook_globals():
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"a": np.arange(4), "b": list("wxyz")})
    yield {"df": frame, "x": 3, "best": (0.93, {"depth": 4}), "scores": np.linspace(0, 1, 5), "mask": frame["a"] > 2}


def dispatch_tables():
    yield {"+": operator.add, "-": operator.sub, "*": operator.mul, "max": max, "sum": sum, "len": len, "float": float}
    import numpy as np

    yield {
        "mean": np.mean,
        "std": np.std,
        "median": np.median,
        "exp": np.exp,
        "relu": np.maximum,
        "norm": np.linalg.norm,
    }


def types_as_settings():
    import numpy as np

    yield {"id": int, "score": float, "names": list, "flag": bool, "raw": bytes, "when": datetime.date}
    yield {"x": np.float32, "y": np.int64, "z": np.dtype("M8[ns]"), "w": np.dtype([("a", "i4"), ("b", "S3")])}
    yield [typing.List[int], typing.Dict[str, float], typing.Optional[str], list[int], dict[str, int]]


def simulations():
    import numpy as np

    rng = np.random.default_rng(3)
    yield {"state": rng.normal(size=(4, 2)), "rng": rng, "bit": rng.bit_generator.state, "step": np.int64(4)}
    yield [
        np.random.Generator(kind(1))
        for kind in (np.random.PCG64DXSM, np.random.Philox, np.random.SFC64, np.random.MT19937)
    ]


def grids_of_results():
    import numpy as np

    yield {(lr, d): {"acc": np.float32(0.5), "n": np.uint8(3)} for lr in (0.1, 0.01) for d in (1, 2)}
    yield np.array([(1, 2.0, "a")], dtype=[("n", "i4"), ("v", "f8"), ("s", "U3")])
    yield np.array([[1, None], ["a", 2.5]], dtype=object)
    yield [np.arange(3).reshape(3, 1)[::-1], np.asfortranarray(np.eye(3)), np.broadcast_to(1.0, (2, 2)), np.array(3)]


def polynomials():
    import numpy as np
    from numpy import polynomial

    yield [polynomial.Polynomial([1, 2]), polynomial.Chebyshev([1, 2, 3]), polynomial.Legendre([0, 1])]
    yield np.polyfit([0, 1, 2], [1, 3, 7], 2, full=True)


def matrices_of_old():
    import numpy as np

    yield [np.matrix([[1, 2], [3, 4]]), np.ma.array([1.0, 2.0], mask=[0, 1]), np.rec.array([(1, "a")], names="n,s")]
    yield np.char.array(["a", "bc"])


def reports_by_group():
    import pandas as pd

    frame = pd.DataFrame({"city": ["x", "y", "x"], "sold": [1, 2, 3], "at": pd.date_range("2025-01-01", periods=3)})
    yield frame.groupby("city")["sold"].agg(["sum", "mean"])
    yield frame.pivot_table(index="city", values="sold", aggfunc="sum")
    yield frame.set_index("at").resample("D")["sold"].sum()
    yield frame.describe(include="all")
    yield dict(list(frame.groupby("city")))
    yield frame.dtypes.to_dict()
    yield frame.corr(numeric_only=True).style.format is not None and frame["city"].value_counts()


def frames_with_odd_columns():
    import decimal as money
    import pandas as pd

    yield pd.DataFrame(
        {
            "price": [money.Decimal("1.5"), None],
            "tags": [["a"], []],
            "when": [datetime.date(2025, 1, 1), datetime.date(2025, 1, 2)],
            "path": [pathlib.Path("a"), pathlib.Path("b")],
            "id": [uuid.UUID(int=1), uuid.UUID(int=2)],
            "period": pd.period_range("2025-01", periods=2, freq="M"),
            "zone": pd.date_range("2025-01-01", periods=2, tz="Asia/Tokyo"),
            "span": pd.interval_range(0, 2),
            "level": pd.Categorical(["low", "high"], categories=["low", "high"], ordered=True),
        }
    )
    yield pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["l", "n"]))
    yield pd.cut(pd.Series([1, 5, 9]), 3)
    yield pd.Series(["1 days", "2 days"]).astype("timedelta64[s]") if False else pd.to_timedelta(["1 days", "2 days"])


def times_of_pandas():
    import pandas as pd

    yield [pd.Timedelta("1D"), pd.Period("2025-03", "M"), pd.Interval(0, 1, closed="left"), pd.Timestamp("2025-01-01")]
    yield [
        pd.offsets.MonthEnd(),
        pd.offsets.CustomBusinessDay(holidays=["2025-01-01"]),
        pd.tseries.frequencies.to_offset("15min"),
    ]
    yield [
        pd.Int64Dtype(),
        pd.CategoricalDtype(["a"]),
        pd.DatetimeTZDtype(tz="UTC"),
        pd.StringDtype(),
        pd.PeriodDtype("D"),
    ]


def fits_by_hand():
    import numpy as np
    from scipy import integrate, interpolate, optimize, stats

    yield optimize.curve_fit(np.polyval if False else _line, np.arange(5.0), np.arange(5.0) * 2 + 1)
    yield optimize.least_squares(lambda p: p - 1, [0.0, 0.0])
    yield optimize.root(lambda v: v**2 - 1, 2.0)
    yield optimize.linprog([1, 1], A_ub=[[-1, 0]], b_ub=[-1])
    yield optimize.differential_evolution(lambda v: (v**2).sum(), [(-1, 1)], maxiter=3, seed=1)
    yield integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], dense_output=True)
    yield interpolate.UnivariateSpline(np.arange(6.0), np.arange(6.0) ** 2)
    yield interpolate.RegularGridInterpolator((np.arange(3), np.arange(3)), np.eye(3))
    yield interpolate.make_interp_spline(np.arange(5.0), np.arange(5.0))
    yield [stats.gamma(2.0), stats.beta(1, 2), stats.poisson(3), stats.binom(5, 0.2), stats.t(df=3, loc=1)]
    yield stats.multivariate_normal([0, 0], [[1, 0], [0, 1]])


def _line(x, slope, start):
    return slope * x + start


def tests_of_statistics():
    from scipy import stats

    a, b = [1.0, 2.5, 3.1, 4.0], [2.0, 3.5, 3.9, 6.1]
    yield [stats.ttest_rel(a, b), stats.mannwhitneyu(a, b), stats.wilcoxon(a, b), stats.kruskal(a, b)]
    yield {"pearson": stats.pearsonr(a, b), "spearman": stats.spearmanr(a, b), "kendall": stats.kendalltau(a, b)}
    yield [stats.shapiro(a), stats.levene(a, b), stats.f_oneway(a, b), stats.chi2_contingency([[1, 2], [3, 4]])]
    yield stats.describe(a)
    yield stats.kstest(a, "norm")
    yield stats.linregress(a, b)
    yield stats.anderson_ksamp([a, b]) if False else stats.normaltest(a * 5)
    yield stats.bootstrap((a,), _mean, n_resamples=20)
    yield [stats.fisher_exact([[1, 2], [3, 4]]), stats.binomtest(3, 10), stats.tukey_hsd(a, b)]
    yield stats.ecdf(a)


def _mean(values, axis=-1):
    import numpy as np

    return np.mean(values, axis=axis)


def geometry_of_scipy():
    import numpy as np
    from scipy import cluster, ndimage, spatial

    points = np.random.default_rng(0).random((12, 2))
    yield [spatial.ConvexHull(points).vertices, spatial.Delaunay(points).simplices, spatial.distance.pdist(points)]
    yield spatial.KDTree(points)
    yield cluster.hierarchy.linkage(points)
    yield cluster.hierarchy.to_tree(cluster.hierarchy.linkage(points))
    yield ndimage.find_objects(np.array([[1, 1], [0, 2]]))
    yield spatial.transform.Slerp(
        [0, 1], spatial.transform.Rotation.from_euler("xyz", [[0, 0, 0], [0, 0, 90]], degrees=True)
    )


def signals():
    import numpy as np
    from scipy import signal

    yield signal.butter(4, 0.1, output="sos")
    yield [
        signal.dlti([1], [1, 0.5]),
        signal.lti([1], [1, 1]),
        signal.TransferFunction([1], [1, 2]),
        signal.ZerosPolesGain([], [1], 2),
    ]
    yield signal.StateSpace(np.eye(2), np.ones((2, 1)), np.ones((1, 2)), [[0]])


def sparse_systems():
    import numpy as np
    from scipy import sparse
    from scipy.sparse import linalg

    yield {
        "a": sparse.eye(4).tocsc(),
        "diagonal": sparse.diags([1, 2, 3]),
        "block": sparse.block_diag([np.eye(2), np.eye(1)]),
    }
    yield [
        sparse.csr_array(np.eye(3)),
        sparse.coo_array(np.eye(3)),
        sparse.dok_matrix((2, 2)),
        sparse.lil_matrix((2, 2)),
    ]
    yield linalg.aslinearoperator(np.eye(3))
