"""Results of statistics, forecasts, survival, causes, optimisation and recommenders, as reports keep them.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import numpy as np
import pandas as pd


def series(rows=72):
    rng = np.random.default_rng(5)
    steps = np.arange(rows)
    values = 20 + 0.3 * steps + 4 * np.sin(steps / 12 * 6.28) + rng.normal(size=rows)
    return pd.Series(values, index=pd.date_range("2018-01-01", periods=rows, freq="MS"), name="y")


def regression():
    rng = np.random.default_rng(8)
    table = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "c"])
    table["y"] = table["a"] * 2 - table["b"] + rng.normal(size=80)
    table["k"] = rng.poisson(3, 80)
    table["z"] = (table["y"] > 0).astype(int)
    table["g"] = rng.choice(["u", "v", "w"], 80)
    return table


def fits_of_statsmodels():
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    t = regression()
    yield smf.ols("y ~ a * b + C(g)", t).fit(cov_type="HC3")
    yield smf.logit("z ~ a + np.exp(b / 5)", t).fit(disp=0)
    yield smf.poisson("k ~ a + b", t).fit(disp=0)
    yield smf.glm("k ~ a", t, family=sm.families.NegativeBinomial()).fit()
    yield smf.mixedlm("y ~ a", t, groups=t["g"]).fit()
    yield smf.quantreg("y ~ a", t).fit(q=0.3)
    yield smf.rlm("y ~ a + b", t, M=sm.robust.norms.TukeyBiweight()).fit()
    yield smf.gee("y ~ a", "g", t, cov_struct=sm.cov_struct.Exchangeable()).fit()
    yield sm.WLS(t["y"], sm.add_constant(t[["a"]]), weights=np.ones(80)).fit()
    yield sm.MNLogit(t["g"].astype("category").cat.codes, sm.add_constant(t[["a"]])).fit(disp=0)
    yield sm.stats.anova_lm(smf.ols("y ~ C(g)", t).fit())
    yield sm.OLS(t["y"], t[["a"]]).fit().summary()
    yield sm.nonparametric.KDEUnivariate(t["y"].to_numpy())
    yield sm.nonparametric.lowess(t["y"], t["a"])
    yield sm.PCA(t[["a", "b", "c"]]) if hasattr(sm, "PCA") else t.cov()


def forecasts_of_statsmodels():
    from statsmodels.tsa.api import STL, ExponentialSmoothing, Holt, SimpleExpSmoothing, seasonal_decompose
    from statsmodels.tsa.ar_model import AutoReg
    from statsmodels.tsa.forecasting.theta import ThetaModel
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression
    from statsmodels.tsa.statespace.sarimax import SARIMAX
    from statsmodels.tsa.statespace.structural import UnobservedComponents
    from statsmodels.tsa.stattools import adfuller

    y = series()
    yield ExponentialSmoothing(y, trend="add", seasonal="mul", seasonal_periods=12).fit()
    yield Holt(y).fit()
    yield SimpleExpSmoothing(y).fit()
    yield STL(y, robust=True).fit()
    yield seasonal_decompose(y)
    yield AutoReg(y, 2, seasonal=True).fit()
    yield SARIMAX(y, order=(1, 1, 0)).fit(disp=0, maxiter=5)
    yield ThetaModel(y).fit()
    yield UnobservedComponents(y, "local level").fit(disp=0, maxiter=5)
    yield adfuller(y)
    yield MarkovRegression(y.diff().dropna(), k_regimes=2).fit(maxiter=3)


def multivariate_series():
    from statsmodels.tsa.api import VAR

    y = series()
    yield VAR(pd.DataFrame({"a": y, "b": y.shift(1).bfill() * 2 + np.arange(len(y)) % 5})).fit(1)
    yield (
        VAR(pd.DataFrame({"a": y.diff().fillna(0), "b": np.cos(np.arange(len(y)))})).fit(1).forecast(np.ones((1, 2)), 4)
    )


def results_of_scipy():
    from scipy import integrate, interpolate, optimize, signal, spatial, stats

    rng = np.random.default_rng(1)
    x = rng.normal(size=50)
    yield optimize.minimize(lambda v: (v**2).sum(), [1.0, 2.0])
    yield optimize.differential_evolution(lambda v: (v**2).sum(), [(-1, 1)], maxiter=3, seed=0)
    yield optimize.least_squares(lambda v: v - 1, [0.0])
    yield optimize.linprog([1, 2], A_ub=[[1, 1]], b_ub=[4])
    yield optimize.root_scalar(np.cos, bracket=[0, 3])
    yield optimize.curve_fit(lambda t, a: a * t, x, 2 * x)
    yield integrate.solve_ivp(lambda _, y: -y, (0, 1), [1.0])
    yield interpolate.CubicSpline(np.arange(5), np.arange(5) ** 2)
    yield interpolate.make_smoothing_spline(np.arange(9.0), np.arange(9.0) ** 2)
    yield interpolate.RegularGridInterpolator((np.arange(3), np.arange(3)), np.ones((3, 3)))
    yield interpolate.PchipInterpolator(np.arange(4), np.arange(4))
    yield interpolate.RBFInterpolator(rng.random((6, 2)), rng.random(6))
    yield spatial.cKDTree(rng.random((20, 2)))
    yield spatial.KDTree(rng.random((20, 2)))
    yield spatial.transform.Rotation.from_euler("z", 30, degrees=True)
    yield stats.gaussian_kde(x)
    yield stats.norm(1, 2)
    yield stats.poisson(3)
    yield [stats.ttest_ind(x, x + 1), stats.pearsonr(x, x**2), stats.kruskal(x, x), stats.shapiro(x)]
    yield stats.bootstrap((x,), np.mean, n_resamples=20)
    yield stats.multivariate_normal([0, 0], [[1, 0], [0, 1]])
    yield stats.ecdf(x)
    yield stats.weibull_min
    yield signal.butter(3, 0.2, output="sos")
    yield signal.StateSpace([[1]], [[1]], [[1]], [[0]])


def survival():
    import lifelines

    rng = np.random.default_rng(2)
    t = pd.DataFrame({"T": rng.exponential(5, 60), "E": rng.random(60) < 0.7, "age": rng.normal(size=60)})
    yield lifelines.KaplanMeierFitter().fit(t["T"], t["E"], label="all")
    yield lifelines.NelsonAalenFitter().fit(t["T"], t["E"])
    yield lifelines.WeibullFitter().fit(t["T"], t["E"])
    yield lifelines.ExponentialFitter().fit(t["T"], t["E"])
    yield lifelines.CoxPHFitter(penalizer=0.1).fit(t, "T", "E")
    yield lifelines.AalenAdditiveFitter(coef_penalizer=1).fit(t, "T", "E")
    yield lifelines.LogNormalAFTFitter().fit(t, "T", "E")
    yield lifelines.GammaGammaFitter() if hasattr(lifelines, "GammaGammaFitter") else t


def survival_by_trees():
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis, RandomSurvivalForest
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.util import Surv

    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(50, 2)), Surv.from_arrays(rng.random(50) < 0.7, rng.exponential(5, 50))
    yield y
    yield RandomSurvivalForest(4).fit(x, y)
    yield GradientBoostingSurvivalAnalysis(n_estimators=3).fit(x, y)
    yield CoxnetSurvivalAnalysis().fit(x, y)
    yield RandomSurvivalForest(2).fit(x, y).predict_survival_function(x[:2])


def tuned():
    import optuna
    import skopt

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0), pruner=optuna.pruners.HyperbandPruner())
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_categorical("k", [0, 1]), 4)
    yield study
    yield study.best_trial
    yield study.trials_dataframe()
    yield skopt.gp_minimize(np.sum, [(-1.0, 1.0)], n_calls=5, n_initial_points=4, random_state=0)
    yield skopt.space.Space([(0, 5), (0.1, 1.0, "log-uniform"), ["a", "b"]])
    yield skopt.Optimizer([(-1.0, 1.0)])


def tuned_by_hyperopt():
    import hyperopt

    trials = hyperopt.Trials()
    space = {"x": hyperopt.hp.uniform("x", -1, 1), "k": hyperopt.hp.choice("k", ["a", "b"])}
    hyperopt.fmin(lambda s: s["x"] ** 2, space, hyperopt.tpe.suggest, 3, trials=trials, show_progressbar=False)
    yield trials
    yield trials.best_trial
    yield space


def recommenders():
    import surprise

    t = pd.DataFrame({"u": list("aabbcc"), "i": list("xyxzyz"), "r": [1, 2, 3, 4, 5, 3]})
    data = surprise.Dataset.load_from_df(t, surprise.Reader(rating_scale=(1, 5)))
    train = data.build_full_trainset()
    yield train
    for name in ("SVD", "NMF", "KNNBaseline", "CoClustering", "SlopeOne"):
        yield getattr(surprise, name)().fit(train)


def implicit_recommenders():
    import implicit
    from scipy.sparse import csr_matrix

    votes = csr_matrix(np.eye(12, 8) + np.ones((12, 8)) * 0.1)
    yield implicit.als.AlternatingLeastSquares(factors=4, iterations=2)
    model = implicit.bpr.BayesianPersonalizedRanking(factors=4, iterations=2)
    model.fit(votes, show_progress=False)
    yield model
    nearest = implicit.nearest_neighbours.TFIDFRecommender(3)
    nearest.fit(votes, show_progress=False)
    yield nearest


def online():
    from river import (
        anomaly,
        compose,
        drift,
        ensemble,
        forest,
        linear_model,
        metrics,
        preprocessing,
        stats,
        time_series,
    )

    flow = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    for number in range(30):
        flow.learn_one({"a": number, "b": -number}, number % 2 == 0)
    yield flow
    yield forest.ARFClassifier(n_models=2, seed=1)
    yield ensemble.AdaBoostClassifier(linear_model.Perceptron(), n_models=2)
    yield drift.ADWIN()
    yield anomaly.HalfSpaceTrees(n_trees=2)
    yield time_series.SNARIMAX(1, 0, 1)
    yield [metrics.Accuracy(), metrics.ROCAUC(), stats.Quantile(0.5), stats.EWMean()]


def explained():
    import shap
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LinearRegression

    t = regression()
    x = t[["a", "b"]]
    explainer = shap.TreeExplainer(RandomForestRegressor(4).fit(x, t["y"]))
    yield explainer(x.head(4))
    yield explainer.shap_values(x.head(4))
    yield shap.LinearExplainer(LinearRegression().fit(x, t["y"]), x)
    yield explainer


def forecasts_of_sktime():
    from sklearn.ensemble import GradientBoostingRegressor
    from sktime.forecasting.compose import TransformedTargetForecaster, make_reduction
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.forecasting.theta import ThetaForecaster
    from sktime.forecasting.trend import PolynomialTrendForecaster
    from sktime.transformations.series.detrend import Deseasonalizer, Detrender

    y = series()
    y.index = y.index.to_period("M")
    for model in (
        NaiveForecaster(sp=12),
        ThetaForecaster(sp=12),
        PolynomialTrendForecaster(degree=2),
        make_reduction(GradientBoostingRegressor(n_estimators=3), window_length=6),
        TransformedTargetForecaster([("d", Deseasonalizer(sp=12)), ("t", Detrender()), ("f", NaiveForecaster())]),
    ):
        yield model.fit(y, fh=[1, 2])


def forecasts_of_prophet():
    from prophet import Prophet

    y = series()
    model = Prophet(weekly_seasonality=False).add_seasonality("q", 91, 3)
    model.fit(pd.DataFrame({"ds": y.index, "y": y.to_numpy()}))
    yield model
    yield model.predict(model.make_future_dataframe(3, freq="MS"))


def boosters():
    import catboost
    import lightgbm
    import xgboost

    t = regression()
    x = t[["a", "b", "c"]]
    yield xgboost.XGBClassifier(n_estimators=3, enable_categorical=True, early_stopping_rounds=2).fit(
        x, t["z"], eval_set=[(x, t["z"])], verbose=False
    )
    yield xgboost.XGBRanker(n_estimators=2).fit(x, t["z"], qid=np.repeat([0, 1], 40))
    yield xgboost.XGBRFRegressor(n_estimators=2).fit(x, t["y"])
    yield lightgbm.LGBMRanker(n_estimators=2, verbose=-1).fit(x, t["z"], group=[40, 40])
    yield lightgbm.LGBMRegressor(n_estimators=2, objective="quantile", verbose=-1).fit(x, t["y"])
    yield lightgbm.cv({"verbose": -1}, lightgbm.Dataset(x, t["y"]), 2, nfold=2, return_cvbooster=True, stratified=False)
    yield catboost.CatBoostClassifier(iterations=2, verbose=0, allow_writing_files=False).fit(
        t[["a", "g"]], t["z"], cat_features=["g"]
    )
    yield catboost.CatBoostRanker(iterations=2, verbose=0, allow_writing_files=False).fit(
        x, t["z"], group_id=np.repeat([0, 1], 40)
    )


def outliers():
    from pyod.models.copod import COPOD
    from pyod.models.ecod import ECOD
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF
    from pyod.models.pca import PCA

    x = regression()[["a", "b", "c"]].to_numpy()
    for detector in (COPOD(), ECOD(), IForest(n_estimators=4), KNN(), LOF(), PCA()):
        yield detector.fit(x)


def places():
    import geopandas
    import shapely

    points = geopandas.GeoDataFrame({"n": [1, 2]}, geometry=geopandas.points_from_xy([0, 1], [2, 3]), crs="EPSG:4326")
    yield points
    yield points.to_crs(3857).buffer(10)
    yield points.sindex
    yield points.dissolve(by="n")
    yield shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])
    yield shapely.STRtree([shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])])
    yield shapely.prepared.prep(shapely.box(0, 0, 1, 1))
    yield points.crs


def graphs():
    import networkx as nx

    yield nx.karate_club_graph()
    yield nx.relabel_nodes(nx.grid_2d_graph(2, 3), str)
    yield nx.MultiDiGraph([("a", "b", {"w": 1.5}), ("a", "b", {"w": 2})])
    yield nx.DiGraph(nx.balanced_tree(2, 3))
    yield nx.pagerank(nx.path_graph(4))
    yield nx.subgraph_view(nx.path_graph(4))
    yield nx.path_graph(5).subgraph([1, 2])
    yield nx.path_graph(5).degree
    yield nx.Graph(nx.path_graph(3)).edges(data=True)
    yield nx.spring_layout(nx.path_graph(3), seed=0)
    yield nx.algorithms.community.greedy_modularity_communities(nx.karate_club_graph())
