"""What programs of other people keep: one small script each, written after all trusted names were settled.

Measured once and never tuned to; see docs/explanation/trusted-first.md.
"""

import argparse
import collections
import datetime
import decimal
import functools
import pathlib
import pickle
import re
import types
import typing
import uuid


def game_state():
    board = [["."] * 8 for _ in range(8)]
    yield {
        "board": board,
        "turn": "white",
        "moves": collections.deque([("e2", "e4")], maxlen=50),
        "clock": datetime.timedelta(minutes=5),
    }


def crawler_queue():
    yield {
        "seen": {"https://a", "https://b"},
        "todo": collections.deque(["https://c"]),
        "delay": collections.defaultdict(float),
    }
    yield {
        "robots": re.compile(r"^/private"),
        "headers": {"User-Agent": "x"},
        "started": datetime.datetime(2023, 5, 5, tzinfo=datetime.timezone.utc),
    }


def trie():
    tree = {}
    for word in ("car", "cart", "dog"):
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node["$"] = word
    yield tree


def ledger():
    yield [
        {"id": uuid.UUID(int=i), "amount": decimal.Decimal("1.10") * i, "day": datetime.date(2024, 1, i + 1)}
        for i in range(5)
    ]


def q_table():
    yield collections.defaultdict(
        functools.partial(collections.defaultdict, float), {(0, 1): collections.defaultdict(float, {"up": 0.5})}
    )


def vocabulary():
    words = collections.Counter("to be or not to be".split())
    ids = {word: i for i, (word, _) in enumerate(words.most_common())}
    yield {"stoi": ids, "itos": list(ids), "unk": 0, "freqs": words, "pattern": re.compile(r"\s+")}


def nested_arguments():
    yield argparse.Namespace(
        data=argparse.Namespace(root=pathlib.Path("d"), sizes=(224, 224)),
        optim=types.SimpleNamespace(lr=1e-3),
        resume=None,
        tags={"a"},
    )


def configuration_with_types():
    yield {
        "columns": {"age": int, "name": str, "when": datetime.datetime},
        "optional": typing.Optional[int],
        "shape": typing.Tuple[int, int],
    }


def huffman():
    yield (8, ((3, "a"), (5, ((2, "b"), (3, "c")))))


def pickles_in_a_pickle():
    yield {"blob": pickle.dumps({"a": 1}), "n": 1}


def decision_rules():
    yield [("age", ">", 3, {"then": "yes"}), ("size", "in", frozenset({"s", "m"}), {"then": "no"})]


def cache_of_results():
    yield {("f", 1, ("k", 2)): 3.5, ("g", frozenset({1})): None, 1.5: complex(1, 2)}


def metadata_of_files():
    yield {pathlib.PurePath("a.csv"): {"mtime": 1.5, "md5": bytes(16), "rows": 10}}


def calendar_of_events():
    import zoneinfo

    yield [
        {
            "at": datetime.datetime(2024, 6, 1, 9, tzinfo=zoneinfo.ZoneInfo("Africa/Cairo")),
            "every": datetime.timedelta(days=7),
        }
    ]


def polynomial_features_by_hand():
    import numpy as np

    yield {
        "w": np.zeros((3, 2), "f4"),
        "b": 0.5,
        "names": np.array(["a", "b", "c"]),
        "fold": np.random.default_rng(0).permutation(5),
    }


def recurrent_network_by_hand():
    import numpy as np

    rng = np.random.RandomState(0)
    yield {k: rng.randn(4, 4) for k in ("Wxh", "Whh", "Why")}
    yield [rng.randn(3), np.array([], "i8"), np.float16(1), np.int64(2).item()]


def structured_log():
    import numpy as np

    yield np.array([(1, b"ok", 0.5)], dtype=[("step", "u4"), ("tag", "S4"), ("v", "f8")])
    yield np.ma.masked_equal([1, 2, 1], 1)


def index_of_embeddings():
    import numpy as np

    yield {
        "ids": ["x", "y"],
        "vectors": np.eye(2, dtype="f2"),
        "norms": np.linalg.norm(np.eye(2), axis=1),
        "metric": "cosine",
    }


