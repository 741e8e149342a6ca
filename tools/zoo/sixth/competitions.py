"""What people save after a competition or at work with tables: pipelines, searches, boosters, statistics.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import collections
import datetime


def passengers(rows=120):
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "age": rng.normal(35, 12, rows).round(),
            "fare": rng.gamma(2, 15, rows),
            "sex": rng.choice(["male", "female"], rows),
            "port": rng.choice(["S", "C", "Q", None], rows),
            "name": [f"Passenger number {number}" for number in range(rows)],
        }
    )
    frame.loc[::9, "age"] = np.nan
    return frame, (rng.random(rows) < 0.4).astype(int), rng.normal(size=rows)


def preparation():
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age", "fare"]),
            ("kinds", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["sex", "port"]),
            ("words", CountVectorizer(max_features=20), "name"),
        ],
        sparse_threshold=0,
    )


def titanic():
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.svm import SVC

    frame, survived, _ = passengers()
    for model in (
        LogisticRegression(max_iter=300),
        RandomForestClassifier(20, random_state=0),
        GradientBoostingClassifier(n_estimators=10),
        SVC(probability=False, gamma="scale"),
        VotingClassifier([("l", LogisticRegression()), ("f", RandomForestClassifier(5))], voting="soft"),
    ):
        yield Pipeline([("prepare", preparation()), ("model", model)]).fit(frame, survived)


def searches_and_reports():
    import pandas as pd
    from scipy.stats import loguniform, randint, uniform
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import Ridge
    from sklearn.metrics import classification_report, confusion_matrix, make_scorer, roc_curve
    from sklearn.model_selection import (
        GridSearchCV,
        RandomizedSearchCV,
        StratifiedKFold,
        cross_validate,
        learning_curve,
        train_test_split,
    )
    from sklearn.neighbors import KNeighborsClassifier

    frame, y, t = passengers()
    x = frame[["age", "fare"]].fillna(0)
    grid = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [3, 5]}, cv=StratifiedKFold(3, shuffle=True)).fit(x, y)
    yield grid
    yield grid.cv_results_
    yield pd.DataFrame(grid.cv_results_)
    yield RandomizedSearchCV(Ridge(), {"alpha": loguniform(1e-3, 10)}, n_iter=3, random_state=0).fit(x, t)
    yield RandomizedSearchCV(
        RandomForestRegressor(), {"n_estimators": randint(3, 9), "max_features": uniform(0.5, 0.4)}, n_iter=2
    ).fit(x, t)
    yield GridSearchCV(Ridge(), {"alpha": [1, 2]}, scoring=make_scorer(root_error, greater_is_better=False)).fit(x, t)
    yield cross_validate(Ridge(), x, t, return_estimator=True, return_train_score=True)
    yield {"report": classification_report(y, grid.predict(x), output_dict=True), "matrix": confusion_matrix(y, y)}
    yield roc_curve(y, grid.predict_proba(x)[:, 1])
    yield learning_curve(Ridge(), x, t, train_sizes=[0.5, 1.0])
    yield train_test_split(x, y, test_size=0.25, random_state=1)
    yield list(StratifiedKFold(3).split(x, y))


def root_error(truth, answer):
    return float(((truth - answer) ** 2).mean() ** 0.5)


def scalers_and_encoders():
    import numpy as np
    from sklearn.decomposition import PCA, TruncatedSVD
    from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_regression
    from sklearn.preprocessing import (
        LabelBinarizer,
        LabelEncoder,
        MaxAbsScaler,
        MinMaxScaler,
        MultiLabelBinarizer,
        PowerTransformer,
        QuantileTransformer,
    )

    frame, _, t = passengers()
    x = frame[["age", "fare"]].fillna(1)
    yield LabelEncoder().fit(frame["sex"])
    yield {column: LabelEncoder().fit(frame[column].astype(str)) for column in ("sex", "port")}
    yield LabelBinarizer().fit(frame["sex"])
    yield MultiLabelBinarizer().fit([["a", "b"], ["c"]])
    yield [MinMaxScaler((-1, 1)).fit(x), MaxAbsScaler().fit(x)]
    yield PowerTransformer().fit(x), QuantileTransformer(n_quantiles=10).fit(x)
    yield PCA(2, whiten=True).fit(x), TruncatedSVD(1).fit(x)
    yield SelectKBest(f_regression, k=1).fit(x, t)
    yield VarianceThreshold().fit(x)
    yield {"model": None, "scaler": MinMaxScaler().fit(x), "features": list(x), "mean": np.float32(0.5)}


def learners():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, MiniBatchKMeans
    from sklearn.ensemble import (
        AdaBoostClassifier,
        BaggingRegressor,
        ExtraTreesClassifier,
        HistGradientBoostingRegressor,
        IsolationForest,
        StackingRegressor,
    )
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.linear_model import HuberRegressor, LassoCV, PassiveAggressiveClassifier, SGDRegressor
    from sklearn.mixture import GaussianMixture
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.naive_bayes import GaussianNB, MultinomialNB
    from sklearn.neural_network import MLPClassifier
    from sklearn.tree import DecisionTreeClassifier

    frame, y, t = passengers()
    x = frame[["age", "fare"]].fillna(1)
    yield CalibratedClassifierCV(GaussianNB(), cv=2).fit(x, y)
    yield KMeans(3, n_init=2).fit(x), MiniBatchKMeans(2, n_init=1).fit(x)
    yield DBSCAN(eps=5).fit(x), AgglomerativeClustering(2).fit(x)
    yield AdaBoostClassifier(n_estimators=4).fit(x, y)
    yield BaggingRegressor(n_estimators=3).fit(x, t)
    yield ExtraTreesClassifier(6).fit(x, y)
    yield HistGradientBoostingRegressor(max_iter=4, loss="quantile", quantile=0.9).fit(x, t)
    yield IsolationForest(n_estimators=8, contamination=0.1).fit(x)
    yield StackingRegressor([("h", HuberRegressor()), ("l", LassoCV(cv=2))]).fit(x, t)
    yield GaussianProcessRegressor(ConstantKernel() * RBF() + WhiteKernel()).fit(x[:20], t[:20])
    yield PassiveAggressiveClassifier().fit(x, y), SGDRegressor().fit(x, t)
    yield GaussianMixture(2).fit(x)
    yield MultiOutputRegressor(HuberRegressor()).fit(x, x)
    yield MultinomialNB().fit(x, y)
    yield MLPClassifier((4,), max_iter=20, early_stopping=True).fit(x, y)
    yield DecisionTreeClassifier(max_depth=3).fit(x, y)


def boosters_of_trees():
    import xgboost

    frame, y, t = passengers()
    x = frame[["age", "fare"]]
    yield xgboost.XGBClassifier(n_estimators=4, eval_metric="auc", early_stopping_rounds=2).fit(
        x, y, eval_set=[(x, y)], verbose=False
    )
    yield xgboost.XGBRegressor(n_estimators=3, objective="reg:absoluteerror", booster="dart").fit(x, t)
    yield xgboost.XGBRanker(n_estimators=2).fit(x, y, group=[60, 60])
    yield xgboost.train({"max_depth": 2}, xgboost.DMatrix(x, y), 3)
    yield xgboost.cv({"max_depth": 2}, xgboost.DMatrix(x, y), 2, nfold=2)
    yield [xgboost.XGBClassifier(n_estimators=2, random_state=fold).fit(x, y) for fold in range(3)]


def light_boosters():
    import lightgbm

    frame, y, t = passengers()
    x = frame[["age", "fare", "sex"]].astype({"sex": "category"})
    yield lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, y, eval_set=[(x, y)])
    yield lightgbm.LGBMRegressor(n_estimators=2, verbose=-1, callbacks=None).fit(x, t)
    yield lightgbm.LGBMRanker(n_estimators=2, verbose=-1).fit(x, y, group=[60, 60])
    yield lightgbm.train({"verbose": -1, "objective": "poisson"}, lightgbm.Dataset(x, y), 3)
    yield lightgbm.cv({"verbose": -1}, lightgbm.Dataset(x, t, free_raw_data=False), 2, nfold=2, stratified=False)


def cat_boosters():
    import catboost

    frame, y, t = passengers()
    x = frame[["age", "fare", "sex"]]
    settings = {"iterations": 3, "verbose": False, "allow_writing_files": False, "cat_features": ["sex"]}
    yield catboost.CatBoostClassifier(**settings, class_weights=[1, 2]).fit(x, y)
    yield catboost.CatBoostRegressor(**settings, loss_function="MAE").fit(x, t)


def regressions():
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    frame, y, t = passengers()
    frame = frame.assign(y=y, t=t).dropna()
    yield smf.ols("t ~ age + C(sex)", frame).fit()
    yield smf.logit("y ~ age + fare", frame).fit(disp=0)
    yield sm.GLM(frame["y"], sm.add_constant(frame[["age"]]), family=sm.families.Poisson()).fit()
    yield sm.RLM(frame["t"], frame[["age", "fare"]], M=sm.robust.norms.HuberT()).fit()
    yield sm.MixedLM.from_formula("t ~ age", frame, groups="port").fit()
    yield sm.tsa.ARIMA(t, order=(1, 0, 1)).fit()
    yield sm.tsa.ExponentialSmoothing(abs(t) + 1, trend="add").fit()
    yield sm.tsa.SARIMAX(t, order=(1, 0, 0), seasonal_order=(1, 0, 0, 4)).fit(disp=0)
    yield sm.tsa.seasonal_decompose(t, period=6)
    yield sm.OLS(t, sm.add_constant(frame["age"].reindex(range(120)).fillna(0))).fit().summary2().tables


def lives():
    import lifelines

    frame, y, _ = passengers()
    table = frame[["age", "fare"]].fillna(1).assign(died=y)
    yield lifelines.KaplanMeierFitter().fit(table["fare"], table["died"])
    yield lifelines.CoxPHFitter(penalizer=0.1).fit(table, "fare", "died")
    yield lifelines.WeibullAFTFitter().fit(table, "fare", "died")


def forecasts():
    import pandas as pd
    from prophet import Prophet

    days = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=60), "y": range(60)})
    yield Prophet(weekly_seasonality=True).fit(days)


def other_forecasts():
    import numpy as np
    import pmdarima

    yield pmdarima.auto_arima(np.sin(np.arange(40.0)), start_p=0, start_q=0, max_p=1, max_q=1, seasonal=False)


def unbalanced():
    from imblearn.ensemble import BalancedRandomForestClassifier
    from imblearn.over_sampling import SMOTE, RandomOverSampler
    from imblearn.pipeline import make_pipeline
    from sklearn.linear_model import LogisticRegression

    frame, y, _ = passengers()
    x = frame[["age", "fare"]].fillna(1)
    yield make_pipeline(SMOTE(random_state=0), LogisticRegression()).fit(x, y)
    yield BalancedRandomForestClassifier(4).fit(x, y)
    yield RandomOverSampler().fit(x, y)


def encoders_of_kinds():
    import category_encoders

    frame, y, _ = passengers()
    for encoder in (category_encoders.TargetEncoder, category_encoders.BinaryEncoder, category_encoders.CountEncoder):
        yield encoder(cols=["sex"]).fit(frame[["sex", "age"]].fillna(0), y)


def tuned():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner())
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    yield study
    yield study.best_params
    yield study.trials_dataframe()
    yield study.best_trial


def groups_of_points():
    import numpy as np
    import umap

    yield np.asarray(umap.UMAP(n_neighbors=4, n_epochs=5).fit_transform(np.random.rand(30, 4)))


def dense_groups():
    import hdbscan
    import numpy as np

    yield hdbscan.HDBSCAN(min_cluster_size=4).fit(np.random.default_rng(0).random((40, 2)))


def chances_of_boosters():
    import ngboost

    frame, _, t = passengers()
    yield ngboost.NGBRegressor(n_estimators=3, verbose=False).fit(frame[["age", "fare"]].fillna(0), t)


def engineered():
    from feature_engine.encoding import RareLabelEncoder
    from feature_engine.imputation import MeanMedianImputer
    from feature_engine.outliers import Winsorizer
    from sklearn.pipeline import Pipeline

    frame, _, _ = passengers()
    steps = [
        ("m", MeanMedianImputer()),
        ("w", Winsorizer(variables=["fare"])),
        ("r", RareLabelEncoder(0.1, 1, variables=["sex"])),
    ]
    yield Pipeline(steps).fit(frame[["age", "fare", "sex"]])


def submissions():
    import numpy as np
    import pandas as pd

    frame, _, t = passengers()
    yield {"oof": np.zeros(120), "test": np.ones(30), "score": 0.83, "params": {"eta": 0.1}, "seed": 42}
    yield collections.OrderedDict(fold_0=t[:60], fold_1=t[60:])
    yield frame.groupby("sex")["fare"].agg(["mean", "max"])
    yield pd.crosstab(frame["sex"], frame["port"])
    yield frame.pivot_table(index="sex", columns="port", values="fare", aggfunc="mean")
    yield frame.describe(include="all")
    yield frame.set_index(["sex", "port"]).sort_index()
    yield {"created": datetime.datetime(2025, 5, 1, tzinfo=datetime.timezone.utc), "features": pd.Index(list(frame))}
    yield pd.cut(frame["age"], [0, 18, 65, 100], labels=["child", "adult", "old"])
    yield pd.qcut(frame["fare"], 4, retbins=True)
