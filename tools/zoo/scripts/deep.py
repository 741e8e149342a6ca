"""torch and what is built on it, saved as its tutorials save."""

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


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3)
        self.drop, self.fc = nn.Dropout(0.2), nn.Linear(16, 2)
        self.register_buffer("seen", torch.zeros(1))


@dataclasses.dataclass
class Config:
    lr: float = 0.1
    out: pathlib.Path = pathlib.Path("runs")
    betas: tuple = (0.9, 0.999)
    tags: list = dataclasses.field(default_factory=list)


def stepped(make=torch.optim.AdamW, **settings):
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    optimizer = make(model.parameters(), **settings)
    loss = model(torch.randn(8, 4)).sum()
    loss.backward()
    optimizer.step(*([lambda: loss] if make is torch.optim.LBFGS else []))
    return model, optimizer


def saving_and_loading_tutorial():
    model, optimizer = stepped(torch.optim.SGD, lr=0.1, momentum=0.9)
    yield model.state_dict()
    yield model
    yield {
        "epoch": 3,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": torch.tensor(0.3),
    }
    yield Net()
    yield Net().state_dict()
    yield {"modelA": model.state_dict(), "modelB": Net().state_dict()}


def full_checkpoint():
    model, optimizer = stepped()
    yield {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 1,
        "best": np.float64(0.9),
        "acc": np.float32(0.1),
        "scheduler": torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10).state_dict(),
        "scaler": torch.amp.GradScaler("cpu").state_dict(),
        "ema": torch.optim.swa_utils.AveragedModel(model).state_dict(),
        "args": argparse.Namespace(lr=0.1, out=pathlib.Path("runs"), device=torch.device("cpu"), dtype=torch.float16),
        "config": Config(),
        "when": datetime.datetime(2024, 1, 1),
        "took": datetime.timedelta(seconds=3),
        "history": collections.defaultdict(list, {"loss": [1.0, 0.5]}),
        "rng": {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()},
        "version": torch.__version__,
        "classes": ["a", "b"],
        "size": torch.Size([3, 4]),
        "counts": collections.Counter("ab"),
    }
    yield {
        "args": types.SimpleNamespace(a=1),
        "vocab": collections.OrderedDict(a=0),
        "mean": np.zeros(3),
        "generator": torch.Generator(),
    }


def optimizers():
    for name in "Adam AdamW Adamax NAdam RAdam Adagrad Adadelta RMSprop Rprop SGD ASGD LBFGS Adafactor".split():
        model, optimizer = stepped(getattr(torch.optim, name))
        yield optimizer.state_dict()
        yield optimizer


def schedulers():
    _, optimizer = stepped(torch.optim.SGD, lr=0.1, momentum=0.9)
    s = torch.optim.lr_scheduler
    for schedule in (
        s.StepLR(optimizer, 3),
        s.MultiStepLR(optimizer, [1, 2]),
        s.ExponentialLR(optimizer, 0.9),
        s.CosineAnnealingLR(optimizer, 5),
        s.ReduceLROnPlateau(optimizer),
        s.CyclicLR(optimizer, 0.1, 0.2),
        s.OneCycleLR(optimizer, 0.1, total_steps=5),
        s.CosineAnnealingWarmRestarts(optimizer, 2),
        s.LinearLR(optimizer),
        s.PolynomialLR(optimizer),
        s.ConstantLR(optimizer),
        s.SequentialLR(optimizer, [s.ConstantLR(optimizer), s.ExponentialLR(optimizer, 0.9)], [2]),
    ):
        yield schedule.state_dict()
        yield schedule


def layers():
    yield nn.ModuleDict(
        {
            "conv": nn.Conv1d(2, 2, 3),
            "up": nn.ConvTranspose2d(2, 2, 2),
            "lstm": nn.LSTM(3, 4, 2, bidirectional=True),
            "gru": nn.GRU(2, 2),
            "emb": nn.Embedding(5, 3, padding_idx=0),
            "bag": nn.EmbeddingBag(5, 3),
            "norm": nn.GroupNorm(1, 2),
            "ln": nn.LayerNorm(3),
            "rms": nn.RMSNorm(3),
            "pool": nn.AdaptiveAvgPool2d(1),
            "mha": nn.MultiheadAttention(4, 2),
            "flat": nn.Flatten(),
            "un": nn.Unflatten(1, (2, 2)),
            "id": nn.Identity(),
            "up2": nn.Upsample(scale_factor=2),
            "shuffle": nn.PixelShuffle(2),
            "bil": nn.Bilinear(2, 2, 2),
            "pre": nn.PReLU(),
            "pad": nn.ZeroPad2d(1),
        }
    )
    yield nn.Transformer(8, 2, 1, 1, 16)
    yield nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, activation="gelu"), 2)
    yield nn.TransformerEncoderLayer(8, 2, 16, activation=nn.functional.silu)
    yield nn.ParameterList([nn.Parameter(torch.ones(2))])
    yield nn.ParameterDict({"a": nn.Parameter(torch.ones(2))})
    yield nn.CrossEntropyLoss(weight=torch.ones(2))
    yield [
        nn.MSELoss(),
        nn.BCEWithLogitsLoss(),
        nn.KLDivLoss(),
        nn.CTCLoss(),
        nn.TripletMarginLoss(),
        nn.GaussianNLLLoss(),
    ]
    yield nn.LazyLinear(3)
    yield nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)).state_dict()
    yield nn.utils.spectral_norm(nn.Linear(2, 2))
    yield nn.utils.weight_norm(nn.Linear(2, 2))


