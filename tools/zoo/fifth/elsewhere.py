"""What libraries leave behind that none of the other sets uses.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import datetime


def volatility():
    import numpy as np
    from arch import arch_model

    yield arch_model(np.random.default_rng(0).normal(size=200), vol="GARCH").fit(disp="off")


def panels():
    import numpy as np
    import pandas as pd
    from linearmodels.panel import PanelOLS

    index = pd.MultiIndex.from_product([["a", "b", "c"], range(10)])
    frame = pd.DataFrame({"y": np.random.default_rng(0).random(30), "x": np.arange(30.0)}, index=index)
    yield PanelOLS(frame["y"], frame[["x"]], entity_effects=True).fit().params


def models_of_time():
    import numpy as np
    import pandas as pd
    import statsmodels.api as sm
    from statsmodels.tsa import api, seasonal, statespace

    series = pd.Series(
        np.sin(np.arange(48.0)) + np.arange(48.0), index=pd.date_range("2020-01-31", periods=48, freq="ME")
    )
    yield api.SARIMAX(series, order=(1, 0, 0), seasonal_order=(1, 0, 0, 12)).fit(disp=0)
    yield seasonal.STL(series, period=12).fit()
    yield api.SimpleExpSmoothing(series, initialization_method="estimated").fit()
    yield sm.GLM(np.arange(1, 21), sm.add_constant(np.arange(20.0)), family=sm.families.Poisson()).fit()
    yield sm.RLM(series.to_numpy(), sm.add_constant(np.arange(48.0))).fit()
    yield sm.MixedLM(series.to_numpy(), np.ones((48, 1)), groups=np.repeat(range(8), 6)).fit()
    yield sm.nonparametric.KDEUnivariate(series.to_numpy()).fit() if False else statespace.tools.companion_matrix(2)


def walkers():
    import emcee
    import numpy as np

    sampler = emcee.EnsembleSampler(8, 2, log_chance)
    sampler.run_mcmc(np.random.default_rng(0).normal(size=(8, 2)), 5)
    yield {"chain": sampler.get_chain(), "accepted": sampler.acceptance_fraction}
    yield sampler.get_last_sample()


def log_chance(v):
    return -0.5 * (v**2).sum()


def quantities():
    import pint
    import uncertainties

    units = pint.UnitRegistry()
    yield (3 * units.metre).magnitude
    yield [uncertainties.ufloat(1.0, 0.1), uncertainties.ufloat(2.0, 0.2) * 3]
    pint.set_application_registry(units)
    yield 3 * units.metre / units.second


def changes():
    import numpy as np
    import pywt
    import ruptures

    yield ruptures.Pelt().fit(np.r_[np.zeros(20), np.ones(20)]).predict(1)
    yield pywt.wavedec(np.arange(16.0), "db2")
    yield pywt.Wavelet("haar").name


def players():
    import gymnasium
    from gymnasium import spaces

    yield [
        spaces.Box(-1, 1, (3,)),
        spaces.Discrete(4),
        spaces.Dict(a=spaces.MultiBinary(3), b=spaces.Tuple([spaces.Discrete(2)])),
    ]
    yield gymnasium.spec("CartPole-v1")
    from stable_baselines3.common.buffers import ReplayBuffer
    from stable_baselines3.common.running_mean_std import RunningMeanStd

    yield ReplayBuffer(4, spaces.Box(-1, 1, (2,)), spaces.Discrete(2))
    yield RunningMeanStd(shape=(2,))


def agents(folder):
    import stable_baselines3 as sb3

    model = sb3.PPO("MlpPolicy", "CartPole-v1", n_steps=8, batch_size=4, device="cpu")
    model.learn(8)
    model.save(str(folder / "ppo"))
    other = sb3.DQN("MlpPolicy", "CartPole-v1", buffer_size=20, learning_starts=2, device="cpu")
    other.learn(6)
    other.save(str(folder / "dqn"))
    other.save_replay_buffer(str(folder / "buffer.pkl"))
    sb3.common.vec_env.VecNormalize(model.get_env()).save(str(folder / "normalize.pkl"))


def gaussian_processes():
    import gpytorch
    import torch

    likelihood = gpytorch.likelihoods.GaussianLikelihood()
    yield {"kernel": gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel()), "likelihood": likelihood}
    yield likelihood.state_dict()
    yield [gpytorch.means.ConstantMean(), gpytorch.priors.GammaPrior(2.0, 1.0), gpytorch.constraints.GreaterThan(1e-4)]
    yield gpytorch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))


def probable_programs():
    import pyro
    import torch

    pyro.clear_param_store()
    pyro.param("w", torch.ones(2), constraint=pyro.distributions.constraints.positive)
    yield pyro.get_param_store().get_state()
    yield pyro.nn.PyroModule[torch.nn.Linear](2, 1).state_dict()
    yield pyro.optim.Adam({"lr": 0.1})
    yield [pyro.distributions.Normal(0.0, 1.0), pyro.distributions.Delta(torch.ones(1))]


def graphs_of_nodes():
    import torch
    from torch_geometric import data, nn, transforms

    one = data.Data(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([1]))
    yield one
    yield [one, one.clone()]
    yield data.Batch.from_data_list([one, one])
    many = data.HeteroData()
    many["user"].x, many["user", "likes", "item"].edge_index = torch.ones(2, 2), torch.tensor([[0], [1]])
    yield many
    yield [nn.GCNConv(2, 3), nn.GATConv(2, 3, heads=2), nn.SAGEConv(2, 3), nn.global_mean_pool]
    yield transforms.Compose([transforms.NormalizeFeatures(), transforms.ToUndirected()])


def metrics_learned():
    from pytorch_metric_learning import losses, miners

    yield [losses.TripletMarginLoss(), losses.ArcFaceLoss(3, 4), miners.MultiSimilarityMiner()]


def rearranged():
    from einops.layers.torch import EinMix, Rearrange

    import torch

    yield torch.nn.Sequential(Rearrange("b c h w -> b (c h w)"), torch.nn.Linear(4, 2))
    yield EinMix("b i -> b o", weight_shape="i o", i=2, o=3)


def explained_boosters():
    import numpy as np
    from interpret.glassbox import ExplainableBoostingClassifier

    x = np.random.default_rng(0).random((60, 3))
    yield ExplainableBoostingClassifier(max_rounds=5, interactions=0, n_jobs=1).fit(x, (x[:, 0] > 0.5).astype(int))


def bags_of_settings():
    import addict
    import box
    import easydict
    import ml_collections
    import munch

    yield easydict.EasyDict(lr=0.1, model={"depth": 3})
    yield addict.Dict(a={"b": 1})
    yield box.Box(a={"b": [1, {"c": 2}]})
    yield munch.munchify({"a": {"b": 1}, "c": [1]})
    yield ml_collections.ConfigDict({"lr": 0.1, "inner": {"n": 3}})


def nodes_of_settings():
    from yacs.config import CfgNode

    made = CfgNode({"MODEL": {"NAME": "resnet"}, "LR": 0.1})
    yield made


def collections_of_others():
    import bidict
    import bitarray
    import frozendict
    import immutables
    import pyrsistent
    import sortedcontainers

    yield [sortedcontainers.SortedDict(a=1), sortedcontainers.SortedList([3, 1]), sortedcontainers.SortedSet([2, 1])]
    yield bidict.bidict(a=1, b=2)
    yield bitarray.bitarray("0110")
    yield frozendict.frozendict(a=1)
    yield immutables.Map(a=1)
    yield [pyrsistent.pmap({"a": 1}), pyrsistent.pvector([1, 2]), pyrsistent.pset([1])]


def trees_of_others():
    import anytree
    import pygtrie
    import treelib

    root = anytree.Node("root")
    anytree.Node("leaf", parent=root, size=3)
    yield root
    tree = treelib.Tree()
    tree.create_node("Root", "root")
    tree.create_node("Leaf", "leaf", parent="root", data=[1])
    yield tree
    yield pygtrie.CharTrie(car=1, cat=2)


def moments_of_others():
    import arrow
    import dateutil.parser
    import pendulum

    yield pendulum.datetime(2025, 1, 1, tz="Europe/Rome")
    yield [pendulum.duration(days=3), pendulum.date(2025, 1, 2)]
    yield arrow.get("2025-01-01T00:00:00+02:00")
    yield dateutil.parser.isoparse("2025-01-01T00:00:00Z")


def checked_records():
    import attrs
    import pydantic

    class Account(pydantic.BaseModel):
        name: str
        opened: datetime.date
        tags: list[str] = []

    @attrs.define
    class Point:
        x: int
        y: int = 0

    for kind in (Account, Point):
        kind.__qualname__ = kind.__name__
        kind.__module__ = __name__
        globals()[kind.__name__] = kind
    yield Account(name="a", opened="2025-01-01")
    yield [Point(1), Point(2, 3)]


def ranks_of_texts():
    from rank_bm25 import BM25Okapi

    yield BM25Okapi([["hello", "there"], ["good", "day"]])


def labels_of_words():
    import sklearn_crfsuite

    model = sklearn_crfsuite.CRF(max_iterations=3)
    yield model


def programs_that_grew():
    import numpy as np
    from gplearn.genetic import SymbolicRegressor

    x = np.random.default_rng(0).random((40, 2))
    yield SymbolicRegressor(population_size=30, generations=2, random_state=0).fit(x, x[:, 0] + x[:, 1])


def generations():
    from deap import base, tools

    book = tools.Logbook()
    book.record(gen=0, best=1.0)
    yield book
    yield {"hall": tools.HallOfFame(2), "generation": 3}
    yield base.Fitness


def graphs_of_others():
    import igraph

    yield igraph.Graph([(0, 1), (1, 2)], directed=True)


def molecules():
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    yield [SeqRecord(Seq("ACGT"), id="x", description="made", annotations={"molecule_type": "DNA"})]
    from Bio import motifs

    yield motifs.create([Seq("ACG"), Seq("ACT")]).counts


def pictures():
    import numpy as np
    from skimage import measure, transform

    yield transform.AffineTransform(scale=(2, 2))
    yield [transform.EuclideanTransform(rotation=0.1), transform.ProjectiveTransform()]
    yield measure.regionprops_table(np.eye(4, dtype=int))
    from PIL import Image

    yield [Image.new("L", (4, 4)), Image.new("RGBA", (2, 2))]


def beliefs():
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    model = DiscreteBayesianNetwork([("a", "b")])
    model.add_cpds(TabularCPD("a", 2, [[0.2], [0.8]]), TabularCPD("b", 2, [[0.1, 0.5], [0.9, 0.5]], ["a"], [2]))
    yield model


def tables_of_networks():
    import numpy as np
    from pytorch_tabnet.tab_model import TabNetClassifier

    x = np.random.default_rng(0).random((40, 3)).astype("f")
    model = TabNetClassifier(n_d=2, n_a=2, verbose=0)
    model.fit(x, (x[:, 0] > 0.5).astype(int), max_epochs=1, batch_size=20, virtual_batch_size=10)
    yield model.network.state_dict()
    yield model


def row_of(number):
    import torch

    return torch.full((2,), float(number))


def label_of(number):
    import torch

    return torch.full((1,), float(number % 2))


def lessons_of_others(folder):
    import torch
    from fastai.data.core import DataLoaders, Datasets
    from fastai.learner import Learner

    rows = Datasets(list(range(8)), [[row_of], [label_of]])
    both = DataLoaders.from_dsets(rows, rows, bs=4)
    learner = Learner(both, torch.nn.Linear(2, 1), loss_func=torch.nn.MSELoss(), path=folder)
    learner.save("weights")
    learner.export("export.pkl")


def sets_of_texts():
    import datasets

    made = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    yield made.features
    yield made.to_dict()
    yield made


def diffused():
    import diffusers

    yield diffusers.DDPMScheduler(num_train_timesteps=10)
    yield diffusers.UNet2DModel(
        sample_size=8,
        block_out_channels=(4, 4),
        norm_num_groups=2,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
    )
    yield diffusers.DDIMScheduler().config


def problems():
    import cvxpy
    import numpy as np

    x = cvxpy.Variable(2)
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(x)), [x >= 1])
    problem.solve()
    yield {"value": problem.value, "x": np.asarray(x.value)}


def time_series_learners():
    import numpy as np
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
    from aeon.transformations.collection.convolution_based import Rocket

    x = np.random.default_rng(0).random((10, 1, 20))
    yield KNeighborsTimeSeriesClassifier(distance="euclidean").fit(x, np.arange(10) % 2)
    yield Rocket(n_kernels=5).fit(x)
