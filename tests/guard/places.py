"""Ordinary loads from places that are seldom thought of."""

from __future__ import annotations

import pickle

from guard.running import main
from guard.serving import Served
from guard.values import DAY, Config, written

LARGE = 9 << 20
"""More than is read into memory."""


def case_pandas_files(folder, marker):
    import pandas

    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    names = ("f.pkl", "f.pkl.zst", "f.pkl.tar", "f.pkl.tar.gz", "f.pkl.tar.bz2", "f.pkl.zip")
    rows = []
    for name in names:
        frame.to_pickle(folder / name)
        rows.append(pandas.read_pickle(folder / name).equals(frame))
        with (folder / name).open("rb") as file:
            kind = {"zst": "zstd", "pkl": None}.get(found := [*name.split("."), ""][2] or "pkl", found)
            rows.append(pandas.read_pickle(file, compression=kind).equals(frame))
    frame.to_pickle(folder / "odd.bin", compression={"method": "gzip", "compresslevel": 1})
    return [*rows, pandas.read_pickle(folder / "odd.bin", {"method": "gzip"}).equals(frame)]


def case_pandas_in_an_archive_of_several(folder, marker):
    import zipfile

    import pandas

    frame = pandas.DataFrame({"a": [1, 2]})
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("a.pkl", pickle.dumps(frame))
        archive.writestr("b.pkl", pickle.dumps(frame))
    try:
        return repr(pandas.read_pickle(folder / "two.zip"))
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace(str(folder), "")


def case_pandas_over_http(folder, marker):
    import pandas

    frame = pandas.DataFrame({"a": [1, 2], "t": pandas.date_range("2020", periods=2, tz="UTC")})
    frame.to_pickle(folder / "f.pkl")
    frame.to_pickle(folder / "f.pkl.gz")
    with Served(folder) as url:
        return [pandas.read_pickle(f"{url}/{name}").equals(frame) for name in ("f.pkl", "f.pkl.gz", "moved/f.pkl")]


def case_loads_over_http(folder, marker):
    import urllib.request

    written(folder, pickle.dumps(Config("a", DAY)) + pickle.dumps([2]))
    with Served(folder) as url, urllib.request.urlopen(f"{url}/moved/model.pkl") as reply:
        return [repr(pickle.load(reply)), repr(pickle.load(reply)), reply.read().decode()]


def case_maps_of_every_mode(folder, marker):
    import joblib
    import numpy

    rows = []
    for mode in ("r", "c", "r+"):
        numpy.save(folder / "a.npy", numpy.arange(5.0))
        joblib.dump({"a": numpy.arange(1000.0)}, folder / "m.pkl")
        for load in (
            lambda mode: numpy.load(folder / "a.npy", mmap_mode=mode),
            lambda mode: numpy.load(folder / "a.npy", mmap_mode=mode, allow_pickle=True),
            lambda mode: joblib.load(folder / "m.pkl", mmap_mode=mode)["a"],
        ):
            try:
                found = load(mode)
                if mode != "r":
                    found[0] = 7
                    if mode != "c":
                        found.flush()
                rows.append((mode, type(found).__name__, found.mode, float(found[0]), found.flags.writeable))
                del found
            except Exception as error:
                rows.append((mode, f"{type(error).__name__}: {error}".replace(str(folder), "")))
        rows.append([float(numpy.load(folder / "a.npy")[0]), float(joblib.load(folder / "m.pkl")["a"][0])])
    return rows


def case_large_maps(folder, marker):
    """Of files that the scan maps as well."""
    import joblib
    import numpy

    big = numpy.zeros(LARGE // 4)
    numpy.save(folder / "a.npy", big)
    joblib.dump([big, Config("a", DAY)], folder / "m.pkl")
    found = numpy.load(folder / "a.npy", mmap_mode="r+", allow_pickle=True)
    found[1] = 3
    found.flush()
    mapped, config = joblib.load(folder / "m.pkl", mmap_mode="r+")
    mapped[2] = 4
    mapped.flush()
    return [float(numpy.load(folder / "a.npy")[1]), float(joblib.load(folder / "m.pkl")[0][2]), repr(config)]


def heavy_torch_over_http(folder, marker):
    import torch

    torch.save({"a": torch.ones(2)}, folder / "s.pt")
    with Served(folder) as url:
        options = {"model_dir": str(folder / "cache"), "progress": False}
        rows = [repr(torch.hub.load_state_dict_from_url(f"{url}/moved/s.pt", **options))]
        rows.append(repr(torch.hub.load_state_dict_from_url(f"{url}/s.pt", weights_only=False, **options)))
    return rows


main(globals())
