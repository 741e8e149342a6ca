"""What people hand over after work with tables: pipelines with steps of their own, results, searches, recommenders.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import dataclasses
import datetime
import decimal
import enum
import pathlib
import typing
import uuid

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin


def houses(rows=90):
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {
            "rooms": rng.integers(1, 8, rows),
            "area": rng.normal(90, 30, rows),
            "district": rng.choice(["north", "south", "east"], rows),
            "sold": pd.date_range("2023-01-01", periods=rows, freq="D"),
            "note": rng.choice(["nice garden", "needs work", "near the station"], rows),
        }
    )
    return table, table["area"] * 2 + table["rooms"] * 10, (table["area"] > 90).astype(int)


class ColumnPicker(BaseEstimator, TransformerMixin):
    def __init__(self, columns):
        self.columns = columns

    def fit(self, x, y=None):
        self.seen_ = list(x.columns)
        return self

    def transform(self, x):
        return x[self.columns]


class Clipper(TransformerMixin, BaseEstimator):
    def __init__(self, low=0.05, high=0.95):
        self.low, self.high = low, high

    def fit(self, x, y=None):
        self.bounds_ = np.asarray(x).min(0), np.asarray(x).max(0)
        self.seen_on_ = datetime.date(2025, 3, 1)
        return self

    def transform(self, x):
        return np.clip(x, *self.bounds_)


class MeanOfGroups(RegressorMixin, BaseEstimator):
    def fit(self, x, y):
        self.table_ = pd.Series(np.asarray(y)).groupby(np.asarray(x)[:, 0]).mean()
        self.default_ = float(np.mean(y))
        return self

    def predict(self, x):
        return np.array([self.table_.get(row[0], self.default_) for row in np.asarray(x)])


class Majority(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.answer_ = self.classes_[counts.argmax()]
        return self

    def predict(self, x):
        return np.full(len(x), self.answer_)


def add_ratio(table):
    return table.assign(ratio=table["area"] / table["rooms"])


def month_of(table):
    return table.apply(lambda column: column.dt.month)


def pipelines_of_own_steps():
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
    from sklearn.ensemble import StackingRegressor
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    table, price, large = houses()
    numbers = ["rooms", "area"]
    yield make_pipeline(ColumnPicker(numbers), Clipper(), Ridge()).fit(table, price)
    yield make_pipeline(ColumnPicker(numbers), MeanOfGroups()).fit(table, price)
    yield make_pipeline(ColumnPicker(numbers), Majority()).fit(table, large)
    yield make_pipeline(FunctionTransformer(add_ratio), ColumnPicker(["ratio"]), Ridge()).fit(table, price)
    prepare = ColumnTransformer(
        [
            ("n", StandardScaler(), make_column_selector(dtype_include=np.number)),
            ("c", OneHotEncoder(handle_unknown="ignore"), ["district"]),
            ("m", FunctionTransformer(month_of), ["sold"]),
        ],
        remainder="drop",
        verbose_feature_names_out=False,
    )
    yield prepare.fit(table)
    yield make_pipeline(prepare, Ridge()).fit(table, price)
    yield TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1).fit(table[numbers], price)
    yield FeatureUnion([("own", Clipper()), ("scale", StandardScaler())]).fit(table[numbers])
    yield StackingRegressor([("own", MeanOfGroups()), ("ridge", Ridge())], final_estimator=Ridge()).fit(
        table[numbers], price
    )


def functions_of_libraries():
    import scipy.special
    from sklearn.preprocessing import FunctionTransformer

    for function in (np.log1p, np.sqrt, np.abs, scipy.special.expit, np.nan_to_num, pd.to_numeric):
        yield FunctionTransformer(function, validate=False)
    yield FunctionTransformer(np.log1p, inverse_func=np.expm1, kw_args=None)
    yield FunctionTransformer(pd.DataFrame.to_numpy)
    yield FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1})


def searches_of_own_steps():
    from sklearn.experimental import enable_halving_search_cv
    from sklearn.linear_model import Lasso, LogisticRegression
    from sklearn.metrics import make_scorer, mean_absolute_percentage_error
    from sklearn.model_selection import (
        GroupKFold,
        HalvingGridSearchCV,
        RandomizedSearchCV,
        TimeSeriesSplit,
        TunedThresholdClassifierCV,
        cross_val_predict,
    )
    from sklearn.pipeline import make_pipeline

    table, price, large = houses()
    x = table[["rooms", "area"]]
    flow = make_pipeline(Clipper(), Lasso())
    yield RandomizedSearchCV(flow, {"lasso__alpha": [0.1, 1]}, n_iter=2, cv=TimeSeriesSplit(3)).fit(x, price)
    yield HalvingGridSearchCV(Lasso(), {"alpha": [0.1, 1, 10]}, cv=2).fit(x, price)
    yield make_scorer(mean_absolute_percentage_error, greater_is_better=False)
    yield GroupKFold(3)
    yield list(GroupKFold(3).split(x, price, table["district"]))
    yield TunedThresholdClassifierCV(LogisticRegression(), cv=2).fit(x, large)
    yield {"oof": cross_val_predict(Lasso(), x, price), "features": list(x.columns), "when": datetime.datetime.now()}


def newer_learners():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import HDBSCAN, BisectingKMeans
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression, QuantileRegressor
    from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
    from sklearn.preprocessing import KBinsDiscretizer, SplineTransformer, TargetEncoder
    from sklearn.semi_supervised import SelfTrainingClassifier

    table, price, large = houses()
    x = table[["rooms", "area"]].to_numpy()
    logistic = LogisticRegression().fit(x, large)
    yield FrozenEstimator(logistic)
    yield CalibratedClassifierCV(FrozenEstimator(logistic), method="isotonic").fit(x, large)
    yield HistGradientBoostingClassifier(max_iter=5, categorical_features=[0]).fit(x, large)
    yield HistGradientBoostingRegressor(max_iter=5, monotonic_cst=[1, 0], loss="quantile", quantile=0.5).fit(x, price)
    yield HDBSCAN().fit(x)
    yield BisectingKMeans(3, n_init=1).fit(x)
    yield QuantileRegressor().fit(x, price)
    yield ClassifierChain(LogisticRegression()).fit(x, np.c_[large, 1 - large])
    yield MultiOutputRegressor(HistGradientBoostingRegressor(max_iter=3)).fit(x, np.c_[price, price])
    yield SplineTransformer().fit(x)
    yield TargetEncoder(cv=3).fit(table[["district"]], price)
    yield KBinsDiscretizer(3, encode="onehot-dense").fit(x)
    yield SelfTrainingClassifier(LogisticRegression()).fit(x, np.where(np.arange(len(x)) % 3, large, -1))


class Stage(enum.Enum):
    RAW = "raw"
    CLEAN = "clean"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Settings:
    rate: float = 0.1
    layers: typing.List[int] = dataclasses.field(default_factory=lambda: [16, 8])
    stage: Stage = Stage.RAW
    folder: pathlib.Path = pathlib.Path("runs") / "first"


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    amount: decimal.Decimal
    when: datetime.datetime


@dataclasses.dataclass(slots=True)
class Slotted:
    x: float
    y: float


class Measured(typing.NamedTuple):
    name: str
    value: float
    at: datetime.datetime


class Artifact:
    """A model with all that belongs to it, as many keep it."""

    def __init__(self, model, **facts):
        self.model, self.facts, self.version = model, facts, (1, 2, 0)


def artifacts():
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import StandardScaler

    table, price, _ = houses()
    model = LinearRegression().fit(table[["area"]], price)
    yield Artifact(model, trained=datetime.datetime(2025, 1, 2, tzinfo=datetime.timezone.utc), run=uuid.UUID(int=5))
    yield {"model": model, "scaler": StandardScaler().fit(table[["area"]]), "settings": Settings()}
    yield {"model": model, "schema": dict(table.dtypes), "sample": table.head(3), "stage": Stage.CLEAN}
    yield (model, Settings(layers=[4]), ["area"])
    yield [Row("a", decimal.Decimal("1.50"), datetime.datetime(2025, 1, 1)), Row("b", decimal.Decimal(2), None)]
    yield [Slotted(1, 2), Slotted(0.5, -1)]
    yield [Measured("t", 20.5, datetime.datetime(2025, 1, 1, 12))]
    yield {"levels": [Level.LOW, Level.HIGH], "access": Access.READ | Access.WRITE}
    yield {Stage.RAW: ["a"], Stage.CLEAN: ["b"]}


def orders_of_a_shop():
    zone = datetime.timezone(datetime.timedelta(hours=2), "CEST")
    yield [
        {
            "id": uuid.UUID(int=number),
            "at": datetime.datetime(2025, 5, 1, number, tzinfo=zone),
            "total": decimal.Decimal(number) / 3,
            "file": pathlib.PurePosixPath("/data") / f"{number}.csv",
            "lines": ({"sku": f"A{number}", "n": number, "tags": frozenset({"x"})},),
        }
        for number in range(5)
    ]
    yield {"days": [datetime.date(2025, 1, d) for d in (1, 2)], "wait": datetime.timedelta(minutes=5)}
    yield {"open": datetime.time(8, 30), "blob": bytearray(b"abc"), "raw": memoryview(b"ab").tobytes(), "z": 1 + 2j}


def tables_of_every_kind():
    table, price, _ = houses()
    yield table.set_index(["district", "sold"]).sort_index()
    yield table.convert_dtypes()
    yield table.astype({"district": "category", "note": "string"})
    yield table.groupby("district").agg({"area": ["mean", "std"], "rooms": "max"})
    yield table.pivot_table(index="district", columns="rooms", values="area")
    yield pd.cut(price, 4)
    yield pd.qcut(price, 3, labels=["low", "mid", "high"])
    yield pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3]))
    yield pd.Series(pd.period_range("2024-01", periods=4, freq="M"))
    yield pd.Series(pd.timedelta_range("1h", periods=4))
    yield pd.Series(pd.arrays.SparseArray([0, 0, 1, 2]))
    yield pd.DataFrame({"b": pd.array([True, None], dtype="boolean"), "f": pd.array([1.5, None], dtype="Float32")})
    yield pd.Series(pd.date_range("2024", periods=3, tz="Europe/Paris"))
    yield pd.Series(["a", None], dtype="string[python]")
    yield pd.DataFrame({"o": [decimal.Decimal(1), pathlib.Path("x"), {"a": 1}]})
    yield [pd.Timestamp("2024-01-01", tz="UTC"), pd.NaT, pd.Timedelta("1D"), pd.Period("2024Q1"), pd.NA]
    yield [pd.offsets.MonthEnd(2), pd.offsets.BDay(), pd.tseries.offsets.Week(weekday=2), pd.DateOffset(months=1)]
    yield pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["l", "n"])
    yield pd.CategoricalDtype(["a", "b"], ordered=True)
    yield dict(table.groupby("district"))
    yield table.style
    yield table.groupby("district")
    yield table["area"].rolling(3)
    yield table.describe(include="all")
    holidays = pd.tseries.offsets.CustomBusinessDay(holidays=["2024-01-01"])
    yield pd.Series(range(3), index=pd.date_range("2024-01-02", periods=3, freq=holidays))
    frame = table.head(2).copy()
    frame.attrs["source"] = {"file": pathlib.Path("a.csv"), "read": datetime.datetime(2025, 1, 1)}
    yield frame


def by_value():
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    table, price, _ = houses()
    yield make_pipeline(ColumnPicker(["area"]), Ridge()).fit(table, price)
    yield {"columns": ["area"], "fill": {"area": 0.0}, "add": add_ratio}
    yield [houses, np.mean, np.linalg.norm, pd.read_csv, len, sorted]


def balanced():
    from imblearn.ensemble import BalancedRandomForestClassifier, EasyEnsembleClassifier, RUSBoostClassifier
    from imblearn.over_sampling import ADASYN, SMOTENC, BorderlineSMOTE
    from imblearn.pipeline import make_pipeline
    from imblearn.under_sampling import NearMiss, TomekLinks
    from sklearn.linear_model import LogisticRegression

    table, _, large = houses()
    x = table[["rooms", "area"]].to_numpy()
    for sampler in (BorderlineSMOTE(), TomekLinks(), NearMiss(), SMOTENC([0])):
        yield make_pipeline(sampler, LogisticRegression()).fit(x, large)
    yield BalancedRandomForestClassifier(5).fit(x, large)
    yield EasyEnsembleClassifier(2).fit(x, large)
    yield RUSBoostClassifier(n_estimators=2).fit(x, large)
    yield ADASYN()


def encoded():
    import category_encoders as ce

    table, _price, large = houses()
    for name in (
        "CatBoostEncoder",
        "GLMMEncoder",
        "QuantileEncoder",
        "HashingEncoder",
        "PolynomialEncoder",
        "CountEncoder",
    ):
        yield getattr(ce, name)(cols=["district"]).fit(table[["district", "area"]], large)


def extended():
    from mlxtend.classifier import EnsembleVoteClassifier, StackingCVClassifier
    from mlxtend.feature_selection import SequentialFeatureSelector
    from mlxtend.frequent_patterns import apriori, association_rules
    from mlxtend.preprocessing import TransactionEncoder
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    table, _, large = houses()
    x = table[["rooms", "area"]].to_numpy()
    yield EnsembleVoteClassifier([LogisticRegression(), DecisionTreeClassifier()]).fit(x, large)
    yield StackingCVClassifier([DecisionTreeClassifier()], LogisticRegression(), cv=2).fit(x, large)
    yield SequentialFeatureSelector(LogisticRegression(), 1, cv=2).fit(x, large)
    coder = TransactionEncoder().fit([["milk", "bread"], ["bread"], ["milk", "bread", "jam"]])
    yield coder
    found = apriori(pd.DataFrame(coder.transform([["milk", "bread"], ["bread"]]), columns=coder.columns_), 0.4, True)
    yield found
    yield association_rules(found, min_threshold=0.1)
