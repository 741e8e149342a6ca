"""What people keep in pickles that has no library in it: settings, results, caches, lists of files."""

import argparse
import array
import asyncio
import calendar
import collections
import configparser
import contextlib
import copy
import datetime
import decimal
import email.message
import enum
import fractions
import functools
import heapq
import http
import inspect
import io
import ipaddress
import itertools
import json
import logging
import math
import numbers
import operator
import os
import pathlib
import platform
import queue
import random
import re
import signal
import socket
import ssl
import statistics
import string
import sys
import threading
import time
import types
import typing
import urllib.parse
import uuid
import warnings

NOW = datetime.datetime(2024, 2, 29, 12, 30, 1, 5)


def run_settings():
    parser = argparse.ArgumentParser("train")
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/1"))
    parser.add_argument("--seed", type=int, default=0)
    yield parser.parse_args([])
    yield vars(parser.parse_args(["--lr", "1"]))


def paths_of_a_data_set():
    yield [pathlib.Path("data") / f"{i}.png" for i in range(5)]
    yield pathlib.PurePosixPath("/data/a")
    yield pathlib.PureWindowsPath(r"C:\data\a.csv")
    yield {"files": collections.defaultdict(list, {"train": [pathlib.Path("a")]})}


def counts_of_words():
    words = "the cat and the dog and the bird".split()
    yield collections.Counter(words)
    yield collections.Counter(zip(words, words[1:])).most_common()
    yield collections.defaultdict(int, collections.Counter(words))
    yield collections.defaultdict(lambda_free, {"a": {"b": 1}})


def lambda_free():
    return {}


def chains_and_queues():
    yield collections.ChainMap({"lr": 1}, {"lr": 2, "seed": 3})
    yield collections.deque(range(5), maxlen=3)
    yield collections.OrderedDict([("a", 1), ("b", collections.OrderedDict(c=2))])
    yield collections.UserDict(a=1)
    yield collections.UserList([1, 2])
    yield collections.UserString("abc")


Point = collections.namedtuple("Point", "x y")


class Row(typing.NamedTuple):
    name: str
    value: float = 0.0


def rows_of_named_tuples():
    yield [Point(1, 2), Point(3, 4)]
    yield [Row("a", 1.0)]


def money():
    yield [decimal.Decimal("19.99"), decimal.Decimal("NaN"), decimal.Decimal("-0"), decimal.Decimal("Infinity")]
    yield decimal.Context(prec=4, rounding=decimal.ROUND_HALF_UP)
    yield decimal.Decimal(1).as_tuple()
    yield [fractions.Fraction(1, 3), fractions.Fraction(-7)]


def identifiers():
    yield [uuid.UUID(int=7), uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")]
    yield {uuid.UUID(int=i): i for i in range(3)}


def network_log():
    yield [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("::1")]
    yield [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_interface("10.0.0.1/24")]
    yield urllib.parse.urlparse("https://example.org/a?b=c#d")
    yield urllib.parse.urlsplit("https://example.org/a")
    yield http.HTTPStatus.NOT_FOUND
    yield socket.AF_INET


def moments():
    yield [NOW, NOW.date(), NOW.time(), NOW - datetime.datetime(2024, 1, 1)]
    yield NOW.replace(tzinfo=datetime.timezone.utc)
    yield NOW.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2), "CEST"))
    yield datetime.timezone(datetime.timedelta(hours=-5))
    yield time.localtime(0)
    yield time.gmtime(0)
    yield calendar.TextCalendar(6)


def zones():
    import zoneinfo

    yield NOW.replace(tzinfo=zoneinfo.ZoneInfo("America/New_York"))
    yield zoneinfo.ZoneInfo("Asia/Tokyo")
    yield {"zone": zoneinfo.ZoneInfo("UTC"), "at": [NOW.replace(fold=1)]}


def patterns():
    yield re.compile(r"(\w+)@(\w+)\.com", re.IGNORECASE | re.MULTILINE)
    yield {"tokens": re.compile(rb"\d+"), "flags": re.I | re.S}
    yield [re.compile(p) for p in ("a+", "b*?", "(?P<x>c)")]


class Color(enum.Enum):
    RED = 1
    BLUE = "blue"


def members_of_the_standard_library():
    yield [signal.SIGTERM, http.HTTPStatus.OK, re.RegexFlag.ASCII]
    yield inspect.Parameter.POSITIONAL_ONLY
    yield uuid.SafeUUID.unknown
    yield ssl.TLSVersion.TLSv1_2


