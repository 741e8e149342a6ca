"""Builds a zoo of real objects in whatever Python and libraries are there, and writes each in every way it is saved.

    python tools/zoo/animals.py OUT [PACKAGE ...]

Runs by itself (Python 3.6 and newer, no part of modelscan), so that old releases can be asked too. Every public class
of each package is constructed, without arguments or with a few plain ones, and fitted on tiny data if it can be. What
the library refuses is left out. Files: OUT/PACKAGE/number-Class.way. `tools/harvest_trusted.py OUT` reads them.
"""

import hashlib
import importlib
import inspect
import io
import os
import pickle
import pkgutil
import signal
import subprocess
import sys
import threading
import warnings

SECONDS = 4
HERE = "--here"
"""Asks for one package in this very process."""
STARTED = "started"
"""Names the classes that were begun, while a package is being asked."""
SKIPPED = (
    "distutils",
    "f2py",
    "testing",
    "test",
    "tests",
    "conftest",
    "setup",
    "__main__",
    "externals",
    "_vendor",
    "benchmarks",
    "examples",
    "cli",
)


CRASHING = ("numpy._ArrayFunctionDispatcher", "pandas._libs.tslibs.offsets.")
"""Compiled classes that end the process when they are given nonsense; scripts/ makes them as people do."""
WHOLE = ("torch", "transformers")
"""Too large to walk as a whole; ask for `torch.nn` and the like."""


class TooSlow(BaseException):
    pass


def attempt(make, otherwise=None, seconds=SECONDS):
    """What `make` makes within some seconds; libraries refuse in many ways, and what they refuse is no animal."""

    def stop(*_):
        raise TooSlow

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        return make()
    except (Exception, SystemExit, TooSlow):
        return otherwise
    finally:
        signal.alarm(0)


def modules(package):
    root = attempt(lambda: importlib.import_module(package), seconds=60)
    if root is None:
        return
    yield root
    for found in pkgutil.walk_packages(getattr(root, "__path__", []), package + ".", onerror=lambda _: None):
        if not any(
            part in SKIPPED or part.startswith("test_") or part.endswith("_tests") for part in found.name.split(".")
        ):
            module = attempt(lambda: importlib.import_module(found.name), seconds=30)
            if module is not None:
                yield module


def classes(package):
    """Every class that the package defines, once."""
    seen = set()
    for module in modules(package):
        for _, cls in sorted(attempt(lambda: inspect.getmembers(module, inspect.isclass), [])):
            home = getattr(cls, "__module__", None)
            if (
                cls not in seen
                and isinstance(home, str)
                and (home + ".").startswith(package + ".")
                and not "{}.{}".format(home, cls.__name__).startswith(CRASHING)
            ):
                seen.add(cls)
                yield cls


def lessons():
    try:
        import numpy as np
    except ImportError:
        return []
    rng = np.random.RandomState(0)
    x = np.abs(rng.normal(size=(30, 4))) + 0.1
    y, t = np.arange(30) % 2, x[:, 0] * 2 + 1
    words = np.array(["a red fox", "a dog", "red dog", "the cat", "one"] * 6, dtype=object)
    found = [(x, y), (x, t), (x,), (t,), (words,), (x, np.eye(2, dtype=int)[y]), ([["a", "b"], ["b", "c"]] * 9,)]
    try:
        import pandas as pd

        series = pd.Series(t, index=pd.period_range("2020-01", periods=30, freq="M"))
        frame = pd.DataFrame(x, columns=list("abcd")).assign(e=["u", "v", "w"] * 10)
        found = [(frame, y), (frame, t), *found, (series,), (frame,)]
    except Exception:
        pass
    return found


GIVEN = ((), (1,), (2, 2), (2, 3, 1), ("a",), ([1.0, 2.0],), ({"a": 1},), ([1, 2], [3, 4]), (4, 4, 4), (0.5, 1.5))


