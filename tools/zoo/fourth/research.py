"""What research code leaves behind: one small script each, as a student or a group would save it.

Measured once before anything was changed for it; see docs/explanation/trusted-first.md.
"""

import argparse
import collections
import dataclasses
import datetime
import enum
import fractions
import ipaddress
import logging
import os
import pathlib
import platform
import random
import sys
import time
import types
import typing
import zoneinfo


@dataclasses.dataclass
class TrainConfig:
    lr: float = 3e-4
    out: pathlib.Path = pathlib.Path("runs/one")
    tags: list = dataclasses.field(default_factory=list)
    when: datetime.datetime = datetime.datetime(2024, 5, 1, 12, 30)


@dataclasses.dataclass(frozen=True)
class Sample:
    name: str
    box: tuple
    score: float = 0.0


class Item(typing.NamedTuple):
    key: str
    weight: float


class Meter:
    def __init__(self, name):
        self.name, self.values = name, []
        self.window = collections.deque(maxlen=20)

    def update(self, value):
        self.values.append(value)
        self.window.append(value)
        return self


def clean(text):
    return text.lower().strip()


def experiment_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out"))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    yield parser.parse_args([])
    yield vars(parser.parse_args(["--lr", "0.5"]))


def config_of_a_run():
    yield TrainConfig(tags=["a", "b"])
    yield {"config": dataclasses.asdict(TrainConfig()), "started": datetime.datetime.now(datetime.timezone.utc)}


def detections():
    yield [Sample("cat", (1, 2, 3, 4), 0.9), Sample("dog", (5, 6, 7, 8))]
    yield {"items": [Item("a", 1.0), Item("b", 2.0)], "index": {"a": 0, "b": 1}}


def meters():
    yield {"loss": Meter("loss").update(0.3), "accuracy": Meter("accuracy").update(0.7)}


def run_metadata():
    yield {
        "host": platform.node(),
        "python": sys.version,
        "argv": sys.argv[:1],
        "env": {k: v for k, v in os.environ.items() if k.startswith("OMP")},
        "start": time.time(),
        "commit": "deadbeef",
        "seed": 1,
    }


def random_states():
    import numpy

    random.seed(1)
    yield {"python": random.getstate(), "numpy": numpy.random.get_state()}
    yield {"rng": numpy.random.default_rng(7), "legacy": numpy.random.RandomState(3)}
    yield numpy.random.SeedSequence(5).spawn(2)


def measurement_series():
    zone = zoneinfo.ZoneInfo("Europe/Paris")
    yield [(datetime.datetime(2024, 3, d, tzinfo=zone), d * 1.5) for d in range(1, 4)]
    yield {"addresses": [ipaddress.ip_address("10.0.0.1")], "ratio": fractions.Fraction(1, 3)}


def nested_defaults():
    tree = collections.defaultdict(lambda: 0) if False else collections.defaultdict(int)
    tree["a"] += 2
    deep = collections.defaultdict(list)
    deep["x"].append((1, {"y"}))
    yield {"counts": collections.Counter("banana"), "tree": tree, "deep": deep}
    yield collections.OrderedDict(a=collections.OrderedDict(b=1))


def model_zoo_index():
    yield types.SimpleNamespace(name="resnet", params=11_000_000, layers=["conv1", "fc"])
    yield {"modes": enum.Enum("Mode", "train eval", module=__name__).__members__.keys() and ["train", "eval"]}


def log_records():
    yield [logging.makeLogRecord({"msg": "epoch %d", "args": (1,), "levelno": 20})]
    yield logging.getLogger("training")


def numpy_results():
    import numpy as np

    yield {"confusion": np.eye(3, dtype=int), "auc": np.float64(0.9), "classes": np.array(["a", "b"])}
    yield np.rec.fromrecords([(1, "x", 2.0)], names="id,name,value")
    yield np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
    yield [np.datetime64("2024-01-01"), np.timedelta64(3, "D"), np.bool_(True), np.str_("x")]
    yield np.array([{"a": 1}, None, [1, 2]], dtype=object)
    yield np.poly1d([1, 2, 3])


