"""The libraries that speak the language of scikit-learn, as their documentation shows them."""

import numpy as np
import pandas as pd
from sklearn import (
    calibration,
    datasets,
    ensemble,
    linear_model,
    model_selection,
    multioutput,
    naive_bayes,
    pipeline,
    preprocessing,
    tree,
)

X, Y = datasets.load_iris(return_X_y=True)
X, Y = X[::3], Y[::3]
T = X[:, 0] * 2 + X[:, 1]
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(kind=["u", "v"] * 25, size=[1, 2, 3, 4, 5] * 10)
LINES = ["the red fox", "a blue dog", "red dogs", "a cat", "foxes and cats"] * 10


def xgboost_docs():
    import xgboost as xgb

    yield xgb.XGBClassifier(n_estimators=3, max_depth=2).fit(X, Y)
    yield xgb.XGBRegressor(
        n_estimators=3, objective="reg:squarederror", early_stopping_rounds=2, eval_metric="mae"
    ).fit(X, T, eval_set=[(X, T)], verbose=False)
    yield xgb.XGBRanker(n_estimators=2).fit(X, (Y == 1).astype(int), qid=np.repeat([0, 1], 25))
    yield xgb.XGBRFClassifier(n_estimators=2).fit(X, Y)
    yield xgb.train({"max_depth": 2, "objective": "reg:squarederror"}, xgb.DMatrix(X, T), 2)
    yield pipeline.make_pipeline(preprocessing.StandardScaler(), xgb.XGBClassifier(n_estimators=2)).fit(X, Y)
    yield model_selection.GridSearchCV(xgb.XGBRegressor(n_estimators=2), {"max_depth": [1, 2]}, cv=2).fit(X, T)
    yield calibration.CalibratedClassifierCV(xgb.XGBClassifier(n_estimators=2), cv=2).fit(X, Y)
    yield xgb.callback.EarlyStopping(2)


def lightgbm_docs():
    import lightgbm as lgb

    yield lgb.LGBMClassifier(n_estimators=3, min_child_samples=2, verbose=-1).fit(X, Y)
    yield lgb.LGBMRegressor(n_estimators=3, verbose=-1).fit(
        FRAME.drop(columns="kind"), T, eval_set=[(FRAME.drop(columns="kind"), T)]
    )
    yield lgb.LGBMRanker(n_estimators=3, verbose=-1).fit(X, (Y == 1).astype(int), group=[25, 25])
    yield lgb.train({"objective": "regression", "verbose": -1}, lgb.Dataset(X, T), 2)
    yield ensemble.StackingClassifier([("lgb", lgb.LGBMClassifier(n_estimators=2, verbose=-1))], cv=2).fit(X, Y)
    yield multioutput.MultiOutputRegressor(lgb.LGBMRegressor(n_estimators=2, verbose=-1)).fit(X, X[:, :2])
    yield lgb.cv({"objective": "regression", "verbose": -1}, lgb.Dataset(X, T), 2, nfold=2, stratified=False)


def catboost_docs(folder):
    import catboost

    settings = {"iterations": 3, "verbose": False, "allow_writing_files": False}
    yield catboost.CatBoostClassifier(**settings).fit(X, Y)
    yield catboost.CatBoostRegressor(**settings).fit(X, T)
    yield pipeline.make_pipeline(preprocessing.StandardScaler(), catboost.CatBoostClassifier(**settings)).fit(X, Y)
    yield catboost.CatBoostRanker(**settings).fit(X, T, group_id=np.repeat([0, 1], 25))
    yield model_selection.GridSearchCV(catboost.CatBoostRegressor(**settings), {"depth": [2]}, cv=2).fit(X, T)
    catboost.CatBoostRegressor(**settings).fit(X, T).save_model(str(folder / "m.cbm"))


def imbalanced_docs():
    from imblearn import combine, over_sampling, under_sampling
    from imblearn import ensemble as balanced
    from imblearn import pipeline as sampled

    binary = (Y == 1).astype(int)
    yield sampled.make_pipeline(over_sampling.SMOTE(), linear_model.LogisticRegression()).fit(X, binary)
    yield balanced.BalancedRandomForestClassifier(3, sampling_strategy="all", replacement=True, bootstrap=False).fit(
        X, binary
    )
    yield balanced.EasyEnsembleClassifier(2).fit(X, binary)
    yield balanced.RUSBoostClassifier(n_estimators=2).fit(X, binary)
    for sampler in (
        over_sampling.ADASYN(),
        over_sampling.RandomOverSampler(),
        under_sampling.RandomUnderSampler(),
        combine.SMOTEENN(),
        under_sampling.TomekLinks(),
        over_sampling.BorderlineSMOTE(),
        combine.SMOTETomek(),
    ):
        sampler.fit_resample(X, binary)
        yield sampler


def encoders_docs():
    import category_encoders as ce

    for name in "BinaryEncoder CatBoostEncoder CountEncoder HashingEncoder HelmertEncoder JamesSteinEncoder LeaveOneOutEncoder OneHotEncoder OrdinalEncoder SumEncoder TargetEncoder WOEEncoder QuantileEncoder GLMMEncoder BaseNEncoder MEstimateEncoder".split():
        if name == "GLMMEncoder":
            continue
        yield getattr(ce, name)(cols=["kind"]).fit(FRAME[["kind", "a"]], Y == 1)
    yield pipeline.make_pipeline(ce.TargetEncoder(), linear_model.LogisticRegression()).fit(
        FRAME[["kind", "a"]], Y == 1
    )


