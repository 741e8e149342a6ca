"""scikit-learn as its user guide shows it, and the libraries that speak its language."""

import functools

import numpy as np
import pandas as pd
from sklearn import *  # noqa: F403  (loads the packages that the guide names)
from sklearn import (
    calibration,
    cluster,
    compose,
    covariance,
    cross_decomposition,
    datasets,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_approximation,
    kernel_ridge,
    linear_model,
    manifold,
    metrics,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    random_projection,
    semi_supervised,
    svm,
    tree,
)

X, Y = datasets.load_iris(return_X_y=True)
X, Y = X[::3], Y[::3]
T = X[:, 0] * 2 + X[:, 1]
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(kind=["u", "v"] * 25, size=[1, 2, 3, 4, 5] * 10)
LINES = ["the red fox", "a blue dog", "red dogs", "a cat", "foxes and cats"] * 10


def getting_started():
    yield pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(X, Y)
    yield ensemble.RandomForestClassifier(n_estimators=5, random_state=0).fit(X, Y)
    yield model_selection.RandomizedSearchCV(
        ensemble.RandomForestRegressor(n_estimators=3),
        {"n_estimators": scipy_stats().randint(1, 5), "max_depth": scipy_stats().randint(5, 10)},
        n_iter=2,
        cv=2,
        random_state=0,
    ).fit(X, T)
    yield model_selection.cross_validate(linear_model.LinearRegression(), X, T, cv=3)


def scipy_stats():
    import scipy.stats

    return scipy.stats


def linear_models():
    for model in (
        linear_model.LinearRegression(),
        linear_model.Ridge(),
        linear_model.RidgeCV(),
        linear_model.Lasso(),
        linear_model.LassoCV(cv=2),
        linear_model.ElasticNet(),
        linear_model.Lars(),
        linear_model.LassoLarsIC(),
        linear_model.OrthogonalMatchingPursuit(),
        linear_model.BayesianRidge(),
        linear_model.ARDRegression(),
        linear_model.TweedieRegressor(),
        linear_model.GammaRegressor(),
        linear_model.HuberRegressor(),
        linear_model.RANSACRegressor(),
        linear_model.TheilSenRegressor(),
        linear_model.QuantileRegressor(),
        linear_model.SGDRegressor(),
    ):
        yield model.fit(X, T)
    for model in (
        linear_model.SGDClassifier(loss="modified_huber"),
        linear_model.Perceptron(),
        linear_model.LogisticRegressionCV(cv=2),
        linear_model.RidgeClassifier(),
    ):
        yield model.fit(X, Y)


def mixed_columns():
    numeric = pipeline.Pipeline([("fill", impute.SimpleImputer()), ("scale", preprocessing.StandardScaler())])
    columns = compose.ColumnTransformer(
        [
            ("num", numeric, ["a", "b"]),
            ("cat", preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["kind"]),
            ("keep", "passthrough", ["c"]),
        ],
        remainder="drop",
    )
    yield pipeline.Pipeline([("prep", columns), ("clf", linear_model.LogisticRegression())]).fit(FRAME, Y)
    yield compose.make_column_transformer(
        (preprocessing.OrdinalEncoder(), compose.make_column_selector(dtype_include=object)),
        (preprocessing.MinMaxScaler(), compose.make_column_selector(pattern="^a", dtype_include=np.number)),
    ).fit(FRAME)
    yield columns.set_output(transform="pandas").fit(FRAME)
    yield compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1).fit(X, T)
    yield pipeline.FeatureUnion([("pca", decomposition.PCA(2)), ("best", feature_selection.SelectKBest(k=1))]).fit(X, Y)


def scalers_and_encoders():
    for scaler in (
        preprocessing.MinMaxScaler(),
        preprocessing.MaxAbsScaler(),
        preprocessing.RobustScaler(),
        preprocessing.Normalizer(),
        preprocessing.PowerTransformer(),
        preprocessing.QuantileTransformer(n_quantiles=10),
        preprocessing.KBinsDiscretizer(3),
        preprocessing.PolynomialFeatures(2),
        preprocessing.SplineTransformer(),
        preprocessing.Binarizer(),
        preprocessing.KernelCenterer(),
    ):
        yield scaler.fit(X if not isinstance(scaler, preprocessing.KernelCenterer) else X @ X.T)
    yield preprocessing.LabelBinarizer().fit(Y)
    yield preprocessing.MultiLabelBinarizer().fit([["a"], ["b", "a"]])
    yield preprocessing.TargetEncoder().fit(FRAME[["kind"]], T)
    yield preprocessing.FunctionTransformer(np.log1p, validate=True)
    yield preprocessing.FunctionTransformer(func=functools.partial(np.clip, a_min=0, a_max=1))
    yield preprocessing.FunctionTransformer(own_step)