def sales_report():
    import numpy as np
    import pandas as pd

    days = pd.date_range("2023", periods=14, freq="D")
    frame = pd.DataFrame(
        {"day": days, "shop": pd.Categorical(list("ab") * 7), "sold": np.arange(14), "note": [None, "x"] * 7}
    )
    yield frame.groupby("shop", observed=True)["sold"].agg(["sum", "mean"])
    yield frame.set_index("day").resample("W")["sold"].sum()
    yield frame.pivot_table(index="day", columns="shop", values="sold", observed=True)
    yield frame.set_index(["shop", "day"]).sort_index().unstack(0)
    yield frame["sold"].rolling(3).mean().to_dict()
    yield frame.assign(week=frame.day.dt.isocalendar().week, month=frame.day.dt.to_period("M"))
    yield frame.sold.quantile([0.1, 0.9])
    yield (
        frame.corr(numeric_only=True).style.data if hasattr(frame, "style") and False else frame.corr(numeric_only=True)
    )


def survey():
    import pandas as pd

    frame = pd.DataFrame(
        {
            "q1": ["yes", "no", None],
            "age": pd.array([30, None, 40], dtype="Int16"),
            "at": pd.to_datetime(["2020", None, "2022"], utc=True),
        }
    )
    yield frame
    yield frame.describe(include="all")
    yield pd.get_dummies(frame, columns=["q1"])
    yield frame.age.value_counts(dropna=False)
    yield pd.cut(frame.age.astype("Float64"), [0, 35, 100])
    yield frame.stack() if hasattr(frame, "stack") else frame
    yield pd.Series({"a": 1}).rename_axis("k")
    yield frame.isna().sum(), frame.columns.tolist(), frame.dtypes.astype(str).to_dict()


def churn_model():
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, RobustScaler

    rng = np.random.default_rng(3)
    x, y = rng.random((60, 4)), rng.integers(0, 2, 60)
    prepared = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="mean"), RobustScaler()), [0, 1]),
        (OneHotEncoder(max_categories=3, handle_unknown="ignore"), [2]),
        remainder="passthrough",
    )
    model = make_pipeline(
        prepared, HistGradientBoostingClassifier(max_iter=4, early_stopping=True, categorical_features=None)
    )
    yield model.fit(x, y)
    yield {
        "model": model,
        "oof": cross_val_predict(model, x, y, cv=2),
        "trained": datetime.datetime(2024, 1, 1),
        "columns": ["a", "b", "c", "d"],
        "thresholds": {"low": 0.2},
    }


def topics():
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
    from sklearn.pipeline import Pipeline

    texts = ["cats and dogs", "stocks and bonds", "dogs bark", "bonds pay"] * 3
    yield Pipeline(
        [("v", TfidfVectorizer(stop_words=list(ENGLISH_STOP_WORDS), sublinear_tf=True)), ("n", NMF(2, max_iter=20))]
    ).fit(texts)
    yield ENGLISH_STOP_WORDS


def anomaly_detectors():
    import numpy as np
    from sklearn.covariance import MinCovDet
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    x = np.random.default_rng(1).normal(size=(40, 3))
    for model in (IsolationForest(n_estimators=5), LocalOutlierFactor(5), OneClassSVM(nu=0.1), MinCovDet()):
        yield model.fit(x)


def price_model():
    import numpy as np
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.feature_selection import SelectFromModel
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, ExpSineSquared, RationalQuadratic
    from sklearn.linear_model import HuberRegressor, LassoCV
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PowerTransformer, QuantileTransformer

    rng = np.random.default_rng(2)
    x = rng.random((50, 4))
    t = x @ [1, 2, 3, 4] + 5
    yield TransformedTargetRegressor(HuberRegressor(), transformer=QuantileTransformer(n_quantiles=10)).fit(x, t)
    yield GridSearchCV(
        make_pipeline(PowerTransformer(), SelectFromModel(LassoCV(cv=2)), ExtraTreesRegressor(4)),
        {"extratreesregressor__max_depth": [1, 2]},
        cv=TimeSeriesSplit(2),
    ).fit(x, t)
    yield GaussianProcessRegressor(
        ConstantKernel() * ExpSineSquared() + RationalQuadratic() + DotProduct(), alpha=0.1
    ).fit(x, t)


def clusters_of_users():
    import numpy as np
    from sklearn.cluster import Birch, KMeans, MiniBatchKMeans
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.pipeline import make_pipeline

    x = np.random.default_rng(4).random((30, 5))
    yield make_pipeline(PCA(2), KMeans(3, n_init=2)).fit(x)
    yield {"k": {k: MiniBatchKMeans(k, n_init=1).fit(x) for k in (2, 3)}, "birch": Birch(n_clusters=None).fit(x)}
    yield TSNE(perplexity=4, max_iter=250).fit_transform(x)


