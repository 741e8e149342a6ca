"""Tables: pandas with every dtype, polars, pyarrow, dask, and what analyses of them leave behind."""

import datetime

import numpy as np
import pandas as pd

FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ["a", None, "c"],
        "when": pd.to_datetime(["2020-01-01", None, "2021-05-05"]),
        "price": [1.5, np.nan, 2.0],
        "ok": [True, False, True],
        "group": pd.Categorical(["u", "v", "u"], ordered=True),
    }
)


def frames():
    yield FRAME
    yield FRAME.set_index("id")
    yield FRAME.T
    yield FRAME.iloc[:0]
    yield FRAME.astype({"id": "Int64", "price": "Float32", "ok": "boolean", "name": "string"})
    yield FRAME.assign(raw=[{"a": 1}, [1, 2], (3,)])
    yield FRAME.convert_dtypes()
    yield FRAME.describe()
    yield FRAME.describe(include="all")
    yield FRAME.dtypes
    yield FRAME.isna()
    yield FRAME.columns
    yield {"train": FRAME, "test": FRAME.sample(1, random_state=1), "at": datetime.datetime(2020, 1, 1)}


def frames_with_attributes():
    frame = FRAME.copy()
    frame.attrs["source"] = "crm"
    frame.flags.allows_duplicate_labels = True
    yield frame
    yield pd.concat([FRAME, FRAME], keys=["x", "y"])
    yield FRAME.melt(id_vars="id", value_vars=["price"])
    yield FRAME.pivot_table(values="price", index="group", columns="ok", observed=False)
    yield pd.crosstab(FRAME["group"], FRAME["ok"])
    yield FRAME.merge(FRAME, on="id")


def groups():
    yield FRAME.groupby("group", observed=True)["price"].mean()
    yield FRAME.groupby(["group", "ok"], observed=True).agg({"price": ["mean", "max"]})
    yield FRAME.groupby("ok").size()
    yield dict(iter(FRAME.groupby("ok")))
    yield FRAME.groupby("ok").groups
    yield FRAME.groupby("ok")
    yield FRAME.groupby("ok")["price"]
    yield FRAME["price"].rolling(2).mean()
    yield FRAME["price"].value_counts()


def columns():
    yield pd.Series([1, 2], name="n", index=["a", "b"])
    yield pd.Series([1, None], dtype="Int8")
    yield pd.Series(["a", None], dtype="string")
    yield pd.Series([True, None], dtype="boolean")
    yield pd.Series([0, 0, 1], dtype=pd.SparseDtype("float", 0.0))
    yield pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2]))
    yield pd.Series(pd.period_range("2020", periods=2, freq="Q"))
    yield pd.Series(pd.to_timedelta([1, 2], unit="h"))
    yield pd.Series(pd.date_range("2020", periods=2, tz="US/Eastern"))
    yield pd.Series([1 + 2j])
    yield pd.Series(dtype=object)
    yield pd.Series([datetime.date(2020, 1, 1), datetime.time(1)])
    yield pd.Series([np.ones(2), np.zeros(3)])


def indexes():
    yield pd.RangeIndex(3)
    yield pd.Index(["a", "b"], name="k")
    yield pd.Index([1.5, 2.5])
    yield pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"])
    yield pd.MultiIndex.from_tuples([(pd.Timestamp("2020"), "a")])
    yield pd.CategoricalIndex(["a", "b", "a"])
    yield pd.IntervalIndex.from_breaks([0, 1, 2], closed="left")
    yield pd.DatetimeIndex(["2020", "2021"])
    yield pd.date_range("2020", periods=3, freq="ME")
    yield pd.date_range("2020", periods=3, freq="B", tz="UTC")
    yield pd.PeriodIndex(["2020-01", "2020-02"], freq="M")
    yield pd.TimedeltaIndex(["1h", "2h"])
    yield pd.interval_range(0, 3)
    yield pd.bdate_range("2020", periods=3)


