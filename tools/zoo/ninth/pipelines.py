"""Tables and what is fitted to them: pipelines, searches, boosters, encoders, samplers, with own steps and without.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import contextlib
import enum
import functools

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.metrics import make_scorer


class AgeBinner(BaseEstimator, TransformerMixin):
    def __init__(self, edges=(0, 30, 50, 120)):
        self.edges = edges

    def fit(self, x, y=None):
        self.counts_ = pd.cut(np.ravel(x), self.edges).value_counts()
        return self

    def transform(self, x):
        return np.digitize(np.ravel(x), self.edges)[:, None]


class FrequencyEncoder(BaseEstimator, TransformerMixin):
    def fit(self, x, y=None):
        self.maps_ = {name: x[name].value_counts(normalize=True) for name in x}
        self.feature_names_in_ = np.asarray(x.columns, object)
        return self

    def transform(self, x):
        return np.column_stack([x[name].map(self.maps_[name]).fillna(0) for name in x])

    def get_feature_names_out(self, names=None):
        return self.feature_names_in_


class VotingByHand(ClassifierMixin, BaseEstimator):
    def __init__(self, estimators=None, metric=None):
        self.estimators = estimators
        self.metric = metric

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.fitted_ = [clone(one).fit(x, y) for one in self.estimators]
        return self

    def predict(self, x):
        return np.round(np.mean([one.predict(x) for one in self.fitted_], axis=0))


class Kind(enum.Enum):
    LINEAR = 1
    TREES = 2


class Switch(BaseEstimator, TransformerMixin):
    def __init__(self, kind=Kind.LINEAR):
        self.kind = kind

    def fit(self, x, y=None):
        return self

    def transform(self, x):
        return x


def profit(truth, answer):
    return float(np.sum((truth == 1) & (answer == 1)) * 10 - np.sum(answer))


def to_text(x):
    return np.asarray(x).ravel().astype(str)


def passengers(rows=120):
    rng = np.random.default_rng(9)
    x = pd.DataFrame(
        {
            "age": rng.normal(35, 12, rows).round(),
            "fare": rng.gamma(2, 15, rows),
            "sex": rng.choice(["male", "female"], rows),
            "port": rng.choice(["S", "C", "Q"], rows),
        }
    )
    x.loc[::9, "age"] = np.nan
    return x, ((x["sex"] == "female").astype(int) ^ (rng.random(rows) < 0.2).astype(int)).to_numpy()


def prepared():
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age", "fare"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["sex", "port"]),
    )


def plain_pipelines():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        RandomForestClassifier,
        StackingClassifier,
        VotingClassifier,
    )
    from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif, mutual_info_classif
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, PowerTransformer, QuantileTransformer
    from sklearn.svm import SVC

    x, y = passengers()
    for model in (
        LogisticRegression(max_iter=200),
        LogisticRegressionCV(cv=2, max_iter=200),
        SGDClassifier(loss="log_loss"),
        GaussianNB(),
        KNeighborsClassifier(3, metric="manhattan"),
        MLPClassifier((4,), max_iter=20),
        SVC(probability=True),
        RandomForestClassifier(5),
        GradientBoostingClassifier(n_estimators=4),
        CalibratedClassifierCV(GaussianNB(), cv=2),
        VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft"),
        StackingClassifier([("a", GaussianNB()), ("b", SVC())], LogisticRegression(), cv=2),
    ):
        yield make_pipeline(prepared(), model).fit(x, y)
    yield make_pipeline(prepared(), VarianceThreshold(), SelectKBest(f_classif, k=2), GaussianNB()).fit(x, y)
    yield make_pipeline(prepared(), SelectKBest(mutual_info_classif, k=2), PolynomialFeatures(), SVC()).fit(x, y)
    numbers = x[["fare"]]
    yield make_pipeline(FunctionTransformer(np.log1p, np.expm1), PowerTransformer(), GaussianNB()).fit(numbers, y)
    yield QuantileTransformer(n_quantiles=9).fit(numbers).set_output(transform="pandas")
    yield FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=100)).fit(numbers)
    yield FunctionTransformer(pd.DataFrame.fillna, kw_args={"value": 0}).fit(numbers)
    yield FunctionTransformer(pd.to_numeric), FunctionTransformer(np.reshape, kw_args={"shape": (-1, 1)})


def searches():
    from scipy import stats
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.experimental import enable_halving_search_cv
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import (
        GridSearchCV,
        GroupKFold,
        HalvingGridSearchCV,
        RandomizedSearchCV,
        RepeatedStratifiedKFold,
        StratifiedKFold,
        TimeSeriesSplit,
        cross_validate,
        learning_curve,
    )
    from sklearn.pipeline import make_pipeline

    x, y = passengers()
    pipe = make_pipeline(prepared(), LogisticRegression(max_iter=300))
    yield GridSearchCV(pipe, {"logisticregression__C": [0.1, 1]}, cv=StratifiedKFold(3, shuffle=True)).fit(x, y)
    yield RandomizedSearchCV(pipe, {"logisticregression__C": stats.loguniform(0.01, 10)}, n_iter=2, cv=2).fit(x, y)
    yield RandomizedSearchCV(
        make_pipeline(prepared(), RandomForestClassifier(4)),
        {"randomforestclassifier__max_depth": stats.randint(2, 5)},
        n_iter=2,
        scoring=["accuracy", "roc_auc"],
        refit="roc_auc",
    ).fit(x, y)
    yield GridSearchCV(pipe, {"logisticregression__C": [1]}, scoring=make_scorer(profit), cv=2).fit(x, y)
    yield HalvingGridSearchCV(HistGradientBoostingClassifier(max_iter=3), {"max_depth": [2, 3]}, cv=2).fit(
        x[["fare"]], y
    )
    yield cross_validate(pipe, x, y, cv=2, return_estimator=True)
    yield learning_curve(pipe, x, y, cv=2, train_sizes=[0.5, 1.0])
    yield [GroupKFold(3), TimeSeriesSplit(4), RepeatedStratifiedKFold(n_splits=2, random_state=1)]
    yield list(StratifiedKFold(3).split(x, y))


def own_steps():
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    x, y = passengers()
    x = x.fillna(30)
    own = ColumnTransformer([("age", AgeBinner(), ["age"]), ("freq", FrequencyEncoder(), ["sex", "port"])])
    yield Pipeline([("own", own), ("model", RandomForestClassifier(3))]).fit(x, y)
    yield GridSearchCV(make_pipeline(own, LogisticRegression()), {"logisticregression__C": [1, 2]}, cv=2).fit(x, y)
    yield VotingByHand([GaussianNB(), KNeighborsClassifier()], profit).fit(x[["age", "fare"]], y)
    yield make_pipeline(FunctionTransformer(to_text), CountVectorizer(analyzer="char")).fit(x[["port"]])
    yield make_pipeline(CountVectorizer(tokenizer=str.split, preprocessor=str.lower, token_pattern=None)).fit(x["sex"])
    yield Switch(Kind.TREES).fit(x)
    yield {"scorer": make_scorer(profit, greater_is_better=True), "model": LogisticRegression()}
    yield {"best": 0.8, "kind": Kind.LINEAR, "features": list(x.columns)}


def regressions():
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import AdaBoostRegressor, BaggingRegressor, ExtraTreesRegressor, IsolationForest
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel
    from sklearn.linear_model import HuberRegressor, LassoCV, PoissonRegressor, RidgeCV, TweedieRegressor
    from sklearn.multioutput import MultiOutputRegressor, RegressorChain
    from sklearn.svm import SVR
    from sklearn.tree import DecisionTreeRegressor

    x, _ = passengers()
    x, t = x[["fare"]].to_numpy(), x["age"].fillna(30).to_numpy()
    for model in (
        HuberRegressor(),
        LassoCV(cv=2),
        RidgeCV([0.1, 1]),
        PoissonRegressor(),
        TweedieRegressor(power=1.5),
        AdaBoostRegressor(n_estimators=3),
        BaggingRegressor(DecisionTreeRegressor(), 3),
        ExtraTreesRegressor(3),
        IsolationForest(n_estimators=3),
        SVR(),
        GaussianProcessRegressor(ConstantKernel() * RBF() + WhiteKernel()),
        GaussianProcessRegressor(Matern(nu=1.5)),
        TransformedTargetRegressor(RidgeCV(), func=np.sqrt, inverse_func=np.square),
    ):
        yield model.fit(x, t)
    yield MultiOutputRegressor(RidgeCV()).fit(x, np.c_[t, t]), RegressorChain(RidgeCV()).fit(x, np.c_[t, t])


def unsupervised():
    from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, MeanShift, MiniBatchKMeans
    from sklearn.decomposition import PCA, LatentDirichletAllocation, TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.manifold import TSNE
    from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MultiLabelBinarizer, OrdinalEncoder

    x, _ = passengers()
    n = x[["age", "fare"]].fillna(0).to_numpy()
    words = TfidfVectorizer(stop_words="english", ngram_range=(1, 2), min_df=1).fit(["a big dog", "the small cat"])
    yield {"vectorizer": words, "svd": TruncatedSVD(1).fit(words.transform(["dog cat"])), "labels": ["x"]}
    yield LatentDirichletAllocation(2, max_iter=2).fit(abs(n))
    yield KMeans(2, n_init=1).fit(n), MiniBatchKMeans(2, n_init=1).fit(n), DBSCAN(eps=3).fit(n)
    yield AgglomerativeClustering(2).fit(n), MeanShift().fit(n)
    yield GaussianMixture(2).fit(n), BayesianGaussianMixture(n_components=2).fit(n)
    yield PCA(0.9).fit(n), TSNE(perplexity=4).fit(n[:20]), NearestNeighbors(n_neighbors=2).fit(n)
    yield LabelEncoder().fit(x["port"]), LabelBinarizer().fit(x["port"]), OrdinalEncoder().fit(x[["sex"]])
    yield MultiLabelBinarizer().fit([("a", "b"), ("c",)])


def imbalanced():
    from imblearn.combine import SMOTEENN
    from imblearn.ensemble import BalancedRandomForestClassifier, EasyEnsembleClassifier, RUSBoostClassifier
    from imblearn.over_sampling import ADASYN, SMOTE, SMOTENC, BorderlineSMOTE, RandomOverSampler
    from imblearn.pipeline import Pipeline
    from imblearn.under_sampling import NearMiss, RandomUnderSampler, TomekLinks
    from sklearn.linear_model import LogisticRegression

    x, y = passengers()
    n = x[["age", "fare"]].fillna(0)
    for sampler in (
        SMOTE(),
        ADASYN(),
        BorderlineSMOTE(),
        RandomOverSampler(),
        NearMiss(),
        RandomUnderSampler(),
        TomekLinks(),
        SMOTEENN(),
    ):
        with contextlib.suppress(ValueError):  # nothing to be added for this table
            sampler.fit_resample(n, y)
        yield sampler
        if not hasattr(sampler, "sampling_strategy_") or isinstance(sampler, ADASYN):
            continue
        yield Pipeline([("balance", sampler), ("model", LogisticRegression())]).fit(n, y)
    yield SMOTENC([1])
    yield BalancedRandomForestClassifier(n_estimators=3).fit(n, y)
    yield EasyEnsembleClassifier(n_estimators=2), RUSBoostClassifier(n_estimators=2)


def encoders():
    import category_encoders as ce
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    x, y = passengers()
    for encoder in (
        ce.TargetEncoder,
        ce.OrdinalEncoder,
        ce.BinaryEncoder,
        ce.LeaveOneOutEncoder,
        ce.WOEEncoder,
        ce.HashingEncoder,
        ce.CatBoostEncoder,
        ce.JamesSteinEncoder,
        ce.CountEncoder,
        ce.HelmertEncoder,
        ce.OneHotEncoder,
        ce.MEstimateEncoder,
    ):
        yield encoder(cols=["sex", "port"]).fit(x, y)
    yield make_pipeline(ce.TargetEncoder(), LogisticRegression()).fit(x.fillna(0), y)


def engineered():
    from feature_engine.creation import CyclicalFeatures, MathFeatures
    from feature_engine.discretisation import DecisionTreeDiscretiser, EqualFrequencyDiscretiser
    from feature_engine.encoding import MeanEncoder, OneHotEncoder, RareLabelEncoder
    from feature_engine.imputation import AddMissingIndicator, CategoricalImputer, MeanMedianImputer
    from feature_engine.outliers import Winsorizer
    from feature_engine.selection import DropConstantFeatures, DropCorrelatedFeatures, SmartCorrelatedSelection
    from feature_engine.timeseries.forecasting import LagFeatures
    from feature_engine.transformation import LogTransformer, YeoJohnsonTransformer
    from feature_engine.wrappers import SklearnTransformerWrapper
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = passengers()
    full = x.fillna(30)
    for step in (
        MathFeatures(["age", "fare"], ["sum", "mean"]),
        CyclicalFeatures(["age"]),
        EqualFrequencyDiscretiser(q=3),
        DecisionTreeDiscretiser(cv=2, regression=False),
        MeanEncoder(),
        OneHotEncoder(),
        RareLabelEncoder(n_categories=1),
        AddMissingIndicator(),
        CategoricalImputer(),
        MeanMedianImputer(),
        Winsorizer(),
        DropConstantFeatures(),
        DropCorrelatedFeatures(),
        SmartCorrelatedSelection(),
        LogTransformer(),
        YeoJohnsonTransformer(),
        SklearnTransformerWrapper(StandardScaler(), ["age"]),
        LagFeatures(["age"], periods=[1]),
    ):
        try:
            yield step.fit(full if not isinstance(step, MeanMedianImputer) else x, y)
        except ValueError:
            yield step
    yield Pipeline([("a", MeanMedianImputer()), ("b", RareLabelEncoder(n_categories=1)), ("c", OneHotEncoder())]).fit(x)


def extended():
    from mlxtend.classifier import EnsembleVoteClassifier, StackingCVClassifier
    from mlxtend.feature_selection import ColumnSelector, SequentialFeatureSelector
    from mlxtend.frequent_patterns import apriori, association_rules
    from mlxtend.preprocessing import TransactionEncoder
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB

    x, y = passengers()
    n = x[["age", "fare"]].fillna(0).to_numpy()
    coder = TransactionEncoder().fit([["milk", "bread"], ["milk"], ["bread", "eggs"]])
    yield coder
    table = pd.DataFrame(coder.transform([["milk", "bread"], ["milk", "bread"]]), columns=coder.columns_)
    yield association_rules(apriori(table, 0.5, use_colnames=True))
    yield EnsembleVoteClassifier([GaussianNB().fit(n, y)], fit_base_estimators=False).fit(n, y)
    yield StackingCVClassifier([GaussianNB()], LogisticRegression(), cv=2).fit(n, y)
    yield SequentialFeatureSelector(GaussianNB(), 1, cv=2).fit(n, y), ColumnSelector((0,)).fit(n)


def boosters():
    import xgboost as xgb

    x, y = passengers()
    n = x[["age", "fare"]]
    yield xgb.XGBClassifier(n_estimators=3, eval_metric=["auc", "logloss"]).fit(n, y, eval_set=[(n, y)], verbose=False)
    yield xgb.XGBRegressor(n_estimators=3, objective="reg:squarederror").fit(n, y)
    yield xgb.XGBRanker(n_estimators=2).fit(n, y, group=[60, 60])
    yield xgb.XGBRFClassifier(n_estimators=2).fit(n, y)
    yield xgb.XGBClassifier(n_estimators=3, early_stopping_rounds=2).fit(n, y, eval_set=[(n, y)], verbose=False)
    yield xgb.XGBClassifier(
        enable_categorical=True, tree_method="hist", n_estimators=2, callbacks=[xgb.callback.EarlyStopping(2)]
    ).fit(n, y, eval_set=[(n, y)], verbose=False)
    yield xgb.train({"objective": "binary:logistic"}, xgb.DMatrix(n, y), 2)
    yield xgb.XGBRegressor(objective=squared_log, n_estimators=2).fit(n, y)


def squared_log(truth, answer):
    return answer - truth, np.ones_like(truth)


def leaves():
    import lightgbm as lgb
    from sklearn.model_selection import GridSearchCV

    x, y = passengers()
    n = x[["age", "fare"]]
    yield lgb.LGBMClassifier(n_estimators=3, verbose=-1).fit(
        n, y, eval_set=[(n, y)], callbacks=[lgb.early_stopping(2, verbose=False)]
    )
    yield (
        lgb.LGBMRegressor(n_estimators=3, verbose=-1).fit(n, y),
        lgb.LGBMRanker(n_estimators=2, verbose=-1).fit(n, y, group=[120]),
    )
    yield lgb.train({"objective": "binary", "verbose": -1}, lgb.Dataset(n, y), 2)
    yield lgb.cv({"objective": "binary", "verbose": -1}, lgb.Dataset(n, y), 2, nfold=2, return_cvbooster=True)
    yield GridSearchCV(lgb.LGBMClassifier(n_estimators=2, verbose=-1), {"num_leaves": [4, 5]}, cv=2).fit(n, y)
    yield {"folds": [lgb.LGBMRegressor(n_estimators=2, verbose=-1).fit(n, y) for _ in range(2)], "oof": np.zeros(9)}


def cats():
    import catboost

    x, y = passengers()
    x = x.fillna(0)
    yield catboost.CatBoostClassifier(
        iterations=3, verbose=0, cat_features=["sex", "port"], allow_writing_files=False
    ).fit(x, y)
    yield catboost.CatBoostRegressor(iterations=3, verbose=0, allow_writing_files=False).fit(x[["age"]], y)
    yield catboost.CatBoostRanker(iterations=2, verbose=0, allow_writing_files=False).fit(
        x[["age"]], y, group_id=[0] * 120
    )


def neighbours_in_python():
    from skorch import NeuralNetClassifier
    from skorch.callbacks import EarlyStopping, EpochScoring
    from torch import nn, optim

    x, y = passengers()
    n = x[["fare"]].to_numpy("float32")
    net = NeuralNetClassifier(
        nn.Sequential(nn.Linear(1, 2), nn.Softmax(-1)),
        criterion=nn.NLLLoss,
        optimizer=optim.Adam,
        max_epochs=2,
        verbose=0,
        callbacks=[EarlyStopping(patience=2), EpochScoring("accuracy")],
    )
    yield net.fit(n, y.astype("int64"))


def outliers():
    from pyod.models.ecod import ECOD
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF

    x, _ = passengers()
    n = x[["age", "fare"]].fillna(0).to_numpy()
    yield from (model().fit(n) for model in (ECOD, IForest, KNN, LOF))


def scorecards():
    from optbinning import BinningProcess, OptimalBinning, Scorecard
    from sklearn.linear_model import LogisticRegression

    x, y = passengers()
    yield OptimalBinning("fare").fit(x["fare"].to_numpy(), y)
    process = BinningProcess(["fare", "sex"], categorical_variables=["sex"])
    yield process.fit(x[["fare", "sex"]], y)
    yield Scorecard(BinningProcess(["fare"]), LogisticRegression()).fit(x[["fare"]], y)


def gradient_of_nature():
    from ngboost import NGBRegressor

    x, y = passengers()
    yield NGBRegressor(n_estimators=3, verbose=False).fit(x[["fare"]].to_numpy(), y)


def glass_boxes():
    from interpret.glassbox import ExplainableBoostingClassifier, LogisticRegression

    x, y = passengers()
    yield ExplainableBoostingClassifier(max_rounds=5, n_jobs=1, outer_bags=1).fit(x, y)
    yield LogisticRegression().fit(x[["fare"]], y)


def explained():
    import lime.lime_tabular
    import shap
    from sklearn.ensemble import RandomForestClassifier

    x, y = passengers()
    n = x[["age", "fare"]].fillna(0)
    model = RandomForestClassifier(3).fit(n, y)
    explainer = shap.TreeExplainer(model)
    yield explainer.shap_values(n[:5]), explainer.expected_value
    yield explainer(n[:5])
    yield explainer
    yield shap.LinearExplainer(np.ones(2), n.to_numpy()) if False else shap.kmeans(n, 2)
    yield lime.lime_tabular.LimeTabularExplainer(n.to_numpy(), feature_names=list(n))


def mapped():
    import umap

    yield umap.UMAP(n_neighbors=4, n_epochs=5, random_state=1).fit(passengers()[0][["fare"]])
    yield umap.UMAP(n_neighbors=4)


def dense():
    import hdbscan

    x = passengers()[0][["age", "fare"]].fillna(0)
    yield hdbscan.HDBSCAN(min_cluster_size=5, prediction_data=True).fit(x)
    yield hdbscan.HDBSCAN().fit_predict(x)


def tuned():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=1), pruner=optuna.pruners.MedianPruner()
    )
    study.optimize(quadratic, n_trials=4)
    yield study
    yield study.best_params, study.best_trial, study.trials_dataframe()
    yield optuna.distributions.FloatDistribution(0, 1), study.sampler


def quadratic(trial):
    return trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_int("n", 1, 3) + trial.suggest_categorical("c", [0, 1])


def trials_of_hyperopt():
    import hyperopt

    trials = hyperopt.Trials()
    best = hyperopt.fmin(
        square, hyperopt.hp.uniform("x", -1, 1), hyperopt.tpe.suggest, 3, trials=trials, show_progressbar=False
    )
    yield trials
    yield best, hyperopt.space_eval(hyperopt.hp.uniform("x", -1, 1), best)


def square(x):
    return x * x


def optimized():
    import skopt

    yield skopt.gp_minimize(first_squared, [(-1.0, 1.0)], n_calls=5, n_initial_points=3)
    yield skopt.space.Space(
        [skopt.space.Real(0.1, 1, prior="log-uniform"), skopt.space.Integer(1, 4), skopt.space.Categorical("ab")]
    )


def first_squared(x):
    return x[0] ** 2
