"""What several scripts of cases dump and load."""

from __future__ import annotations

import dataclasses
import datetime
import enum
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
