"""What laboratories and workshops exchange: molecules, beliefs, features, effects, indices, records of all makes.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import collections
import datetime
import fractions
import ipaddress
import itertools
import re
import string
import types
import typing
import weakref

import numpy as np
import pandas as pd


def molecules():
    from rdkit import Chem
    from rdkit.Chem import AllChem

    yield Chem.MolFromSmiles("CCO")
    yield [Chem.MolFromSmiles(s) for s in ("c1ccccc1", "CC(=O)O")]
    yield AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles("CCO"), 2, 64)
    yield pd.DataFrame({"smiles": ["CCO"], "mol": [Chem.MolFromSmiles("CCO")]})


def beliefs(folder):
    import arviz

    data = arviz.from_dict({"posterior": {"mu": np.ones((2, 5))}})
    import pickle

    (folder / "trace.pkl").write_bytes(pickle.dumps(data))


def additive():
    import pygam

    x = np.random.default_rng(0).normal(size=(60, 2))
    yield pygam.LinearGAM(pygam.s(0) + pygam.l(1)).fit(x, x[:, 0])
    yield pygam.LogisticGAM().fit(x, x[:, 0] > 0)


def features():
    import featuretools

    es = featuretools.EntitySet("shop")
    es = es.add_dataframe(dataframe_name="o", dataframe=pd.DataFrame({"id": [1, 2], "x": [0.5, 1]}), index="id")
    yield es
    table, definitions = featuretools.dfs(entityset=es, target_dataframe_name="o", trans_primitives=["absolute"])
    yield table
    yield definitions


def curves():
    import lmfit

    model = lmfit.models.GaussianModel()
    x = np.linspace(-3, 3, 40)
    yield model.fit(np.exp(-(x**2)), model.make_params(amplitude=1, center=0, sigma=1), x=x)
    yield lmfit.create_params(a=1, b={"value": 2, "min": 0})
    yield lmfit.minimize(lambda p: p["a"].value - x, lmfit.create_params(a=1)).params


def searched():
    import bayes_opt

    search = bayes_opt.BayesianOptimization(lambda x: -(x**2), {"x": (-1, 1)}, verbose=0, random_state=0)
    search.maximize(2, 1)
    yield search.max
    yield search.res


def filters():
    from filterpy.kalman import KalmanFilter

    yield KalmanFilter(2, 1)


def evolved():
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.optimize import minimize
    from pymoo.problems import get_problem

    answer = minimize(get_problem("zdt1", n_var=3), NSGA2(8), ("n_gen", 2), seed=1)
    yield answer.X
    yield answer.pop
    yield answer.algorithm


def feelings():
    import textblob
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    yield SentimentIntensityAnalyzer()
    yield textblob.TextBlob("A short text")


def maps_of_neurons():
    import minisom

    yield minisom.MiniSom(3, 3, 2, random_seed=0)


def fitted_by_minuit():
    import iminuit

    yield (
        iminuit.Minuit(iminuit.cost.LeastSquares([1, 2], [1, 2], [1, 1], "line"), 1)
        if False
        else iminuit.util.Matrix(("a",))
    )


def automatic():
    import flaml

    rng = np.random.default_rng(0)
    auto = flaml.AutoML()
    auto.fit(rng.normal(size=(60, 2)), rng.integers(0, 2, 60), task="classification", time_budget=3, verbose=0,
             estimator_list=["lgbm", "rf"])  # fmt: skip
    yield auto


def causes():
    from econml.dml import LinearDML
    from sklearn.linear_model import LassoCV

    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(80, 2)), rng.normal(size=80)
    yield LinearDML(model_y=LassoCV(), model_t=LassoCV()).fit(t * 2, t, X=x)


def causal_graphs():
    import dowhy

    t = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["x", "t", "y"])
    yield dowhy.CausalModel(t, "t", "y", common_causes=["x"])


def controls():
    import control

    yield control.tf([1], [1, 2])
    yield control.ss([[1]], [[1]], [[1]], [[0]])


def pulled_features():
    import tsfresh

    yield tsfresh.feature_extraction.MinimalFCParameters()


def images_of_series():
    from pyts.classification import BOSSVS
    from pyts.image import GramianAngularField

    yield GramianAngularField(4).fit(np.ones((2, 8)))
    yield BOSSVS(window_size=4)


def boosted_by_nature():
    import ngboost

    x = np.random.default_rng(0).normal(size=(40, 2))
    yield ngboost.NGBRegressor(n_estimators=2, verbose=False).fit(x, x[:, 0])


def clustered():
    import hdbscan
    from kmodes.kprototypes import KPrototypes

    x = np.random.default_rng(0).normal(size=(40, 2))
    yield hdbscan.HDBSCAN(prediction_data=True).fit(x)
    yield KPrototypes(2, n_init=1).fit(np.c_[x, x > 0], categorical=[2, 3])


def hidden_states():
    from hmmlearn import hmm

    yield hmm.GaussianHMM(2, n_iter=3).fit(np.random.default_rng(0).normal(size=(40, 1)))
    yield hmm.CategoricalHMM(2, n_iter=2).fit([[0], [1], [0], [1]])


def arima():
    import pmdarima

    yield pmdarima.ARIMA((1, 1, 0)).fit(np.arange(40.0) + np.sin(np.arange(40)))


def quantities_of_the_sky():
    from astropy import coordinates, table, time
    from astropy import units as u

    yield 3 * u.km / u.s
    yield time.Time("2025-01-01")
    yield coordinates.SkyCoord(10 * u.deg, 20 * u.deg)
    yield table.QTable({"a": [1, 2] * u.m})


def cubes():
    import xarray

    cube = xarray.DataArray(np.ones((2, 2)), dims=("t", "x"), coords={"t": pd.date_range("2024", periods=2)})
    yield cube
    yield xarray.Dataset({"a": cube}, attrs={"by": datetime.date(2025, 1, 1)})
    yield cube.groupby("t.month").mean()


def tables_of_others():
    import polars as pl
    import pyarrow as pa

    frame = pl.DataFrame({"a": [1, None], "d": [datetime.date(2025, 1, 1)] * 2, "l": [[1], [2, 3]]})
    yield frame
    yield frame.lazy()
    yield frame["l"]
    yield frame.schema
    yield pl.col("a").sum()
    yield pa.table({"a": [1, 2], "s": [{"x": 1}, None]})
    yield pa.schema([("a", pa.int64()), ("b", pa.dictionary(pa.int8(), pa.string()))])
    yield pa.array(["x"]).dictionary_encode()


def shapes_of_learning():
    import jax.numpy as jnp
    import optax

    params = {"w": jnp.ones((2, 2)), "b": jnp.zeros(2)}
    yield params
    yield optax.adam(1e-3).init(params)


def symbols():
    import sympy

    x, y = sympy.symbols("x y", positive=True)
    yield sympy.sin(x) ** 2 + y
    yield sympy.Matrix([[x, 1], [0, y]])
    yield [sympy.Rational(1, 3), sympy.pi, sympy.Eq(x, y), sympy.Interval(0, 1)]
    yield sympy.Function("f")(x).diff(x)


def skrubbed():
    import skrub

    table = pd.DataFrame({"d": ["2024-01-01", "2024-02-01"] * 5, "c": ["a", "b"] * 5, "x": np.arange(10.0)})
    yield skrub.TableVectorizer().fit(table)
    yield skrub.tabular_pipeline("regressor").fit(table, np.arange(10))


def engineered():
    from feature_engine.encoding import RareLabelEncoder
    from feature_engine.imputation import MeanMedianImputer
    from feature_engine.outliers import Winsorizer

    table = pd.DataFrame({"c": ["a", "b"] * 20, "x": np.arange(40.0)})
    yield RareLabelEncoder().fit(table)
    yield MeanMedianImputer().fit(table)
    yield Winsorizer().fit(table)


def neighbours_of_maps():
    import umap

    yield umap.UMAP(n_epochs=5).fit(np.random.default_rng(0).normal(size=(30, 3)))


def records_of_attrs():
    import attrs

    yield attrs.asdict(Sample("a", 1.5))
    yield Sample("a", 1.5)
    yield [Frozen(1), Frozen(2)]


def records_of_pydantic():
    import pydantic

    yield User(name="a", born=datetime.date(1990, 1, 1), tags={"x"})
    yield User(name="b", born="1991-02-03", link="https://example.org/x", secret=pydantic.SecretStr("s"))


try:
    import attrs
    import pydantic

    @attrs.define
    class Sample:
        name: str
        value: float = attrs.field(validator=attrs.validators.instance_of(float))

    @attrs.frozen
    class Frozen:
        n: int

    class User(pydantic.BaseModel):
        name: str
        born: datetime.date
        tags: set[str] = set()
        link: pydantic.AnyUrl | None = None
        secret: pydantic.SecretStr | None = None
except ImportError:
    pass


class Registry(dict):
    def __missing__(self, key):
        return key


class Celsius(float):
    unit = "C"


class Names(list):
    pass


class Odd(Exception):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code


class Lazy:
    def __init__(self):
        self.cache, self.lock = {}, None

    def __getstate__(self):
        return {"cache": self.cache}


class Pair(typing.Generic[typing.TypeVar("T")]):
    def __init__(self, a, b):
        self.a, self.b = a, b


class Linked:
    def __init__(self):
        self.children, self.parent = [], self


def plain():
    yield Registry(a=1, b={"c": Names([1, 2])})
    yield [Celsius(20.5), fractions.Fraction(1, 3), -0.0, float("nan"), 10**40]
    yield Odd(3, "wrong")
    yield Lazy()
    yield Pair(1, "x")
    yield Linked()
    yield {"net": [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_address("::1")], "re": re.compile("a+", re.I)}
    yield string.Template("$a")
    yield types.SimpleNamespace(a=1, b=types.SimpleNamespace(c=[2]))
    yield collections.ChainMap({"a": 1}, {"b": 2})
    yield collections.UserDict(a=1)
    yield collections.Counter("banana").most_common()
    yield itertools.count(3)
    yield [range(3), slice(1, None, 2), Ellipsis, NotImplemented, type(None), int, list[int], typing.Optional[str]]
    yield {1: "a", (1, 2): frozenset({3}), None: b"\x00", False: "ü"}
    yield datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
    yield zoned()
    yield weakref.WeakValueDictionary
    yield np.random.RandomState(3)
    yield np.random.Generator(np.random.Philox(3))
    yield np.ma.masked_array([1, 2], [True, False])
    yield np.rec.fromrecords([(1, "a")], names="n,s")
    yield np.array([{"a": 1}, None, "x"], dtype=object)
    yield [np.dtype([("a", "f4", (2,)), ("b", "U3")]), np.poly1d([1, 2]), np.datetime64("2025"), np.str_("x")]
    yield np.polynomial.Chebyshev([1, 2])
    yield np.lib.index_tricks.s_[1:3, ...] if hasattr(np.lib, "index_tricks") else np.s_[1:3]


def zoned():
    import zoneinfo

    return {
        "z": zoneinfo.ZoneInfo("Europe/Berlin"),
        "t": datetime.datetime(2025, 7, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
    }


def spoken():
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    yield nlp.to_bytes()
    yield nlp("One two.").to_array(["ORTH", "LENGTH"])
    yield nlp("One two.")
    yield nlp.vocab


def darts_kept():
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import ExponentialSmoothing, LinearRegressionModel

    y = TimeSeries.from_series(pd.Series(np.arange(30.0), index=pd.date_range("2024", periods=30)))
    yield y
    yield Scaler().fit(y)
    yield LinearRegressionModel(lags=3).fit(y)
    yield ExponentialSmoothing().fit(y)


def many_forecasts():
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, Naive

    table = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024", periods=30), "y": np.arange(30.0)})
    yield StatsForecast([Naive(), AutoETS()], "D").fit(table)


def evolved_pipelines():
    import tpot

    yield tpot.TPOTClassifier(generations=1, population_size=2)


def swarms():
    import pyswarms

    best = pyswarms.single.GlobalBestPSO(3, 2, {"c1": 0.5, "c2": 0.3, "w": 0.9})
    best.optimize(lambda x: (x**2).sum(1), 2, verbose=False)
    yield best
    yield best.cost_history


def many_labels():
    from sklearn.tree import DecisionTreeClassifier
    from skmultilearn.problem_transform import BinaryRelevance, LabelPowerset

    x, y = np.eye(6), np.eye(6)[:, :2].astype(int)
    yield BinaryRelevance(DecisionTreeClassifier()).fit(x, y)
    yield LabelPowerset(DecisionTreeClassifier()).fit(x, y)


def transported():
    import ot

    yield ot.da.SinkhornTransport().fit(Xs=np.eye(3), Xt=np.ones((3, 3)))


def programs_of_belief():
    import pymc

    with pymc.Model() as model:
        mean = pymc.Normal("mean", 0, 1)
        pymc.Normal("y", mean, 1, observed=[0.1, 0.2])
    yield model


def smoothed():
    import pykalman

    yield pykalman.KalmanFilter(n_dim_obs=1).em(np.arange(10.0), n_iter=1)