def odd_builtins():
    yield [range(0, 10, 2), slice(1, None, 2), 1 + 2j, Ellipsis, NotImplemented, None, True]
    yield [bytes(5), bytearray(b"abc"), b"", "", "\u20ac", "\udc80", 2**200, -1, 1e300, float("nan"), float("-inf")]
    yield {frozenset({frozenset({1}), (1, 2)}): {1, 2, 3}}
    yield [int, float, str, list, dict, tuple, set, frozenset, bytes, bool, complex, object, type(None), type]
    yield [type(Ellipsis), type(NotImplemented)]
    yield [len, sum, min, max, abs, sorted, repr, round, zip, map, filter, reversed, enumerate, print, hash, isinstance]


def deep_nests():
    nest = []
    for i in range(40):
        nest = [nest, {"level": i}]
    yield nest
    loop = {"name": "self"}
    loop["me"] = loop
    yield loop
    a, b = [], []
    a.append(b)
    b.append(a)
    yield a
    yield {(1, (2, (3,))): [({"a": {1}},)]}


def simple_namespaces():
    yield types.SimpleNamespace(lr=0.1, layers=[1, 2], inner=types.SimpleNamespace(a=None))
    yield types.MappingProxyType


def partials():
    yield functools.partial(int, base=2)
    yield functools.partial(max, key=len)
    yield functools.partial(round, ndigits=2)
    yield functools.partial(sorted, reverse=True)
    yield functools.partial(math.pow, 2)
    yield functools.partial(operator.mul, 2)
    yield functools.partial(functools.partial(int), base=8)
    yield {"fn": functools.partial(str.replace, "a")}
    yield functools.partial(statistics.quantiles, n=4)


def getters():
    yield operator.itemgetter("score")
    yield operator.itemgetter(1, 2)
    yield operator.itemgetter(slice(1, 3))
    yield operator.attrgetter("name")
    yield operator.attrgetter("owner.name", "size")
    yield operator.methodcaller("lower")
    yield operator.methodcaller("strip", "x")
    yield {"key": operator.itemgetter("a"), "other": [operator.attrgetter("b")]}
    yield [operator.add, operator.lt, operator.truediv, operator.neg, operator.or_, operator.getitem]


def functions_of_the_standard_library():
    yield [math.sqrt, math.log, math.exp, math.floor, math.hypot, statistics.mean, statistics.median, statistics.stdev]
    yield {"loads": json.dumps, "clean": str.lower, "split": str.split, "title": str.title, "join": str.join}
    yield [itertools.chain, itertools.product, functools.reduce, heapq.nlargest, copy.deepcopy, textwrap_fill()]
    yield ["abc".upper, " ".join, [1].count, {"a": 1}.get, {1}.issubset]
    yield [os.path.join, os.path.basename, os.path.splitext]
    yield [string.capwords, re.escape, random.random, time.time, datetime.datetime.now, uuid.uuid4]


def textwrap_fill():
    import textwrap

    return textwrap.fill


def typing_things():
    yield [typing.List[int], typing.Optional[str], typing.Dict[str, float], typing.Any]
    yield typing.Union[int, str]
    yield typing.Tuple[int, ...]
    yield typing.Callable[[int], str]


def generic_aliases():
    yield [list[int], dict[str, float], tuple[int, ...], type[int]]
    yield int | None
    yield collections.abc.Sequence[int]


def iterators():
    yield iter([1, 2, 3])
    yield iter((1, 2))
    yield iter(range(5))
    yield iter({"a": 1})
    yield iter({1, 2})
    yield iter("abc")
    yield enumerate(["a", "b"])
    yield zip([1], [2])
    yield reversed([1, 2])
    yield map(str, [1, 2])
    yield filter(None, [0, 1])
    yield iter(bytearray(b"ab"))


def iterators_of_itertools():
    yield [itertools.count(3), itertools.repeat("a", 3), itertools.cycle([1, 2])]
    yield [itertools.chain([1], [2]), itertools.product([1, 2], "ab"), itertools.permutations([1, 2])]
    yield [itertools.combinations([1, 2, 3], 2), itertools.islice([1, 2, 3], 2), itertools.accumulate([1, 2])]


def generators_of_numbers():
    state = random.Random(3)
    yield state
    yield state.getstate()
    yield [random.SystemRandom]


