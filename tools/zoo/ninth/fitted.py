"""Statistics, series, survival, recommenders and reinforcement: results of libraries, as they are kept.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import numpy as np
import pandas as pd


def monthly(rows=72):
    rng = np.random.default_rng(4)
    index = pd.date_range("2018-01-01", periods=rows, freq="MS")
    return pd.Series(50 + 10 * np.sin(np.arange(rows) * np.pi / 6) + rng.normal(0, 2, rows), index, name="sales")


def survey(rows=80):
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"x": rng.normal(size=rows), "z": rng.normal(size=rows), "g": rng.choice(list("abc"), rows)})
    table["y"] = 2 * table["x"] - table["z"] + rng.normal(size=rows)
    table["c"] = rng.poisson(2, rows)
    table["b"] = (table["y"] > 0).astype(int)
    return table


def regressions_with_tables():
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    table = survey()
    yield smf.ols("y ~ x + z + C(g)", table).fit()
    yield smf.ols("np.log(y + 20) ~ x * z + I(x ** 2)", table).fit(cov_type="HC3")
    yield sm.OLS(table["y"], sm.add_constant(table[["x", "z"]])).fit()
    yield sm.WLS(table["y"], table[["x"]], weights=np.ones(80)).fit()
    yield smf.logit("b ~ x", table).fit(disp=0)
    yield sm.Probit(table["b"], table[["z"]]).fit(disp=0)
    yield smf.poisson("c ~ x", table).fit(disp=0)
    yield smf.glm("c ~ x", table, family=sm.families.Poisson()).fit()
    yield sm.GLM(table["b"], table[["x"]], family=sm.families.Binomial()).fit()
    yield sm.GLM(np.exp(table["y"] / 9), table[["x"]], family=sm.families.Gamma(sm.families.links.Log())).fit()
    yield smf.mixedlm("y ~ x", table, groups=table["g"]).fit()
    yield smf.quantreg("y ~ x", table).fit(0.5)
    yield sm.RLM(table["y"], table[["x"]], M=sm.robust.norms.HuberT()).fit()
    yield smf.gee("y ~ x", "g", table, cov_struct=sm.cov_struct.Exchangeable()).fit()
    yield sm.stats.anova_lm(smf.ols("y ~ C(g)", table).fit())
    yield sm.nonparametric.KDEUnivariate(table["y"]).fit() or sm.nonparametric.lowess(table["y"], table["x"])
    yield sm.OLS(table["y"], table[["x"]]).fit().summary2().tables
    yield sm.MNLogit(table["g"].astype("category").cat.codes, table[["x"]]).fit(disp=0)
    yield sm.NegativeBinomial(table["c"], table[["x"]]).fit(disp=0)


def series():
    from statsmodels.tsa.api import VAR, AutoReg, ExponentialSmoothing, Holt, SimpleExpSmoothing
    from statsmodels.tsa.arima.model import ARIMA
    from statsmodels.tsa.seasonal import STL, seasonal_decompose
    from statsmodels.tsa.statespace.sarimax import SARIMAX
    from statsmodels.tsa.statespace.structural import UnobservedComponents
    from statsmodels.tsa.stattools import adfuller

    s = monthly()
    yield ARIMA(s, order=(1, 1, 1)).fit()
    yield SARIMAX(s, order=(1, 0, 0), seasonal_order=(0, 1, 0, 12)).fit(disp=False)
    yield ExponentialSmoothing(s, trend="add", seasonal="mul", seasonal_periods=12).fit()
    yield (
        Holt(s, initialization_method="estimated").fit(),
        SimpleExpSmoothing(s, initialization_method="estimated").fit(),
    )
    yield AutoReg(s, 2).fit(), VAR(np.c_[s, s.shift(1).bfill() ** 2]).fit(1)
    yield seasonal_decompose(s, period=12), STL(s).fit()
    yield UnobservedComponents(s, "local level").fit(disp=False)
    yield adfuller(s)


def prophets():
    from prophet import Prophet
    from prophet.serialize import model_to_json

    model = Prophet(weekly_seasonality=False, daily_seasonality=False)
    model.add_country_holidays("DE")
    yield model
    model = Prophet(yearly_seasonality=3, weekly_seasonality=False, daily_seasonality=False)
    model.add_seasonality("monthly", 30.5, 2)
    model.fit(monthly().rename_axis("ds").rename("y").reset_index())
    yield model
    yield {"model": model, "forecast": model.predict(model.make_future_dataframe(3, freq="MS"))}
    yield model_to_json(model)


def auto_arimas():
    import pmdarima

    yield pmdarima.auto_arima(monthly(), seasonal=False, start_p=1, start_q=1, max_p=1, max_q=1)
    yield pmdarima.ARIMA((1, 0, 0)).fit(monthly())
    yield pmdarima.pipeline.Pipeline(
        [("box", pmdarima.preprocessing.BoxCoxEndogTransformer()), ("arima", pmdarima.ARIMA((1, 0, 0)))]
    ).fit(monthly())


def sk_series():
    from sklearn.linear_model import Ridge
    from sktime.forecasting.compose import TransformedTargetForecaster, make_reduction
    from sktime.forecasting.exp_smoothing import ExponentialSmoothing
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.forecasting.theta import ThetaForecaster
    from sktime.forecasting.trend import PolynomialTrendForecaster
    from sktime.transformations.series.detrend import Deseasonalizer, Detrender

    s = monthly().to_period("M")
    yield NaiveForecaster("last", sp=12).fit(s, fh=[1, 2])
    yield ThetaForecaster(sp=12).fit(s)
    yield PolynomialTrendForecaster(degree=2).fit(s)
    yield make_reduction(Ridge(), window_length=3).fit(s, fh=[1])
    yield TransformedTargetForecaster([("d", Deseasonalizer(sp=12)), ("t", Detrender()), ("f", NaiveForecaster())]).fit(
        s, fh=[1]
    )
    yield ExponentialSmoothing(trend="add").fit(s)


def series_of_nixtla():
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, Naive, SeasonalNaive

    table = pd.DataFrame({"unique_id": "a", "ds": monthly().index, "y": monthly().to_numpy()})
    yield StatsForecast([SeasonalNaive(12), Naive()], "MS").fit(table)
    yield AutoETS(season_length=12)


def machine_learned_series():
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    table = pd.DataFrame({"unique_id": "a", "ds": monthly().index, "y": monthly().to_numpy()})
    model = MLForecast(
        [LGBMRegressor(n_estimators=2, verbose=-1)],
        "MS",
        [1, 12],
        lag_transforms={1: [RollingMean(3)]},
        date_features=["month"],
    )
    yield model.fit(table)


def darts_like():
    from darts import TimeSeries
    from darts.models import ExponentialSmoothing, LinearRegressionModel, NaiveSeasonal

    s = TimeSeries.from_series(monthly())
    yield s
    model = LinearRegressionModel(lags=3)
    model.fit(s)
    yield model
    model = NaiveSeasonal(12)
    model.fit(s)
    yield model
    model = ExponentialSmoothing()
    model.fit(s)
    yield model


def volatility():
    from arch import arch_model

    returns = monthly().diff().dropna()
    yield arch_model(returns, vol="GARCH", p=1, q=1).fit(disp="off")
    yield arch_model(returns, mean="AR", lags=1, dist="t").fit(disp="off")


def survival():
    from lifelines import CoxPHFitter, KaplanMeierFitter, NelsonAalenFitter, WeibullFitter

    table = survey()[["x", "z"]].assign(t=np.arange(1, 81), e=1)
    yield KaplanMeierFitter().fit(table["t"], table["e"])
    yield CoxPHFitter().fit(table, "t", "e")
    yield NelsonAalenFitter().fit(table["t"]), WeibullFitter().fit(table["t"])


def survival_of_sklearn():
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    table = survey()
    y = Surv.from_arrays(np.ones(80, bool), np.arange(1.0, 81))
    yield CoxPHSurvivalAnalysis().fit(table[["x"]], y), RandomSurvivalForest(3).fit(table[["x"]], y)
    yield y


def recommended():
    from surprise import SVD, BaselineOnly, Dataset, KNNBasic, Reader
    from surprise.model_selection import train_test_split

    table = pd.DataFrame({"u": list("aabbcc") * 3, "i": list("xyxzyz") * 3, "r": [1, 2, 3, 4, 5, 1] * 3})
    data = Dataset.load_from_df(table, Reader(rating_scale=(1, 5)))
    train, test = train_test_split(data)
    for model in (SVD(n_epochs=2), KNNBasic(verbose=False), BaselineOnly(verbose=False)):
        yield model.fit(train)
    yield train
    yield SVD(n_epochs=1).fit(train).test(test)


def implied():
    import scipy.sparse as sp
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import CosineRecommender

    m = sp.random(8, 6, 0.5, "csr", random_state=1, dtype="float32")
    for model in (
        AlternatingLeastSquares(2, iterations=2),
        CosineRecommender(2),
        BayesianPersonalizedRanking(2, iterations=2),
    ):
        model.fit(m, show_progress=False)
        yield model


def hidden_states():
    from hmmlearn.hmm import CategoricalHMM, GaussianHMM

    yield GaussianHMM(2, n_iter=3).fit(monthly().to_numpy()[:, None])
    yield CategoricalHMM(2, n_iter=3).fit(np.array([[0, 1, 2, 1] * 5]).T)


def filters():
    from filterpy.kalman import KalmanFilter

    kalman = KalmanFilter(2, 1)
    kalman.predict()
    kalman.update(1.0)
    yield kalman


def rivers():
    from river import compose, drift, linear_model, metrics, preprocessing, tree

    model = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    for number in range(9):
        model.learn_one({"a": number, "b": -number}, number > 4)
    yield model
    yield tree.HoeffdingTreeClassifier(), drift.ADWIN(), metrics.Accuracy()


def agents():
    import gymnasium

    yield gymnasium.spaces.Box(-1, 1, (3,)), gymnasium.spaces.Discrete(4)
    yield gymnasium.spaces.Dict(
        {"a": gymnasium.spaces.MultiBinary(2), "b": gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(2)])}
    )
    yield {(0, 1): np.zeros(4), (1, 1): np.ones(4)}


def agents_of_baselines(folder):
    from stable_baselines3 import A2C, DQN, PPO

    PPO("MlpPolicy", "CartPole-v1", n_steps=8, batch_size=8).learn(16).save(folder / "ppo.zip")
    A2C("MlpPolicy", "CartPole-v1").save(folder / "a2c.zip")
    model = DQN("MlpPolicy", "CartPole-v1", learning_starts=2, buffer_size=50).learn(20)
    model.save(folder / "dqn.zip")
    model.save_replay_buffer(folder / "buffer.pkl")


def evolved():
    import random

    from deap import base, creator, tools

    creator.create("Best", base.Fitness, weights=(1.0,))
    creator.create("Genome", list, fitness=creator.Best)
    yield [creator.Genome([random.random() for _ in range(3)]) for _ in range(4)]
    book = tools.Logbook()
    book.record(gen=1, best=0.5)
    yield book
    hall = tools.HallOfFame(2)
    yield hall


def places():
    import geopandas
    import shapely

    yield geopandas.GeoDataFrame({"n": ["a"]}, geometry=[shapely.Point(1, 2)], crs="EPSG:4326")
    yield geopandas.GeoSeries([shapely.box(0, 0, 1, 1)])
    yield shapely.Polygon([(0, 0), (1, 0), (1, 1)]), shapely.LineString([(0, 0), (1, 1)])


def cubes():
    import xarray

    yield xarray.Dataset(
        {"t": (("time", "x"), np.ones((2, 3)))}, {"time": pd.date_range("2024", periods=2)}, {"unit": "K"}
    )
    yield xarray.DataArray(np.eye(2), dims=("a", "b"), name="eye")


def pictures():
    import skimage.transform
    from skimage.feature import SIFT

    yield skimage.transform.AffineTransform(scale=(2, 2)), skimage.transform.SimilarityTransform(rotation=1)
    yield SIFT()


def drawn():
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    import seaborn

    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], label="a")
    yield figure
    yield seaborn.color_palette("viridis", 3), plt.get_cmap("viridis"), matplotlib.colors.Normalize(0, 1)
    yield matplotlib.colors.ListedColormap(["red", "blue"])


def interactive():
    import plotly.graph_objects as go

    yield go.Figure(go.Scatter(x=[1, 2], y=[3, 4])).to_dict()


def causes():
    from econml.dml import LinearDML

    table = survey()
    yield LinearDML(discrete_treatment=False, cv=2).fit(table["y"], table["x"], X=table[["z"]])
