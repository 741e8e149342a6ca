"""Loads of other bytes than those that were scanned: sources with two faces, files with two readings, detours.

What they run is on nobody's list, so that only a scan of the very bytes, or the names that it saw, can stop them.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import gzip
import io
import operator
import os
import pickle
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import samples
from guard.attacks import GUARDED, touch, written
from guard.running import main

GOOD = pickle.dumps([1, 2, 3])
LARGE = 9 << 20
"""More than is read into memory."""

touch.__module__ = "__main__"


def sly(marker) -> bytes:
    return samples.proto() + samples.call(samples.global_("__main__", "touch"), samples.text(str(marker))) + b"."


def large(end: bytes) -> bytes:
    """A pickle of that size, and `end` behind the large object."""
    return samples.proto() + b"B" + LARGE.to_bytes(4, "little") + bytes(LARGE) + b"0" + end[2:]


class TwoPaths(os.PathLike):
    """Names the harmless file when it is asked first."""

    def __init__(self, *paths):
        self.paths = [str(path) for path in paths]

    def __fspath__(self):
        return self.paths.pop(0) if len(self.paths) > 1 else self.paths[0]


class SaysElse(str):
    """Has other letters than it says it has."""

    said: str

    def __str__(self):
        return self.said

    __fspath__ = __str__
    __format__ = lambda self, _: self.said  # noqa: E731


class PathOfTwoFiles(type(Path())):
    """A path that names another file from the second question on."""

    times = 0

    def __fspath__(self):
        type(self).times += 1
        return super().__fspath__() if type(self).times < 2 and GUARDED else str(self.other)

    __str__ = __fspath__


def two(folder, marker):
    return written(folder, GOOD, "good.pkl"), written(folder, sly(marker), "bad.pkl")


def faces(folder, marker):
    good, bad = two(folder, marker)
    return TwoPaths(good, good, bad) if GUARDED else TwoPaths(bad)


def case_decoy_path_with_two_faces(folder, marker):
    import joblib

    return joblib.load(faces(folder, marker))


def case_decoy_path_with_two_faces_for_numpy(folder, marker):
    import numpy as np

    return np.load(faces(folder, marker), allow_pickle=True)


def case_decoy_path_with_two_faces_for_pandas(folder, marker):
    import pandas as pd

    return pd.read_pickle(faces(folder, marker), compression=None)


def text_of_two_files(folder, marker):
    good, bad = two(folder, marker)
    path = SaysElse(good if GUARDED else bad)
    path.said = str(bad)
    return path


def case_decoy_text_that_says_something_else(folder, marker):
    import joblib

    return joblib.load(text_of_two_files(folder, marker))


def case_text_that_says_something_else_to_pandas(folder, marker):
    import pandas as pd

    pd.read_pickle(text_of_two_files(folder, marker), compression=None)


def case_decoy_text_that_says_something_else_to_numpy(folder, marker):
    import numpy as np

    return np.load(text_of_two_files(folder, marker), allow_pickle=True)


def case_kind_of_path_with_two_faces(folder, marker):
    import numpy as np

    good, bad = two(folder, marker)
    PathOfTwoFiles.times = 0
    path = PathOfTwoFiles(good)
    path.other = bad
    np.load(path, allow_pickle=True)


def patched(file, data: bytes):
    """A plain file object, of which only this one has ways of reading of its own."""
    other = io.BytesIO(data)
    for name in ("read", "readinto", "readline", "seek", "tell"):
        setattr(file, name, getattr(other, name))
    file.peek = lambda size=0: other.getvalue()[other.tell() :][:size]
    return file


def case_file_with_readers_of_its_own(folder, marker):
    path = written(folder, large(GOOD), "good.pkl")
    with path.open("rb") as file:
        pickle.load(patched(file, large(sly(marker))))


def case_file_on_a_raw_one_with_readers_of_its_own(folder, marker):
    path, other = written(folder, large(GOOD), "good.pkl"), io.BytesIO(large(sly(marker)))
    with path.open("rb") as file:
        for name in ("read", "readinto", "seek", "tell"):
            setattr(file.raw, name, getattr(other, name))
        pickle.load(file)


def case_file_in_memory_with_readers_of_its_own(folder, marker):
    pickle.load(patched(io.BytesIO(GOOD), sly(marker)))


def case_file_read_ahead_before_it_changed(folder, marker):
    """What the object has read ahead is no longer what stands in the file."""
    path = written(folder, large(sly(marker)))
    with path.open("rb") as file:
        file.peek(1)
        if GUARDED:
            with path.open("r+b") as other:
                other.write(large(GOOD)[:8192])
        pickle.load(file)


class Wrapped(io.BufferedReader):
    """Reads something else when it is asked for lines."""

    def __init__(self, raw, other):
        super().__init__(raw)
        self.other = io.BytesIO(other)

    def peek(self, size=0):
        return self.other.getvalue()[self.other.tell() :][:size]

    def read(self, size=-1):
        return self.other.read(size)

    def readinto(self, buffer):
        return self.other.readinto(buffer)

    def readline(self, size=-1):
        return self.other.readline(size)


def case_subclass_of_a_file(folder, marker):
    path = written(folder, GOOD)
    with Wrapped(io.FileIO(path), sly(marker)) as file:
        pickle.load(file)


class Alternating(io.BytesIO):
    """Every time it has been read to its end, or is rewound, the next one's turn comes."""

    def __init__(self, *contents):
        super().__init__(contents[0])
        self.others = list(contents[1:])

    def seek(self, offset, whence=0):
        if self.others and offset == 0 and whence == 0 and self.tell():
            data = self.others.pop(0)
            super().seek(0)
            self.truncate()
            self.write(data)
        return super().seek(offset, whence)