def own_step(x):
    return x


def texts():
    vectors = feature_extraction.text
    yield vectors.CountVectorizer(ngram_range=(1, 2), stop_words="english").fit(LINES)
    yield pipeline.make_pipeline(
        vectors.TfidfVectorizer(min_df=2, token_pattern=r"\w+"), naive_bayes.MultinomialNB()
    ).fit(LINES, Y)
    yield vectors.HashingVectorizer(n_features=16)
    yield vectors.TfidfVectorizer(tokenizer=str.split, preprocessor=str.lower, token_pattern=None).fit(LINES)
    yield feature_extraction.DictVectorizer().fit([{"a": 1, "b": "x"}])
    yield feature_extraction.FeatureHasher(8)
    yield decomposition.LatentDirichletAllocation(2, max_iter=2).fit(vectors.CountVectorizer().fit_transform(LINES))


def trees_and_forests():
    for model in (
        tree.DecisionTreeClassifier(max_depth=3),
        tree.ExtraTreeClassifier(),
        ensemble.ExtraTreesClassifier(4),
        ensemble.GradientBoostingClassifier(n_estimators=3),
        ensemble.HistGradientBoostingClassifier(max_iter=3),
        ensemble.AdaBoostClassifier(n_estimators=3),
        ensemble.BaggingClassifier(svm.SVC(), n_estimators=3),
        ensemble.VotingClassifier(
            [("a", naive_bayes.GaussianNB()), ("b", tree.DecisionTreeClassifier())], voting="soft"
        ),
        ensemble.StackingClassifier(
            [("a", naive_bayes.GaussianNB()), ("b", svm.LinearSVC())],
            final_estimator=linear_model.LogisticRegression(),
            cv=2,
        ),
    ):
        yield model.fit(X, Y)
    for model in (
        tree.DecisionTreeRegressor(),
        ensemble.GradientBoostingRegressor(n_estimators=3, loss="huber"),
        ensemble.HistGradientBoostingRegressor(max_iter=3, loss="quantile", quantile=0.9, monotonic_cst=[1, 0, 0, 0]),
        ensemble.StackingRegressor([("a", linear_model.Ridge())], cv=2),
        ensemble.VotingRegressor([("a", linear_model.Ridge())]),
        ensemble.RandomTreesEmbedding(3),
        ensemble.IsolationForest(n_estimators=4),
    ):
        yield model.fit(X, T)


def neighbours_and_kernels():
    for model in (
        neighbors.KNeighborsClassifier(metric="manhattan"),
        neighbors.RadiusNeighborsClassifier(5.0),
        neighbors.NearestCentroid(),
        neighbors.NeighborhoodComponentsAnalysis(2, max_iter=3),
        svm.SVC(probability=False),
        svm.NuSVC(nu=0.2),
        svm.LinearSVC(),
        gaussian_process.GaussianProcessClassifier(),
    ):
        yield model.fit(X, Y)
    yield neighbors.BallTree(X)
    yield neighbors.KDTree(X)
    yield neighbors.KernelDensity().fit(X)
    yield neighbors.LocalOutlierFactor(novelty=True).fit(X)
    yield svm.SVR(kernel="poly").fit(X, T)
    yield svm.OneClassSVM().fit(X)
    yield kernel_ridge.KernelRidge(kernel="rbf").fit(X, T)
    yield kernel_approximation.Nystroem(n_components=5).fit(X)
    yield kernel_approximation.RBFSampler().fit(X)
    kernels = gaussian_process.kernels
    yield gaussian_process.GaussianProcessRegressor(
        1.0 * kernels.RBF(1.0) + kernels.WhiteKernel() * kernels.Matern(nu=1.5)
    ).fit(X, T)
    yield svm.SVC(kernel=metrics.pairwise.chi2_kernel)


