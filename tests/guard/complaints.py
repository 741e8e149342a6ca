"""Ordinary mistakes."""

from __future__ import annotations

import io
import pickle

import samples
from guard.attacks import GUARDED, watched
from guard.running import main
from guard.values import DAY, Config, written

LARGE = 2 << 20
"""Numbers, of more bytes than are read into memory."""


def case_empty(folder, marker):
    pickle.load(io.BytesIO())


def case_no_bytes(folder, marker):
    pickle.loads(b"")


def case_truncated(folder, marker):
    pickle.loads(pickle.dumps(Config("a", DAY))[:-3])


def case_truncated_file(folder, marker):
    with written(folder, pickle.dumps(list(range(100_000)))[:-9]).open("rb") as file:
        pickle.load(file)


def case_garbage(folder, marker):
    pickle.loads(b"\xff\x00garbage")


def case_text(folder, marker):
    pickle.loads("text")


def case_no_file(folder, marker):
    pickle.load(5)


def case_text_file(folder, marker):
    with written(folder, b"text").open("r") as file:
        pickle.load(file)


def case_closed_file(folder, marker):
    file = io.BytesIO(pickle.dumps(1))
    file.close()
    pickle.load(file)


def case_no_argument(folder, marker):
    pickle.loads()


def case_unknown_argument(folder, marker):
    pickle.loads(pickle.dumps(1), colour="red")


def case_missing_module(folder, marker):
    pickle.loads(samples.proto() + samples.global_("no_such_module_at_all", "Thing") + b")\x81.")


def case_missing_attribute(folder, marker):
    pickle.loads(samples.proto() + samples.global_("datetime", "no_such_class") + b".")


def case_missing_path_joblib(folder, marker):
    import joblib

    joblib.load(folder / "missing.pkl")


def case_missing_path_numpy(folder, marker):
    import numpy

    numpy.load(folder / "missing.npy", allow_pickle=True)


def case_missing_path_pandas(folder, marker):
    import pandas

    pandas.read_pickle(folder / "missing.pkl")


def case_folder_as_file(folder, marker):
    import joblib

    joblib.load(folder)


def case_null_in_path(folder, marker):
    import joblib

    joblib.load("a\0b")


def case_pickle_not_allowed(folder, marker):
    import numpy

    numpy.save(folder / "o.npy", numpy.array([None], dtype=object), allow_pickle=True)
    numpy.load(folder / "o.npy")


def case_numpy_garbage(folder, marker):
    import numpy

    numpy.load(written(folder, b"garbage"), allow_pickle=True)


def case_joblib_garbage(folder, marker):
    import joblib

    joblib.load(written(folder, b"\xffgarbage"))


def cut_off(path):
    """Loses its second half when the loader opens it, after the scan where there is one."""
    data = path.read_bytes()
    watched[str(path)] = [2 if GUARDED else 1], data[: len(data) // 2]
    return str(path)


def case_cut_off_array(folder, marker):
    import numpy

    numpy.save(folder / "a.npy", numpy.ones(LARGE))
    numpy.load(cut_off(folder / "a.npy"), allow_pickle=True)


def case_cut_off_map(folder, marker):
    import numpy

    numpy.save(folder / "a.npy", numpy.ones(LARGE))
    numpy.load(cut_off(folder / "a.npy"), mmap_mode="r", allow_pickle=True)


def case_cut_off_joblib(folder, marker):
    import joblib
    import numpy

    joblib.dump({"a": numpy.ones(LARGE)}, folder / "m.pkl")
    joblib.load(cut_off(folder / "m.pkl"))


def case_cut_off_joblib_map(folder, marker):
    import joblib
    import numpy

    joblib.dump({"a": numpy.ones(LARGE)}, folder / "m.pkl")
    joblib.load(cut_off(folder / "m.pkl"), mmap_mode="r")


def heavy_cut_off_torch(folder, marker):
    import torch

    torch.save({"a": torch.ones(LARGE)}, folder / "m.pt")
    torch.load(cut_off(folder / "m.pt"), weights_only=False)


def heavy_cut_off_torch_map(folder, marker):
    import torch

    torch.save({"a": torch.ones(LARGE)}, folder / "m.pt")
    torch.load(cut_off(folder / "m.pt"), mmap=True)


main(globals())