def arrays_of_the_standard_library():
    yield [array.array("d", [1.0, 2.0]), array.array("i", [1]), array.array("B", b"abc"), array.array("u", "ab")]
    yield io.BytesIO(b"png")
    yield io.StringIO("a,b\n1,2")


def templates_and_configs():
    yield string.Template("Dear $name")
    yield string.Formatter()
    config = configparser.ConfigParser()
    config.read_string("[train]\nlr = 0.1\n")
    yield config
    yield logging.Formatter("%(asctime)s %(message)s")
    yield logging.getLogger("train")
    yield logging.getLogger()
    yield logging.LogRecord("a", logging.INFO, "f.py", 1, "msg", (), None)
    yield logging.WARNING


def errors_of_failed_runs():
    yield [ValueError("bad"), KeyError("x"), RuntimeError("stop", 3), TypeError(), StopIteration(1), MemoryError()]
    yield FileNotFoundError(2, "No such file", "a.csv")
    yield UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")
    yield [json.JSONDecodeError("x", "doc", 0), TimeoutError(), asyncio.TimeoutError(), asyncio.CancelledError()]
    yield [UserWarning("w"), DeprecationWarning(), queue.Empty(), subprocess_error()]
    yield {"error": ZeroDivisionError("division by zero"), "class": ArithmeticError}
    yield [decimal.InvalidOperation(), ModuleNotFoundError("no module"), KeyboardInterrupt(), AssertionError("a")]


def subprocess_error():
    return OSError(5, "Input/output error")


def facts_of_the_machine():
    yield platform.uname()
    yield sys.version_info[:3]
    yield os.stat(".")
    yield dict(os.environ.copy()) and {"PATH": "/bin"}
    yield os.terminal_size((80, 24))
    yield sys.float_info.max
    yield time.struct_time(time.localtime(0))


def messages_of_mail():
    message = email.message.EmailMessage()
    message["Subject"] = "report"
    message.set_content("hello")
    yield message
    plain = email.message.Message()
    plain["To"] = "a@example.org"
    yield plain


def documents_of_json():
    yield json.loads('{"a": [1, 2.5, null, true, {"b": "c"}], "d": "\\u20ac"}')
    yield [{"id": i, "text": "x" * i, "tags": ["a", "b"], "at": NOW} for i in range(20)]
    yield json.JSONEncoder(indent=2)
    yield json.JSONDecoder


def signatures():
    yield inspect.signature(calendar.monthrange)
    yield numbers.Number
    yield contextlib.suppress(ValueError)


def caches():
    memo = {}
    for i in range(10):
        memo[(i, "k")] = functools.reduce(operator.add, range(i + 1))
    yield memo
    yield {hash_of(i): i for i in range(4)}
    yield {"lock": None, "thread": threading.current_thread().name, "warn": warnings.filters[:0]}


def hash_of(i):
    import hashlib

    return hashlib.sha256(str(i).encode()).digest()


def dates_by_dateutil():
    import dateutil.relativedelta
    import dateutil.rrule
    import dateutil.tz

    yield dateutil.tz.tzutc()
    yield dateutil.tz.gettz("Europe/Paris")
    yield dateutil.tz.tzoffset("x", 3600)
    yield dateutil.tz.tzlocal()
    yield dateutil.relativedelta.relativedelta(months=1)
    yield dateutil.relativedelta.MO(1)
    yield NOW.replace(tzinfo=dateutil.tz.UTC)


def dates_by_pytz():
    import pytz

    yield pytz.utc
    yield pytz.timezone("Europe/Berlin")
    yield pytz.timezone("Europe/Berlin").localize(NOW)
    yield pytz.FixedOffset(60)


def records_of_attrs():
    import attrs

    yield attrs.asdict(attrs.make_class("C", ["a"])(1))


def symbols_of_sympy():
    import sympy

    x, y = sympy.symbols("x y")
    yield x
    yield sympy.sin(x) ** 2 + sympy.exp(y)
    yield sympy.Matrix([[x, 1], [2, y]])
    yield sympy.Rational(1, 3)
    yield sympy.pi
    yield sympy.Symbol("n", integer=True)


def models_of_pydantic():
    import pydantic

    yield pydantic.SecretStr("x")
    yield pydantic.TypeAdapter(int).validate_python("3")


def yaml_and_toml():
    import yaml

    yield yaml.safe_load("a: [1, 2]\nb: 2020-01-01\n")