def scipy_results():
    import numpy as np
    from scipy import interpolate, optimize, signal, sparse, spatial, stats

    yield optimize.minimize(lambda v: ((v - 1) ** 2).sum(), np.zeros(2))
    yield interpolate.CubicSpline(range(5), [0, 1, 4, 9, 16])
    yield interpolate.interp1d([0, 1, 2], [0, 1, 4])
    yield [sparse.random(5, 5, 0.5, format=kind) for kind in ("csr", "csc", "coo", "lil", "dok", "bsr")]
    yield spatial.cKDTree(np.random.default_rng(0).random((10, 2)))
    yield stats.norm(0, 2)
    yield stats.linregress([1, 2, 3], [1, 2, 4])
    yield stats.gaussian_kde([1.0, 2.0, 4.0])
    yield stats.ttest_ind([1, 2, 3], [2, 3, 5])
    yield signal.butter(3, 0.2)
    yield spatial.transform.Rotation.from_euler("z", 90, degrees=True)


def tables_of_all_kinds():
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame(
        {
            "id": pd.array([1, None, 3], dtype="Int64"),
            "when": pd.to_datetime(["2024-01-01", None, "2024-01-03"]).tz_localize("UTC"),
            "kind": pd.Categorical(["a", "b", "a"], ordered=True),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "text": pd.array(["x", "y", None], dtype="string"),
            "gap": pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3]),
            "delta": pd.to_timedelta([1, 2, 3], unit="h"),
            "sparse": pd.arrays.SparseArray([0, 0, 1]),
        }
    )
    yield frame
    yield frame.set_index(["id", "kind"])
    yield frame.groupby("kind", observed=True)["id"].sum()
    yield pd.date_range("2024", periods=4, freq="ME")
    yield pd.period_range("2024", periods=3, freq="Q")
    yield {"splits": {name: pd.Series(np.arange(3), name=name) for name in ("train", "test")}}
    yield frame.dtypes
    yield pd.DataFrame({"object": [Sample("a", (1,)), Sample("b", (2,))]})
    yield pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_product([["x"], ["mean", "std"]]))
    yield [pd.Timestamp("2024-01-01", tz="US/Eastern"), pd.NaT, pd.NA, pd.offsets.BDay(2)]


def sklearn_pipelines():
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.datasets import make_classification
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, StackingClassifier
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold, train_test_split
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from scipy.stats import loguniform

    x, y = make_classification(60, random_state=0)
    yield make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    yield ColumnTransformer([("n", StandardScaler(), slice(0, 4)), ("c", OneHotEncoder(), [5])]).fit(np.round(x))
    yield GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=StratifiedKFold(3)).fit(x, y)
    yield RandomizedSearchCV(LogisticRegression(), {"C": loguniform(0.1, 1)}, n_iter=2, random_state=0).fit(x, y)
    yield StackingClassifier([("f", RandomForestClassifier(5))], final_estimator=LogisticRegression()).fit(x, y)
    yield HistGradientBoostingClassifier(max_iter=5).fit(x, y)
    yield make_union(FunctionTransformer(np.log1p), FunctionTransformer(np.abs, np.negative, validate=True))
    yield train_test_split(x, y, random_state=0)
    yield {"model": RidgeCV().fit(x, y), "features": [f"f{i}" for i in range(20)], "score": np.float64(0.3)}


def text_pipelines():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.decomposition import LatentDirichletAllocation, TruncatedSVD
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import Pipeline
    from sklearn.svm import LinearSVC

    texts, labels = ["a cat sat", "dogs run far", "cat and dog", "far far away"] * 5, [0, 1, 0, 1] * 5
    yield Pipeline([("v", TfidfVectorizer(preprocessor=clean)), ("m", MultinomialNB())]).fit(texts, labels)
    yield Pipeline([("v", TfidfVectorizer()), ("s", TruncatedSVD(2)), ("m", LinearSVC())]).fit(texts, labels)
    yield LatentDirichletAllocation(2).fit(CountVectorizer().fit_transform(texts))
    yield [HashingVectorizer(n_features=16), CalibratedClassifierCV(LinearSVC())]


