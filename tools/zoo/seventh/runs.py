"""What training runs leave: states of everything at once, networks of less usual layers, trainers, agents, words.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import argparse
import collections
import copy
import dataclasses
import datetime
import enum
import functools
import pathlib
import random
import types

import numpy as np
import torch
from torch import nn


class Phase(enum.Enum):
    WARMUP = 1
    TRAIN = 2


class Precision(str, enum.Enum):
    HALF = "fp16"
    FULL = "fp32"


@dataclasses.dataclass
class Config:
    lr: float = 3e-4
    betas: tuple = (0.9, 0.95)
    phase: Phase = Phase.TRAIN
    precision: Precision = Precision.FULL
    out: pathlib.Path = pathlib.Path("out")
    act: type = nn.GELU
    dtype: torch.dtype = torch.bfloat16


class Meter:
    def __init__(self):
        self.values, self.best, self.started = collections.deque(maxlen=5), float("inf"), datetime.datetime.now()


class Block(nn.Module):
    def __init__(self, width, act=nn.functional.gelu):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(collections.OrderedDict(a=nn.Linear(width, 4 * width), b=nn.Linear(4 * width, width)))
        self.act = act
        self.register_buffer("mask", torch.tril(torch.ones(4, 4, dtype=torch.bool)))
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        y = self.norm(x)
        return x + self.attention(y, y, y)[0] + self.mlp(y)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(8), Block(8, torch.relu), Block(8, nn.SiLU())])
        self.heads = nn.ModuleDict({"a": nn.Linear(8, 2), "b": nn.Identity()})
        self.extra = nn.ParameterList([torch.zeros(2)])
        self.table = nn.ParameterDict({"k": torch.ones(1)})
        self.config = Config()

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x.mean(1))


def rate(step, warm=10):
    return min(1.0, step / warm)


def one_step(kind=torch.optim.AdamW, **settings):
    model = Small()
    optimizer = kind(model.parameters(), **settings)
    model(torch.ones(2, 4, 8)).sum().backward()
    optimizer.step()
    return model, optimizer


def everything_at_once():
    model, optimizer = one_step(lr=1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    chain = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [torch.optim.lr_scheduler.LinearLR(optimizer), torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)],
        [3],
    )
    states = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
    rng = {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()}
    yield {**states, "chain": chain.state_dict(), "rng": rng, "scaler": torch.amp.GradScaler("cpu").state_dict()}
    yield {**states, "config": Config(), "phase": Phase.WARMUP, "meter": Meter()}
    yield {**states, "args": argparse.Namespace(out=pathlib.Path("x"), act=nn.ReLU, when=datetime.date(2025, 1, 1))}
    yield {**states, "namespace": types.SimpleNamespace(a=1), "generator": np.random.default_rng(1)}
    yield {**states, "metrics": {"loss": np.float32(0.5), "at": np.datetime64("2025-01-01"), "auc": torch.tensor(0.9)}}
    yield chain
    yield schedule
    yield {
        "ema": torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    }
    yield {"model": model, "optimizer": optimizer, "best": copy.deepcopy(model)}
    yield Config()
    yield {"asdict": dataclasses.asdict(Config())}
    yield [Precision.HALF, Phase.TRAIN]
    yield torch.cuda.amp.GradScaler(enabled=False)
    yield torch.optim.swa_utils.SWALR(optimizer, 0.1)


def optimizers_of_all_kinds():
    for name in ("Adadelta", "Adagrad", "Adamax", "ASGD", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD", "Adafactor"):
        yield one_step(getattr(torch.optim, name))[1]


def layers_less_usual():
    from torch.nn.utils import parametrizations, prune, weight_norm

    yield Small()
    yield nn.Sequential(nn.PixelShuffle(2), nn.Fold((4, 4), 2), nn.Unfold(2), nn.ChannelShuffle(2))
    yield nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    yield nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, activation=nn.functional.silu), 2)
    yield nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 6])
    yield nn.EmbeddingBag(5, 3, mode="max")
    yield nn.Bilinear(2, 3, 4)
    yield nn.LSTM(4, 4, 2, bidirectional=True, proj_size=2)
    yield nn.GRUCell(2, 3)
    yield nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d())
    yield nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance())
    yield nn.CTCLoss()
    yield nn.Sequential(nn.Hardswish(), nn.Mish(), nn.GLU(), nn.RReLU(), nn.PReLU(2), nn.CELU(), nn.Softmin(1))
    yield nn.Sequential(nn.FractionalMaxPool2d(2, output_size=3), nn.LPPool2d(2, 2), nn.MaxUnpool2d(2))
    yield nn.SyncBatchNorm(3)
    yield nn.RMSNorm(4)
    yield weight_norm(nn.Linear(2, 2))
    yield parametrizations.weight_norm(nn.Linear(2, 2))
    yield parametrizations.orthogonal(nn.Linear(2, 2))
    yield parametrizations.spectral_norm(nn.Linear(2, 2))
    yield prune.l1_unstructured(nn.Linear(4, 4), "weight", 0.5)
    yield nn.utils.spectral_norm(nn.Linear(2, 2))
    yield torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 2)), {nn.Linear}, torch.qint8)
    yield nn.DataParallel(nn.Linear(2, 2))
    yield functools.partial(nn.LayerNorm, eps=1e-6)
    yield nn.Upsample(scale_factor=2, mode="bilinear")


def hooked():
    model = nn.Linear(2, 2)
    model.register_forward_hook(watch)
    model.register_load_state_dict_post_hook(seen)
    yield model


def watch(module, given, answer):
    return None


def seen(module, keys):
    return None


def tensors():
    yield [torch.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0]), torch.eye(2).to_sparse_csr()]
    yield torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    yield torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    yield [torch.ones(2, dtype=torch.complex64), torch.ones(2, dtype=torch.bfloat16).requires_grad_(), torch.ones(2).T]
    yield torch.ones(2, dtype=torch.float8_e4m3fn)
    yield torch.randn(2, 2, names=("a", "b"))
    yield torch.ones(3, device="meta")
    yield [torch.finfo(torch.float32).eps, torch.Size([1]), torch.device("cpu"), torch.preserve_format, torch.strided]
    yield torch.nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)])
    yield torch.nn.parameter.Buffer(torch.ones(1))
    yield torch.distributions.Normal(torch.zeros(1), torch.ones(1))
    yield torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(2)), torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    )
    yield torch.distributions.TransformedDistribution(
        torch.distributions.Uniform(0, 1),
        [torch.distributions.SigmoidTransform(), torch.distributions.AffineTransform(0, 2)],
    )


def data_loaded():
    from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset, WeightedRandomSampler, random_split

    data = TensorDataset(torch.ones(4, 2), torch.zeros(4))
    yield data
    yield random_split(data, [2, 2])
    yield ConcatDataset([data, Subset(data, [0])])
    yield DataLoader(data, batch_size=2, sampler=WeightedRandomSampler([1.0] * 4, 4))
    yield next(iter(DataLoader(data, 2)))


def pictures():
    import torchvision
    from torchvision.transforms import v2

    yield torchvision.models.mobilenet_v3_small(num_classes=2)
    yield torchvision.models.squeezenet1_1(num_classes=2)
    yield torchvision.models.swin_t(num_classes=2).features[0]
    yield torchvision.models.convnext_tiny(num_classes=2).classifier
    yield torchvision.models.get_model_weights("resnet18").DEFAULT
    yield torchvision.models.ResNet18_Weights.DEFAULT.transforms()
    yield torchvision.transforms.Compose([torchvision.transforms.RandAugment(), torchvision.transforms.RandomErasing()])
    yield v2.Compose(
        [v2.RandomResizedCrop(8, antialias=True), v2.ToDtype(torch.float32, scale=True), v2.MixUp(num_classes=2)]
    )
    yield torchvision.transforms.Lambda(torch.flatten)
    yield torchvision.tv_tensors.Image(torch.ones(3, 2, 2))
    yield torchvision.tv_tensors.BoundingBoxes([[0, 0, 1, 1]], format="XYXY", canvas_size=(4, 4))
    yield torchvision.datasets.FakeData(2, transform=torchvision.transforms.ToTensor())
    yield torchvision.ops.FeaturePyramidNetwork([4, 4], 4)


def backbones():
    import timm

    for name in (
        "mobilenetv3_small_050",
        "vit_tiny_patch16_224",
        "ghostnet_050",
        "mixer_s32_224",
        "lcnet_050",
        "edgenext_xx_small",
    ):
        yield timm.create_model(name, num_classes=2)
    yield timm.data.create_transform(32, is_training=True)
    yield timm.optim.create_optimizer_v2(nn.Linear(2, 2), opt="lamb")
    yield timm.scheduler.CosineLRScheduler(torch.optim.SGD([torch.ones(1)], 0.1), 10)
    yield timm.utils.ModelEmaV3(nn.Linear(2, 2))
    yield timm.loss.LabelSmoothingCrossEntropy()


def of_hugging_face():
    import transformers
    from transformers import trainer_callback

    config = transformers.DistilBertConfig(vocab_size=30, dim=8, n_layers=1, n_heads=2, hidden_dim=8)
    yield config
    yield transformers.DistilBertForSequenceClassification(config)
    tiny = dict(vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    yield transformers.LlamaForCausalLM(transformers.LlamaConfig(num_key_value_heads=1, **tiny))
    yield transformers.RobertaModel(transformers.RobertaConfig(**tiny))
    yield transformers.ElectraModel(transformers.ElectraConfig(**tiny, embedding_size=8))
    yield transformers.GenerationConfig(max_new_tokens=3, do_sample=True)
    yield transformers.TrainingArguments("out", use_cpu=True, report_to=[])
    yield trainer_callback.TrainerState(epoch=1.0, log_history=[{"loss": 0.5}])
    yield transformers.EarlyStoppingCallback(3)
    yield transformers.BatchEncoding({"input_ids": torch.ones(1, 2)})
    yield transformers.modeling_outputs.BaseModelOutput(last_hidden_state=torch.ones(1))
    yield transformers.get_cosine_schedule_with_warmup(torch.optim.SGD([torch.ones(1)], 0.1), 2, 10)
    yield transformers.LogitsProcessorList(
        [transformers.TopKLogitsWarper(5), transformers.TemperatureLogitsWarper(0.7)]
    )
    yield transformers.DynamicCache()
    yield transformers.trainer_utils.EvalPrediction(np.ones(2), np.ones(2))
    yield transformers.trainer_utils.IntervalStrategy.EPOCH
    yield transformers.DataCollatorForLanguageModeling


def tokens():
    import tokenizers
    import transformers
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

    made = tokenizers.Tokenizer(models.BPE(unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel()
    made.decoder = decoders.ByteLevel()
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.post_processor = processors.ByteLevel()
    made.train_from_iterator(["one two three"] * 5, trainers.BpeTrainer(special_tokens=["[UNK]", "[PAD]"]))
    yield made
    yield made.encode("one two")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]")
    yield fast
    yield fast("one two", return_tensors="pt")
    yield transformers.DataCollatorWithPadding(fast)
    yield tokenizers.AddedToken("<x>", lstrip=True)


def adapted():
    import accelerate
    import peft
    import transformers

    config = transformers.GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2)
    for kind in (
        peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True),
        peft.IA3Config(target_modules=["c_attn"], feedforward_modules=[]),
    ):
        yield kind
        yield peft.get_peft_model(transformers.GPT2LMHeadModel(config), kind)
    yield accelerate.utils.ProjectConfiguration("out")
    yield accelerate.utils.GradScalerKwargs()


def measured():
    import torchmetrics

    for metric in (
        torchmetrics.F1Score("multiclass", num_classes=3),
        torchmetrics.AUROC("binary"),
        torchmetrics.MetricCollection([torchmetrics.MeanSquaredError(), torchmetrics.R2Score()]),
        torchmetrics.ConfusionMatrix("binary"),
        torchmetrics.text.BLEUScore(),
        torchmetrics.MetricTracker(torchmetrics.MeanMetric()),
        torchmetrics.image.PeakSignalNoiseRatio(),
        torchmetrics.BootStrapper(torchmetrics.MeanAbsoluteError(), num_bootstraps=2),
    ):
        yield metric


def lightning_kept(folder):
    import lightning
    from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint
    from torch.utils.data import DataLoader

    class Lit(lightning.LightningModule):
        def __init__(self, lr=0.1, config=None):
            super().__init__()
            self.save_hyperparameters()
            self.layer = nn.Linear(2, 1)

        def training_step(self, batch, _):
            loss = self.layer(batch).sum() ** 2
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters(), self.hparams.lr)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    for number, config in enumerate((Config(), {"a": pathlib.Path("x")}, argparse.Namespace(b=Phase.TRAIN))):
        trainer = lightning.Trainer(
            max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
            callbacks=[EarlyStopping("loss"), ModelCheckpoint(folder, monitor="loss", filename=f"run{number}", save_last=True)],
        )  # fmt: skip
        trainer.fit(Lit(config=config), DataLoader(torch.ones(4, 2), 2))
        trainer.save_checkpoint(folder / f"saved{number}.ckpt")
    del LearningRateMonitor


def configured():
    import ml_collections
    import omegaconf

    config = omegaconf.OmegaConf.structured(Config2)
    yield config
    yield omegaconf.OmegaConf.create({"a": {"b": [1, "${a.c}"], "c": 3}, "m": "???"})
    yield {"cfg": omegaconf.OmegaConf.create({"lr": 0.1}), "state": nn.Linear(1, 1).state_dict()}
    yield omegaconf.OmegaConf.to_container(config)
    yield ml_collections.ConfigDict({"model": {"width": 3}})


@dataclasses.dataclass
class Config2:
    lr: float = 0.1
    phase: Phase = Phase.TRAIN
    names: list = dataclasses.field(default_factory=lambda: ["a"])


def agents(folder):
    import gymnasium
    import stable_baselines3 as sb3

    for name, world in (
        ("A2C", "CartPole-v1"),
        ("DQN", "CartPole-v1"),
        ("TD3", "Pendulum-v1"),
        ("DDPG", "Pendulum-v1"),
    ):
        model = getattr(sb3, name)(
            "MlpPolicy", world, device="cpu", policy_kwargs={"net_arch": [4], "activation_fn": nn.Tanh}
        )
        model.save(folder / name)
        model.policy.save(folder / f"{name}.policy")
        if hasattr(model, "save_replay_buffer"):
            model.save_replay_buffer(folder / f"{name}.buffer.pkl")
    vector = sb3.common.vec_env.VecNormalize(sb3.common.vec_env.DummyVecEnv([lambda: gymnasium.make("CartPole-v1")]))
    vector.save(folder / "normalize.pkl")


def spaces():
    import gymnasium

    yield gymnasium.spaces.Dict({"a": gymnasium.spaces.Box(0, 1, (2,)), "b": gymnasium.spaces.Discrete(3)})
    yield gymnasium.make("CartPole-v1").spec
    yield gymnasium.spaces.MultiBinary(3)


def graph_data():
    import torch_geometric as tg

    data = tg.data.Data(x=torch.ones(3, 2), edge_index=torch.tensor([[0, 1], [1, 2]]))
    yield data
    yield tg.data.Batch.from_data_list([data, data])
    mixed = tg.data.HeteroData()
    mixed["a"].x = torch.ones(2, 1)
    mixed["a", "to", "a"].edge_index = torch.tensor([[0], [1]])
    yield mixed
    yield tg.transforms.Compose([tg.transforms.NormalizeFeatures(), tg.transforms.ToUndirected()])
    yield tg.nn.GCNConv(2, 2)
    yield tg.nn.GraphNorm(3)
    yield {"model": tg.nn.GAT(2, 4, 1).state_dict(), "data": data}


def processes():
    import gpytorch

    yield gpytorch.kernels.ScaleKernel(gpytorch.kernels.MaternKernel(nu=2.5))
    yield gpytorch.likelihoods.GaussianLikelihood()
    yield gpytorch.means.ConstantMean()


def words():
    import gensim
    import nltk

    texts = [["the", "cat", "sat"], ["the", "dog", "ran"], ["a", "cat", "ran"]] * 4
    book = gensim.corpora.Dictionary(texts)
    yield gensim.models.Phrases(texts, min_count=1, threshold=1).freeze()
    yield gensim.models.CoherenceModel
    yield gensim.models.LsiModel([book.doc2bow(t) for t in texts], book, 2)
    yield gensim.models.HdpModel([book.doc2bow(t) for t in texts], book)
    yield gensim.similarities.SparseMatrixSimilarity([book.doc2bow(t) for t in texts], num_features=len(book))
    yield gensim.models.Word2Vec(texts, min_count=1, vector_size=4).wv
    yield nltk.UnigramTagger([[("the", "D"), ("cat", "N")]], backoff=nltk.DefaultTagger("N"))
    yield nltk.CFG.fromstring("S -> 'a' S | 'b'")
    yield nltk.Tree.fromstring("(S (N cat) (V ran))")
    yield nltk.stem.SnowballStemmer("english")
    yield nltk.lm.MLE(2)


def volatility():
    import arch

    rng = np.random.default_rng(0)
    for kind in ({"vol": "GARCH"}, {"vol": "EGARCH", "o": 1}, {"vol": "FIGARCH"}, {"vol": "HARCH", "p": [1, 5]}):
        yield arch.arch_model(rng.normal(size=200), dist="t", **kind).fit(disp="off")


def labelled():
    import sklearn_crfsuite

    yield sklearn_crfsuite.CRF(max_iterations=3).fit([[{"w": "a"}, {"w": "b"}]] * 3, [["X", "Y"]] * 3)
