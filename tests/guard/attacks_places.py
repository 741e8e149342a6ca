"""Loads that run code, from places that are seldom thought of: servers, odd compressions, modules that are run again.

What they run is on nobody's list, so that only a scan can stop it.
"""

from __future__ import annotations

import importlib
import io
import pickle
import sys
import tarfile
import urllib.request

import samples
from guard.attacks import evil, touch, written
from guard.attacks_doubles import sly
from guard.running import main
from guard.serving import Served


def case_pandas_zstandard(folder, marker):
    """Such a stream knows no lines."""
    import pandas
    import zstandard

    callee = samples.stack_global("__main__", "touch")
    data = samples.proto() + samples.call(callee, samples.text(str(marker))) + b"."
    pandas.read_pickle(written(folder, zstandard.compress(data), "f.pkl.zst"))


def case_pandas_tar(folder, marker):
    import pandas

    with tarfile.open(folder / "f.pkl.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("f.pkl")
        info.size = len(sly(marker))
        archive.addfile(info, io.BytesIO(sly(marker)))
    pandas.read_pickle(folder / "f.pkl.tar.gz")


def case_pandas_that_is_told_the_compression(folder, marker):
    import bz2

    import pandas

    pandas.read_pickle(written(folder, bz2.compress(sly(marker)), "f.bin"), {"method": "bz2"})


def case_pandas_over_http(folder, marker):
    import pandas

    written(folder, sly(marker))
    with Served(folder) as url:
        pandas.read_pickle(f"{url}/moved/model.pkl")


def case_reply_of_a_server(folder, marker):
    written(folder, pickle.dumps([1]) + sly(marker))
    with Served(folder) as url, urllib.request.urlopen(f"{url}/moved/model.pkl") as reply:
        assert pickle.load(reply) == [1]
        pickle.load(reply)


def heavy_torch_over_http(folder, marker):
    import torch

    torch.save(Payload(str(marker)), folder / "s.pt")
    with Served(folder) as url:
        options = {"model_dir": str(folder / "cache"), "progress": False}
        torch.hub.load_state_dict_from_url(f"{url}/moved/s.pt", weights_only=False, **options)


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return touch, (self.path,)


def case_dill_that_is_loaded_again(folder, marker):
    import dill

    importlib.reload(dill._dill).loads(sly(marker))


def case_joblib_that_is_imported_again(folder, marker):
    importlib.import_module("joblib")
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "joblib"}
    for name in kept:
        del sys.modules[name]
    try:
        importlib.import_module("joblib").load(written(folder, sly(marker)))
    finally:
        sys.modules.update(kept)


def case_dill_that_is_imported_again(folder, marker):
    importlib.import_module("dill")
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "dill"}
    for name in kept:
        del sys.modules[name]
    try:
        importlib.import_module("dill").loads(sly(marker))
    finally:
        sys.modules.update(kept)


def case_pickle_that_is_imported_again(folder, marker):
    kept = sys.modules.pop("pickle")
    try:
        importlib.import_module("pickle").loads(sly(marker))
    finally:
        sys.modules["pickle"] = kept


def case_pickle_under_another_name(folder, marker):
    spec = importlib.util.find_spec("pickle")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.loads(evil(marker))


main(globals())