def every_module():
    for name in sorted(nn.modules.__all__):
        cls = getattr(nn, name)
        for arguments in ((), (2,), (2, 2), (2, 2, 2)):
            try:
                yield cls(*arguments)
            except Exception:
                continue
            break


def tensors():
    kinds = [
        torch.float16,
        torch.bfloat16,
        torch.float64,
        torch.int8,
        torch.uint8,
        torch.int64,
        torch.bool,
        torch.complex64,
    ]
    yield [torch.ones(2).to(kind) for kind in kinds]
    yield kinds
    yield torch.arange(6).view(2, 3).t()
    yield torch.ones(3, requires_grad=True)
    yield nn.Parameter(torch.ones(3), requires_grad=False)
    yield torch.eye(3).to_sparse()
    yield torch.eye(3).to_sparse_csr()
    yield torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)
    yield torch.quantize_per_channel(torch.ones(2, 2), torch.ones(2), torch.zeros(2), 0, torch.qint8)
    yield torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    yield [torch.device("cuda:1"), torch.strided, torch.per_tensor_affine, torch.contiguous_format, torch.Size([1])]
    yield torch.empty(3, device="meta")
    yield torch.ones(2, dtype=torch.float8_e4m3fn)
    yield torch.ones(4)[1:3]
    yield torch.ones(2).storage()
    yield torch.ones(2).untyped_storage()
    yield torch.conj(torch.ones(2, dtype=torch.complex64))
    yield nn.utils.rnn.pack_sequence([torch.ones(2), torch.ones(1)])
    yield nn.Buffer(torch.ones(2))
    yield torch.ones(2, 2).to(torch.uint16)


def functions():
    yield [torch.relu, torch.nn.functional.gelu, torch.tanh, torch.sigmoid, torch.nn.functional.relu, torch.softmax]
    yield functools.partial(nn.LayerNorm, eps=1e-6)
    yield functools.partial(torch.nn.functional.leaky_relu, negative_slope=0.2)
    yield [nn.ReLU, nn.Linear, nn.init.xavier_uniform_, nn.init.zeros_, torch.optim.Adam, torch.float32]
    yield functools.partial(torch.optim.SGD, lr=0.1)


def data_sets():
    from torch.utils import data

    base = data.TensorDataset(torch.ones(4, 2), torch.ones(4))
    yield base
    yield data.Subset(base, [0, 1])
    yield data.random_split(base, [2, 2])
    yield data.ConcatDataset([base, base])
    yield data.DataLoader(base, 2)
    yield [data.SequentialSampler(base), data.RandomSampler(base), data.WeightedRandomSampler([0.1, 0.9], 2)]
    yield data.BatchSampler(data.SequentialSampler(base), 2, False)


def distributions():
    d = torch.distributions
    yield [
        d.Normal(0.0, 1.0),
        d.Categorical(torch.ones(3)),
        d.Bernoulli(0.5),
        d.Beta(1.0, 1.0),
        d.MultivariateNormal(torch.zeros(2), torch.eye(2)),
    ]
    yield d.Independent(d.Normal(torch.zeros(2), torch.ones(2)), 1)


def averaged_and_frozen():
    model, _ = stepped()
    yield torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    yield torch.optim.swa_utils.AveragedModel(model)
    yield copy.deepcopy(model).eval().requires_grad_(False)
    yield nn.DataParallel(model)
    yield nn.DataParallel(model).state_dict()


def quantised():
    from torch.ao import quantization

    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    yield quantization.quantize_dynamic(model, {nn.Linear}, torch.qint8)
    yield quantization.quantize_dynamic(model, {nn.Linear}, torch.qint8).state_dict()
    yield quantization.get_default_qconfig("fbgemm")


def pruned():
    from torch.nn.utils import prune

    layer = nn.Linear(4, 4)
    prune.l1_unstructured(layer, "weight", 0.5)
    yield layer
    yield layer.state_dict()


def hooks_of_models():
    model = nn.Linear(2, 2)
    model.register_forward_hook(own_hook)
    yield model


def own_hook(module, args, output):
    return output


def scripts(folder):
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    torch.jit.script(model).save(str(folder / "scripted.pt"))
    torch.jit.trace(model, torch.ones(1, 2)).save(str(folder / "traced.pt"))
    torch.export.save(torch.export.export(model, (torch.ones(1, 2),)), str(folder / "exported.pt2"))
    return ()


def graphs_of_models():
    yield torch.fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2)))


def safetensors_files(folder):
    import safetensors.torch

    safetensors.torch.save_file({"w": torch.ones(2)}, folder / "m.safetensors", {"format": "pt"})
    return ()


def user_models():
    yield {"model": Net(), "config": Config(), "optimizer": torch.optim.Adam(Net().parameters()).state_dict()}
    yield Config(tags=["a"])
