"""What a data scientist keeps at work with tables: pipelines with steps of one's own, series, statistics, plans.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import dataclasses
import datetime
import functools

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin


class DateParts(BaseEstimator, TransformerMixin):
    def __init__(self, column="when", parts=("year", "month")):
        self.column = column
        self.parts = parts

    def fit(self, x, y=None):
        self.names_ = [f"{self.column}_{part}" for part in self.parts]
        self.first_ = x[self.column].min()
        return self

    def transform(self, x):
        return np.column_stack([getattr(x[self.column].dt, part) for part in self.parts])


class ColumnPicker(BaseEstimator, TransformerMixin):
    def __init__(self, columns=()):
        self.columns = columns

    def fit(self, x, y=None):
        return self

    def transform(self, x):
        return x[list(self.columns)]


class OutlierClipper(TransformerMixin, BaseEstimator):
    def __init__(self, low=0.01, high=0.99):
        self.low = low
        self.high = high

    def fit(self, x, y=None):
        self.limits_ = np.nanquantile(x, [self.low, self.high], axis=0)
        return self

    def transform(self, x):
        return np.clip(x, *self.limits_)


class ThresholdClassifier(ClassifierMixin, BaseEstimator):
    def __init__(self, base=None, threshold=0.5):
        self.base = base
        self.threshold = threshold

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.base_ = self.base.fit(x, y)
        return self

    def predict(self, x):
        return (self.base_.predict_proba(x)[:, 1] > self.threshold).astype(int)


class Blend(RegressorMixin, BaseEstimator):
    def __init__(self, models=(), weights=None):
        self.models = models
        self.weights = weights

    def fit(self, x, y):
        self.models_ = [model.fit(x, y) for model in self.models]
        return self

    def predict(self, x):
        return np.average([model.predict(x) for model in self.models_], axis=0, weights=self.weights)


@dataclasses.dataclass
class ModelCard:
    name: str
    version: tuple
    trained: datetime.datetime
    metrics: dict = dataclasses.field(default_factory=dict)
    model: object = None


class PricePredictor:
    """A model with its preparation, as a web service loads it."""

    def __init__(self, model, scaler, features):
        self.model = model
        self.scaler = scaler
        self.features = features
        self.loaded_at = datetime.datetime(2025, 6, 1, 12)
        self._cache = {}

    def predict(self, rows):
        return self.model.predict(self.scaler.transform(rows[self.features]))


def log_one(x):
    return np.log1p(np.abs(x))


def weighted_loss(truth, answer, cost=2.0):
    return float(np.mean(np.where(answer > truth, cost, 1) * (truth - answer) ** 2))


def houses(rows=90):
    rng = np.random.default_rng(70)
    frame = pd.DataFrame(
        {
            "area": rng.normal(90, 25, rows),
            "rooms": rng.integers(1, 6, rows),
            "district": rng.choice(["north", "south", "center"], rows),
            "energy": pd.Categorical(rng.choice(list("ABC"), rows), ["A", "B", "C"], ordered=True),
            "when": pd.date_range("2021-03-01", periods=rows, freq="W"),
            "text": rng.choice(["garden and garage", "quiet flat", "loft with a view"], rows),
        }
    )
    price = frame["area"] * 3 + frame["rooms"] * 20 + rng.normal(0, 10, rows)
    return frame, price, (price > price.median()).astype(int)


def own_pipelines():
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
    from sklearn.impute import KNNImputer
    from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
    from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
    from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder, SplineTransformer, StandardScaler

    frame, price, dear = houses()
    prepare = ColumnTransformer(
        [
            ("dates", DateParts("when"), ["when"]),
            ("clip", make_pipeline(OutlierClipper(), StandardScaler()), ["area", "rooms"]),
            ("words", TfidfVectorizer(ngram_range=(1, 2)), "text"),
            ("kind", OrdinalEncoder(), make_column_selector(dtype_include="category")),
        ],
        remainder="drop",
        verbose_feature_names_out=False,
    )
    yield Pipeline([("prepare", prepare), ("model", Ridge())]).fit(frame, price)
    yield prepare
    yield make_pipeline(ColumnPicker(["area", "rooms"]), KNNImputer(), ElasticNet()).fit(frame, price)
    yield FeatureUnion([("a", ColumnPicker(["area"])), ("b", make_pipeline(ColumnPicker(["rooms"])))]).fit(frame)
    yield make_union(SplineTransformer(n_knots=4), OutlierClipper()).fit(frame[["area"]])
    yield ThresholdClassifier(LogisticRegression(max_iter=500), 0.3).fit(frame[["area", "rooms"]], dear)
    yield Blend([Ridge(), RandomForestRegressor(4)], [0.4, 0.6]).fit(frame[["area", "rooms"]], price)
    yield TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp).fit(frame[["area"]], price.abs() + 1)
    yield make_pipeline(FunctionTransformer(log_one), Ridge()).fit(frame[["area"]], price)
    yield FunctionTransformer(functools.partial(np.power, 2)), FunctionTransformer(np.sqrt, kw_args={"where": True})
    yield HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]).fit(
        OrdinalEncoder().fit_transform(frame[["district", "energy"]]), dear
    )
    yield make_pipeline(HashingVectorizer(n_features=16), LogisticRegression()).fit(frame["text"], dear)
    scaler = StandardScaler().fit(frame[["area", "rooms"]])
    model = Ridge().fit(scaler.transform(frame[["area", "rooms"]]), price)
    yield PricePredictor(model, scaler, ["area", "rooms"])
    yield ModelCard("prices", (1, 2, 0), datetime.datetime(2025, 2, 3), {"mae": np.float64(3.2)}, model)
    yield {"model": model, "metric": weighted_loss, "features": frame.columns, "dtypes": frame.dtypes}
    yield {name: Ridge().fit(part[["area"]], part["rooms"]) for name, part in frame.groupby("district")}


def unusual_learners():
    from sklearn.cluster import HDBSCAN, OPTICS, Birch, FeatureAgglomeration, SpectralClustering
    from sklearn.cross_decomposition import PLSRegression
    from sklearn.decomposition import NMF, FastICA, IncrementalPCA, KernelPCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.feature_selection import RFECV, SelectFromModel, SequentialFeatureSelector
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.isotonic import IsotonicRegression
    from sklearn.kernel_approximation import Nystroem, RBFSampler
    from sklearn.linear_model import BayesianRidge, OrthogonalMatchingPursuit, QuantileRegressor, RANSACRegressor
    from sklearn.manifold import MDS, Isomap
    from sklearn.model_selection import TunedThresholdClassifierCV
    from sklearn.multiclass import OneVsRestClassifier, OutputCodeClassifier
    from sklearn.neighbors import (
        BallTree,
        KernelDensity,
        LocalOutlierFactor,
        NearestNeighbors,
        RadiusNeighborsRegressor,
    )
    from sklearn.random_projection import SparseRandomProjection
    from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
    from sklearn.svm import LinearSVC, NuSVR, OneClassSVM
    from sklearn.tree import ExtraTreeRegressor

    frame, price, dear = houses()
    x = frame[["area", "rooms"]].to_numpy(float)
    yield OPTICS(min_samples=4).fit(x), Birch(n_clusters=2).fit(x), SpectralClustering(2).fit(x)
    yield HDBSCAN(min_cluster_size=6).fit(x), FeatureAgglomeration(1).fit(x)
    yield PLSRegression(1).fit(x, price)
    yield [NMF(1).fit(abs(x)), FastICA(1).fit(x), IncrementalPCA(1).fit(x), KernelPCA(1, kernel="rbf").fit(x)]
    yield LinearDiscriminantAnalysis().fit(x, dear), QuadraticDiscriminantAnalysis().fit(x, dear)
    yield RFECV(ExtraTreeRegressor(), cv=2).fit(x, price)
    yield SelectFromModel(LinearSVC()).fit(x, dear), SequentialFeatureSelector(BayesianRidge(), cv=2).fit(x, price)
    yield GaussianProcessClassifier().fit(x[:20], dear[:20])
    yield IsotonicRegression(out_of_bounds="clip").fit(x[:, 0], price)
    yield Nystroem(n_components=5).fit(x), RBFSampler(n_components=5).fit(x)
    yield OrthogonalMatchingPursuit().fit(x, price), QuantileRegressor().fit(x, price)
    yield RANSACRegressor().fit(x, price)
    yield MDS(n_init=1).fit(x[:20]), Isomap(n_neighbors=4).fit(x)
    yield TunedThresholdClassifierCV(LinearDiscriminantAnalysis(), cv=2).fit(x, dear)
    yield OneVsRestClassifier(LinearSVC()).fit(x, frame["rooms"]), OutputCodeClassifier(LinearSVC()).fit(x, dear)
    yield BallTree(x), KernelDensity().fit(x)
    yield LocalOutlierFactor(novelty=True).fit(x), NearestNeighbors(metric="manhattan").fit(x)
    yield RadiusNeighborsRegressor(50).fit(x, price)
    yield SparseRandomProjection(1).fit(x)
    yield LabelSpreading().fit(x, dear), SelfTrainingClassifier(LinearDiscriminantAnalysis()).fit(x, dear)
    yield NuSVR().fit(x, price), OneClassSVM().fit(x)


def halving():
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingGridSearchCV, PredefinedSplit, TimeSeriesSplit
    from sklearn.tree import DecisionTreeRegressor

    frame, price, _ = houses()
    yield HalvingGridSearchCV(DecisionTreeRegressor(), {"max_depth": [1, 2, 3]}, cv=TimeSeriesSplit(3)).fit(
        frame[["area"]], price
    )
    yield PredefinedSplit([0, 1, -1]), TimeSeriesSplit(4, gap=1)


def inspections():
    from sklearn.inspection import partial_dependence, permutation_importance
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay
    from sklearn.utils import Bunch

    frame, price, dear = houses()
    x = frame[["area", "rooms"]].astype(float)
    model = LinearRegression().fit(x, price)
    yield permutation_importance(model, x, price, n_repeats=2)
    yield partial_dependence(model, x, ["area"])
    yield RocCurveDisplay(fpr=np.array([0, 1.0]), tpr=np.array([0, 1.0]), roc_auc=0.5)
    yield PrecisionRecallDisplay(np.array([1.0, 0]), np.array([0, 1.0]))
    yield Bunch(data=x, target=price, feature_names=list(x), DESCR="houses", filename=None)


def boosters_with_extras():
    import lightgbm
    import xgboost
    from sklearn.model_selection import RandomizedSearchCV

    frame, price, dear = houses()
    x = frame[["area", "rooms"]].astype(float)
    yield xgboost.XGBRFClassifier(n_estimators=3).fit(x, dear)
    yield xgboost.XGBClassifier(n_estimators=3, monotone_constraints=(1, 0), device="cpu").fit(x, dear)
    yield xgboost.XGBRegressor(n_estimators=3, callbacks=[xgboost.callback.EarlyStopping(2)]).fit(
        x, price, eval_set=[(x, price)], verbose=False
    )
    yield xgboost.XGBRegressor(n_estimators=2, objective=square_loss).fit(x, price)
    yield RandomizedSearchCV(xgboost.XGBRegressor(n_estimators=2), {"max_depth": [1, 2, 3]}, n_iter=2, cv=2).fit(
        x, price
    )
    yield {"booster": xgboost.XGBClassifier(n_estimators=2).fit(x, dear).get_booster(), "threshold": 0.41}
    yield lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, boosting_type="dart", class_weight="balanced").fit(
        x, dear
    )
    yield lightgbm.LGBMRegressor(n_estimators=2, verbose=-1, objective=square_loss).fit(x, price)
    yield [
        lightgbm.LGBMRegressor(n_estimators=2, verbose=-1, objective="quantile", alpha=a).fit(x, price)
        for a in (0.1, 0.9)
    ]
    yield lightgbm.train({"verbose": -1}, lightgbm.Dataset(x, price), 2).dump_model()


def square_loss(truth, answer):
    return answer - truth, np.ones_like(truth)


def cats():
    import catboost

    frame, price, dear = houses()
    pool = catboost.Pool(frame[["area", "district"]], dear, cat_features=["district"])
    quiet = {"verbose": False, "allow_writing_files": False, "iterations": 3}
    yield catboost.CatBoost({**quiet, "loss_function": "Logloss"}).fit(pool)
    yield catboost.CatBoostClassifier(**quiet, text_features=["text"]).fit(frame[["area", "text"]], dear)
    yield catboost.CatBoostRanker(**quiet).fit(frame[["area"]], dear, group_id=[0] * 45 + [1] * 45)
    yield catboost.CatBoostRegressor(**quiet).fit(pool).get_feature_importance(prettified=True)


def statistics_reports():
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm
    from statsmodels.stats.multicomp import pairwise_tukeyhsd

    frame, price, dear = houses()
    frame = frame.assign(price=price, dear=dear)
    yield smf.wls("price ~ area * rooms", frame, weights=frame["rooms"]).fit()
    yield smf.quantreg("price ~ area", frame).fit(q=0.5)
    yield smf.glm("dear ~ area", frame, family=sm.families.Binomial()).fit()
    yield smf.gee("price ~ area", "district", frame, cov_struct=sm.cov_struct.Exchangeable()).fit()
    yield smf.negativebinomial("rooms ~ area", frame).fit(disp=0)
    yield smf.mnlogit("rooms ~ area", frame.assign(rooms=frame["rooms"] % 3)).fit(disp=0)
    yield smf.probit("dear ~ rooms", frame).fit(disp=0)
    yield smf.ols("price ~ C(district) + np.log(abs(area))", frame).fit(cov_type="HC3")
    yield anova_lm(smf.ols("price ~ C(district)", frame).fit())
    yield pairwise_tukeyhsd(frame["price"], frame["district"])
    yield sm.nonparametric.KDEUnivariate(frame["price"].to_numpy()).fit()
    yield sm.multivariate.PCA(frame[["area", "rooms", "price"]])
    yield sm.PHReg(frame["price"].abs(), frame[["area"]], status=frame["dear"]).fit()
    yield sm.stats.DescrStatsW(frame["price"])


def statistics_of_series():
    import statsmodels.api as sm

    _, price, _ = houses()
    series = pd.Series(price.to_numpy(), pd.date_range("2020-01-31", periods=len(price), freq="ME"))
    yield sm.tsa.STL(series, period=12).fit()
    yield sm.tsa.UnobservedComponents(series, "local level").fit(disp=0)
    yield sm.tsa.AutoReg(series, 2).fit()
    yield sm.tsa.VAR(pd.DataFrame({"a": series, "b": series.shift(1).fillna(0)})).fit(1)
    yield sm.tsa.Holt(series, initialization_method="estimated").fit()
    yield sm.tsa.ETSModel(series, error="add").fit(disp=0) if hasattr(sm.tsa, "ETSModel") else None
    yield sm.tsa.adfuller(series), sm.tsa.acf(series, nlags=5), sm.tsa.kpss(series)
    yield sm.tsa.MarkovRegression(series, k_regimes=2).fit(disp=0)
    yield sm.tsa.DynamicFactor(pd.DataFrame({"a": series, "b": series**2}), k_factors=1, factor_order=1).smooth(
        [0.1] * 5
    )


def tests_by_scipy():
    from scipy import integrate, interpolate, optimize, stats

    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2, 30))
    yield stats.ttest_ind(a, b), stats.mannwhitneyu(a, b), stats.ks_2samp(a, b), stats.wilcoxon(a, b)
    yield stats.bootstrap((a,), np.mean, n_resamples=20), stats.permutation_test((a, b), _gap, n_resamples=20)
    yield stats.gaussian_kde(a), stats.ecdf(a), stats.linregress(a, b)
    yield stats.norm(1, 2), stats.gamma(2.0), stats.poisson(3)
    yield stats.rv_histogram(np.histogram(a, 5)), stats.multivariate_normal([0, 0], np.eye(2))
    yield stats.contingency.association, stats.chi2_contingency([[3, 4], [6, 9]])
    yield optimize.minimize(_bowl, [1.0, 2.0], method="L-BFGS-B"), optimize.minimize(_bowl, [1.0], method="Nelder-Mead")
    yield optimize.linprog([1, 1], [[-1, -2]], [-3]), optimize.least_squares(_bowl, [1.0])
    yield optimize.differential_evolution(_bowl, [(-1, 1)] * 2, maxiter=2), optimize.curve_fit(_ramp, a, b)
    yield optimize.root_scalar(_ramp, args=(1, 0.5), bracket=[-2, 2]), optimize.LinearConstraint([1, 1], 0, 2)
    yield integrate.solve_ivp(_decay, (0, 1), [1.0], dense_output=True)
    yield interpolate.interp1d(np.arange(30), a, kind="cubic"), interpolate.CubicSpline(np.arange(30), a)
    yield interpolate.RegularGridInterpolator((np.arange(3), np.arange(4)), np.ones((3, 4)))
    yield interpolate.UnivariateSpline(np.arange(30), a), interpolate.RBFInterpolator(np.c_[a, b], a)
    yield interpolate.make_interp_spline(np.arange(30), a), interpolate.PchipInterpolator(np.arange(30), b)


def _gap(a, b, axis=-1):
    return np.mean(a, axis=axis) - np.mean(b, axis=axis)


def _bowl(x):
    return float(np.sum(np.asarray(x) ** 2))


def _ramp(x, slope, start):
    return slope * x + start


def _decay(t, y):
    return -y


def lives():
    import lifelines

    frame, price, dear = houses()
    table = pd.DataFrame({"area": frame["area"], "time": price.abs() + 1, "event": dear})
    yield lifelines.NelsonAalenFitter().fit(table["time"], table["event"])
    yield lifelines.AalenAdditiveFitter(coef_penalizer=1.0).fit(table, "time", "event")
    yield lifelines.LogNormalFitter().fit(table["time"], table["event"])
    yield lifelines.CoxPHFitter(strata=None, baseline_estimation_method="breslow").fit(table, "time", "event")
    yield lifelines.LogLogisticAFTFitter().fit(table, "time", "event")
    yield lifelines.statistics.logrank_test(table["time"], table["time"] + 1, table["event"], table["event"])


def lives_by_trees():
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis
    from sksurv.preprocessing import OneHotEncoder
    from sksurv.util import Surv

    frame, price, dear = houses()
    y = Surv.from_arrays(dear.astype(bool), price.abs())
    yield y
    yield RandomSurvivalForest(4).fit(frame[["area", "rooms"]], y)
    yield CoxPHSurvivalAnalysis().fit(frame[["area"]], y)
    yield CoxnetSurvivalAnalysis(fit_baseline_model=True).fit(frame[["area", "rooms"]].astype(float), y)
    yield OneHotEncoder().fit(frame[["energy"]])


def forecasters():
    from sktime.forecasting.compose import TransformedTargetForecaster, make_reduction
    from sktime.forecasting.exp_smoothing import ExponentialSmoothing
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.forecasting.theta import ThetaForecaster
    from sktime.forecasting.trend import PolynomialTrendForecaster
    from sktime.transformations.series.detrend import Deseasonalizer
    from sklearn.linear_model import Ridge

    y = pd.Series(np.arange(36.0) % 12 + 3, pd.period_range("2020-01", periods=36, freq="M"))
    yield NaiveForecaster(strategy="last", sp=12).fit(y, fh=[1, 2])
    yield ThetaForecaster(sp=12).fit(y)
    yield make_reduction(Ridge(), window_length=6).fit(y, fh=[1])
    yield TransformedTargetForecaster([("d", Deseasonalizer(sp=12)), ("f", PolynomialTrendForecaster())]).fit(y)
    yield ExponentialSmoothing(trend="add").fit(y)


def prophets():
    from prophet import Prophet

    days = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=80), "y": np.arange(80.0), "promo": [0, 1] * 40})
    holidays = pd.DataFrame(
        {"holiday": "sale", "ds": pd.to_datetime(["2024-01-15"]), "lower_window": 0, "upper_window": 1}
    )
    model = Prophet(holidays=holidays, seasonality_mode="multiplicative", interval_width=0.9)
    model.add_regressor("promo")
    model.add_seasonality("monthly", 30.5, 3)
    yield model.fit(days)
    yield Prophet(growth="logistic").fit(days.assign(cap=100.0))


def automatic_forecasts():
    import pmdarima
    from pmdarima.pipeline import Pipeline
    from pmdarima.preprocessing import BoxCoxEndogTransformer, FourierFeaturizer

    y = np.abs(np.sin(np.arange(48.0))) + 1
    yield pmdarima.ARIMA((1, 0, 0), seasonal_order=(0, 0, 1, 12)).fit(y)
    yield Pipeline([("b", BoxCoxEndogTransformer()), ("m", pmdarima.ARIMA((1, 0, 0)))]).fit(y)
    yield FourierFeaturizer(12, 2).fit(y)


def searched_by_bayes():
    from skopt import BayesSearchCV, forest_minimize, gp_minimize
    from skopt.space import Categorical, Integer, Real, Space
    from sklearn.svm import SVC

    frame, _, dear = houses()
    yield gp_minimize(_bowl, [(-2.0, 2.0)], n_calls=6, n_initial_points=4)
    yield forest_minimize(_bowl, [Real(-1, 1, name="a")], n_calls=5, n_initial_points=3)
    yield Space([Real(1e-3, 1, "log-uniform"), Integer(1, 4), Categorical(["a", "b"])])
    yield BayesSearchCV(SVC(), {"C": Real(0.1, 10, "log-uniform")}, n_iter=3, cv=2).fit(frame[["area"]], dear)


def trials_of_hyperopt():
    from hyperopt import Trials, fmin, hp, tpe

    trials = Trials()
    space = {"x": hp.uniform("x", -2, 2), "k": hp.choice("k", ["a", "b"])}
    best = fmin(
        _trial,
        space,
        algo=tpe.suggest,
        max_evals=4,
        trials=trials,
        show_progressbar=False,
        rstate=np.random.default_rng(0),
    )
    yield best
    yield trials
    yield space
    yield trials.best_trial


def _trial(point):
    return {"loss": point["x"] ** 2, "status": "ok", "eval_time": 0.1}


def studies():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=optuna.samplers.NSGAIISampler(seed=1, population_size=4)
    )
    study.optimize(_two, n_trials=5)
    yield study
    yield study.best_trials
    yield optuna.samplers.TPESampler(seed=3, multivariate=True)
    yield optuna.samplers.GridSampler({"x": [1, 2]}), optuna.pruners.HyperbandPruner(1, 9)
    yield (
        optuna.distributions.FloatDistribution(0, 1, log=False),
        optuna.distributions.CategoricalDistribution(["a", None]),
    )


def _two(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.set_user_attr("seen", True)
    return x, trial.suggest_int("n", 1, 9)


def explained():
    import shap
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import LinearRegression

    frame, price, _ = houses()
    x = frame[["area", "rooms"]].astype(float)
    forest = RandomForestRegressor(3, max_depth=3).fit(x, price)
    explainer = shap.TreeExplainer(forest)
    yield explainer
    yield explainer.shap_values(x)
    yield explainer(x)
    yield shap.LinearExplainer(LinearRegression().fit(x, price), x)
    yield {"values": explainer.shap_values(x), "base": explainer.expected_value, "data": x}


def unbalanced():
    from imblearn.combine import SMOTEENN
    from imblearn.ensemble import EasyEnsembleClassifier, RUSBoostClassifier
    from imblearn.over_sampling import ADASYN, SMOTENC, BorderlineSMOTE
    from imblearn.pipeline import Pipeline
    from imblearn.under_sampling import NearMiss, RandomUnderSampler, TomekLinks
    from sklearn.tree import DecisionTreeClassifier

    frame, price, _ = houses()
    x, y = frame[["area", "rooms"]].astype(float), (price > price.quantile(0.7)).astype(int)
    yield Pipeline([("o", SMOTENC([1])), ("u", RandomUnderSampler()), ("t", DecisionTreeClassifier())]).fit(x, y)
    for sampler in (SMOTEENN(), ADASYN(), BorderlineSMOTE(), NearMiss(), TomekLinks()):
        sampler.fit_resample(x, y)
        yield sampler
    yield EasyEnsembleClassifier(2).fit(x, y), RUSBoostClassifier(n_estimators=2).fit(x, y)


def extended():
    from mlxtend.classifier import EnsembleVoteClassifier, StackingCVClassifier
    from mlxtend.feature_selection import ExhaustiveFeatureSelector, SequentialFeatureSelector
    from mlxtend.frequent_patterns import apriori, association_rules
    from mlxtend.preprocessing import TransactionEncoder
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB

    frame, _, dear = houses()
    x = frame[["area", "rooms"]].to_numpy(float)
    yield EnsembleVoteClassifier([GaussianNB(), LogisticRegression()]).fit(x, dear)
    yield StackingCVClassifier([GaussianNB()], LogisticRegression(), cv=2).fit(x, dear)
    yield SequentialFeatureSelector(GaussianNB(), 1, cv=2).fit(x, dear)
    yield ExhaustiveFeatureSelector(GaussianNB(), 1, 2, cv=2, print_progress=False).fit(x, dear)
    encoder = TransactionEncoder().fit([["milk", "bread"], ["milk"]])
    yield encoder
    baskets = pd.DataFrame(encoder.transform([["milk", "bread"], ["milk"]]), columns=encoder.columns_)
    yield apriori(baskets, 0.5, use_colnames=True)
    yield association_rules(apriori(baskets, 0.5, use_colnames=True), min_threshold=0.1)


def encoders():
    import category_encoders as ce

    frame, price, dear = houses()
    x = frame[["district", "area"]]
    for encoder in (ce.WOEEncoder, ce.CatBoostEncoder, ce.JamesSteinEncoder, ce.LeaveOneOutEncoder, ce.HashingEncoder):
        yield encoder(cols=["district"]).fit(x, dear)
    yield ce.OrdinalEncoder(mapping=[{"col": "district", "mapping": {"north": 1, "south": 2, "center": 3}}]).fit(x)
    yield ce.HelmertEncoder().fit(x), ce.SumEncoder().fit(x), ce.GLMMEncoder().fit(x, dear)


def engineered():
    from feature_engine.creation import CyclicalFeatures, MathFeatures
    from feature_engine.datetime import DatetimeFeatures
    from feature_engine.discretisation import EqualFrequencyDiscretiser
    from feature_engine.selection import DropCorrelatedFeatures, SmartCorrelatedSelection
    from feature_engine.timeseries.forecasting import LagFeatures
    from feature_engine.transformation import YeoJohnsonTransformer

    frame, _, _ = houses()
    yield CyclicalFeatures(["rooms"]).fit(frame), MathFeatures(["area", "rooms"], "sum").fit(frame)
    yield DatetimeFeatures("when").fit(frame)
    yield EqualFrequencyDiscretiser(q=3, variables=["area"]).fit(frame)
    yield DropCorrelatedFeatures().fit(frame), SmartCorrelatedSelection().fit(frame)
    yield LagFeatures(["area"], periods=[1, 2]).fit(frame)
    yield YeoJohnsonTransformer(variables=["area"]).fit(frame)


def streams():
    from river import (
        anomaly,
        compose,
        drift,
        ensemble,
        linear_model,
        metrics,
        naive_bayes,
        optim,
        preprocessing,
        stats,
        tree,
    )

    model = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression(optim.Adam(0.01)))
    forest = tree.HoeffdingTreeClassifier(grace_period=5)
    bag = ensemble.ADWINBaggingClassifier(linear_model.LogisticRegression(), n_models=2, seed=1)
    detector = anomaly.HalfSpaceTrees(n_trees=3, seed=2)
    for step in range(30):
        x, y = {"a": step % 7, "b": float(step)}, step % 2 == 0
        model.learn_one(x, y)
        forest.learn_one(x, y)
        bag.learn_one(x, y)
        detector.learn_one({"a": step / 30})
    yield model
    yield forest
    yield bag
    yield detector
    yield drift.ADWIN(), drift.PageHinkley()
    yield metrics.ROCAUC() + metrics.Accuracy(), stats.EWMean(0.2)
    yield naive_bayes.GaussianNB(), compose.Select("a") | preprocessing.MinMaxScaler()


def recommenders():
    from surprise import SVD, Dataset, KNNBaseline, NormalPredictor, Reader, SlopeOne

    table = pd.DataFrame({"u": list("aabbccd"), "i": list("xyxzyzx"), "r": [5, 3, 4, 2, 1, 5, 4]})
    train = Dataset.load_from_df(table, Reader(rating_scale=(1, 5))).build_full_trainset()
    yield SVD(n_factors=3, n_epochs=2).fit(train)
    yield KNNBaseline(verbose=False).fit(train) if KNNBaseline else None
    yield SlopeOne().fit(train), NormalPredictor().fit(train)
    yield train
    yield SVD(n_factors=2).fit(train).test([("a", "z", 3.0)])


def recommenders_by_feedback():
    import implicit
    from scipy.sparse import csr_matrix

    table = csr_matrix(np.random.default_rng(3).integers(0, 3, (8, 6)).astype("float32"))
    als = implicit.als.AlternatingLeastSquares(factors=4, iterations=2)
    als.fit(table, show_progress=False)
    yield als
    bpr = implicit.bpr.BayesianPersonalizedRanking(factors=3, iterations=2)
    bpr.fit(table, show_progress=False)
    yield {"model": bpr, "items": {0: "x", 1: "y"}, "matrix": table}
    near = implicit.nearest_neighbours.BM25Recommender(K=3)
    near.fit(table, show_progress=False)
    yield near


def more_outliers():
    from pyod.models.copod import COPOD
    from pyod.models.ecod import ECOD
    from pyod.models.hbos import HBOS
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF

    x = np.random.default_rng(4).normal(size=(60, 3))
    for detector in (COPOD(), ECOD(), HBOS(), IForest(5), KNN(), LOF()):
        yield detector.fit(x)


def chained():
    from mapie.regression import SplitConformalRegressor
    from sklearn.linear_model import LinearRegression

    frame, price, _ = houses()
    x = frame[["area", "rooms"]].to_numpy(float)
    yield SplitConformalRegressor(LinearRegression().fit(x, price), confidence_level=0.9, prefit=True).conformalize(
        x, price
    )


def lego():
    from sklego.meta import GroupedPredictor, Thresholder, ZeroInflatedRegressor
    from sklego.preprocessing import ColumnSelector, RandomAdder
    from sklearn.linear_model import LinearRegression, LogisticRegression

    frame, price, dear = houses()
    yield GroupedPredictor(LinearRegression(), groups=["rooms"]).fit(frame[["area", "rooms"]], price)
    yield Thresholder(LogisticRegression(), 0.4).fit(frame[["area"]], dear)
    yield ColumnSelector(["area"]).fit(frame), RandomAdder(0.1).fit(frame[["area"]], price)
    yield ZeroInflatedRegressor(LogisticRegression(), LinearRegression())


def chances():
    from ngboost import NGBClassifier, NGBRegressor
    from ngboost.distns import LogNormal

    frame, price, dear = houses()
    yield NGBClassifier(n_estimators=2, verbose=False).fit(frame[["area"]], dear)
    yield NGBRegressor(Dist=LogNormal, n_estimators=2, verbose=False).fit(frame[["area"]], price.abs() + 1)


def skrubbed():
    from skrub import GapEncoder, MinHashEncoder, SimilarityEncoder, TableVectorizer, tabular_pipeline
    from sklearn.linear_model import Ridge

    frame, price, _ = houses()
    yield TableVectorizer().fit(frame, price)
    yield GapEncoder(n_components=2).fit(frame["text"]), MinHashEncoder(n_components=4).fit(frame["text"])
    yield SimilarityEncoder().fit(frame[["district"]])
    yield tabular_pipeline(Ridge()).fit(frame, price)


def groups_of_rows():
    from kmodes.kmodes import KModes
    from kmodes.kprototypes import KPrototypes

    frame, _, _ = houses()
    yield KModes(2, n_init=1).fit(frame[["district", "text"]])
    yield KPrototypes(2, n_init=1).fit(frame[["area", "district"]].to_numpy(), categorical=[1])


def grids_of_series():
    from tslearn.clustering import TimeSeriesKMeans
    from tslearn.preprocessing import TimeSeriesScalerMeanVariance
    from tslearn.svm import TimeSeriesSVC

    x = np.random.default_rng(5).normal(size=(12, 8, 1))
    yield TimeSeriesKMeans(2, metric="dtw", max_iter=2).fit(x)
    yield TimeSeriesScalerMeanVariance().fit(x)
    yield TimeSeriesSVC().fit(x, [0, 1] * 6)


def maps():
    import geopandas
    from shapely import STRtree
    from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
    from shapely.prepared import prep

    frame = geopandas.GeoDataFrame(
        {"name": ["a", "b"], "n": [1, 2]}, geometry=[Point(1, 2), box(0, 0, 1, 1)], crs="EPSG:4326"
    )
    yield frame.to_crs(3857)
    yield frame.dissolve("name"), frame.geometry.buffer(1)
    yield {"track": LineString([(0, 0), (1, 1)]), "area": MultiPolygon([box(0, 0, 1, 1)]), "hole": Polygon()}
    yield prep
    yield STRtree([Point(0, 0), Point(1, 1)])
    yield frame.crs


def words():
    import gensim

    texts = [["data", "model", "train"], ["model", "test"], ["data", "cloud", "train"]] * 4
    yield gensim.models.Word2Vec(texts, vector_size=5, min_count=1, sg=1, workers=1)
    yield gensim.models.Doc2Vec(
        [gensim.models.doc2vec.TaggedDocument(t, [i]) for i, t in enumerate(texts)],
        vector_size=4,
        min_count=1,
        workers=1,
    )
    dictionary = gensim.corpora.Dictionary(texts)
    bags = [dictionary.doc2bow(text) for text in texts]
    yield gensim.models.LdaModel(bags, 2, dictionary), gensim.models.TfidfModel(bags)
    yield gensim.models.LsiModel(bags, dictionary, 2), gensim.models.phrases.Phrases(texts, min_count=1)
    yield gensim.similarities.MatrixSimilarity(bags, num_features=len(dictionary))
    yield gensim.models.HdpModel(bags, dictionary)


def tags():
    import nltk

    sentences = [[("the", "D"), ("cat", "N"), ("sat", "V")]] * 3
    yield nltk.BigramTagger(sentences, backoff=nltk.UnigramTagger(sentences, backoff=nltk.DefaultTagger("N")))
    yield nltk.FreqDist("abracadabra"), nltk.ConditionalFreqDist([("a", 1), ("b", 2)])
    yield nltk.NaiveBayesClassifier.train([({"w": "good"}, "pos"), ({"w": "bad"}, "neg")])
    yield nltk.Tree.fromstring("(S (NP I) (VP run))"), nltk.CFG.fromstring("S -> 'a' S | 'b'")
    yield nltk.stem.SnowballStemmer("english"), nltk.stem.PorterStemmer()
    from nltk.lm import MLE
    from nltk.lm.preprocessing import padded_everygram_pipeline

    train, vocabulary = padded_everygram_pipeline(2, [["a", "b"], ["a", "c"]])
    model = MLE(2)
    model.fit(train, vocabulary)
    yield model
    yield nltk.text.TextCollection([["a", "b"], ["b"]])
    yield nltk.tokenize.RegexpTokenizer(r"\w+"), nltk.tokenize.TweetTokenizer()


def networks():
    import networkx as nx

    graph = nx.karate_club_graph()
    yield graph
    yield nx.DiGraph([(1, 2, {"w": 1.5})]), nx.MultiDiGraph([("a", "b"), ("a", "b")])
    yield (
        dict(nx.all_pairs_shortest_path_length(nx.path_graph(4))),
        list(nx.community.greedy_modularity_communities(graph)),
    )
    yield nx.bfs_tree(graph, 0), graph.subgraph([0, 1, 2]), nx.freeze(nx.cycle_graph(3))
    yield graph.edges(data=True), graph.nodes, graph.degree
    yield nx.DiGraph(nx.grid_2d_graph(2, 3)), nx.pagerank(graph), nx.spring_layout(graph, seed=1)


def cubes():
    import xarray as xr

    grid = xr.DataArray(
        np.ones((2, 3, 4)), dims=("time", "lat", "lon"), coords={"time": pd.date_range("2020", periods=2)}
    )
    yield grid
    yield grid.to_dataset(name="t").assign_attrs(units="K", source="model")
    yield grid.groupby("time.month").mean(), grid.stack(cell=("lat", "lon")), grid.rolling(time=2)


def algebra():
    import sympy

    x, y = sympy.symbols("x y", real=True)
    yield sympy.integrate(sympy.sin(x) * y, x)
    yield sympy.Matrix([[x, 1], [0, y]]), sympy.solve(x**2 - 2, x)
    yield {"f": sympy.Function("f")(x), "eq": sympy.Eq(x, y + 1), "set": sympy.Interval(0, 1)}
    yield sympy.Piecewise((x, x > 0), (0, True)), sympy.Poly(x**2 + 1), sympy.Rational(1, 3)


def stars():
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.modeling.models import Gaussian1D, Polynomial1D
    from astropy.table import QTable, Table
    from astropy.time import Time
    from astropy.wcs import WCS

    yield Table({"a": [1, 2], "b": ["x", "y"]}), QTable({"d": [1, 2] * u.pc})
    yield Time("2024-01-01T00:00:00"), 3 * u.km / u.s
    yield SkyCoord([1, 2] * u.deg, [3, 4] * u.deg)
    yield Gaussian1D(1, 0, 2) + Polynomial1D(2)
    yield WCS(naxis=2)


def spacings():
    import hdbscan
    from hmmlearn.hmm import CategoricalHMM, GMMHMM

    x = np.random.default_rng(8).normal(size=(50, 2))
    yield hdbscan.HDBSCAN(min_cluster_size=5, prediction_data=True).fit(x)
    yield GMMHMM(2, n_mix=2, n_iter=2).fit(x)
    yield CategoricalHMM(2, n_iter=2).fit(np.arange(20).reshape(-1, 1) % 3)