def alternating(marker):
    return Alternating(GOOD, GOOD, sly(marker), sly(marker)) if GUARDED else io.BytesIO(sly(marker))


def four_times(load, file):
    for _ in range(4):
        load(file)
        file.seek(0)


def case_file_object_with_two_faces_for_joblib(folder, marker):
    import joblib

    four_times(joblib.load, alternating(marker))


def case_file_object_with_two_faces_for_numpy(folder, marker):
    import numpy as np

    four_times(lambda file: np.load(file, allow_pickle=True), alternating(marker))


def case_file_object_with_two_faces_for_pandas(folder, marker):
    import pandas as pd

    four_times(pd.read_pickle, alternating(marker))


def case_zip_behind_a_pickle(folder, marker):
    """A pickle from its beginning, an archive from its end."""
    import pandas as pd

    path = written(folder, GOOD + samples.zipped({"m.pkl": sly(marker)}), "m.zip")
    pd.read_pickle(path, compression="zip")


def case_gzip_of_two_members(folder, marker):
    import pandas as pd

    bad = sly(marker)
    path = written(folder, gzip.compress(bad[:10]) + gzip.compress(bad[10:]), "m.pkl.gz")
    pd.read_pickle(path)


def case_compressed_under_another_name(folder, marker):
    import pandas as pd

    pd.read_pickle(written(folder, gzip.compress(sly(marker)), "m.pkl.bz2"), compression="gzip")


def case_archive_in_gzip(folder, marker):
    import pandas as pd

    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        row = tarfile.TarInfo("m.pkl")
        row.size = len(sly(marker))
        archive.addfile(row, io.BytesIO(sly(marker)))
    pd.read_pickle(written(folder, data.getvalue(), "m.tar.gz"))