def animals(package, begun=(), begin=lambda _: None):
    """Pairs of a name and an object. `begin` is told of each class before it is made, and those of `begun` are not."""
    hints = lessons()
    special = SPECIAL.get(package) if not begun else None
    begin("special")
    if special is not None:
        for name, make in attempt(lambda: list(special()), [], 60):
            value = attempt(make, seconds=20)
            if value is not None:
                yield name, value
    for cls in () if package in WHOLE else classes(package):
        name = "{}.{}".format(cls.__module__, cls.__qualname__)
        if issubclass(cls, BaseException) or name in begun:
            continue
        begin(name)
        found = None
        if hasattr(cls, "__members__"):
            found = attempt(lambda: list(cls)[:2])
            if found:
                yield cls.__name__, found
            continue
        if hasattr(cls, "create_test_instance"):
            found = attempt(cls.create_test_instance)
        elif package in ("sklearn", "imblearn"):
            found = attempt(lambda: _instances(cls)[0])
        for given in GIVEN if found is None else ():
            found = attempt(lambda: cls(*given), seconds=2)
            if found is not None:
                break
        if found is None:
            base = _inner(cls)
            found = attempt(lambda: cls(base())) if base is not None else None
        if found is None:
            continue
        yield cls.__name__, found
        if callable(getattr(cls, "fit", None)):
            for lesson in hints:
                if attempt(lambda: (found.fit(*lesson), True)):
                    yield cls.__name__ + "-fitted", found
                    break


def _instances(cls):
    from sklearn.utils._test_common.instance_generator import _construct_instances

    return list(_construct_instances(cls))