def boosters():
    import numpy as np

    x, y = np.random.default_rng(5).random((60, 4)), np.arange(60) % 3
    import lightgbm
    import xgboost

    yield xgboost.XGBClassifier(n_estimators=3, tree_method="hist", objective="multi:softprob").fit(x, y)
    yield lightgbm.LGBMClassifier(n_estimators=3, verbose=-1, class_weight="balanced").fit(x, y)
    from sklearn.ensemble import VotingClassifier
    from sklearn.multiclass import OneVsRestClassifier

    yield VotingClassifier(
        [("x", xgboost.XGBClassifier(n_estimators=2)), ("l", lightgbm.LGBMClassifier(n_estimators=2, verbose=-1))],
        voting="soft",
    ).fit(x, y)
    yield OneVsRestClassifier(xgboost.XGBClassifier(n_estimators=2)).fit(x, y)


def boosters_of_cats():
    import catboost
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"a": np.arange(40.0), "b": list("uv") * 20})
    yield catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False, cat_features=["b"]).fit(
        frame, np.arange(40) % 2
    )


def credit_scores():
    import category_encoders
    import numpy as np
    import pandas as pd
    from imblearn.ensemble import BalancedBaggingClassifier
    from imblearn.over_sampling import SMOTENC
    from imblearn.pipeline import Pipeline
    from sklearn.linear_model import LogisticRegression

    frame = pd.DataFrame({"a": np.arange(60.0), "b": list("uvw") * 20})
    y = (np.arange(60) % 5 == 0).astype(int)
    yield Pipeline(
        [
            ("s", SMOTENC([1], k_neighbors=2)),
            ("e", category_encoders.WOEEncoder(cols=["b"])),
            ("m", LogisticRegression()),
        ]
    ).fit(frame, y)
    yield BalancedBaggingClassifier(n_estimators=3).fit(frame[["a"]], y)


def econometrics():
    import numpy as np
    import pandas as pd
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"y": rng.poisson(3, 60), "x": rng.random(60), "g": list("ab") * 30})
    yield smf.poisson("y ~ x + C(g)", frame).fit(disp=0)
    yield smf.glm("y ~ x", frame, family=sm.families.NegativeBinomial()).fit()
    yield smf.wls("y ~ x", frame, weights=frame.x).fit()
    yield sm.tsa.SARIMAX(frame.y.astype(float), order=(1, 0, 1)).fit(disp=0).params
    yield sm.tsa.Holt(frame.y + 1.0, initialization_method="estimated").fit()
    yield sm.stats.anova_lm(smf.ols("y ~ C(g)", frame).fit())


def hidden_states():
    import numpy as np
    from hmmlearn import hmm

    yield hmm.GaussianHMM(2, covariance_type="full", n_iter=3).fit(np.random.default_rng(7).normal(size=(40, 2)))


def survival():
    import lifelines
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"t": rng.random(40) * 9 + 1, "e": rng.integers(0, 2, 40), "x": rng.random(40)})
    yield lifelines.CoxPHFitter(penalizer=0.1).fit(frame, "t", "e")
    yield lifelines.LogNormalAFTFitter().fit(frame, "t", "e")


def word_vectors(folder):
    from gensim import corpora, models

    texts = [["red", "fox"], ["blue", "dog", "red"], ["fox", "dog"]] * 4
    model = models.Word2Vec(texts, vector_size=4, min_count=1, sg=1, negative=2)
    model.save(str(folder / "w2v.model"))
    yield model
    yield corpora.Dictionary(texts)
    yield models.TfidfModel(dictionary=corpora.Dictionary(texts))
    yield models.CoherenceModel.__name__


def taggers():
    from nltk.classify import DecisionTreeClassifier
    from nltk.probability import ConditionalFreqDist, FreqDist, LidstoneProbDist
    from nltk.stem import LancasterStemmer, WordNetLemmatizer

    yield DecisionTreeClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y"), ({"a": 1}, "x")])
    yield LidstoneProbDist(FreqDist("abca"), 0.1)
    yield [LancasterStemmer(), WordNetLemmatizer(), ConditionalFreqDist([(1, "a")])]


def social_network():
    import networkx as nx

    graph = nx.barabasi_albert_graph(12, 2, seed=1)
    nx.set_node_attributes(graph, {n: {"at": datetime.date(2024, 1, 1), "tags": {"a"}} for n in graph})
    yield graph
    yield nx.community.louvain_communities(graph, seed=1)
    yield nx.minimum_spanning_tree(graph)
    yield nx.DiGraph({"a": ["b"]}).reverse(copy=True)
    yield dict(graph.degree), nx.to_dict_of_lists(graph), nx.betweenness_centrality(graph)