def own_transformers():
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeRegressor

    class Clip(BaseEstimator, TransformerMixin):
        def __init__(self, low=0.0):
            self.low = low

        def fit(self, x, y=None):
            return self

        def transform(self, x):
            return x.clip(self.low)

    Clip.__qualname__ = "Clip"
    globals()["Clip"] = Clip
    import numpy as np

    yield make_pipeline(Clip(0.1), DecisionTreeRegressor()).fit(np.eye(4), np.arange(4.0))


def neighbours_and_clusters():
    import numpy as np
    from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, MiniBatchKMeans
    from sklearn.ensemble import IsolationForest
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel
    from sklearn.impute import KNNImputer
    from sklearn.mixture import GaussianMixture
    from sklearn.neighbors import BallTree, KNeighborsClassifier, LocalOutlierFactor

    x = np.random.default_rng(0).random((30, 3))
    yield [m.fit(x) for m in (KMeans(2), MiniBatchKMeans(2), DBSCAN(), AgglomerativeClustering(), GaussianMixture(2))]
    yield GaussianProcessRegressor(RBF() + WhiteKernel()).fit(x, x[:, 0])
    yield {"tree": BallTree(x), "near": KNeighborsClassifier(3).fit(x, x[:, 0] > 0.5)}
    yield [IsolationForest(5).fit(x), LocalOutlierFactor(novelty=True).fit(x), KNNImputer().fit(x)]


def boosting():
    import numpy as np

    x, y = np.random.default_rng(0).random((60, 4)), np.arange(60) % 2
    import lightgbm
    import xgboost

    yield xgboost.XGBClassifier(n_estimators=3, early_stopping_rounds=None).fit(x, y)
    yield xgboost.train({"max_depth": 2}, xgboost.DMatrix(x, y), 3)
    yield lightgbm.LGBMRegressor(n_estimators=3, verbose=-1).fit(x, y)
    yield {"booster": lightgbm.train({"verbose": -1}, lightgbm.Dataset(x, y), 3), "columns": list("abcd")}


def cat_boosting():
    import numpy as np
    from catboost import CatBoostClassifier, CatBoostRegressor, Pool

    x, y = np.random.default_rng(0).random((30, 3)), np.arange(30) % 2
    yield CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False).fit(x, y)
    yield {"m": CatBoostRegressor(iterations=2, verbose=0, allow_writing_files=False).fit(Pool(x, y)), "v": 1}


def torch_checkpoints():
    import numpy as np
    import torch
    from torch import nn

    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    net(torch.zeros(1, 1, 8, 8))
    adam = torch.optim.AdamW(net.parameters())
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 5)
    scaler = torch.amp.GradScaler("cpu")
    yield {
        "epoch": 3,
        "model": net.state_dict(),
        "optimizer": adam.state_dict(),
        "scheduler": plan.state_dict(),
        "scaler": scaler.state_dict(),
        "args": argparse.Namespace(lr=0.1, out=pathlib.Path("o")),
        "config": TrainConfig(),
        "best": np.float32(0.5),
        "rng": torch.get_rng_state(),
        "history": collections.defaultdict(list, loss=[0.3, 0.2]),
    }
    yield net
    yield {"net": net, "optimizer": adam, "scheduler": plan}
    yield [torch.device("cpu"), torch.float16, torch.Size([2, 3]), torch.nn.Parameter(torch.ones(2))]


def torch_modules_of_all_kinds():
    import torch
    from torch import nn

    yield nn.Transformer(16, 2, 1, 1, 32)
    yield nn.ModuleDict({"rnn": nn.LSTM(3, 4, bidirectional=True), "emb": nn.EmbeddingBag(5, 3)})
    yield torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
    yield nn.utils.spectral_norm(nn.Linear(3, 3))
    yield torch.utils.data.TensorDataset(torch.ones(3, 2), torch.zeros(3))
    yield torch.utils.data.random_split(torch.utils.data.TensorDataset(torch.ones(4, 2)), [3, 1])
    yield torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    yield torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], (2, 2))
    yield torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