def scalars():
    yield [pd.Timestamp("2020"), pd.Timestamp("2020", tz="Asia/Kolkata"), pd.Timedelta("1h"), pd.Period("2020-01", "M")]
    yield [pd.NaT, pd.NA, pd.Interval(0, 1), pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021"), closed="both")]
    yield [
        pd.Int64Dtype(),
        pd.CategoricalDtype(["a"], True),
        pd.StringDtype(),
        pd.DatetimeTZDtype(tz="UTC"),
        pd.BooleanDtype(),
    ]
    yield [pd.PeriodDtype("M"), pd.IntervalDtype("int64"), pd.SparseDtype("int"), pd.Float32Dtype()]
    yield [pd.Timestamp, pd.DataFrame, pd.Series, pd.to_datetime, pd.read_csv, pd.concat]


def offsets():
    yield [
        pd.offsets.MonthEnd(),
        pd.offsets.BDay(2),
        pd.offsets.Week(weekday=1),
        pd.offsets.Hour(3),
        pd.DateOffset(months=2),
    ]
    yield [
        pd.offsets.CustomBusinessDay(holidays=["2020-01-01"]),
        pd.offsets.QuarterEnd(),
        pd.offsets.YearBegin(),
        pd.offsets.Easter(),
    ]
    yield [pd.offsets.BusinessHour(), pd.offsets.FY5253(weekday=1), pd.offsets.SemiMonthEnd(), pd.offsets.Nano(1)]
    from pandas.tseries.holiday import USFederalHolidayCalendar

    yield USFederalHolidayCalendar()
    yield USFederalHolidayCalendar().holidays("2020", "2021")


def categories():
    yield pd.Categorical(["a", "b"], categories=["b", "a", "c"])
    yield pd.cut([1, 5, 9], [0, 3, 6, 10])
    yield pd.qcut(np.arange(10), 4)
    yield pd.cut(pd.Series([1, 5]), 2, labels=["lo", "hi"])


def arrays_of_extensions():
    yield pd.array([1, None], dtype="Int32")
    yield pd.array(["a"], dtype="string")
    yield pd.arrays.SparseArray([0, 1, 0])
    yield pd.array([pd.Timestamp("2020")])
    yield pd.arrays.BooleanArray(np.array([True]), np.array([False]))


def pandas_files(folder):
    FRAME.to_pickle(folder / "frame.pkl")
    FRAME.to_pickle(folder / "frame.pkl.gz")
    FRAME.to_pickle(folder / "frame.pkl.bz2")
    FRAME.to_pickle(folder / "frame.pkl.xz")
    FRAME.to_pickle(folder / "frame.pkl.zip")
    FRAME.to_pickle(folder / "frame.pkl.tar")
    return ()


def arrow_columns():
    import pyarrow as pa

    yield pd.Series([1, None], dtype="int64[pyarrow]")
    yield pd.Series(["a"], dtype="string[pyarrow]")
    yield FRAME.drop(columns="group").convert_dtypes(dtype_backend="pyarrow")
    yield pd.Series([[1], [2, 3]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    yield pd.ArrowDtype(pa.timestamp("us"))


def arrow():
    import pyarrow as pa

    table = pa.table(
        {"a": [1, 2], "b": ["x", None], "c": pa.array([[1], []]), "d": pa.array(["u", "u"]).dictionary_encode()}
    )
    yield table
    yield table.schema
    yield table.to_batches()[0]
    yield pa.array([1, None, 3])
    yield pa.chunked_array([[1], [2]])
    yield [pa.int64(), pa.string(), pa.struct([("a", pa.int8())]), pa.decimal128(5, 2), pa.list_(pa.float32())]
    yield pa.scalar(3)
    yield pa.field("a", pa.int8(), metadata={"k": "v"})
    yield pa.py_buffer(b"abc")
    yield pa.map_(pa.string(), pa.int32())
    yield pa.compute.field("a") > 3


def polar():
    import polars as pl

    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None], "c": [[1], [2]], "d": [datetime.date(2020, 1, 1), None]})
    yield frame
    yield frame["a"]
    yield frame.lazy()
    yield frame.lazy().filter(pl.col("a") > 1)
    yield frame.schema
    yield [pl.Int64, pl.Utf8(), pl.List(pl.Int8), pl.Datetime("us", "UTC"), pl.Categorical(), pl.Enum(["a"])]
    yield pl.col("a").sum().alias("s")


def lazy_frames():
    import dask.dataframe as dd

    frame = dd.from_pandas(pd.DataFrame({"a": [1, 2, 3, 4], "b": list("wxyz")}), npartitions=2)
    yield frame
    yield frame["a"].sum()
    yield frame.groupby("b").a.mean()
    yield frame[frame.a > 1]


def bags():
    import dask
    import dask.bag as db

    yield db.from_sequence([1, 2, 3], npartitions=2)
    yield dask.delayed(sum)([1, 2])


def patsy_matrices():
    import patsy

    outcome, design = patsy.dmatrices("price ~ id", FRAME.dropna())
    yield np.asarray(design)
    yield patsy.dmatrix("id", FRAME, return_type="dataframe")


def formulaic_matrices():
    import formulaic

    matrix = formulaic.model_matrix("id", FRAME)
    yield matrix
    yield matrix.model_spec
    yield formulaic.Formula("a ~ b + c")


def holidays_of_countries():
    import holidays

    yield holidays.country_holidays("DE", years=2020)
    yield holidays.US(state="CA", years=[2020, 2021])


def optuna_studies():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1), pruner=optuna.pruners.MedianPruner())
    study.optimize(objective, n_trials=3)
    yield study
    yield study.best_trial
    yield study.trials
    yield study.sampler
    yield optuna.distributions.FloatDistribution(0, 1)


def objective(trial):
    return (
        trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_int("k", 1, 3) + len(trial.suggest_categorical("c", ["a"]))
    )


def hyperopt_trials():
    import hyperopt

    trials = hyperopt.Trials()
    hyperopt.fmin(
        half,
        hyperopt.hp.uniform("x", 0, 1),
        max_evals=3,
        trials=trials,
        show_progressbar=False,
        rstate=np.random.default_rng(1),
    )
    yield trials
    yield {"x": hyperopt.hp.uniform("x", 0, 1)}


def half(x):
    return x / 2


def figures():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 2], label="a")
    axes.legend()
    yield figure
    yield plt.cm.viridis
    yield matplotlib.colors.Normalize(0, 1)


def plots():
    import plotly.graph_objects as go

    yield go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