def _inner(cls):
    """What a meta-estimator could hold."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        return None
    return LogisticRegression if callable(getattr(cls, "fit", None)) else None


def ways(value):
    """(suffix, bytes) of every way to write it; same bytes once."""
    found = {}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        found["p%d" % protocol] = attempt(lambda: pickle.dumps(value, protocol))
    for name in ("cloudpickle", "dill"):
        tool = sys.modules.get(name) or attempt(lambda: importlib.import_module(name))
        if tool is not None:
            found[name] = attempt(lambda: tool.dumps(value))
    joblib = attempt(lambda: importlib.import_module("joblib"))
    if joblib is not None:
        for compress in (0, 3):
            found["joblib%d" % compress] = attempt(lambda: _into(joblib.dump, value, compress=compress))
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        found["pt"] = attempt(lambda: _into(torch.save, value))
        found["legacy-pt"] = attempt(lambda: _into(torch.save, value, _use_new_zipfile_serialization=False))
    if found.get("p2") is None and found.get("p4") is None and package_of(value) not in ("torch",):
        return  # a value that only dill or cloudpickle can write is code, not data
    seen = set()
    for way, data in found.items():
        if data and len(data) < 3000000 and data not in seen:
            seen.add(data)
            yield way, data


def package_of(value):
    return type(value).__module__.split(".")[0]


def _into(save, value, **how):
    file = io.BytesIO()
    save(value, file, **how)
    return file.getvalue()


def _torch():
    import torch

    shapes = [(), (4,), (4, 4), (4, 2), (2, 4, 2), (4, 2, 2), (torch.ones(4, 4),), ([torch.nn.Linear(2, 2)],)]
    for name, cls in inspect.getmembers(torch.nn, inspect.isclass):
        if issubclass(cls, torch.nn.Module):
            yield name, lambda cls=cls: next(m for m in (attempt(lambda: cls(*s)) for s in shapes) if m is not None)
    weight = torch.nn.Parameter(torch.ones(2, 2))
    weight.grad = torch.ones(2, 2)
    for name, cls in inspect.getmembers(torch.optim, inspect.isclass):
        yield name, lambda cls=cls: cls([weight], lr=0.1)
    sgd = torch.optim.SGD([weight], lr=0.1, momentum=0.9)
    for name, cls in inspect.getmembers(torch.optim.lr_scheduler, inspect.isclass):
        for given in ([], [1], [0.1, 9], [lambda _: 1.0]):
            yield name, lambda cls=cls, given=given: cls(sgd, *given)
    one, two = torch.ones(2), torch.eye(2)
    for name, cls in inspect.getmembers(torch.distributions, inspect.isclass):
        for given in ((one,), (one, one), (one, two), (one, one, one), (2, one)):
            yield name, lambda cls=cls, given=given: cls(*given)
    for kind in ("float64", "bfloat16", "int64", "int16", "uint8", "bool", "complex64", "float8_e4m3fn", "uint16"):
        yield kind, lambda kind=kind: torch.zeros(2).to(getattr(torch, kind))
    yield "sparse", lambda: [torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.ones(1, device="meta")]
    yield "quantized", lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    yield "values", lambda: [torch.Size([1]), torch.device("cpu"), torch.float32, torch.strided, torch.get_rng_state()]
    yield "parametrized", lambda: torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))
    yield "weight-norm", lambda: torch.nn.utils.weight_norm(torch.nn.Linear(2, 2))
    yield "spectral-norm", lambda: torch.nn.utils.spectral_norm(torch.nn.Linear(2, 2))
    yield (
        "pruned",
        lambda: __import__("torch.nn.utils.prune").nn.utils.prune.l1_unstructured(torch.nn.Linear(2, 2), "weight", 1),
    )
    yield "data", lambda: torch.utils.data.TensorDataset(torch.ones(2))
    yield "loader", lambda: torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(2)))
    yield "averaged", lambda: torch.optim.swa_utils.AveragedModel(torch.nn.Linear(2, 2))


def _transformers():
    import transformers

    small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=20)
    small.update(d_model=8, encoder_layers=1, decoder_layers=1, n_layer=1, n_head=2, n_embd=8, num_layers=1)
    for name in ("Bert Roberta GPT2 DistilBert T5 Llama Electra Albert Mistral Qwen2 Gemma OPT ViT Bart Phi").split():
        config = getattr(transformers, name + "Config", None)
        model = getattr(transformers, name + "Model", None)
        if config is not None:
            yield name + "Config", lambda config=config: config()
        if model is not None:
            yield name + "Model", lambda config=config, model=model: model(config(**small))
    yield "TrainingArguments", lambda: transformers.TrainingArguments("out")
    yield "Seq2Seq", lambda: transformers.Seq2SeqTrainingArguments("out", eval_strategy="epoch", save_strategy="epoch")
    yield "state", lambda: [transformers.TrainerState(), transformers.GenerationConfig(), transformers.TrainerControl()]
    yield "batch", lambda: transformers.BatchEncoding({"input_ids": [[1]]})


def _lightning():
    import argparse
    import pathlib

    import lightning
    import omegaconf
    import torch

    attribute_dict = importlib.import_module("lightning.fabric.utilities.data").AttributeDict
    yield (
        "checkpoint",
        lambda: {
            "pytorch-lightning_version": "2.0",
            "state_dict": torch.nn.Linear(2, 2).state_dict(),
            "callbacks": {"ModelCheckpoint": {"best": torch.tensor(1.0), "dirpath": pathlib.PurePosixPath("a")}},
            "hyper_parameters": attribute_dict(lr=0.1, ns=argparse.Namespace(a=1)),
            "config": omegaconf.OmegaConf.create({"a": [1, {"b": "${a}"}], "c": None, "d": 1.5, "e": True}),
        },
    )


def _pandas():
    import numpy as np
    import pandas as pd

    for kind in (
        "int8 uint16 float32 float64 bool object str Int8 UInt32 Int64 Float32 Float64 boolean category string".split()
    ):
        yield kind, lambda kind=kind: pd.Series([1, 0], dtype=kind)
    for kind in (
        "string[pyarrow]",
        "int64[pyarrow]",
        "string[python]",
        "Sparse[float]",
        "datetime64[ns, Europe/Berlin]",
        "timedelta64[ns]",
        "period[M]",
        "interval",
    ):
        yield kind, lambda kind=kind: pd.Series([None, None], dtype=kind)
    yield (
        "frame",
        lambda: pd.DataFrame(
            {"a": [1], "b": ["x"], "c": [1.5], "d": [{1}], "e": pd.Categorical(["u"]), "f": pd.to_datetime(["2020"])}
        ),
    )
    yield "indexed", lambda: pd.DataFrame({"a": [1], "b": ["x"]}).set_index(["a", "b"])
    yield (
        "indexes",
        lambda: [
            pd.RangeIndex(3),
            pd.MultiIndex.from_product([[1], ["a"]]),
            pd.Index([1, "a"]),
            pd.CategoricalIndex(["a"]),
        ],
    )
    yield (
        "times",
        lambda: [
            pd.date_range("2020", periods=3, tz="UTC"),
            pd.period_range("2020", periods=3, freq="M"),
            pd.timedelta_range("1D", periods=2),
            pd.interval_range(0, 3),
        ],
    )
    yield (
        "moments",
        lambda: [pd.Timestamp("2020", tz="UTC"), pd.Timedelta(1), pd.Period("2020"), pd.Interval(0, 1), pd.NaT, pd.NA],
    )
    yield "grouped", lambda: pd.DataFrame({"a": [1], "b": [2]}).groupby("a")
    yield "rolling", lambda: pd.DataFrame({"a": [1], "b": [2]}).rolling(2)
    for name in dir(pd.offsets):
        yield name, lambda name=name: getattr(pd.offsets, name)()
    for unit in ("s", "ms", "us", "ns"):
        yield unit, lambda unit=unit: pd.Series(np.array(["2020"], "M8[%s]" % unit))


def _numpy():
    import numpy as np

    yield "kinds", lambda: [np.zeros(3, dtype=kind) for kind in "?bhilqBHILQefdgFDGSUVOMm"]
    yield "scalars", lambda: [np.zeros(1, kind)[0] for kind in "?bhilqBHILQefdgFDGMm"]
    yield (
        "shapes",
        lambda: [np.asfortranarray(np.eye(3)), np.eye(3)[::2], np.array([{1}, None], dtype=object), np.void(b"abc")],
    )
    yield (
        "records",
        lambda: [
            np.zeros(2, dtype=[("a", "i4"), ("b", "U3")]),
            np.rec.array([(1, 2.0)]),
            np.zeros(2, dtype=[("a", "i4")])[0],
        ],
    )
    yield (
        "masked",
        lambda: [
            np.ma.array([1, 2], mask=[0, 1]),
            np.ma.masked,
            np.matrix([[1]]),
            np.poly1d([1, 2]),
            np.char.array(["a"]),
        ],
    )
    yield "random", lambda: [np.random.RandomState(1), np.random.get_state()]
    for name in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "SeedSequence"):
        yield name, lambda name=name: getattr(np.random, name)(1)
    yield "generator", lambda: np.random.default_rng(1)
    yield "functions", lambda: [np.log1p, np.mean, np.add, np.exp, np.float32, np.dtype("f4"), np.datetime64("2020")]
    yield "polynomial", lambda: np.polynomial.Polynomial([1, 2])
    yield "text", lambda: np.array(["a"], dtype=np.dtypes.StringDType())


def _statsmodels():
    import numpy as np
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    import statsmodels.tsa.api as tsa

    rng = np.random.RandomState(0)
    x, e = sm.add_constant(rng.normal(size=(60, 2))), rng.normal(size=60)
    y = x.sum(1) + e
    b = (y > 0).astype(int)
    pd = importlib.import_module("pandas")
    frame = pd.DataFrame({"y": y, "a": x[:, 1], "b": x[:, 2], "g": [0, 1, 2] * 20})
    yield "OLS", lambda: sm.OLS(y, x).fit()
    yield "WLS", lambda: sm.WLS(y, x).fit()
    yield "GLS", lambda: sm.GLS(y, x).fit()
    yield "Logit", lambda: sm.Logit(b, x).fit(disp=0)
    yield "Probit", lambda: sm.Probit(b, x).fit(disp=0)
    yield "MNLogit", lambda: sm.MNLogit(frame.g, x).fit(disp=0)
    yield "Poisson", lambda: sm.Poisson(b, x).fit(disp=0)
    yield "RLM", lambda: sm.RLM(y, x).fit()
    yield "Quant", lambda: sm.QuantReg(y, x).fit()
    for family in ("Binomial", "Gaussian", "Poisson", "Tweedie"):
        yield family, lambda family=family: sm.GLM(b, x, family=getattr(sm.families, family)()).fit()
    yield "formula", lambda: smf.ols("y ~ a + b", frame).fit()
    yield "mixed", lambda: smf.mixedlm("y ~ a", frame, groups=frame.g).fit()
    yield "ARIMA", lambda: tsa.ARIMA(y, order=(1, 0, 0)).fit()
    yield "SARIMAX", lambda: tsa.SARIMAX(y, order=(1, 0, 0)).fit(disp=0)
    yield "ETS", lambda: tsa.ExponentialSmoothing(y).fit()
    yield "Holt", lambda: tsa.Holt(y).fit()
    yield "AutoReg", lambda: tsa.AutoReg(y, 1).fit()
    yield "VAR", lambda: tsa.VAR(frame[["y", "a"]]).fit(1)
    yield "UC", lambda: tsa.UnobservedComponents(y, "local level").fit(disp=0)
    yield "KDE", lambda: sm.nonparametric.KDEUnivariate(y).fit()
    yield "PCA", lambda: sm.PCA(x)


def _prophet():
    import pandas as pd
    from prophet import Prophet

    frame = pd.DataFrame({"ds": pd.date_range("2020", periods=40), "y": range(40)})
    yield "Prophet", lambda: Prophet().fit(frame)


def _gensim():
    import gensim

    texts = [["red", "fox"], ["blue", "dog"], ["red", "dog"]] * 9
    words = gensim.corpora.Dictionary(texts)
    bags = [words.doc2bow(text) for text in texts]
    yield "Dictionary", lambda: words
    yield "Word2Vec", lambda: gensim.models.Word2Vec(texts, vector_size=4, min_count=1)
    yield "KeyedVectors", lambda: gensim.models.Word2Vec(texts, vector_size=4, min_count=1).wv
    yield "FastText", lambda: gensim.models.FastText(texts, vector_size=4, min_count=1, bucket=10)
    yield (
        "Doc2Vec",
        lambda: gensim.models.Doc2Vec(
            [gensim.models.doc2vec.TaggedDocument(t, [i]) for i, t in enumerate(texts)], vector_size=4
        ),
    )
    yield "LdaModel", lambda: gensim.models.LdaModel(bags, num_topics=2, id2word=words)
    yield "LsiModel", lambda: gensim.models.LsiModel(bags, num_topics=2, id2word=words)
    yield "Tfidf", lambda: gensim.models.TfidfModel(bags)
    yield "Phrases", lambda: gensim.models.Phrases(texts)
    yield "Phraser", lambda: gensim.models.phrases.Phraser(gensim.models.Phrases(texts))


def _spacy():
    import spacy

    def trained():
        nlp = spacy.blank("en")
        pipe = nlp.add_pipe("textcat")
        pipe.add_label("A")
        nlp.initialize()
        return nlp

    yield "blank", lambda: spacy.blank("en")
    yield "vocab", lambda: spacy.blank("en").vocab
    yield "textcat", trained
    yield "doc", lambda: spacy.blank("en")("a red fox")


def _networkx():
    import networkx as nx

    for name in ("Graph", "DiGraph", "MultiGraph", "MultiDiGraph"):
        yield name, lambda name=name: getattr(nx, name)([(1, 2), (2, 3)])
    yield "karate", nx.karate_club_graph


def _xgboost():
    import numpy as np
    import xgboost

    x, y = np.random.RandomState(0).normal(size=(30, 3)), np.arange(30) % 2
    yield "Booster", lambda: xgboost.train({}, xgboost.DMatrix(x, y), 2)
    for name in ("XGBClassifier", "XGBRegressor", "XGBRFClassifier"):
        yield name, lambda name=name: getattr(xgboost, name)(n_estimators=2).fit(x, y)
    yield "XGBRanker", lambda: xgboost.XGBRanker(n_estimators=2).fit(x, y, group=[30])


def _lightgbm():
    import lightgbm
    import numpy as np

    x, y = np.random.RandomState(0).normal(size=(60, 3)), np.arange(60) % 2
    yield "Booster", lambda: lightgbm.train({"verbose": -1}, lightgbm.Dataset(x, y), 2)
    for name in ("LGBMClassifier", "LGBMRegressor"):
        yield name, lambda name=name: getattr(lightgbm, name)(n_estimators=2, verbose=-1).fit(x, y)


def _catboost():
    import catboost
    import numpy as np

    x, y = np.random.RandomState(0).normal(size=(60, 3)), np.arange(60) % 2
    for name in ("CatBoostClassifier", "CatBoostRegressor", "CatBoost"):
        yield (
            name,
            lambda name=name: getattr(catboost, name)(
                {"iterations": 2, "verbose": 0, "allow_writing_files": False}
            ).fit(x, y),
        )


def _pil():
    from PIL import Image

    for mode in ("RGB", "L", "RGBA", "P", "1"):
        yield mode, lambda mode=mode: Image.new(mode, (2, 2))


def _shapely():
    import shapely.geometry as g

    yield "Point", lambda: g.Point(1, 2)
    yield "Line", lambda: g.LineString([(0, 0), (1, 1)])
    yield "Polygon", lambda: g.Polygon([(0, 0), (1, 1), (1, 0)])
    yield "Multi", lambda: g.MultiPoint([(0, 0), (1, 1)])


def _dask():
    import dask.array
    import dask.dataframe
    import numpy as np
    import pandas as pd

    yield "array", lambda: dask.array.from_array(np.eye(3))
    yield "frame", lambda: dask.dataframe.from_pandas(pd.DataFrame({"a": [1, 2]}), npartitions=1)
    yield "delayed", lambda: dask.delayed(len)([1])


def _xarray():
    import numpy as np
    import xarray as xr

    yield "array", lambda: xr.DataArray(np.eye(2), dims=("a", "b"), coords={"a": [1, 2]})
    yield "set", lambda: xr.Dataset({"x": ("t", [1, 2])}, coords={"t": np.array(["2020", "2021"], "M8[ns]")})


def _polars():
    import polars as pl

    yield "frame", lambda: pl.DataFrame({"a": [1, None], "b": ["x", "y"], "c": [[1], [2]]})
    yield "series", lambda: pl.Series("a", [1.5])
    yield "lazy", lambda: pl.LazyFrame({"a": [1]})
    yield "kinds", lambda: [pl.Int64, pl.Utf8, pl.Date, pl.List(pl.Int8), pl.Datetime("us"), pl.Categorical]
    yield "expression", lambda: pl.col("a") + 1


def _pyarrow():
    import pyarrow as pa

    yield "table", lambda: pa.table({"a": [1, None], "b": ["x", "y"], "c": [[1], [2]], "d": [{"z": 1}, None]})
    yield "array", lambda: [pa.array([1.5]), pa.scalar(1), pa.chunked_array([[1]]), pa.array(["a"]).dictionary_encode()]
    yield (
        "types",
        lambda: [
            pa.int64(),
            pa.timestamp("us", "UTC"),
            pa.list_(pa.int8()),
            pa.decimal128(9, 2),
            pa.struct([("a", pa.int8())]),
        ],
    )
    yield "schema", lambda: [pa.schema([("a", pa.int8())]), pa.field("x", pa.string()), pa.py_buffer(b"abc")]


def _astropy():
    import astropy.time
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.table import Table

    yield "quantity", lambda: [1.5 * u.m / u.s, u.deg, u.Jy * u.beam, u.mag]
    yield "time", lambda: astropy.time.Time("2020-01-01")
    yield "table", lambda: Table({"a": [1, 2] * u.m, "b": ["x", "y"]})
    yield "sky", lambda: SkyCoord(1 * u.deg, 2 * u.deg)


def _tokenizers():
    import tokenizers

    yield "tokenizer", lambda: tokenizers.Tokenizer(tokenizers.models.BPE())
    yield "encoding", lambda: tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 1}, unk_token="a")).encode("a")


def _nltk():
    import nltk

    yield "bayes", lambda: nltk.NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")])
    yield "freq", lambda: [nltk.FreqDist("abc"), nltk.ConditionalFreqDist([("a", 1)])]
    yield "punkt", lambda: nltk.tokenize.punkt.PunktSentenceTokenizer("A b. C d.")
    yield "tagger", lambda: nltk.UnigramTagger([[("a", "X")]], backoff=nltk.DefaultTagger("N"))
    yield "tree", lambda: nltk.Tree("S", ["a"])


def _skorch():
    import numpy as np
    import skorch
    import torch

    x, y = np.random.RandomState(0).normal(size=(20, 3)).astype("f4"), np.arange(20) % 2
    yield (
        "net",
        lambda: skorch.NeuralNetClassifier(
            torch.nn.Linear,
            module__in_features=3,
            module__out_features=2,
            max_epochs=1,
            criterion=torch.nn.CrossEntropyLoss,
            verbose=0,
        ).fit(x, y),
    )
    yield (
        "regressor",
        lambda: skorch.NeuralNetRegressor(
            torch.nn.Linear, module__in_features=3, module__out_features=1, max_epochs=1, verbose=0
        ).fit(x, y[:, None].astype("f4")),
    )


def _sktime():
    from sktime.registry import all_estimators

    for name, cls in all_estimators():
        yield name, lambda cls=cls: cls.create_test_instance()


def _sentence_transformers():
    import sentence_transformers as st

    yield "pooling", lambda: st.models.Pooling(8)
    yield "dense", lambda: st.models.Dense(8, 4)
    yield "arguments", lambda: st.SentenceTransformerTrainingArguments("out")


def _peft():
    import peft
    import torch

    yield "lora", lambda: peft.LoraConfig(r=2, target_modules=["0"])
    yield (
        "model",
        lambda: peft.get_peft_model(
            torch.nn.Sequential(torch.nn.Linear(2, 2)), peft.LoraConfig(r=2, target_modules=["0"])
        ),
    )


def _timm():
    import timm

    for name in "resnet18 efficientnet_b0 vit_tiny_patch16_224 convnext_atto mobilenetv3_small_050 swin_tiny_patch4_window7_224 regnetx_002 densenet121 mixer_s32_224".split():
        yield name, lambda name=name: timm.create_model(name)


def _torchvision():
    import torchvision

    for name in torchvision.models.list_models(module=torchvision.models)[::3]:
        yield name, lambda name=name: torchvision.models.get_model(name, weights=None)
    t = torchvision.transforms
    yield (
        "steps",
        lambda: t.Compose(
            [t.Resize(2), t.CenterCrop(2), t.ToTensor(), t.Normalize([0.5], [0.5]), t.RandomHorizontalFlip()]
        ),
    )


def _sklearn():
    import sklearn.datasets
    import sklearn.metrics
    import sklearn.pipeline
    import sklearn.preprocessing

    for name in list(getattr(sklearn.metrics, "get_scorer_names", lambda: sorted(sklearn.metrics.SCORERS))()):
        yield name, lambda name=name: sklearn.metrics.get_scorer(name)
    yield "iris", sklearn.datasets.load_iris
    yield "function", lambda: sklearn.preprocessing.FunctionTransformer(__import__("numpy").log1p)


def _plain():
    import argparse
    import collections
    import datetime
    import decimal
    import enum
    import fractions
    import functools
    import http
    import ipaddress
    import logging
    import pathlib
    import random
    import re
    import socket
    import types
    import uuid

    yield (
        "collections",
        lambda: [
            collections.OrderedDict(a=1),
            collections.Counter("ab"),
            collections.deque([1]),
            {1},
            frozenset({2}),
            bytearray(b"a"),
            collections.defaultdict(list),
            collections.ChainMap({}),
            collections.UserDict(a=1),
            collections.UserList([1]),
        ],
    )
    yield (
        "factories",
        lambda: [
            collections.defaultdict(functools.partial(collections.defaultdict, int)),
            functools.partial(int, base=2),
        ],
    )
    yield (
        "times",
        lambda: [
            datetime.datetime.now(datetime.timezone.utc),
            datetime.date.today(),
            datetime.time(1),
            datetime.timedelta(1),
            datetime.timezone(datetime.timedelta(hours=1)),
        ],
    )
    yield "zone", lambda: importlib.import_module("zoneinfo").ZoneInfo("Europe/Berlin")
    yield "numbers", lambda: [decimal.Decimal("1.5"), fractions.Fraction(1, 3), 1j, range(3), slice(1), b"a", 2**80]
    yield (
        "names",
        lambda: [
            types.SimpleNamespace(a=1),
            argparse.Namespace(b=2),
            uuid.uuid4(),
            ValueError("x"),
            OSError(2, "x"),
            type(None),
            type(...),
            NotImplemented,
            ...,
        ],
    )
    yield "paths", lambda: [pathlib.Path("a/b"), pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("b")]
    yield "text", lambda: [re.compile("a", re.I), random.Random(1), logging.getLogger("z"), http.HTTPStatus.OK, re.I]
    yield "addresses", lambda: [ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")]
    yield "enums", lambda: [http.HTTPStatus.OK, http.HTTPStatus.NOT_FOUND, re.IGNORECASE | re.M, uuid.SafeUUID.unknown]


SPECIAL = {name[1:]: value for name, value in list(globals().items()) if name[0] == "_" and callable(value)}
SPECIAL["PIL"] = SPECIAL.pop("pil")


def main():
    out, packages = sys.argv[1], sys.argv[2:]
    if packages[:1] == [HERE]:
        write_here(os.path.join(out, packages[1]), packages[1])
        return
    codes = [write(out, package) for package in packages]
    sys.exit(any(codes))


def write(out, package):
    """0 when all of a package's classes were asked. Compiled ones crash on nonsense: that ends one class only."""
    started = os.path.join(out, package, STARTED)
    begun, code = [], None
    while code != 0 and (code is None or names_in(started) != begun):
        begun = names_in(started)
        code = subprocess.call([sys.executable, __file__, out, HERE, package])
        if code != 0:
            print("crashed:", package, "".join(names_in(started)[-1:]), code, file=sys.stderr, flush=True)
    if os.path.exists(started):
        os.unlink(started)
    print(package, code, flush=True)
    return code


def names_in(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return file.read().splitlines()


def write_here(folder, package):
    warnings.simplefilter("ignore")
    said = os.dup(1)  # some classes take a number for a file of theirs, and close it
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.makedirs(folder, exist_ok=True)
    started, seen = os.path.join(folder, STARTED), set()
    begun = names_in(started)

    def begin(name):
        with open(started, "a") as log:
            log.write(name + "\n")

    if package == "plain":
        zoo = ((name, attempt(make)) for name, make in SPECIAL["plain"]())
    else:
        zoo = animals(package, frozenset(begun), begin)
    first = count = 1000 * sum(name == "special" for name in begun)
    for name, value in zoo:
        for way, data in ways(value) if value is not None else ():
            digest = hashlib.sha256(data).digest()
            if digest not in seen:
                seen.add(digest)
                with open(os.path.join(folder, "%05d-%s.%s" % (count, name[:60].replace("/", "_"), way)), "wb") as file:
                    file.write(data)
        count += 1
    os.write(said, ("%s %d %d\n" % (package, count - first, len(seen))).encode())
    threading.Timer(2, lambda: os._exit(0)).start()  # libraries leave threads behind


if __name__ == "__main__":
    main()