def own_networks():
    import torch
    from torch import nn

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 4), nn.GELU())
            self.register_buffer("steps", torch.zeros(1))
            self.act = torch.nn.functional.relu

    Residual.__qualname__ = "Residual"
    globals()["Residual"] = Residual
    yield Residual()
    yield {"model": Residual(), "ema": Residual().state_dict(), "config": TrainConfig()}


def graphs_of_torch():
    import torch

    edge = torch.tensor([[0, 1, 1], [1, 0, 2]])
    yield [{"x": torch.ones(3, 2), "edge_index": edge, "y": torch.tensor([1]), "meta": {"smiles": "CCO"}}]
    yield ({"x": torch.ones(3), "edge_index": edge}, collections.defaultdict(dict, {"x": torch.arange(4)}))


def vision_models():
    import torchvision
    from torchvision import transforms

    yield torchvision.models.resnet18()
    yield torchvision.models.mobilenet_v3_small().state_dict()
    yield transforms.Compose([transforms.Resize(8), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
    yield torchvision.models.ResNet50_Weights.DEFAULT
    yield torchvision.models.detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)


def image_backbones():
    import timm

    yield timm.create_model("resnet10t")
    yield timm.create_model("vit_tiny_patch16_224")
    yield timm.data.resolve_data_config({}, model=timm.create_model("mobilenetv3_small_050"))


def language_models():
    import transformers

    config = transformers.BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    yield config
    yield transformers.BertForSequenceClassification(config)
    yield transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=16, n_layer=1, n_head=2)).state_dict()
    yield transformers.TrainingArguments("out", report_to=[])
    yield transformers.TrainerState(log_history=[{"loss": 0.2, "step": 10}])
    yield transformers.GenerationConfig(max_new_tokens=5)
    yield transformers.BatchEncoding({"input_ids": [[1, 2]], "attention_mask": [[1, 1]]})


def adapters():
    import peft
    import transformers

    config = transformers.BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    lora = peft.LoraConfig(target_modules=["query", "value"])
    yield lora
    yield peft.get_peft_model(transformers.BertModel(config), lora)
    yield peft.get_peft_model_state_dict(peft.get_peft_model(transformers.BertModel(config), lora))


def tokenizers_of_ones_own():
    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.train_from_iterator(["a b c a b"], tokenizers.trainers.BpeTrainer(special_tokens=["[UNK]"]))
    yield made
    import transformers

    yield transformers.PreTrainedTokenizerFast(tokenizer_object=made)


def lightning_checkpoints(folder):
    import lightning
    import torch

    class Lit(lightning.LightningModule):
        def __init__(self, width=3, path=pathlib.Path("x")):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(width, 1)

        def training_step(self, batch, _):
            return self.layer(batch[0]).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 3)), 2)
    trainer = lightning.Trainer(
        max_epochs=1, logger=False, enable_progress_bar=False, default_root_dir=str(folder), accelerator="cpu"
    )
    trainer.fit(Lit(), data)
    trainer.save_checkpoint(str(folder / "last.ckpt"))


def configurations():
    import omegaconf

    made = omegaconf.OmegaConf.create({"model": {"lr": 0.1, "layers": [1, 2]}, "path": "${model.lr}"})
    yield made
    yield omegaconf.OmegaConf.structured(TrainConfigPlain)
    yield omegaconf.OmegaConf.to_container(made)


@dataclasses.dataclass
class TrainConfigPlain:
    lr: float = 0.1
    name: str = "x"


def searches():
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0), pruner=optuna.pruners.MedianPruner())
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) ** 2, 4)
    yield study
    yield study.best_trial
    yield study.trials_dataframe()
    yield study.sampler