def case_member_of_an_archive(folder, marker):
    data = samples.zipped({"m.pkl": sly(marker)}, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("m.pkl") as file:
        pickle.load(file)


def case_link_that_is_turned(folder, marker):
    import joblib

    good, bad = two(folder, marker)
    link = folder / "link.pkl"
    if os.name == "nt":
        return joblib.load(bad)
    link.symlink_to(good if GUARDED else bad)
    turned[str(link)] = [2], bad
    return joblib.load(str(link))


turned: dict[str, tuple[list[int], Path]] = {}


def _turn(event, args):
    if event == "open" and isinstance(args[0], str) and args[0] in turned:
        times, target = turned[args[0]]
        times[0] -= 1
        if GUARDED and not times[0]:
            del turned[args[0]]
            worker = threading.Thread(target=_relink, args=(Path(args[0]), target))
            worker.start()
            worker.join()


def _relink(link, target):
    other = link.with_name("other-link")
    other.symlink_to(target)
    other.replace(link)


sys.addaudithook(_turn)


def case_buffer_that_is_written_to_meanwhile(folder, marker):
    """The bytes become others as soon as anything is opened, which a scan does."""
    good, bad = large(GOOD), large(sly(marker))
    size = max(len(good), len(bad))
    data = bytearray((good if GUARDED else bad).ljust(size, b"."))
    stop = threading.Event()

    def write():
        while not stop.is_set():
            data[:] = bad.ljust(size, b".")
            stop.wait(0.001)

    worker = threading.Thread(target=write)
    worker.start()
    try:
        for _ in range(20):
            pickle.loads(data)
    finally:
        stop.set()
        worker.join()


def case_copy_of_a_loader(folder, marker):
    copy.copy(pickle.loads)(sly(marker))


def case_deep_copy_of_a_loader(folder, marker):
    copy.deepcopy(pickle.load)(io.BytesIO(sly(marker)))


def case_loader_by_its_name(folder, marker):
    operator.methodcaller("loads", sly(marker))(pickle)


def case_partial_of_a_loader(folder, marker):
    functools.partial(vars(pickle)["loads"])(sly(marker))


def case_loader_that_was_pickled(folder, marker):
    pickle.loads(pickle.dumps([pickle.loads]))[0](sly(marker))


def case_fresh_context(folder, marker):
    contextvars.Context().run(pickle.loads, sly(marker))


def case_task(folder, marker):
    async def work():
        return await asyncio.to_thread(pickle.loads, sly(marker))

    asyncio.run(work())


def case_generator(folder, marker):
    def rows():
        yield pickle.loads(GOOD)
        yield pickle.loads(sly(marker))

    list(rows())


class Nested(pickle.Unpickler):
    """Loads something else whenever a name is asked for."""

    more = b""

    def find_class(self, module, name):
        pickle.loads(self.more)
        return super().find_class(module, name)

    def persistent_load(self, key):
        return pickle.loads(key)


def case_load_while_a_name_is_asked_for(folder, marker):
    file = Nested(io.BytesIO(pickle.dumps(Nested)))
    file.more = sly(marker)
    file.load()


def case_load_of_a_persistent_id(folder, marker):
    data = samples.proto() + b"B" + len(sly(marker)).to_bytes(4, "little") + sly(marker) + b"Q."
    Nested(io.BytesIO(data)).load()


def case_array_in_a_file_of_its_own(folder, marker):
    """joblib's oldest dumps name files beside them, which are opened while they are loaded."""
    import joblib
    import numpy as np

    written(folder, GOOD, "good.pkl")
    np.save(folder / "m.npy", np.array([Called(marker)], object), allow_pickle=True)
    wrapper = samples.global_("joblib.numpy_pickle_compat", "NDArrayWrapper") + b")\x81}("
    wrapper += samples.text("filename") + samples.text("m.npy")
    wrapper += samples.text("subclass") + samples.global_("numpy", "ndarray")
    wrapper += samples.text("allow_mmap") + b"\x89ub."
    joblib.load(written(folder, samples.proto(2) + wrapper, "m.pkl"))


class Called:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return touch, (self.marker,)


main(globals())
