"""Runs in a child: makes one of every ordinary thing that can be made here, and writes it in every way.

    python -c "import menagerie; menagerie.main('FOLDER')"

Writes FOLDER/KIND/NAME.way. What is not installed, and what could not be fitted, is written to standard output, a line
of JSON.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import importlib
import inspect
import io
import ipaddress
import json
import pathlib
import pickle
import random
import re
import sys
import types
import uuid
import warnings
import zoneinfo

SMALL = {"n_estimators": 3, "max_iter": 8, "n_components": 2, "n_init": 1, "cv": 2, "n_iter": 2, "perplexity": 5}
SMALL |= {"n_quantiles": 10, "n_nonzero_coefs": 1, "random_state": 0, "max_trials": 5, "n_resampling": 5}
NOW = datetime.datetime(2024, 2, 29, 12, 30)


def plain():
    yield (
        "numbers",
        [1, -1, 2**99, 0.5, float("nan"), 1j, True, None, ..., decimal.Decimal("1.5"), fractions.Fraction(1, 3)],
    )
    yield "texts", ["", "\u20ac", "\udc80", b"", b"x" * 300, bytearray(b"a"), "y" * 70_000]
    yield "containers", {"a": [1, (2, {3}), frozenset({4})], "b": slice(1, 2), "c": range(3)}
    yield "collections", [collections.OrderedDict(a=1), collections.Counter("ab"), collections.deque([1], 3)]
    yield "factories", collections.defaultdict(list, a=collections.defaultdict(int, b=1))
    yield "chain", [collections.ChainMap({"a": 1}), collections.UserDict(a=1), collections.UserList([1])]
    yield "times", [NOW, NOW.date(), NOW.time(), NOW - NOW, NOW.replace(tzinfo=datetime.UTC)]
    yield "zones", NOW.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    yield "paths", [pathlib.PurePosixPath("a/b"), pathlib.PureWindowsPath("a/b"), pathlib.Path("a")]
    yield "identifiers", [uuid.UUID(int=1), ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")]
    yield "patterns", re.compile("a+", re.IGNORECASE)
    yield "settings", [argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("a")), types.SimpleNamespace(a=1)]
    yield "types", [int, dict, type(None), type(...), functools.partial(int, base=2)]
    yield (
        "errors",
        [ValueError("x"), KeyError(1), OSError(2, "no", "f"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")],
    )
    yield "random", [random.Random(1), random.Random(1).getstate()]


def tables():
    import numpy as np
    import pandas as pd

    kinds = "int8 int64 uint16 float16 float32 float64 complex64 bool object str datetime64[ns] timedelta64[ns]"
    extended = "Int8 Int64 UInt16 Float32 Float64 boolean string category period[M] Sparse[int]"
    for kind in f"{kinds} {extended}".split():
        column = pd.Series([0, 1, 1])
        yield kind, (column.astype("datetime64[ns]").dt.to_period("M") if kind == "period[M]" else column.astype(kind))
    moments = pd.date_range("2020", periods=3, tz="Europe/Paris")
    yield "zoned", pd.DataFrame({"t": moments, "d": moments - moments[0], "o": [[1], {"a": 1}, None]}, index=moments)
    for values in (
        [1, 2],
        [0.5],
        ["a"],
        [True],
        [None, "a"],
        moments,
        moments - moments[0],
        moments.tz_localize(None).to_period("D"),
    ):
        yield f"index {pd.Index(values).dtype}", pd.Index(values)
    yield "index of categories", pd.CategoricalIndex(["a", "b"])
    yield "intervals", pd.Series(pd.interval_range(0, 3))
    yield "levels", pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_product([["a"], [1, 2]], names=["x", "y"]))
    yield (
        "scalars",
        [pd.Timestamp("2020"), pd.NaT, pd.NA, pd.Period("2020", "M"), pd.Interval(0, 1), pd.Timedelta("1h")],
    )
    yield "offsets", [pd.offsets.MonthEnd(), pd.offsets.BDay(2), pd.DateOffset(months=1)]
    for kind in (*"bhiqBHIQefdgFD?", "U3", "S3", "M8[s]", "m8[s]"):
        yield f"array {kind}", np.zeros(3, kind)
    yield "records", np.zeros(2, [("a", "i4"), ("b", "U3", (2,))])
    yield "masked", np.ma.array([1, 2], mask=[0, 1])
    yield "generators", [np.random.default_rng(1), np.random.RandomState(1), np.random.SeedSequence(1)]
    yield "odd", [np.matrix([[1]]), np.array([None, "a"], object), np.float32(1), np.dtype("f8"), np.array(5)]


def estimators():
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.utils import all_estimators

    rng = np.random.default_rng(0)
    x = rng.random((40, 4)) + 0.1
    y, t = np.arange(40) % 2, x[:, 0] * 2 + x[:, 1]
    words = np.array(["red fox", "blue dog"] * 20, object)
    lessons = [(x, y), (x, t), (x,), (words,), (t,), (x, np.eye(2, dtype=int)[y]), (x, x[:, :2]), ([{"a": 1.0}] * 9,)]
    lessons += [([["a", "b"], ["b"]],), (y,), (x[:, 0] > 0.5,), (np.round(x, 1), y), (x[:, 0], t), (x @ x.T,)]
    models = {"Classifier": LogisticRegression().fit(x, y), "": Ridge().fit(x, t)}
    for name, cls in all_estimators():
        base = next(model for word, model in models.items() if word in name)
        base = models["Classifier"] if name in CLASSIFYING else base
        needed = {"estimator": base, "estimators": [("a", base)], "steps": [("a", base)], "param_grid": {}}
        needed |= {"transformers": [("a", "passthrough", [0])], "transformer_list": [("a", "passthrough")]}
        needed |= {"param_distributions": {}, "dictionary": np.eye(4), "threshold": 0.5}
        wanted = inspect.signature(cls.__init__).parameters
        required = {key for key, row in wanted.items() if row.default is row.empty}
        given = {key: value for key, value in needed.items() if key in required}
        given |= {key: value for key, value in SMALL.items() if key in wanted and (name, key) not in REFUSED}
        given |= {"estimator": base} if name == "SelfTrainingClassifier" else {}
        yield name, functools.partial(fitted, cls, given, lessons)


CLASSIFYING = ("RFE", "RFECV", "GridSearchCV", "HalvingGridSearchCV", "ClassifierChain", "OneVsOneClassifier")
REFUSED = {("LinearDiscriminantAnalysis", "n_components"), ("SpectralBiclustering", "n_components")}
REFUSED |= {("OrthogonalMatchingPursuitCV", "max_iter"), ("TSNE", "max_iter")}


def fitted(cls, given, lessons):
    model, said = cls(**given), []
    for lesson in lessons:
        try:
            model.fit(*lesson)
        except Exception as error:
            said.append(str(error)[:60])
        else:
            return model
    raise ValueError(f"{given}: {said}")


def boosted():
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.random((40, 4))
    y = np.arange(40) % 2
    for library, settings in (("xgboost", {}), ("lightgbm", {"verbose": -1, "min_child_samples": 2})):
        try:
            module = importlib.import_module(library)
        except ImportError:
            yield library, None
            continue
        prefix = {"xgboost": "XGB", "lightgbm": "LGBM"}[library]
        for kind in ("Classifier", "Regressor"):
            model = getattr(module, prefix + kind)(n_estimators=2, **settings).fit(x, y)
            yield f"{library} {kind}", model
            yield f"{library} {kind} booster", model.get_booster() if library == "xgboost" else model.booster_
        ranker = getattr(module, prefix + "Ranker")(n_estimators=2, **settings)
        yield f"{library} Ranker", ranker.fit(x, y, group=[20, 20])


def torches():
    import torch
    from torch import nn, optim

    for name in sorted(nn.modules.__all__):
        for arguments in ((), (2,), (2, 2), (2, 2, 2), ([nn.Linear(2, 2)],), (nn.Linear(2, 2), 1)):
            try:
                yield name, getattr(nn, name)(*arguments)
            except (TypeError, ValueError, AssertionError, RuntimeError):
                continue
            break
    for name in optim.__all__ if hasattr(optim, "__all__") else ("SGD", "Adam"):
        cls = getattr(optim, name)
        if (
            isinstance(cls, type)
            and issubclass(cls, optim.Optimizer)
            and name not in ("Optimizer", "SparseAdam", "Muon")
        ):
            yield f"optimizer {name}", stepped(cls)
    optimizer = stepped(optim.SGD)
    s = optim.lr_scheduler
    schedules = [s.StepLR(optimizer, 1), s.ExponentialLR(optimizer, 0.9), s.CosineAnnealingLR(optimizer, 2)]
    schedules += [s.ReduceLROnPlateau(optimizer), s.LinearLR(optimizer), s.OneCycleLR(optimizer, 0.1, 10)]
    schedules += [s.CyclicLR(optimizer, 0.1, 0.2), s.MultiStepLR(optimizer, [1, 2]), s.PolynomialLR(optimizer)]
    for schedule in schedules:
        yield f"schedule {type(schedule).__name__}", schedule
    yield "checkpoint", checkpoint(torch, optimizer, schedules)


def stepped(cls):
    import torch

    model = torch.nn.Linear(2, 2)
    optimizer = cls(model.parameters(), lr=0.1)
    loss = model(torch.ones(1, 2)).sum()
    loss.backward()
    optimizer.step(lambda: loss)
    return optimizer


def checkpoint(torch, optimizer, schedules):
    import numpy as np

    return {
        "model": torch.nn.Linear(2, 2).state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedules": [schedule.state_dict() for schedule in schedules],
        "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("a"), device=torch.device("cpu")),
        "kinds": [torch.float16, torch.bfloat16, torch.Size([1]), torch.strided],
        "sparse": torch.eye(2).to_sparse(),
        "half": torch.ones(2, dtype=torch.bfloat16),
        "method": re.IGNORECASE,
        "when": [NOW, NOW - NOW],
        "best": [np.float64(0.5), np.int64(1)],
        "random": [torch.get_rng_state(), np.random.get_state(), random.getstate()],
        "history": collections.defaultdict(list, {"loss": [1.0]}),
    }


class Own:
    def __init__(self):
        self.a = [1]


@dataclasses.dataclass
class OwnData:
    lr: float = 0.1


class OwnSlots:
    __slots__ = ("a",)

    def __getstate__(self):
        return {"a": 1}

    def __setstate__(self, state):
        self.a = state["a"]


class OwnDict(dict):
    pass


class OwnList(list):
    pass


OwnRow = collections.namedtuple("OwnRow", "a b")


class OwnEnum(enum.Enum):
    A = 1


def own():
    yield "class", Own()
    yield "dataclass", OwnData()
    yield "slots", OwnSlots()
    yield "dict", OwnDict(a=1)
    yield "list", OwnList([1])
    yield "row", OwnRow(1, 2)
    yield "in a container", {"a": [Own()]}
    try:
        import torch
    except ImportError:
        return
    module = OwnModule(torch)
    yield "module", module


def OwnModule(torch):  # noqa: N802 - a class that needs torch
    cls = type("OwnNet", (torch.nn.Module,), {"__module__": __name__})
    globals()["OwnNet"] = cls
    return cls()


KINDS = (plain, tables, estimators, boosted, torches, own)


def write(folder, name, value):
    def keep(way, data):
        (folder / f"{re.sub('[^a-zA-Z0-9]', '_', name)}.{way}").write_bytes(data)

    for protocol in range(6):
        keep(f"p{protocol}.pkl", pickle.dumps(value, protocol))
    for library in ("joblib", "torch"):
        module = sys.modules.get(library)
        if module is not None and (library == "joblib" or folder.name in ("torches", "own")):
            file = io.BytesIO()
            (module.dump if library == "joblib" else module.save)(value, file)
            keep("joblib" if library == "joblib" else "pt", file.getvalue())


def main(folder):
    folder = pathlib.Path(folder)
    warnings.simplefilter("ignore")
    absent, unmade = {}, {}
    for kind in KINDS:
        out = folder / kind.__name__
        out.mkdir()
        try:
            for name, value in kind():
                try:
                    if value is None:
                        absent[name] = "not installed"
                    else:
                        write(out, name, value() if isinstance(value, functools.partial) else value)
                except Exception as error:
                    unmade[name] = f"{type(error).__name__}: {error}"[:400]
        except ImportError as error:
            absent[kind.__name__] = str(error)
    print(json.dumps({"absent": absent, "unmade": unmade}))