def land():
    import geopandas
    import pandas as pd
    from shapely.geometry import MultiPolygon, Point, box

    yield geopandas.GeoDataFrame(
        pd.DataFrame({"n": [1]}), geometry=[MultiPolygon([box(0, 0, 1, 1), box(2, 2, 3, 3)])], crs="EPSG:25832"
    )
    yield geopandas.GeoSeries([Point(1, 2), None]).buffer(1)


def climate():
    import numpy as np
    import pandas as pd
    import xarray as xr

    data = xr.Dataset(
        {"t": (("time", "lat"), np.random.rand(3, 2))},
        coords={"time": pd.date_range("2000", periods=3, freq="YS"), "lat": [0.0, 1.0]},
    )
    yield data
    yield data.t.mean("time")
    yield data.resample(time="2YS").mean()
    yield data.t.rolling(time=2).mean()


def telescopes():
    import astropy.units as u
    import numpy as np
    from astropy.coordinates import SkyCoord
    from astropy.table import Table
    from astropy.time import Time, TimeDelta

    yield Table({"flux": np.arange(3) * u.Jy, "t": Time(["2020-01-01"] * 3)})
    yield [TimeDelta(3 * u.s), SkyCoord([1, 2] * u.deg, [3, 4] * u.deg, frame="galactic"), u.AA.to(u.nm)]


def spectra():
    import numpy as np
    from scipy import interpolate, optimize, signal, sparse, stats

    x = np.linspace(0, 1, 30)
    yield interpolate.splrep(x, np.sin(x))
    yield interpolate.BSpline(*interpolate.splrep(x, np.sin(x)))
    yield signal.find_peaks(np.sin(20 * x))
    yield signal.firwin(5, 0.3), signal.StateSpace([[1]], [[1]], [[1]], [[0]])
    yield optimize.minimize_scalar(parabola)
    yield optimize.least_squares(parabola, [1.0])
    yield sparse.diags([1, 2]).tocsr(), sparse.coo_array(np.eye(2))
    yield stats.norm.fit(x), stats.beta(2, 3), stats.poisson(3)
    yield stats.chi2_contingency([[1, 2], [3, 4]])


def parabola(x):
    return (x - 0.5) ** 2


def lake():
    import polars as pl
    import pyarrow as pa

    yield pl.DataFrame({"a": [1.5, None], "t": [datetime.datetime(2020, 1, 1), None], "c": ["x", "y"]}).with_columns(
        pl.col("c").cast(pl.Categorical)
    )
    yield pl.Series("s", [[1, 2], []])
    yield pa.table({"m": pa.array([{"k": 1}, None]), "b": pa.array([b"x", None])})
    yield pa.schema([("a", pa.timestamp("ms", "UTC")), ("b", pa.dictionary(pa.int8(), pa.string()))])


def pictures():
    import numpy as np
    from PIL import Image

    yield {"images": [Image.fromarray(np.zeros((4, 4, 3), "u1"))], "labels": [0]}


def studies():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(one_trial, n_trials=2)
    yield study
    yield study.best_params, study.trials_dataframe() if hasattr(study, "trials_dataframe") else None


def one_trial(trial):
    trial.set_user_attr("fold", [1, 2])
    return trial.suggest_float("a", 1e-3, 1, log=True)


def forecasters():
    import numpy as np
    import pandas as pd
    from sktime.forecasting.compose import EnsembleForecaster
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.forecasting.trend import PolynomialTrendForecaster
    from sktime.transformations.series.boxcox import BoxCoxTransformer

    series = pd.Series(np.arange(36.0) + 1, pd.period_range("2020-01", periods=36, freq="M"))
    yield EnsembleForecaster([("a", NaiveForecaster()), ("b", PolynomialTrendForecaster(degree=2))]).fit(
        series, fh=[1, 2]
    )
    yield BoxCoxTransformer().fit(series)


def streams():
    from river import drift, ensemble, linear_model, metrics, optim, preprocessing, stats

    model = preprocessing.MinMaxScaler() | linear_model.LinearRegression(optim.SGD(0.1))
    for i in range(20):
        model.learn_one({"a": i, "b": i % 3}, i * 2.0)
    yield model
    yield [metrics.MAE(), stats.Mean(), drift.ADWIN()]
    yield ensemble.BaggingRegressor(linear_model.LinearRegression(), n_models=2)


def boosted_jax():
    import jax.numpy as jnp
    import optax

    params = {"w": jnp.ones((2, 2)), "b": jnp.zeros(2)}
    yield {"params": params, "opt": optax.adamw(1e-3).init(params), "step": 10}
    yield optax.chain(
        optax.clip_by_global_norm(1.0), optax.sgd(optax.cosine_decay_schedule(0.1, 10), momentum=0.9)
    ).init(params)