def bayesian_searches():
    import hyperopt
    import skopt

    yield skopt.gp_minimize(lambda v: v[0] ** 2, [(-1.0, 1.0)], n_calls=5, n_initial_points=3, random_state=0).x
    yield skopt.space.Space([(0.0, 1.0), ["a", "b"]])
    trials = hyperopt.Trials()
    hyperopt.fmin(
        lambda v: v**2, hyperopt.hp.uniform("v", 0, 1), hyperopt.rand.suggest, 3, trials, show_progressbar=False
    )
    yield trials


def word_vectors():
    import gensim

    texts = [["a", "b", "c"], ["b", "c", "d"]] * 10
    model = gensim.models.Word2Vec(texts, vector_size=4, min_count=1)
    yield model
    yield model.wv
    words = gensim.corpora.Dictionary(texts)
    yield gensim.models.LdaModel([words.doc2bow(t) for t in texts], 2, words)
    yield gensim.models.phrases.Phrases(texts, 1)


def language_tools():
    import nltk

    yield nltk.FreqDist("banana")
    yield nltk.ConditionalFreqDist([("a", 1), ("b", 2)])
    yield nltk.NaiveBayesClassifier.train([({"x": 1}, "p"), ({"x": 0}, "n")])
    yield nltk.stem.SnowballStemmer("english")
    yield nltk.Tree.fromstring("(S (NP a) (VP b))")
    yield nltk.UnigramTagger([[("a", "D"), ("b", "N")]])


def networks_of_people():
    import networkx

    graph = networkx.karate_club_graph()
    yield graph
    yield networkx.DiGraph([("a", "b", {"weight": 2.0, "date": datetime.date(2024, 1, 1)})])
    yield {"graph": networkx.MultiGraph(graph), "rank": networkx.pagerank(graph)}


def survival():
    import lifelines
    import pandas as pd

    frame = pd.DataFrame({"T": [5, 3, 9, 8, 7, 4, 4, 3], "E": [1, 1, 0, 1, 1, 0, 1, 1], "a": [0, 2, 1, 3, 2, 1, 2, 3]})
    yield lifelines.KaplanMeierFitter().fit(frame["T"], frame["E"])
    yield lifelines.CoxPHFitter(penalizer=0.1).fit(frame, "T", "E")


def econometrics():
    import numpy as np
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    import pandas as pd

    frame = pd.DataFrame({"y": np.arange(20.0) + np.sin(np.arange(20)), "x": np.arange(20.0), "g": ["a", "b"] * 10})
    yield sm.OLS(frame["y"], sm.add_constant(frame["x"])).fit()
    yield smf.ols("y ~ x + C(g)", frame).fit()
    yield sm.Logit((frame["y"] > 9).astype(int), sm.add_constant(np.cos(frame["x"]))).fit(disp=0)
    yield sm.tsa.ARIMA(frame["y"].to_numpy(), order=(1, 0, 0)).fit()


def forecasts():
    import numpy as np
    import pandas as pd
    import prophet

    frame = pd.DataFrame({"ds": pd.date_range("2023", periods=60), "y": np.sin(np.arange(60))})
    yield prophet.Prophet(weekly_seasonality=False).fit(frame)


def climate_cubes():
    import numpy as np
    import pandas as pd
    import xarray

    cube = xarray.DataArray(
        np.zeros((3, 2)), dims=("time", "x"), coords={"time": pd.date_range("2024", periods=3), "x": [1.0, 2.0]}
    )
    yield cube
    yield xarray.Dataset({"t": cube}, attrs={"units": "K", "made": "2024"})


def maps():
    import geopandas
    import shapely

    shape = shapely.Polygon([(0, 0), (1, 0), (1, 1)])
    yield [shape, shapely.Point(1, 2), shapely.MultiPolygon([shape])]
    yield geopandas.GeoDataFrame({"name": ["a"]}, geometry=[shape], crs="EPSG:4326")


def stars():
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.modeling import models
    from astropy.table import QTable, Table
    from astropy.time import Time

    yield Table({"flux": [1.0, 2.0], "name": ["a", "b"]})
    yield QTable({"d": [1, 2] * u.pc})
    yield SkyCoord(10 * u.deg, 20 * u.deg)
    yield Time("2024-01-01")
    yield models.Gaussian1D(1, 2, 3)


