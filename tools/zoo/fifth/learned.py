"""What people train with the usual libraries, with options that few examples show.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import collections
import dataclasses
import datetime
import enum
import functools
import pathlib


def data(seed=0, rows=60, columns=4):
    import numpy as np

    rng = np.random.default_rng(seed)
    x = rng.random((rows, columns))
    return x, (x[:, 0] > 0.5).astype(int), x @ np.arange(1.0, columns + 1)


def keep_first(x):
    return x[:, :2]


def weighted(y, p):
    return abs(y - p).mean()


def pipelines_with_functions():
    import numpy as np
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.linear_model import ElasticNet, SGDClassifier
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, PolynomialFeatures, SplineTransformer

    x, y, t = data()
    yield Pipeline([("f", FunctionTransformer(keep_first)), ("m", ElasticNet())]).fit(x, t)
    yield Pipeline(
        [("f", FunctionTransformer(np.log1p, inverse_func=np.expm1)), ("m", SGDClassifier(loss="log_loss"))]
    ).fit(x, y)
    yield Pipeline([("f", FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1))), ("m", ElasticNet())])
    yield FeatureUnion([("p", PolynomialFeatures(2)), ("s", SplineTransformer()), ("b", KBinsDiscretizer(3))]).fit(x)
    import pandas as pd

    frame = pd.DataFrame({"a": x[:, 0], "b": ["u", "v"] * 30})
    from sklearn.preprocessing import OrdinalEncoder, RobustScaler, TargetEncoder

    yield ColumnTransformer(
        [
            ("n", RobustScaler(), make_column_selector(dtype_include=np.number)),
            ("c", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["b"]),
        ],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).fit(frame)
    yield TargetEncoder().fit(frame[["b"]], y)
    yield Pipeline([("m", ElasticNet())], memory="cache-folder")


def pipelines_that_answer_frames():
    import sklearn
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler

    x, _, _ = data()
    yield StandardScaler().set_output(transform="pandas").fit(x)
    with sklearn.config_context(transform_output="pandas"):
        yield sklearn.pipeline.make_pipeline(SimpleImputer(), MinMaxScaler(), Normalizer()).fit(x)
    yield MissingIndicator().fit(x)


def scorers():
    from sklearn import metrics
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold, cross_validate

    x, y, _ = data()
    yield metrics.make_scorer(metrics.fbeta_score, beta=2)
    yield metrics.make_scorer(weighted, greater_is_better=False)
    yield GridSearchCV(LogisticRegression(), {"C": [1, 2]}, scoring=metrics.make_scorer(metrics.f1_score), cv=2).fit(
        x, y
    )
    yield GridSearchCV(
        LogisticRegression(), [{"C": [1]}], scoring={"a": "accuracy", "b": "roc_auc"}, refit="a", cv=2
    ).fit(x, y)
    yield cross_validate(LogisticRegression(), x, y, cv=3, return_estimator=True)
    yield RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=1)
    yield metrics.classification_report(y, y, output_dict=True)
    yield metrics.get_scorer("neg_mean_squared_error")
    yield metrics.ConfusionMatrixDisplay(metrics.confusion_matrix(y, y))
    yield metrics.RocCurveDisplay(fpr=[0, 1], tpr=[0, 1], roc_auc=0.5)


def committees():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import (
        AdaBoostClassifier,
        BaggingRegressor,
        ExtraTreesClassifier,
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        RandomTreesEmbedding,
        StackingRegressor,
        VotingClassifier,
        VotingRegressor,
    )
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
    from sklearn.multiclass import OneVsOneClassifier, OutputCodeClassifier
    from sklearn.multioutput import ClassifierChain, MultiOutputRegressor, RegressorChain
    from sklearn.naive_bayes import ComplementNB, GaussianNB
    from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
    from sklearn.svm import SVC, SVR, NuSVC
    from sklearn.tree import ExtraTreeClassifier

    import numpy as np

    x, y, t = data()
    yield VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft").fit(x, y)
    yield [VotingRegressor([("a", Ridge())]).fit(x, t), StackingRegressor([("a", Ridge()), ("b", SVR())]).fit(x, t)]
    yield [
        CalibratedClassifierCV(SVC(), method="isotonic", cv=2).fit(x, y),
        TunedThresholdClassifierCV(GaussianNB(), cv=2).fit(x, y),
    ]
    yield FixedThresholdClassifier(LogisticRegression(), threshold=0.3).fit(x, y)
    yield [
        AdaBoostClassifier(n_estimators=3).fit(x, y),
        BaggingRegressor(Ridge(), 3).fit(x, t),
        ExtraTreesClassifier(3).fit(x, y),
    ]
    yield [
        GradientBoostingClassifier(n_estimators=3, init=GaussianNB()).fit(x, y),
        GradientBoostingRegressor(loss="quantile", n_estimators=3).fit(x, t),
    ]
    yield [
        OneVsOneClassifier(SVC()).fit(x, y),
        OutputCodeClassifier(GaussianNB()).fit(x, y),
        NuSVC(probability=False).fit(x, y),
    ]
    yield [
        MultiOutputRegressor(Ridge()).fit(x, np.c_[t, t]),
        ClassifierChain(GaussianNB()).fit(x, np.c_[y, 1 - y]),
        RegressorChain(Ridge()).fit(x, np.c_[t, t]),
    ]
    yield [SelfTrainingClassifier(GaussianNB()).fit(x, np.where(np.arange(60) % 5, y, -1)), LabelSpreading().fit(x, y)]
    yield [
        DummyClassifier().fit(x, y),
        ComplementNB().fit(x, y),
        ExtraTreeClassifier().fit(x, y),
        RandomTreesEmbedding(3).fit(x),
    ]


def linear_things():
    from sklearn import linear_model as lm
    from sklearn.cross_decomposition import CCA, PLSRegression
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.isotonic import IsotonicRegression
    from sklearn.kernel_ridge import KernelRidge

    x, y, t = data()
    yield [
        m.fit(x, t)
        for m in (
            lm.LassoLarsIC(),
            lm.BayesianRidge(),
            lm.ARDRegression(),
            lm.TheilSenRegressor(),
            lm.RANSACRegressor(),
        )
    ]
    yield [
        m.fit(x, t)
        for m in (
            lm.PoissonRegressor(),
            lm.TweedieRegressor(power=1.5),
            lm.QuantileRegressor(),
            lm.OrthogonalMatchingPursuit(),
        )
    ]
    yield [
        m.fit(x, y)
        for m in (
            lm.LogisticRegressionCV(cv=2),
            lm.RidgeClassifierCV(),
            lm.Perceptron(),
            lm.PassiveAggressiveClassifier(),
        )
    ]
    yield [
        LinearDiscriminantAnalysis().fit(x, y),
        QuadraticDiscriminantAnalysis().fit(x, y),
        KernelRidge(kernel="rbf").fit(x, t),
    ]
    yield [PLSRegression(2).fit(x, t), CCA(1).fit(x, t), IsotonicRegression().fit(x[:, 0], t)]


def kernels():
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, ExpSineSquared, Matern, RationalQuadratic
    from sklearn.kernel_approximation import AdditiveChi2Sampler, Nystroem, RBFSampler
    from sklearn.metrics.pairwise import rbf_kernel
    from sklearn.svm import SVC

    x, y, _ = data()
    yield ConstantKernel(2.0) * Matern(nu=1.5) + DotProduct() ** 2 + ExpSineSquared() * RationalQuadratic()
    yield GaussianProcessClassifier(Matern()).fit(x, y)
    yield [Nystroem(n_components=5).fit(x), RBFSampler().fit(x), AdditiveChi2Sampler().fit(x)]
    yield SVC(kernel=rbf_kernel).fit(x, y)


def maps_of_low_dimension():
    from sklearn import decomposition, manifold, random_projection

    x, _, _ = data()
    yield [
        m.fit(x)
        for m in (
            decomposition.FastICA(2),
            decomposition.FactorAnalysis(2),
            decomposition.KernelPCA(2),
            decomposition.IncrementalPCA(2),
        )
    ]
    yield [
        m.fit(x)
        for m in (
            decomposition.DictionaryLearning(2, max_iter=2),
            decomposition.SparsePCA(2, max_iter=2),
            decomposition.MiniBatchNMF(2),
        )
    ]
    yield [
        m.fit(x)
        for m in (
            manifold.Isomap(n_components=2),
            manifold.LocallyLinearEmbedding(),
            manifold.MDS(n_init=1),
            manifold.SpectralEmbedding(),
        )
    ]
    yield random_projection.GaussianRandomProjection(2).fit(x)


def groups_of_points():
    from sklearn import cluster, covariance, mixture, neighbors

    x, y, _ = data()
    yield [
        m.fit(x)
        for m in (
            cluster.OPTICS(),
            cluster.HDBSCAN(),
            cluster.MeanShift(),
            cluster.AffinityPropagation(),
            cluster.BisectingKMeans(2),
        )
    ]
    yield [
        m.fit(x)
        for m in (
            cluster.SpectralClustering(2),
            cluster.FeatureAgglomeration(2),
            mixture.BayesianGaussianMixture(n_components=2),
        )
    ]
    yield [
        m.fit(x)
        for m in (
            covariance.EllipticEnvelope(),
            covariance.GraphicalLasso(),
            covariance.LedoitWolf(),
            neighbors.KernelDensity(),
        )
    ]
    yield [
        neighbors.NearestCentroid().fit(x, y),
        neighbors.RadiusNeighborsClassifier(2.0).fit(x, y),
        neighbors.NeighborhoodComponentsAnalysis().fit(x, y),
    ]
    yield neighbors.KNeighborsRegressor(metric=weighted_distance).fit(x, y)
    yield neighbors.NearestNeighbors(metric="minkowski", p=3).fit(x)


def weighted_distance(a, b):
    return abs(a - b).sum()


def choices_of_features():
    from sklearn import feature_selection as fs
    from sklearn.linear_model import Lasso

    x, y, t = data()
    yield [
        fs.SelectKBest(fs.chi2, k=2).fit(x, y),
        fs.SelectPercentile(fs.mutual_info_classif).fit(x, y),
        fs.VarianceThreshold().fit(x),
    ]
    yield [
        fs.RFECV(Lasso(), cv=2).fit(x, t),
        fs.SequentialFeatureSelector(Lasso(), cv=2).fit(x, t),
        fs.GenericUnivariateSelect().fit(x, y),
    ]


def texts():
    from sklearn.feature_extraction import DictVectorizer, FeatureHasher
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline

    words = ["good film", "bad film", "fine", "poor plot"] * 5
    yield make_pipeline(TfidfVectorizer(tokenizer=str.split, token_pattern=None), MLPClassifier(4, max_iter=2)).fit(
        words, [1, 0] * 10
    )
    yield CountVectorizer(analyzer="char_wb", ngram_range=(1, 3), stop_words=["a"]).fit(words)
    yield TfidfVectorizer(preprocessor=str.lower, tokenizer=split_words, token_pattern=None).fit(words)
    yield [DictVectorizer().fit([{"a": 1}, {"b": "x"}]), FeatureHasher(4)]


def split_words(text):
    return text.split(" ")


def forests_of_boosters():
    import lightgbm
    import numpy as np
    import xgboost

    x, y, t = data()
    yield xgboost.XGBRegressor(n_estimators=2, objective="reg:quantileerror", quantile_alpha=np.array([0.1, 0.9])).fit(
        x, t
    )
    yield [
        xgboost.XGBRanker(n_estimators=2).fit(x, y, group=[30, 30]),
        xgboost.XGBRFClassifier(n_estimators=2).fit(x, y),
    ]
    yield xgboost.XGBClassifier(n_estimators=2, eval_metric=weighted, callbacks=[xgboost.callback.EarlyStopping(2)])
    yield [
        lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(x, y),
        lightgbm.LGBMRanker(n_estimators=2, verbose=-1).fit(x, y, group=[30, 30]),
    ]
    yield lightgbm.LGBMRegressor(n_estimators=2, verbose=-1, objective=squared).fit(x, t)
    yield {"d": lightgbm.cv({"verbose": -1, "objective": "binary"}, lightgbm.Dataset(x, y), 2, nfold=2)}


def squared(y, p):
    return p - y, p * 0 + 1


class Phase(enum.Enum):
    TRAIN = "train"
    TEST = "test"


@dataclasses.dataclass
class State:
    epoch: int = 0
    best: float = float("inf")
    history: dict = dataclasses.field(default_factory=lambda: collections.defaultdict(list))
    folder: pathlib.Path = pathlib.Path("runs")
    started: datetime.datetime = datetime.datetime(2025, 2, 3, tzinfo=datetime.timezone.utc)


def checkpoints_of_many_kinds():
    import numpy as np
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.LayerNorm(8), nn.Linear(8, 2))
    optimizers = [
        make(model.parameters(), lr=0.1)
        for make in (torch.optim.SGD, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.NAdam, torch.optim.RAdam)
    ]
    for optimizer in optimizers:
        optimizer.zero_grad()
        model(torch.ones(2, 4)).sum().backward()
        optimizer.step()
    yield {"state": State(3), "model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers]}
    yield {
        "ema": torch.optim.swa_utils.AveragedModel(model),
        "swa": torch.optim.swa_utils.SWALR(optimizers[0], 0.05).state_dict(),
    }
    yield {"net": model.half(), "losses": np.array([0.5, 0.4]), "phase": Phase.TRAIN.value, "seeds": (1, np.uint32(2))}
    yield {
        "rng": torch.random.get_rng_state(),
        "numpy": np.random.get_state(),
        "cuda": [torch.zeros(4, dtype=torch.uint8)],
    }
    yield {k: v.to(torch.bfloat16) for k, v in model.state_dict().items()}
    plans = torch.optim.lr_scheduler
    yield [
        plans.OneCycleLR(optimizers[0], 0.1, 10),
        plans.ReduceLROnPlateau(optimizers[1]),
        plans.SequentialLR(
            optimizers[2], [plans.LinearLR(optimizers[2]), plans.ExponentialLR(optimizers[2], 0.9)], [3]
        ),
        plans.LambdaLR(optimizers[3], slower),
        plans.CosineAnnealingWarmRestarts(optimizers[4], 4),
    ]


def slower(epoch):
    return 0.9**epoch


def attention_and_memory():
    import torch
    from torch import nn

    yield nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 16, activation=nn.functional.gelu, batch_first=True), 1
    )
    yield [
        nn.MultiheadAttention(8, 2),
        nn.GRU(3, 4, 2, dropout=0.1),
        nn.LSTMCell(2, 3),
        nn.Bilinear(2, 2, 1),
        nn.PReLU(),
    ]
    yield nn.ParameterDict({"a": nn.Parameter(torch.ones(2)), "b": nn.Parameter(torch.zeros(1))})
    yield [
        nn.CrossEntropyLoss(weight=torch.ones(3)),
        nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance()),
        nn.CTCLoss(),
    ]
    yield [
        nn.utils.rnn.pack_sequence([torch.ones(3), torch.ones(2)]),
        nn.utils.rnn.pad_sequence([torch.ones(3), torch.ones(2)]),
    ]
    yield nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10])
    yield nn.utils.parametrizations.orthogonal(nn.Linear(3, 3))
    from torch.nn.utils import prune

    yield prune.l1_unstructured(nn.Linear(3, 3), "weight", 0.3)


def tensors_of_many_kinds():
    import torch

    yield [
        torch.tensor([1 + 2j]),
        torch.tensor([True]),
        torch.tensor(3, dtype=torch.int16),
        torch.zeros(0, 3),
        torch.ones(2, 3).t(),
    ]
    yield [
        torch.eye(3).to_sparse_csr(),
        torch.eye(3).to_sparse(),
        torch.arange(4).view(2, 2)[:, 1],
        torch.ones(2, requires_grad=True),
    ]
    yield torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    yield [
        torch.ones(2).to(torch.float8_e4m3fn),
        torch.ones(1, device="meta"),
        torch.ones(1, 2, 3, 4).to(memory_format=torch.channels_last),
    ]
    yield torch.quantization.quantize_dynamic(
        torch.nn.Sequential(torch.nn.Linear(3, 2)), {torch.nn.Linear}, torch.qint8
    )
    yield [torch.finfo(torch.float32).eps, torch.iinfo(torch.int8).max, torch.Size([1]), torch.nn.Buffer(torch.ones(2))]
    yield {
        "dtype": torch.int8,
        "layout": torch.strided,
        "format": torch.channels_last,
        "device": torch.device("cuda", 1),
        "q": torch.per_tensor_affine,
    }


class Rows:
    def __init__(self, n):
        self.rows = list(range(n))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, at):
        return self.rows[at]


def loaders():
    import torch
    from torch.utils import data as sets

    yield sets.DataLoader(Rows(6), batch_size=2, shuffle=True, collate_fn=join)
    yield [sets.ConcatDataset([Rows(2), Rows(3)]), sets.Subset(Rows(5), [0, 2]), sets.StackDataset(Rows(2), Rows(2))]
    yield [
        sets.WeightedRandomSampler([0.1, 0.9], 2),
        sets.BatchSampler(sets.SequentialSampler(Rows(4)), 2, False),
        sets.RandomSampler(Rows(3)),
    ]
    yield torch.utils.data.TensorDataset(torch.eye(3))


def join(batch):
    return batch


def chances():
    import torch
    from torch import distributions as d

    yield [
        d.Normal(0.0, 1.0),
        d.Categorical(torch.ones(3)),
        d.Beta(1.0, 2.0),
        d.Independent(d.Normal(torch.zeros(2), 1.0), 1),
    ]
    yield d.TransformedDistribution(d.Normal(0.0, 1.0), [d.ExpTransform(), d.AffineTransform(1.0, 2.0)])
    yield d.MixtureSameFamily(d.Categorical(torch.ones(2)), d.Normal(torch.zeros(2), torch.ones(2)))
    yield [
        d.constraints.positive,
        d.Dirichlet(torch.ones(3)),
        d.LKJCholesky(3),
        d.Wishart(torch.tensor(4.0), torch.eye(2)),
    ]


def networks_of_ones_own():
    import torch
    from torch import nn

    class Unet(nn.Module):
        def __init__(self, act=nn.ReLU, norm=nn.BatchNorm2d):
            super().__init__()
            self.act, self.norm = act(), norm(2)
            self.blocks = nn.ModuleList([nn.Conv2d(2, 2, 3) for _ in range(2)])
            self.scale = nn.Parameter(torch.ones(1))
            self.options = {"depth": 2, "kind": nn.Conv2d, "init": nn.init.kaiming_normal_}
            self.hook = None

        def forward(self, x):
            return self.blocks[0](x)

    Unet.__qualname__ = "Unet"
    globals()["Unet"] = Unet
    yield Unet()
    yield {"g": Unet(), "d": nn.Sequential(nn.Flatten(), nn.Linear(2, 1)), "step": 10}
    model = nn.Linear(2, 2)
    model.register_forward_hook(watch)
    yield model


def watch(module, inputs, output):
    return None


def fused_networks():
    import torch

    class Small(torch.nn.Module):
        def forward(self, x):
            return torch.relu(x) + 1

    Small.__qualname__ = "Small"
    globals()["Small"] = Small
    yield torch.fx.symbolic_trace(Small()).code
    yield torch.nn.utils.fusion.fuse_conv_bn_eval(torch.nn.Conv2d(1, 1, 1).eval(), torch.nn.BatchNorm2d(1).eval())


def picture_networks():
    import torchvision
    from torchvision import ops, transforms
    from torchvision.transforms import v2

    yield {
        "model": torchvision.models.efficientnet_b0(),
        "weights": torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1,
    }
    yield {
        "classes": ["a", "b"],
        "transform": transforms.Compose(
            [transforms.RandomResizedCrop(8), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
        ),
    }
    yield v2.Compose([v2.ToImage(), v2.RandomAffine(10), v2.ToDtype(__import__("torch").float32, scale=True)])
    yield [ops.FeaturePyramidNetwork([2, 4], 4), ops.MLP(3, [4]), ops.StochasticDepth(0.1, "row")]
    yield torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None)


def language_networks():
    import transformers as tr

    small = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=50)
    yield tr.LlamaForCausalLM(tr.LlamaConfig(**small, num_key_value_heads=2))
    yield {
        "config": tr.RobertaConfig(**small),
        "model": tr.RobertaForTokenClassification(tr.RobertaConfig(**small)).state_dict(),
    }
    yield tr.T5ForConditionalGeneration(
        tr.T5Config(d_model=8, d_ff=8, d_kv=4, num_layers=1, num_heads=2, vocab_size=30)
    )
    yield tr.ViTForImageClassification(
        tr.ViTConfig(**{k: v for k, v in small.items() if k != "vocab_size"}, image_size=8, patch_size=4)
    )
    yield tr.Seq2SeqTrainingArguments("out", report_to=[], eval_strategy="epoch", bf16=False)
    yield [tr.DataCollatorWithPadding(None), tr.EarlyStoppingCallback(3), tr.PrinterCallback()]
    yield tr.trainer_utils.EvalPrediction([[0.1]], [1])
    yield [tr.IntervalStrategy.STEPS, tr.SchedulerType.COSINE]
    yield tr.modeling_outputs.SequenceClassifierOutput(logits=__import__("torch").ones(1, 2))
    yield tr.get_linear_schedule_with_warmup(__import__("torch").optim.SGD([__import__("torch").ones(1)], 0.1), 2, 4)


def keras_networks(folder):
    import keras

    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, activation="swish", kernel_regularizer="l2")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(x))
    model = keras.Model(inputs, [keras.layers.Dense(1, name="a")(x), keras.layers.Dense(2, "softmax", name="b")(x)])
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 10)),
        {"a": "mse", "b": "categorical_crossentropy"},
    )
    model.save(str(folder / "two.keras"))
    model.save(str(folder / "two.h5"))
    rnn = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Embedding(10, 4),
            keras.layers.Bidirectional(keras.layers.GRU(3)),
            keras.layers.Dense(1),
        ]
    )
    rnn.save(str(folder / "rnn.keras"))


def histories():
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    kept = model.fit(np.ones((4, 2)), np.ones(4), verbose=0)
    yield kept.history
    yield {"weights": model.get_weights(), "config": model.get_config()}
    yield model
