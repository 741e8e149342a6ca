"""Ordinary objects of the libraries we trust, in every way they are written: no findings at all.

`tools/harvest_trusted.py` keeps a zoo ten times this size.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import fractions
import io
import logging
import operator
import pathlib
import pickle
import random
import re
import types
import uuid
import warnings
import zoneinfo

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import modelscan

X = np.random.default_rng(0).random((40, 3)) + 0.1
Y = np.arange(40) % 2
WORDS = np.array(["red fox", "blue dog"] * 20, object)


def models():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
        yield GridSearchCV(SVC(probability=False), {"C": [1, 2]}, cv=2).fit(X, Y)
        yield ColumnTransformer([("a", StandardScaler(), [0]), ("b", OneHotEncoder(), [1])]).fit(X)
        for model in (
            *(KMeans(2, n_init=1), GaussianNB(), SGDClassifier(), KNeighborsClassifier(algorithm="kd_tree")),
            *(GradientBoostingClassifier(n_estimators=3), HistGradientBoostingRegressor(max_iter=3)),
            *(IsolationForest(n_estimators=3), GaussianProcessRegressor(), MLPRegressor(max_iter=5)),
        ):
            yield model.fit(X, Y)
        yield TfidfVectorizer().fit(WORDS)
        yield LabelEncoder().fit(WORDS)


def tables():
    yield pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])})
    yield pd.date_range("2020", periods=3, tz="Europe/Berlin").to_frame()
    yield pd.Series([1, None], dtype="Int64")
    yield pd.MultiIndex.from_product([[1, 2], ["a"]])
    yield pd.period_range("2020", periods=2, freq="M")
    yield pd.DataFrame({"t": pd.to_timedelta([1, 2], unit="s")}).groupby("t").size()
    yield scipy.sparse.csr_matrix(np.eye(3))
    yield [
        np.float32(1),
        np.array(["x", 1], object),
        np.random.default_rng(1),
        np.random.RandomState(1),
        np.dtype("f8"),
    ]
    yield np.ma.array([1, 2], mask=[0, 1])


def plain():
    yield collections.OrderedDict(a=[1], b=collections.Counter("ab"), c=collections.deque([1], 3))
    yield datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    yield [decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=1), pathlib.PurePosixPath("a/b"), 1j, 2**99]
    yield [re.compile("a+"), random.Random(1), argparse.Namespace(lr=0.1), types.SimpleNamespace(a=1), type(None)]
    yield [decimal.getcontext(), operator.itemgetter(1)]
    yield [ValueError("x"), logging.getLogger("zoo"), collections.defaultdict(list, a=[1]), frozenset({1}), slice(1, 2)]


ANIMALS = [*models(), *tables(), *plain()]


def written(value):
    for protocol in range(6):
        yield pickle.dumps(value, protocol)
    for compress in (0, 3):
        file = io.BytesIO()
        joblib.dump(value, file, compress=compress)
        yield file.getvalue()


@pytest.mark.parametrize("value", ANIMALS, ids=lambda value: type(value).__name__)
def test_ordinary_objects_are_safe(value):
    for data in written(value):
        report = modelscan.scan(data)
        assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())


def test_torch_training_state_is_safe(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed: its training state is not tested")
    layers = [torch.nn.Embedding(4, 4), torch.nn.LSTM(4, 4), torch.nn.TransformerEncoderLayer(4, 2), torch.nn.GELU()]
    model = torch.nn.ModuleList(layers)
    optimizer = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
    state = {
        "model": model,
        "weights": model.state_dict(),
        "optimizer": optimizer,
        "schedule": schedule.state_dict(),
        "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("out")),
        "half": torch.ones(2, dtype=torch.bfloat16),
        "sparse": torch.eye(3).to_sparse(),
        "device": torch.device("cpu"),
        "rng": torch.get_rng_state(),
        "best": np.float64(0.5),
    }
    for legacy in (False, True):
        torch.save(state, tmp_path / "m.pt", _use_new_zipfile_serialization=not legacy)
        report = modelscan.scan(tmp_path / "m.pt")
        assert (report.verdict, report.findings, report.failures) == ("SAFE", (), ())


class Mine:
    """A class nobody reviewed."""


KEPT = {
    "itself": Mine(),
    "in a set": {Mine()},
    "in a frozen set": frozenset([Mine()]),
    "counted": collections.Counter([Mine()]),
    "in a queue": collections.deque([Mine()]),
    "as a key": collections.OrderedDict({Mine(): Mine()}),
    "in an array": np.array([Mine(), None]),
}
"""Before protocol 4, sets are calls with a list of what is in them."""


@pytest.mark.parametrize("where", KEPT)
@pytest.mark.parametrize("protocol", range(6))
def test_a_class_of_ones_own_is_low(protocol, where):
    report = modelscan.scan(pickle.dumps(KEPT[where], protocol).replace(b"__main__", b"mymodule"))
    assert report.verdict == "UNVERIFIED"
    assert {finding.severity.name for finding in report.findings} == {"LOW"}
    assert len(report.findings) == 1


@pytest.mark.parametrize("protocol", range(6))
def test_numbers_of_few_bits_are_data(protocol):
    few = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed: its numbers are not tested")
    values = np.ones(3, few.bfloat16), np.zeros(2, few.float8_e4m3fn), few.bfloat16(1)
    report = modelscan.scan(pickle.dumps(values, protocol))
    assert (report.verdict, report.findings) == ("SAFE", ())
