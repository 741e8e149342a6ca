"""Ordinary loads and ordinary mistakes: whatever comes of them, it comes of them with the guard as well."""

from __future__ import annotations

import asyncio
import collections
import copy
import dataclasses
import datetime
import enum
import functools
import gzip
import inspect
import io
import os
import pickle
import shelve
import sys
import types

import samples
from guard.running import main
from guard.values import DAY, back, written

RECORDS = [{"n": 0x93, "text": "c" * 40}, [1.5, None, True], datetime.date(2020, 1, 2), "line\nline\n"]
Point = collections.namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Config:
    name: str
    when: datetime.datetime


class Nested:
    """Unpickles something of its own while it is unpickled."""

    def __getstate__(self):
        return {"inner": pickle.dumps([DAY])}

    def __setstate__(self, state):
        self.inner = pickle.loads(state["inner"])


def double(number):
    return 2 * number


def several(big: bool = False) -> bytes:
    return b"".join(pickle.dumps(record, 2 + at % 4) for at, record in enumerate(RECORDS * (4000 if big else 1)))


def read_all(file) -> list:
    rows = []
    while True:
        try:
            rows.append((repr(pickle.load(file)), file.tell()))
        except EOFError:
            return rows


def case_own_classes(folder, marker):
    values = [Config("a", DAY), Point(1, 2), functools.partial(double, 2).args]
    return [back(value, protocol) for value in values for protocol in (2, 4, 5)]


def case_own_function(folder, marker):
    return pickle.loads(pickle.dumps(functools.partial(double, 21)))()


def case_enums(folder, marker):
    return [back(value, protocol) for value in (Colour.RED, Access.READ | Access.WRITE) for protocol in (2, 4, 5)]


def case_standard_library(folder, marker):
    import decimal
    import fractions
    import uuid
    from zoneinfo import ZoneInfo

    values = (
        decimal.Decimal("1.5"),
        fractions.Fraction(1, 3),
        uuid.UUID(int=1),
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        collections.defaultdict(list, a=[1]),
        collections.deque([1, 2], 5),
        datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
        datetime.datetime(2020, 1, 2, tzinfo=ZoneInfo("UTC")),
        {1, 2},
        frozenset({3}),
        complex(1, 2),
        range(3),
        slice(1, 2),
        bytearray(b"x"),
        ...,
    )
    return [back(value) for value in values]


def case_nested_load(folder, marker):
    return repr(pickle.loads(pickle.dumps(Nested())).inner)


def case_positions_in_a_file(folder, marker):
    with written(folder, several()).open("rb") as file:
        return read_all(file)


def case_positions_in_a_large_file(folder, marker):
    with written(folder, several(big=True)).open("rb") as file:
        return read_all(file)[-3:]


def case_positions_in_a_raw_file(folder, marker):
    with written(folder, several()).open("rb", buffering=0) as file:
        return read_all(file)


def case_positions_in_memory(folder, marker):
    return read_all(io.BytesIO(several()))


def case_positions_in_a_gzip_file(folder, marker):
    with gzip.open(written(folder, gzip.compress(several()))) as file:
        return read_all(file)


def case_position_after_a_large_object(folder, marker):
    data = pickle.dumps([bytes(1 << 20), list(range(50_000))], 4)
    with written(folder, data + b"rest").open("rb") as file:
        value = pickle.load(file)
        return [len(value[0]), len(value[1]), file.tell() - len(data), file.read().decode()]


def case_positions_after_huge_objects(folder, marker):
    values = [[Config(str(number), DAY) for number in range(count)] for count in (2, 9_000, 90_000)]
    with (folder / "huge.pkl").open("wb") as file:
        for value in (*values, *values):
            pickle.dump(value, file)
    with (folder / "huge.pkl").open("rb") as file:
        return [(len(value), repr(value[-1]), file.tell()) for value in (pickle.load(file) for _ in range(6))]


def case_object_behind_a_header(folder, marker):
    file = io.BytesIO(b"header\n" + pickle.dumps(datetime.date(2020, 1, 2)) + b"tail")
    file.readline()
    return [repr(pickle.load(file)), file.read().decode()]


def case_pipe(folder, marker):
    end, start = os.pipe()
    with os.fdopen(start, "wb") as file:
        file.write(several() + b"rest")
    with os.fdopen(end, "rb") as file:
        return [repr(pickle.load(file)) for _ in RECORDS] + [file.read().decode()]


def case_minimal_file_object(folder, marker):
    inner = io.BytesIO(several())
    return repr(pickle.load(types.SimpleNamespace(read=inner.read, readline=inner.readline)))


def case_out_of_band_buffers(folder, marker):
    buffers = []
    data = pickle.dumps([pickle.PickleBuffer(bytearray(b"abc"))], 5, buffer_callback=buffers.append)
    return [bytes(value).decode() for value in pickle.loads(data, buffers=buffers)]


def case_python_2_strings(folder, marker):
    return repr(pickle.loads(b"U\x02\xe9\xe8q\x00.", encoding="latin1"))


def case_shelve(folder, marker):
    with shelve.open(str(folder / "shelf")) as shelf:
        shelf["a"] = Config("a", DAY)
        return repr(shelf["a"])


def case_copies(folder, marker):
    return repr(copy.deepcopy([Config("a", DAY), Colour.RED]))


def case_import_that_reads_its_own_data(folder, marker):
    """As some libraries do with tables they ship."""
    away = folder / "away"
    away.mkdir()
    data = pickle.dumps(datetime.date(2020, 1, 2))
    away.joinpath("reads_its_own.py").write_text(
        f"import pickle, subprocess, sys\nDAY = pickle.loads({data!r})\n"
        "subprocess.run([sys.executable, '-c', ''], check=True)\nclass Thing: pass\n",
        "utf-8",
    )
    sys.path.append(str(away))
    return type(pickle.loads(samples.proto() + samples.global_("reads_its_own", "Thing") + b")\x81.")).__name__


def case_wrappers_look_like_loaders(folder, marker):
    import joblib
    import numpy
    import pandas

    loaders = (pickle.load, pickle.loads, numpy.load, joblib.load, pandas.read_pickle)
    return [
        (str(inspect.signature(loader)), loader.__name__, loader.__module__, inspect.isbuiltin(loader))
        for loader in loaders
    ] + [
        (pickle.dumps(loader).hex(), copy.copy(loader) is loader, copy.deepcopy(loader) is loader) for loader in loaders
    ]


def case_async_loads(folder, marker):
    async def one(number):
        await asyncio.sleep(0)
        value = await asyncio.to_thread(pickle.loads, pickle.dumps(datetime.date(2020, 1, number)))
        return repr([value, pickle.loads(pickle.dumps(Point(number, 0)))])

    async def every():
        return await asyncio.gather(*(one(number) for number in range(1, 9)))

    return asyncio.run(every())


main(globals())
