"""Loads that run code, from sources that are not what they seem: names with two meanings, files that change."""

from __future__ import annotations

import importlib
import io
import mmap
import os
import pickle
import sys

import samples
from guard.attacks import GUARDED, evil, watched, written
from guard.running import main


def python_2_module(folder, marker):
    """`UserDict` means `collections` only where the unpickler translates names, which these do not."""
    (folder / "UserDict.py").write_text(f"import os\nos.mkdir({str(marker)!r})\nclass UserDict: pass\n", "utf-8")
    return samples.global_("UserDict", "UserDict") + b")\x81."


def beside(folder, load):
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    try:
        load()
    finally:
        sys.modules.pop("UserDict", None)
        os.chdir(folder.parent)
        sys.path.remove(str(folder))


def case_python_2_name_in_a_newer_protocol(folder, marker):
    data = samples.proto(4) + python_2_module(folder, marker)
    beside(folder, lambda: pickle.loads(data))


def case_python_2_name_left_as_it_is(folder, marker):
    data = samples.proto(2) + python_2_module(folder, marker)
    beside(folder, lambda: pickle.loads(data, fix_imports=False))


def case_python_2_name_left_as_it_is_in_a_file(folder, marker):
    data = samples.proto(2) + python_2_module(folder, marker)
    beside(folder, lambda: pickle.load(io.BytesIO(data), fix_imports=False))


def by_subclasses(marker) -> bytes:
    """From one class to `os.mkdir` by `getattr` alone."""
    attribute = samples.global_("builtins", "getattr")

    def of(value, name):
        return samples.call(attribute, value, samples.text(name))

    base = of(of(samples.global_("zoneinfo", "ZoneInfo"), "__base__"), "__base__")
    number = next(n for n, found in enumerate(object.__subclasses__()) if found.__name__ == "_wrap_close")
    item = of(samples.call(of(base, "__subclasses__")), "__getitem__")
    names = of(of(samples.call(item, b"M" + number.to_bytes(2, "little")), "__init__"), "__globals__")
    return samples.proto() + samples.call(
        samples.call(of(names, "get"), samples.text("mkdir")), samples.text(str(marker))
    )


def by_unpickling_a_zone() -> bytes:
    zone = samples.call(
        samples.global_("builtins", "getattr"), samples.global_("zoneinfo", "ZoneInfo"), samples.text("_unpickle")
    )
    return samples.proto() + zone + b"."


def swapped_under_the_same_names(folder, marker):
    import zoneinfo

    assert zoneinfo.ZoneInfo
    path = written(folder, by_unpickling_a_zone())
    watched[str(path)] = [2 if GUARDED else 1], by_subclasses(marker)
    return str(path)


def case_swapped_under_the_same_names(folder, marker):
    import joblib

    joblib.load(swapped_under_the_same_names(folder, marker))


class Shifty(io.BytesIO):
    """Other bytes whenever it is rewound, as a server might send them."""

    def __init__(self, *contents):
        super().__init__(contents[0])
        self.contents, self.times = contents, 0

    def seek(self, offset, whence=0):
        self.times += not offset and not whence and self.tell() > 0
        if self.times and whence == 0 and offset == 0:
            self.__init__(self.contents[min(self.times, len(self.contents) - 1)], *self.contents[1:])
        return super().seek(offset, whence)


def case_file_object_that_changes(folder, marker):
    good = pickle.dumps([1, 2, 3])
    pickle.load(Shifty(good, evil(marker)) if GUARDED else io.BytesIO(evil(marker)))
    pickle.load(Shifty(evil(marker), good))


class ReadsInto:
    """Knows `readinto` and little else."""

    def __init__(self, data):
        self.file = io.BytesIO(data)
        self.readinto, self.read, self.readline = self.file.readinto, self.file.read, self.file.readline


def case_file_object_that_reads_into(folder, marker):
    pickle.load(ReadsInto(evil(marker)))


def case_map_of_a_file(folder, marker):
    with written(folder, evil(marker)).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        pickle.load(data)


def case_loads_of_a_map(folder, marker):
    with written(folder, evil(marker)).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        pickle.loads(data)


def case_descriptor_that_is_shared(folder, marker):
    with written(folder, evil(marker)).open("rb") as file, os.fdopen(os.dup(file.fileno()), "rb") as other:
        pickle.load(other)


def case_out_of_band_buffers(folder, marker):
    pickle.loads(samples.proto(5) + b"\x970" + evil(marker)[2:], buffers=[b"x"])


def case_subclass_of_bytes(folder, marker):
    pickle.loads(type("Own", (bytes,), {})(evil(marker)))


def case_module_that_is_loaded_again(folder, marker):
    import pandas.io.pickle

    again = importlib.reload(pandas.io.pickle)
    again.read_pickle(written(folder, evil(marker)))


def case_pickle_that_is_loaded_again(folder, marker):
    importlib.reload(pickle).loads(evil(marker))


main(globals())
