"""Ordinary loads by libraries."""

from __future__ import annotations

import copy
import datetime
import inspect
import io
import multiprocessing
import os
import pickle

from guard.running import main
from guard.values import DAY, Colour, Config, back, double, gzip_pipe


def case_numpy(folder, marker):
    import numpy

    numpy.save(folder / "a.npy", numpy.arange(5))
    numpy.save(folder / "o.npy", numpy.array([datetime.date(2020, 1, 2), None], dtype=object), allow_pickle=True)
    numpy.savez(folder / "z.npz", a=numpy.arange(3), o=numpy.array([datetime.date(2020, 1, 2), 1], dtype=object))
    with (folder / "a.npy").open("rb") as file:
        rows = [repr(numpy.load(file)), file.tell()]
    with (folder / "o.npy").open("rb") as file:
        rows += [repr(numpy.load(file, allow_pickle=True)), file.tell()]
    with numpy.load(folder / "z.npz", allow_pickle=True) as archive:
        rows += [repr(archive["a"]), repr(archive["o"])]
    for name in ("a.npy", "o.npy"):
        with gzip_pipe((folder / name).read_bytes()) as file:
            rows.append(repr(numpy.load(file, allow_pickle=True)))
    mapped = numpy.load(folder / "a.npy", mmap_mode="r", allow_pickle=True)
    return [*rows, type(mapped).__name__, repr(numpy.load(str(folder / "a.npy").encode(), allow_pickle=True))]


def case_pandas(folder, marker):
    import pandas

    times = pandas.date_range("2020-01-01", periods=3, tz="Europe/Berlin")
    frame = pandas.DataFrame(
        {"t": times, "c": pandas.Categorical(["a", "b", "a"]), "f": [1.0, 2.0, 3.0], "s": list("xyz")}
    )
    rows = []
    for name in ("f.pkl", "f.pkl.gz", "f.pkl.zip", "f.pkl.xz", "f.pkl.bz2"):
        frame.to_pickle(folder / name)
        rows.append(pandas.read_pickle(folder / name).equals(frame))
    with (folder / "f.pkl").open("rb") as file:
        rows.append(pandas.read_pickle(file).equals(frame))
    rows.append(pandas.read_pickle((folder / "f.pkl").as_uri()).equals(frame))
    rows.append(pickle.loads(pickle.dumps(frame)).equals(frame))
    return rows


def case_joblib(folder, marker):
    import joblib
    import numpy

    value = {"a": numpy.arange(1000.0), "b": Config("a", DAY)}
    rows = []
    for name in ("m.pkl", "m.pkl.gz", "m.pkl.xz", "m.pkl.z", "m.pkl.bz2"):
        joblib.dump(value, folder / name)
        rows.append(repr(joblib.load(folder / name)))
    with (folder / "m.pkl").open("rb") as file:
        rows.append(repr(joblib.load(file)))
        rows.append(file.tell() == (folder / "m.pkl").stat().st_size)
    rows.append(repr(joblib.load(filename=str(folder / "m.pkl"))))
    return rows


def case_joblib_mmap(folder, marker):
    import joblib
    import numpy

    joblib.dump(numpy.arange(1000.0), folder / "m.pkl")
    found = joblib.load(folder / "m.pkl", mmap_mode="r")
    return [type(found).__name__, float(found.sum())]


def case_joblib_pipe(folder, marker):
    import joblib

    end, start = os.pipe()
    with os.fdopen(start, "wb") as file:
        file.write(pickle.dumps(Config("a", DAY)))
    with os.fdopen(end, "rb") as file:
        return repr(joblib.load(file))


def case_joblib_memory(folder, marker):
    import joblib

    memory = joblib.Memory(folder / "cache", verbose=0)
    cached = memory.cache(double)
    return [cached(3), cached(3)]


def case_dill(folder, marker):
    import dill

    config = Config("a", DAY)
    return [
        repr(dill.loads(dill.dumps(config, byref=True))),
        repr(dill.load(io.BytesIO(dill.dumps(Colour.RED, byref=True)))),
    ]


def heavy_sklearn(folder, marker):
    import joblib
    import numpy
    from sklearn.datasets import make_classification
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = make_classification(100, 5, random_state=0)
    rows = []
    for model in (
        RandomForestClassifier(3, random_state=0),
        HistGradientBoostingClassifier(max_iter=3),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ):
        model.fit(x, y)
        joblib.dump(model, folder / "m.pkl")
        same = [joblib.load(folder / "m.pkl"), pickle.loads(pickle.dumps(model))]
        rows += [bool(numpy.array_equal(model.predict(x), other.predict(x))) for other in same]
    return rows


def heavy_torch(folder, marker):
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    torch.save(model.state_dict(), folder / "s.pt")
    torch.save(model, folder / "m.pt")
    torch.save({"model": model.state_dict(), "epoch": 3}, folder / "l.pt", _use_new_zipfile_serialization=False)
    rows = [repr(torch.load(folder / "s.pt", **extra)) for extra in ({}, {"mmap": True}, {"weights_only": False})]
    rows.append(repr(torch.load(folder / "m.pt", weights_only=False).state_dict()))
    rows += [repr(torch.load(str(folder / "l.pt"), weights_only=extra)) for extra in (True, False)]
    rows.append(repr(torch.load(io.BytesIO((folder / "s.pt").read_bytes()), weights_only=False)))
    with (folder / "s.pt").open("rb") as file:
        rows.append(repr(torch.load(f=file)))
    return [*rows, back(torch.ones(2))]


def heavy_torch_file_objects(folder, marker):
    """They stand somewhere, and not all of them say that they can be rewound."""
    import mmap
    import types

    import torch

    torch.save({"a": torch.ones(2)}, folder / "s.pt")
    data = (folder / "s.pt").read_bytes()
    inner = io.BytesIO(data)
    names = ("read", "readline", "readinto", "seek", "tell")
    bare = types.SimpleNamespace(**{name: getattr(inner, name) for name in names})
    behind = io.BytesIO(b"head" + data)
    behind.seek(4)
    with (folder / "s.pt").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return [(repr(torch.load(one, weights_only=False)), one.tell()) for one in (mapped, bare, behind)]


def heavy_torch_signature(folder, marker):
    import torch

    return [str(inspect.signature(torch.load)), pickle.dumps(torch.load).hex(), copy.deepcopy(torch.load) is torch.load]


def heavy_torch_load_in_a_pool(folder, marker):
    import torch

    for number in range(3):
        torch.save({"a": torch.full((2,), number)}, folder / f"{number}.pt")
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with multiprocessing.get_context(method).Pool(1) as pool:
        return [repr(value) for value in pool.map(torch.load, [folder / f"{number}.pt" for number in range(3)])]


def heavy_data_loader(folder, marker):
    import torch

    data = torch.utils.data.TensorDataset(torch.arange(8))
    loader = torch.utils.data.DataLoader(data, batch_size=4, num_workers=1)
    return [repr(batch) for batch in loader]


def heavy_torch_complaints(folder, marker):
    import torch

    paths = folder / "missing.pt", folder / "text.pt", folder / "empty.pt", folder
    paths[1].write_text("this is a text file", "utf-8")
    paths[2].touch()
    return [complaint(torch.load, path, weights_only=only) for path in paths for only in (True, False)]


def complaint(load, path, **extra):
    try:
        return repr(load(path, **extra))
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace(str(path.parent), "")


main(globals())