def clusters():
    for model in (
        cluster.KMeans(3, n_init=1),
        cluster.MiniBatchKMeans(3, n_init=1),
        cluster.DBSCAN(),
        cluster.HDBSCAN(copy=True),
        cluster.OPTICS(),
        cluster.AgglomerativeClustering(3),
        cluster.Birch(n_clusters=2),
        cluster.MeanShift(),
        cluster.SpectralClustering(2),
        cluster.AffinityPropagation(),
        cluster.BisectingKMeans(2),
        cluster.FeatureAgglomeration(2),
        cluster.SpectralCoclustering(2),
        mixture.GaussianMixture(2),
        mixture.BayesianGaussianMixture(n_components=2),
    ):
        yield model.fit(X)


def decompositions():
    for model in (
        decomposition.PCA(0.9),
        decomposition.IncrementalPCA(2),
        decomposition.KernelPCA(2, kernel="rbf"),
        decomposition.TruncatedSVD(2),
        decomposition.NMF(2, max_iter=20),
        decomposition.FastICA(2, whiten="unit-variance"),
        decomposition.FactorAnalysis(2),
        decomposition.DictionaryLearning(2, max_iter=2),
        decomposition.SparsePCA(2, max_iter=2),
        manifold.Isomap(n_components=2),
        manifold.TSNE(2, perplexity=5, max_iter=250),
        manifold.MDS(2, n_init=1, max_iter=5),
        manifold.LocallyLinearEmbedding(),
        random_projection.GaussianRandomProjection(2),
        random_projection.SparseRandomProjection(2),
        covariance.EllipticEnvelope(),
        covariance.GraphicalLasso(),
        covariance.LedoitWolf(),
    ):
        yield model.fit(X)
    yield cross_decomposition.PLSRegression(2).fit(X, T)
    yield cross_decomposition.CCA(1).fit(X, X)
    yield discriminant_analysis.LinearDiscriminantAnalysis().fit(X, Y)
    yield discriminant_analysis.QuadraticDiscriminantAnalysis().fit(X, Y)


def searches():
    yield model_selection.GridSearchCV(
        pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC()),
        {"svc__C": [1, 10], "svc__kernel": ["rbf"]},
        cv=2,
        scoring="f1_macro",
    ).fit(X, Y)
    yield model_selection.GridSearchCV(
        linear_model.Ridge(),
        {"alpha": np.logspace(-2, 0, 3)},
        scoring={"r2": "r2", "mae": metrics.make_scorer(metrics.mean_absolute_error, greater_is_better=False)},
        refit="r2",
        cv=2,
    ).fit(X, T)
    from sklearn.experimental import enable_halving_search_cv

    yield model_selection.HalvingGridSearchCV(tree.DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2).fit(X, Y)
    yield metrics.make_scorer(metrics.fbeta_score, beta=2)
    yield metrics.get_scorer("roc_auc")
    yield model_selection.TunedThresholdClassifierCV(linear_model.LogisticRegression(), cv=2).fit(X, Y == 1)
    yield model_selection.FixedThresholdClassifier(linear_model.LogisticRegression(), threshold=0.3).fit(X, Y == 1)


def splitters():
    yield [
        model_selection.KFold(3, shuffle=True, random_state=0),
        model_selection.StratifiedKFold(3),
        model_selection.TimeSeriesSplit(3),
    ]
    yield [
        model_selection.GroupKFold(3),
        model_selection.LeaveOneOut(),
        model_selection.ShuffleSplit(2),
        model_selection.PredefinedSplit([0, 1]),
    ]
    yield list(model_selection.KFold(3).split(X))
    yield model_selection.RepeatedStratifiedKFold(n_splits=2)
    yield model_selection.ParameterGrid({"a": [1, 2]})
    yield model_selection.ParameterSampler({"a": [1, 2]}, 2)
    yield model_selection.train_test_split(X, Y, random_state=0)


def calibrated():
    yield calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=2).fit(X, Y)
    yield calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=2).fit(X, Y)
    yield isotonic.IsotonicRegression().fit(X[:, 0], T)


def many_outputs():
    yield multiclass.OneVsRestClassifier(svm.SVC()).fit(X, Y)
    yield multiclass.OneVsOneClassifier(svm.SVC()).fit(X, Y)
    yield multiclass.OutputCodeClassifier(svm.SVC()).fit(X, Y)
    yield multioutput.MultiOutputRegressor(linear_model.Ridge()).fit(X, X[:, :2])
    yield multioutput.ClassifierChain(linear_model.LogisticRegression()).fit(X, np.c_[Y == 1, Y == 2])
    yield multioutput.RegressorChain(linear_model.Ridge()).fit(X, X[:, :2])


