"""What several scripts of cases dump and load."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import gzip
import os
import pickle


class Colour(enum.Enum):
    RED = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Config:
    name: str
    when: datetime.datetime


class Unreviewed:
    pass


DAY = datetime.datetime(2020, 1, 2)


def double(number):
    return 2 * number


def written(folder, data: bytes, name: str = "model.pkl"):
    path = folder / name
    path.write_bytes(data)
    return path


def back(value, protocol=None):
    return repr(pickle.loads(pickle.dumps(value, protocol)))


def gzip_pipe(data: bytes):
    """A compressed stream that comes through a pipe: it says that it can go back, and cannot."""
    there, here = os.pipe()
    with os.fdopen(here, "wb") as file:
        file.write(gzip.compress(data))
    return gzip.GzipFile(fileobj=os.fdopen(there, "rb"))
