"""Checkpoints of training loops, networks of unusual layers, tokenizers, agents and graphs.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import argparse
import collections
import dataclasses
import enum
import functools
import pathlib
import random

import numpy as np
import torch
from torch import nn
from torch.nn.utils import prune


class Split(str, enum.Enum):
    TRAIN = "train"
    TEST = "test"


@dataclasses.dataclass
class OptimizerConfig:
    name: str = "adamw"
    lr: float = 3e-4
    betas: tuple = (0.9, 0.95)


@dataclasses.dataclass
class TrainConfig:
    out: pathlib.Path = pathlib.Path("runs/1")
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    dtype: torch.dtype = torch.bfloat16
    device: torch.device = torch.device("cpu")
    layers: list = dataclasses.field(default_factory=lambda: [4, 4])


class AverageMeter:
    def __init__(self, name):
        self.name = name
        self.value, self.total, self.count = 0.0, torch.tensor(0.0), 0


class EarlyStopping:
    def __init__(self, patience):
        self.patience = patience
        self.best = np.inf
        self.trace = print


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(2, width)
        self.conv = nn.Conv1d(width, width, 3, padding=1)
        self.act = nn.SiLU()
        self.scale = nn.Parameter(torch.ones(width, 1))

    def forward(self, x):
        return x + self.scale * self.conv(self.act(self.norm(x)))


class Autoencoder(nn.Module):
    def __init__(self, width=8, config=None):
        super().__init__()
        self.config = config or TrainConfig()
        self.encoder = nn.Sequential(nn.Linear(width, 4), nn.Mish(), nn.Linear(4, 2))
        self.decoder = nn.Sequential(nn.Linear(2, 4), nn.Hardswish(), nn.Linear(4, width))
        self.losses = collections.defaultdict(list)
        self.register_buffer("steps", torch.zeros((), dtype=torch.long), persistent=False)
        self.activate = functools.partial(nn.functional.leaky_relu, negative_slope=0.2)


class TinyTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, activation=nn.functional.gelu), 1)
        self.register_buffer("mask", torch.triu(torch.ones(4, 4), 1).bool())
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embed.weight


class Sine(nn.Module):
    def __init__(self, omega=30.0):
        super().__init__()
        self.omega = omega


class Pictures(torch.utils.data.Dataset):
    def __init__(self, folder, split):
        self.folder = pathlib.Path(folder)
        self.split = split
        self.names = ["a.png", "b.png"]
        self.transform = None

    def __len__(self):
        return len(self.names)


def warm_up(step):
    return min(1.0, step / 10)


def trained(model, optimizer, schedule=None):
    for _ in range(2):
        model(torch.ones(2, 8)).sum().backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return optimizer


def training_loops():
    model = nn.Sequential(nn.Linear(8, 4), nn.ELU(), nn.Linear(4, 1))
    optimizer = trained(
        model,
        torch.optim.Adam(
            [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[2].parameters()}], amsgrad=True
        ),
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=9)
    base = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 4}
    yield {**base, "config": TrainConfig()}
    yield {**base, "config": dataclasses.asdict(TrainConfig()), "schedule": schedule.state_dict()}
    yield {**base, "split": Split.TRAIN}
    yield {**base, "args": argparse.Namespace(out=pathlib.Path("x"), optimizer=OptimizerConfig(), fp16=True)}
    yield {
        **base,
        "rng": {
            "torch": torch.random.get_rng_state(),
            "numpy": np.random.get_state(),
            "python": random.getstate(),
            "generator": np.random.default_rng(3).bit_generator.state,
        },
        "scaler": torch.amp.GradScaler("cpu").state_dict(),
    }
    yield {**base, "meter": AverageMeter("loss"), "stopper": EarlyStopping(3)}
    yield {**base, "metrics": {"acc": torch.tensor(0.5), "cm": np.eye(3)}, "version": torch.__version__}
    yield {**base, "sampler": torch.utils.data.WeightedRandomSampler([0.1, 0.9], 2), "loss": nn.NLLLoss()}
    yield {"net": Autoencoder(), "epoch": 3, "best": float("inf"), "path": pathlib.Path("a/b")}
    yield collections.OrderedDict(model.named_parameters())
    yield list(model.parameters()), dict(model.named_modules())
    yield {"g": model, "d": nn.Sequential(nn.Linear(1, 1)), "opt_g": optimizer}


def schedules():
    model = nn.Linear(8, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler
    yield scheduler.LambdaLR(optimizer, warm_up), scheduler.StepLR(optimizer, 2)
    yield scheduler.SequentialLR(
        optimizer, [scheduler.LinearLR(optimizer), scheduler.ExponentialLR(optimizer, 0.9)], [3]
    )
    yield scheduler.ReduceLROnPlateau(optimizer, patience=2), scheduler.CosineAnnealingWarmRestarts(optimizer, 3)
    yield scheduler.CyclicLR(optimizer, 0.01, 0.1, cycle_momentum=False), scheduler.PolynomialLR(optimizer)
    for kind in (torch.optim.RMSprop, torch.optim.NAdam, torch.optim.Adagrad, torch.optim.Adamax, torch.optim.LBFGS):
        yield kind(model.parameters())
    yield torch.optim.swa_utils.SWALR(optimizer, 0.05)
    yield torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99))


def unusual_layers():
    yield Autoencoder()
    yield TinyTransformer()
    yield nn.ModuleList([Residual(4), Sine()])
    yield nn.Sequential(
        collections.OrderedDict(
            first=nn.ConvTranspose2d(2, 3, 3), up=nn.Upsample(scale_factor=2), shuffle=nn.PixelShuffle(2)
        )
    )
    yield nn.GRUCell(3, 4), nn.GRU(3, 4, dropout=0.1, num_layers=2), nn.RNN(2, 3, nonlinearity="relu")
    yield nn.Bilinear(2, 3, 4), nn.EmbeddingBag(5, 3, mode="sum"), nn.PReLU(2), nn.RReLU()
    yield nn.InstanceNorm2d(3, affine=True), nn.LocalResponseNorm(2), nn.RMSNorm(4), nn.SyncBatchNorm(4)
    yield nn.Unfold(2), nn.Fold((4, 4), 2), nn.ReflectionPad2d(1), nn.ZeroPad2d(2), nn.ChannelShuffle(2)
    yield nn.AdaptiveLogSoftmaxWithLoss(4, 20, [5]), nn.CosineSimilarity(), nn.PairwiseDistance()
    yield (
        nn.TripletMarginLoss(),
        nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance()),
        nn.CTCLoss(),
    )
    yield (
        nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3)),
        nn.utils.parametrizations.orthogonal(nn.Linear(3, 3)),
    )
    yield nn.utils.spectral_norm(nn.Linear(3, 3)), nn.utils.weight_norm(nn.Linear(3, 3))
    yield nn.LazyLinear(3), nn.Conv3d(1, 2, 3), nn.MaxUnpool2d(2), nn.FractionalMaxPool2d(2, output_size=3)
    yield nn.Transformer(8, 2, 1, 1, 16), nn.ParameterDict({"a": torch.ones(2)}), nn.ParameterList([torch.ones(1)])
    yield nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, norm_first=True), 1, nn.LayerNorm(8))
    yield nn.Flatten(), nn.Unflatten(1, (2, 2)), nn.Identity(), nn.Softmin(0), nn.GLU(), nn.Threshold(0.1, 20)
    pruned = nn.Linear(4, 4)
    prune.l1_unstructured(pruned, "weight", 0.5)
    yield pruned
    hooked = nn.Linear(2, 2)
    hooked.register_forward_hook(look)
    yield hooked
    frozen = nn.Linear(2, 2).requires_grad_(False).eval().to(torch.bfloat16)
    yield frozen


def look(module, inputs, output):
    return None


def tensors():
    yield (
        torch.ones(2, 2).to_sparse(),
        torch.eye(3).to_sparse_csr(),
        torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    )
    yield torch.ones(2, requires_grad=True), torch.zeros(2, device="meta"), torch.tensor([1 + 2j]), torch.ones(4)[::2]
    yield {"fp8": torch.ones(2).to(torch.float8_e4m3fn), "bf16": torch.ones(2, dtype=torch.bfloat16)}
    yield torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]), nn.utils.rnn.pack_sequence([torch.ones(2)])
    yield torch.nn.Buffer(torch.ones(2)), nn.Parameter(torch.ones(2), requires_grad=False)
    yield torch.finfo(torch.float16), torch.contiguous_format, torch.Size([1]), torch.device("cuda", 0)
    yield torch.Generator().get_state(), torch.nn.functional.relu, torch.float32, torch.sigmoid
    yield torch.UntypedStorage(4), torch.ones(3).storage()


def loaders():
    data = torch.utils.data
    pictures = Pictures("data", Split.TEST)
    yield Pictures("data", "train")
    yield pictures
    yield (
        data.DataLoader(Pictures("data", "x"), batch_size=2),
        data.RandomSampler(range(3)),
        data.BatchSampler([0, 1], 2, True),
    )
    yield data.StackDataset(torch.ones(2), torch.zeros(2)), data.ChainDataset([])


def chances():
    d = torch.distributions
    yield d.MultivariateNormal(torch.zeros(2), torch.eye(2)), d.Beta(1.0, 2.0), d.Bernoulli(0.5)
    yield (
        d.Independent(d.Normal(torch.zeros(2), 1.0), 1),
        d.TransformedDistribution(d.Normal(0.0, 1.0), [d.ExpTransform()]),
    )
    yield d.MixtureSameFamily(d.Categorical(torch.ones(2)), d.Normal(torch.zeros(2), 1.0)), d.Dirichlet(torch.ones(3))


def pictures():
    from torchvision import models, transforms
    from torchvision.transforms import v2

    yield transforms.Compose(
        [
            transforms.RandomResizedCrop(8),
            transforms.ColorJitter(0.1),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ]
    )
    yield v2.Compose([v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True), v2.RandomErasing()])
    yield models.mobilenet_v3_small(num_classes=2), models.shufflenet_v2_x0_5(num_classes=2)
    yield models.squeezenet1_1(num_classes=2).state_dict()
    yield models.efficientnet_b0(num_classes=1).features[:2], models.swin_t(num_classes=1).features[0]
    yield models.detection.anchor_utils.AnchorGenerator(((8,),), ((1.0,),)), models.ResNet18_Weights.DEFAULT
    yield transforms.Lambda(square), transforms.RandomApply([transforms.GaussianBlur(3)]), transforms.AutoAugment()


def square(x):
    return x * x


def language():
    import transformers

    yield transformers.BertConfig(hidden_size=8, num_hidden_layers=1), transformers.GPT2Config(n_layer=1)
    yield transformers.TrainingArguments("out", report_to="none", use_cpu=True)
    yield transformers.TrainerState(epoch=1.0, global_step=3, log_history=[{"loss": 0.5}])
    yield transformers.T5Model(
        transformers.T5Config(d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, vocab_size=20)
    )
    yield transformers.ViTForImageClassification(
        transformers.ViTConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, image_size=16, patch_size=8
        )
    )
    yield transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=20
        )
    )
    yield transformers.GenerationConfig(max_new_tokens=3), transformers.BatchEncoding({"input_ids": [[1, 2]]})
    yield transformers.modeling_outputs.SequenceClassifierOutput(logits=torch.ones(1, 2))
    yield transformers.EarlyStoppingCallback(3), transformers.PrinterCallback()
    yield transformers.get_linear_schedule_with_warmup(torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1), 1, 5)


def own_tokenizers():
    import tokenizers
    import transformers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    yield tokenizer
    yield transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]")
    yield tokenizer.encode("a b").ids, tokenizers.AddedToken("<x>")


def lightning_runs(folder):
    import lightning

    class Net(lightning.LightningModule):
        def __init__(self, lr=0.1, config=None):
            super().__init__()
            self.save_hyperparameters()
            self.layer = nn.Linear(8, 1)

        def training_step(self, batch, index):
            return self.layer(batch[0]).mean()

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters(), self.hparams.lr)
            return [optimizer], [torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)]

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 8)), batch_size=2)
    callbacks = [
        lightning.pytorch.callbacks.ModelCheckpoint(folder / "best", save_last=True),
        lightning.pytorch.callbacks.Timer(),
    ]
    for number, config in enumerate(({"a": 1}, TrainConfig(), argparse.Namespace(b=pathlib.Path("x")))):
        trainer = lightning.Trainer(
            max_epochs=1,
            logger=False,
            accelerator="cpu",
            callbacks=callbacks[: 1 + (number == 0)],
            default_root_dir=folder,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Net(0.2, config), loader)
        trainer.save_checkpoint(folder / f"{number}.ckpt")


def agents(folder):
    import gymnasium
    import stable_baselines3

    environment = gymnasium.make("CartPole-v1")
    stable_baselines3.A2C("MlpPolicy", environment, n_steps=4, policy_kwargs={"net_arch": [8]}).save(folder / "a2c.zip")
    stable_baselines3.DQN("MlpPolicy", environment, buffer_size=50, policy_kwargs={"net_arch": [8]}).save(
        folder / "dqn.zip"
    )


def spaces():
    import gymnasium
    from gymnasium import spaces as s

    yield s.Dict(a=s.Discrete(3), b=s.Box(-1, 1, (2,)), c=s.MultiBinary(3)), s.Tuple([s.MultiDiscrete([2, 3])])
    yield gymnasium.spec("CartPole-v1")
    yield collections.deque([(np.ones(4), 0, 1.0, np.ones(4), False)], maxlen=100)
    yield s.Text(5), s.Sequence(s.Discrete(2)), s.Graph(s.Discrete(2), None)


def graphs():
    from torch_geometric.data import Batch, Data, HeteroData
    from torch_geometric.transforms import Compose, NormalizeFeatures, ToUndirected

    edges = torch.tensor([[0, 1], [1, 0]])
    data = Data(x=torch.ones(2, 3), edge_index=edges, y=torch.tensor([1]), name="molecule")
    yield data
    yield [data, data.clone()]
    yield Batch.from_data_list([data, data])
    hetero = HeteroData()
    hetero["user"].x = torch.ones(2, 1)
    hetero["user", "likes", "item"].edge_index = edges
    yield hetero
    yield Compose([NormalizeFeatures(), ToUndirected()])


def graph_networks():
    from torch_geometric.nn import GATConv, GCNConv, GlobalAttention, SAGEConv, global_mean_pool

    yield GCNConv(3, 4)
    yield nn.ModuleList([GATConv(3, 2, heads=2), SAGEConv(2, 2)])
    yield GlobalAttention(nn.Linear(3, 1)), global_mean_pool
    yield {"model": GCNConv(2, 2).state_dict(), "hidden": 2}


def scores():
    import torchmetrics as tm

    accuracy = tm.classification.MulticlassAccuracy(3)
    accuracy.update(torch.tensor([0, 1]), torch.tensor([0, 2]))
    yield accuracy
    yield tm.MetricCollection({"f1": tm.F1Score("binary"), "auc": tm.AUROC("binary")})
    yield tm.MeanMetric(), tm.regression.R2Score(), tm.text.BLEUScore()
    yield tm.classification.MulticlassConfusionMatrix(3).state_dict()


def wrapped():
    import skorch

    net = skorch.NeuralNetRegressor(Flat, max_epochs=2, callbacks=[skorch.callbacks.EarlyStopping()], verbose=0)
    yield net.fit(np.ones((20, 8), "float32"), np.ones((20, 1), "float32"))
    yield net.history
    from sklearn.model_selection import GridSearchCV

    yield GridSearchCV(net, {"lr": [0.01, 0.1]}, cv=2).fit(np.ones((20, 8), "float32"), np.ones((20, 1), "float32"))


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(8, 1)

    def forward(self, x):
        return self.layer(x)


def adapters():
    import peft

    model = peft.get_peft_model(Flat(), peft.LoraConfig(r=2, target_modules=["layer"]))
    yield peft.get_peft_model_state_dict(model)
    yield peft.LoraConfig(r=4, lora_alpha=8, target_modules={"q", "v"}, task_type="CAUSAL_LM")
    yield peft.IA3Config(), peft.PrefixTuningConfig(num_virtual_tokens=3)


def backbones():
    import timm

    yield timm.create_model("mobilenetv3_small_050", num_classes=2)
    yield timm.create_model("vit_tiny_patch16_224", num_classes=2, depth=1, embed_dim=12)
    yield timm.data.create_transform(32, is_training=True, auto_augment="rand-m9-mstd0.5")
    yield timm.scheduler.CosineLRScheduler(torch.optim.SGD(nn.Linear(1, 1).parameters(), 0.1), 5)
    yield timm.utils.ModelEmaV2(nn.Linear(2, 2)), timm.loss.LabelSmoothingCrossEntropy()


def sets_of_rows():
    import datasets

    rows = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [0, 1]})
    yield rows
    yield datasets.DatasetDict(train=rows, test=rows), rows.features
    yield datasets.ClassLabel(names=["a", "b"]), rows.with_format("torch")


def texts_by_spacy():
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    yield nlp.to_bytes()
    yield nlp("Hello there.").to_json()
    yield [token.text for token in nlp("Hello there.")]


def gaussian_processes():
    import gpytorch

    class Exact(gpytorch.models.ExactGP):
        def __init__(self, x, y, likelihood):
            super().__init__(x, y, likelihood)
            self.mean_module = gpytorch.means.ConstantMean()
            self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(2.5))

    model = Exact(torch.ones(3, 1), torch.ones(3), gpytorch.likelihoods.GaussianLikelihood())
    yield model.state_dict()
    yield gpytorch.likelihoods.GaussianLikelihood()
    yield gpytorch.kernels.RBFKernel()


def tabular():
    from pytorch_tabnet.tab_model import TabNetClassifier

    model = TabNetClassifier(n_d=2, n_a=2, n_steps=1, verbose=0)
    x = np.random.default_rng(0).random((40, 4)).astype("float32")
    model.fit(x, np.arange(40) % 2, max_epochs=1, batch_size=20, virtual_batch_size=10)
    yield model.history.history, model.feature_importances_


def tagged():
    import sklearn_crfsuite

    model = sklearn_crfsuite.CRF(max_iterations=3)
    yield model.fit([[{"w": "a"}, {"w": "b"}]] * 2, [["X", "Y"]] * 2)


def volatility():
    from arch import arch_model

    returns = np.random.default_rng(1).normal(size=200)
    model = arch_model(returns, vol="EGARCH", p=1, o=1, q=1, dist="t")
    yield model
    yield model.fit(disp="off")
    yield model.fit(disp="off").params


def wrapped_runs():
    import accelerate

    yield accelerate.utils.ProjectConfiguration("x"), accelerate.utils.DistributedDataParallelKwargs()
    yield {"params": torch.nn.utils.parameters_to_vector(nn.Linear(2, 1).parameters()), "dtype": "bf16"}