def imputed():
    from sklearn.experimental import enable_iterative_imputer

    holes = X.copy()
    holes[::7, 0] = np.nan
    yield impute.SimpleImputer(strategy="median", add_indicator=True).fit(holes)
    yield impute.KNNImputer().fit(holes)
    yield impute.IterativeImputer(max_iter=2).fit(holes)
    yield impute.MissingIndicator().fit(holes)


def selected():
    yield feature_selection.RFE(svm.SVR(kernel="linear"), n_features_to_select=2).fit(X, T)
    yield feature_selection.RFECV(linear_model.Ridge(), cv=2).fit(X, T)
    yield feature_selection.SelectFromModel(ensemble.RandomForestClassifier(3)).fit(X, Y)
    yield feature_selection.SelectPercentile(feature_selection.f_classif).fit(X, Y)
    yield feature_selection.SelectKBest(feature_selection.mutual_info_classif, k=2).fit(X, Y)
    yield feature_selection.SelectKBest(
        functools.partial(feature_selection.mutual_info_classif, random_state=0), k=2
    ).fit(X, Y)
    yield feature_selection.SequentialFeatureSelector(linear_model.Ridge(), n_features_to_select=1, cv=2).fit(X, T)
    yield feature_selection.VarianceThreshold().fit(X)
    yield feature_selection.GenericUnivariateSelect().fit(X, Y)


def networks_and_labels():
    yield neural_network.MLPClassifier(max_iter=3).fit(X, Y)
    yield neural_network.MLPRegressor(max_iter=3, solver="sgd", early_stopping=True).fit(X, T)
    yield neural_network.BernoulliRBM(2, n_iter=2).fit(X / 10)
    yield semi_supervised.LabelPropagation().fit(X, np.where(np.arange(len(Y)) % 2, Y, -1))
    yield semi_supervised.SelfTrainingClassifier(naive_bayes.GaussianNB()).fit(
        X, np.where(np.arange(len(Y)) % 2, Y, -1)
    )
    for model in (
        naive_bayes.BernoulliNB(),
        naive_bayes.ComplementNB(),
        naive_bayes.CategoricalNB(),
        dummy.DummyClassifier(),
    ):
        yield model.fit(np.abs(X).astype(int), Y)
    yield dummy.DummyRegressor(strategy="quantile", quantile=0.5).fit(X, T)


def data_sets():
    yield datasets.load_iris()
    yield datasets.load_wine(as_frame=True)
    yield datasets.make_classification(random_state=0, n_samples=20)
    yield datasets.load_digits(n_class=2)


def reports():
    yield metrics.classification_report(Y, Y, output_dict=True)
    yield metrics.confusion_matrix(Y, Y)
    yield metrics.roc_curve(Y == 1, T)
    yield (
        [
            metrics.accuracy_score,
            metrics.r2_score,
            metrics.f1_score,
            metrics.roc_auc_score,
            metrics.log_loss,
            metrics.rmse_of(),
        ]
        if hasattr(metrics, "rmse_of")
        else [metrics.accuracy_score, metrics.r2_score]
    )
    from sklearn import inspection

    yield inspection.permutation_importance(linear_model.Ridge().fit(X, T), X, T, n_repeats=2, random_state=0)
    yield inspection.partial_dependence(linear_model.Ridge().fit(X, T), X, [0])


def bundles():
    model = linear_model.LogisticRegression().fit(X, Y)
    yield {
        "model": model,
        "features": list("abcd"),
        "classes": model.classes_,
        "version": "1.2.0",
        "score": np.float64(0.9),
    }
    yield (model, preprocessing.StandardScaler().fit(X), preprocessing.LabelEncoder().fit(["a", "b"]))
    yield [("lr", model, {"auc": 0.9}), ("nb", naive_bayes.GaussianNB().fit(X, Y), {"auc": 0.8})]


class OwnTransformer(preprocessing.StandardScaler):
    pass


def own_classes():
    yield OwnTransformer().fit(X)
    yield pipeline.make_pipeline(OwnTransformer(), linear_model.Ridge()).fit(X, T)