def skorch_docs():
    import skorch
    import torch

    net = skorch.NeuralNetClassifier(
        torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(-1)), max_epochs=1, verbose=0
    )
    yield net
    yield net.fit(X.astype("f4"), Y.astype("i8"))
    yield pipeline.make_pipeline(
        preprocessing.StandardScaler(), skorch.NeuralNetRegressor(torch.nn.Linear(4, 1), verbose=0)
    )


def hmm_docs():
    from hmmlearn import hmm

    yield hmm.GaussianHMM(2, n_iter=2).fit(X)
    yield hmm.CategoricalHMM(2, n_iter=2).fit(Y[:, None])
    yield hmm.GMMHMM(2, n_iter=2).fit(X)


def other_learners():
    from mlxtend import classifier
    from mlxtend import feature_selection as steps
    from mlxtend.preprocessing import TransactionEncoder

    yield classifier.EnsembleVoteClassifier([naive_bayes.GaussianNB(), tree.DecisionTreeClassifier()]).fit(X, Y)
    yield classifier.StackingCVClassifier([naive_bayes.GaussianNB()], linear_model.LogisticRegression(), cv=2).fit(X, Y)
    yield TransactionEncoder().fit([["a", "b"], ["a"]])
    yield steps.SequentialFeatureSelector(linear_model.Ridge(), k_features=1, cv=2).fit(X, T)


def umap_docs():
    import umap

    yield umap.UMAP(n_neighbors=5, n_epochs=5, random_state=0).fit(X)


def hdbscan_docs():
    import hdbscan

    yield hdbscan.HDBSCAN(min_cluster_size=3, prediction_data=True).fit(X)


def shap_docs():
    import shap

    explainer = shap.TreeExplainer(ensemble.RandomForestRegressor(3).fit(X, T))
    yield explainer(X[:5])
    yield explainer.shap_values(X[:5])
    yield explainer
    yield shap.LinearExplainer(linear_model.Ridge().fit(X, T), X)


def survival_docs():
    from sksurv import ensemble as survivors
    from sksurv import linear_model as hazards
    from sksurv.util import Surv

    life = Surv.from_arrays(Y > 0, T)
    yield hazards.CoxPHSurvivalAnalysis().fit(X, life)
    yield survivors.RandomSurvivalForest(3).fit(X, life)
    yield life


def lifelines_docs():
    import lifelines

    yield lifelines.KaplanMeierFitter().fit(T, Y > 0)
    yield lifelines.CoxPHFitter().fit(FRAME[["a", "b"]].assign(t=T, e=Y > 0), "t", "e")
    yield lifelines.WeibullFitter().fit(T, Y > 0)
    yield lifelines.NelsonAalenFitter().fit(T)


def mapie_docs():
    from mapie.regression import SplitConformalRegressor

    yield SplitConformalRegressor(linear_model.Ridge().fit(X, T), prefit=True).conformalize(X, T)


def boosted_distributions():
    import ngboost

    yield ngboost.NGBRegressor(n_estimators=2, verbose=False).fit(X, T)


def outliers():
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF

    for model in (IForest(n_estimators=3), KNN(), LOF()):
        yield model.fit(X)


def engineered():
    from feature_engine import encoding, imputation, selection
    from feature_engine import outliers as tails

    yield imputation.MeanMedianImputer().fit(FRAME[["a", "b"]])
    yield encoding.RareLabelEncoder(tol=0.1, n_categories=1).fit(FRAME[["kind"]])
    yield tails.Winsorizer().fit(FRAME[["a", "b"]])
    yield selection.DropConstantFeatures().fit(FRAME[["a", "b"]])


def skopt_docs():
    import skopt

    yield skopt.gp_minimize(first_of, [(-1.0, 1.0)], n_calls=3, n_initial_points=2, random_state=0)
    yield skopt.space.Space([(1, 3), (0.1, 1.0, "log-uniform"), ["a", "b"]])


def first_of(x):
    return x[0] ** 2


def online_learners():
    from river import compose as together
    from river import linear_model as online
    from river import preprocessing as scales
    from river import tree as forests

    model = together.Pipeline(scales.StandardScaler(), online.LogisticRegression())
    for row, label in zip(X[:20], Y[:20] > 0):
        model.learn_one(dict(enumerate(row)), bool(label))
    yield model
    trees = forests.HoeffdingTreeClassifier()
    for row, label in zip(X, Y):
        trees.learn_one(dict(enumerate(row)), int(label))
    yield trees


def recommenders():
    import surprise

    frame = pd.DataFrame({"u": [1, 1, 2, 2], "i": [1, 2, 1, 3], "r": [3, 4, 5, 1]})
    data = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(1, 5))).build_full_trainset()
    yield surprise.SVD(n_factors=2, n_epochs=1).fit(data)
    yield surprise.KNNBasic(verbose=False).fit(data)


def skops_files(folder):
    import skops.io

    skops.io.dump(
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(X, Y),
        folder / "m.skops",
    )
    return ()
