"""The guarded loaders. One row each; a new loader is a new row.

Signatures are those of pickle (Python 3.11 to 3.14), dill 0.3.8 to 0.4, joblib 1.3 to 1.6, numpy 1.26 to 2.4,
pandas 2.2 to 3.1, torch 2.0 to 2.13, skops 0.9 to 0.16, onnx 1.14 to 1.23, xgboost 1.7 to 3.2, lightgbm 4.0 to 4.7,
catboost 1.2 and safetensors 0.4 to 0.8. `cloudpickle.load` is `pickle.load` itself, so it needs no row; neither do
torch.hub.load_state_dict_from_url and the helpers of mlflow, transformers and huggingface_hub, which end in others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from modelscan.guard.frameworks import FRAMEWORKS
from modelscan.guard.target import Arguments, Does, Keywords, Names, Takes, Target, always, any_file


def _allows_pickle(args: Arguments, kwargs: Keywords) -> bool:
    """numpy.load(file, mmap_mode=None, allow_pickle=False, …)."""
    return bool(args[2] if len(args) > 2 else kwargs.get("allow_pickle", False))


def _weights_only(args: Arguments, kwargs: Keywords) -> bool:
    """torch.load(f, map_location=None, pickle_module=None, *, weights_only=…): said in so many words.

    What it means when it is left out depends on torch's version and on two environment variables, so that counts as
    not restricted.
    """
    return kwargs.get("weights_only") is True and not os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")


def _moved(old: str, new: str) -> Callable[[Names], Names]:
    return lambda names: {(new, name) for module, name in names if module == old}


def _cannot_peek(file: Any) -> bool:
    """joblib looks at the first bytes, and goes back to where it thinks it was (joblib/numpy_pickle_utils.py)."""
    return not hasattr(file, "peek")


def _pandas_names(names: Names) -> Names:
    """pandas tries again with an unpickler that knows where its classes went; the table is its own."""
    table = getattr(sys.modules.get("pandas.compat.pickle_compat"), "_class_locations_map", {})
    return {table[pair] for pair in names if pair in table}


_torch_names = _moved("torch.tensor", "torch._tensor")
_dill_names = _moved("dill.dill", "dill._dill")

TARGETS: tuple[Target, ...] = (
    Target("pickle.load", "pickle", "load", Takes.FILE, "file", single=True, loader="pickle"),
    Target("pickle.loads", "pickle", "loads", Takes.BYTES, "data", single=True, loader="pickle"),
    Target(
        "torch.load", "torch.serialization", "load", Takes.PLACE, "f", restricted=_weights_only, renames=_torch_names
    ),
    Target(
        "joblib.load",
        "joblib.numpy_pickle",
        "load",
        Takes.PLACE,
        "filename",
        spools=True,
        rewinds=_cannot_peek,
        loader="joblib",
    ),
    *(
        Target("numpy.load", module, "load", Takes.PLACE, "file", inner=True, unpickles=_allows_pickle)
        for module in ("numpy.lib._npyio_impl", "numpy.lib.npyio")
    ),
    Target(
        "pandas.read_pickle",
        "pandas.io.pickle",
        "read_pickle",
        Takes.PLACE,
        "filepath_or_buffer",
        inner=True,
        home=True,
        renames=_pandas_names,
    ),
    Target("dill.load", "dill._dill", "load", Takes.FILE, "file", single=True, loader="pickle", renames=_dill_names),
    Target("dill.loads", "dill._dill", "loads", Takes.BYTES, "str", single=True, loader="pickle", renames=_dill_names),
    Target("torch.jit.load", "torch.jit._serialization", "load", Takes.PLACE, "f"),
    Target("torch.export.load", "torch.export", "load", Takes.PLACE, "f"),
    Target(
        "torch.package",
        "torch.package.package_importer",
        "PackageImporter.__init__",
        Takes.FOLDER,
        "file_or_buffer",
        does=Does.OPENS,
        loader="package",
    ),
    Target(
        "torch.package",
        "torch.package._package_unpickler",
        "PackageUnpickler.find_class",
        Takes.CODE,
        "module",
        does=Does.RESOLVES,
    ),
    *(
        Target(f"torch.hub.{name}", "torch.hub", name, Takes.CODE, keyword, does=Does.RUNS)
        for name, keyword in (("load", "repo_or_dir"), ("list", "github"), ("help", "github"))
    ),
    Target("skops.io.load", "skops.io._persist", "load", Takes.PLACE, "file", rewinds=any_file),
    Target("skops.io.loads", "skops.io._persist", "loads", Takes.BYTES, "data"),
    Target("onnx.load", "onnx", "load_model", Takes.PLACE, "f", restricted=always),
    Target("xgboost.Booster", "xgboost.core", "Booster.load_model", Takes.PLACE, "fname", home=True, restricted=always),
    Target("lightgbm.Booster", "lightgbm.basic", "Booster.__init__", Takes.PLACE, "model_file", 2, restricted=always),
    Target("catboost.CatBoost", "catboost.core", "CatBoost.load_model", Takes.PLACE, "fname", restricted=always),
    *(
        Target(
            f"safetensors.{name}.load_file",
            f"safetensors.{name}",
            "load_file",
            Takes.PLACE,
            "filename",
            restricted=always,
        )
        for name in ("torch", "numpy", "flax", "tensorflow", "mlx", "paddle")
    ),
    *FRAMEWORKS,
)