def arrow_tables():
    import pyarrow

    table = pyarrow.table({"a": [1, 2], "b": ["x", None]})
    yield table
    yield table.schema
    import polars

    yield polars.DataFrame({"a": [1, 2], "d": [datetime.date(2024, 1, 1), None]})
    yield polars.Series("s", ["a", "b"], dtype=polars.Categorical)


def jax_states():
    import jax
    import optax

    parameters = {"dense": {"kernel": jax.numpy.ones((2, 2)), "bias": jax.numpy.zeros(2)}}
    yield parameters
    yield optax.adam(1e-3).init(parameters)


def streams():
    from river import compose, linear_model, metrics, preprocessing, tree

    model = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    for n in range(20):
        model.learn_one({"a": float(n), "b": n * 0.5}, n % 2 == 0)
    yield model
    yield [tree.HoeffdingTreeClassifier(), metrics.Accuracy()]


def imbalanced():
    import numpy as np
    from imblearn.ensemble import BalancedRandomForestClassifier
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline

    x, y = np.random.default_rng(0).random((60, 3)), np.array([0] * 48 + [1] * 12)
    yield make_pipeline(SMOTE(random_state=0), BalancedRandomForestClassifier(3)).fit(x, y)


def encoders_of_categories():
    import category_encoders
    import pandas as pd

    frame = pd.DataFrame({"c": list("abcabc")})
    yield category_encoders.TargetEncoder().fit(frame, [1, 0, 1, 1, 0, 1])
    yield [category_encoders.OrdinalEncoder().fit(frame), category_encoders.CatBoostEncoder()]


def wrapped_networks():
    import numpy as np
    import skorch
    import torch

    net = skorch.NeuralNetRegressor(torch.nn.Linear, module__in_features=3, module__out_features=1, max_epochs=1)
    net.set_params(verbose=0)
    yield net.fit(np.ones((6, 3), "f"), np.ones((6, 1), "f"))


def keras_models(folder):
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "relu"), keras.layers.Dropout(0.1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.save(str(folder / "model.keras"))
    model.save(str(folder / "model.h5"))
    model.save_weights(str(folder / "only.weights.h5"))


def archives_of_numbers(folder):
    import numpy as np

    np.savez(folder / "data.npz", x=np.eye(3), y=np.arange(3), names=np.array(["a", "b"], dtype=object))
    np.save(folder / "embeddings.npy", np.zeros((4, 2), "f2"))
    np.save(folder / "records.npy", np.zeros(2, [("a", "f8"), ("b", "U5")]))


def safe_weights(folder):
    import numpy as np
    from safetensors.numpy import save_file

    save_file({"w": np.zeros((2, 2), "f4")}, str(folder / "model.safetensors"), metadata={"format": "np"})


def compiled_models(folder):
    import torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    torch.jit.save(torch.jit.trace(model, torch.ones(1, 3)), str(folder / "traced.pt"))
    torch.jit.save(torch.jit.script(model), str(folder / "scripted.pt"))


def caches():
    import functools

    yield {
        "key": ("a", frozenset({1, 2})),
        "made": functools.partial(int, base=2),
        "limits": slice(0, 5),
        "r": range(9),
    }
    yield [b"raw", bytearray(b"x"), complex(1, 2), Ellipsis, NotImplemented, memoryview(b"x").tobytes()]


def results_of_trials():
    yield [
        {"trial": n, "parameters": {"lr": 10.0**-n}, "took": datetime.timedelta(seconds=n), "error": None}
        for n in range(3)
    ]
    yield {"failed": [ValueError("diverged"), KeyError("x"), TimeoutError("late")], "traceback": "..."}


def file_listings():
    yield {
        "files": sorted(pathlib.Path("/usr").glob("l*"))[:3],
        "stat": os.stat("/"),
        "size": os.terminal_size((80, 24)),
    }
