"""Networks as people train and keep them: torch and Keras, written after all trusted names were settled."""

import argparse
import collections
import datetime
import math
import pathlib

import numpy as np
import torch
from torch import nn


def image_classifier(folder):
    model = nn.Sequential(
        collections.OrderedDict(
            conv=nn.Conv2d(3, 8, 3, padding=1, bias=False),
            norm=nn.BatchNorm2d(8),
            act=nn.SiLU(inplace=True),
            pool=nn.AdaptiveMaxPool2d((1, 1)),
            flat=nn.Flatten(),
            head=nn.Linear(8, 2),
        )
    )
    optimizer = torch.optim.AdamW(
        [{"params": model.conv.parameters(), "lr": 1e-4}, {"params": model.head.parameters()}],
        lr=1e-3,
        weight_decay=0.05,
    )
    warm = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=2)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, cosine], [2])
    model(torch.ones(2, 3, 8, 8)).sum().backward()
    optimizer.step()
    schedule.step()
    state = {
        "net": model.state_dict(),
        "opt": optimizer.state_dict(),
        "sched": schedule.state_dict(),
        "scaler": {},
        "epoch": 3,
        "step": 1200,
        "best": {"acc": torch.tensor(0.9), "at": datetime.datetime(2024, 4, 4)},
        "cfg": {"mean": (0.5,) * 3, "size": torch.Size([8, 8])},
        "args": vars(argparse.Namespace(amp=True, dtype=torch.bfloat16, root=pathlib.Path("d"))),
        "torch": torch.__version__,
        "loss": np.float32(0.1),
        "nan": math.nan,
    }
    torch.save(state, folder / "ckpt.pth")
    torch.save(model, folder / "whole.pt")
    torch.save(model.state_dict(), folder / "old.pth", _use_new_zipfile_serialization=False)
    torch.save([p.detach() for p in model.parameters()], folder / "list.pt")
    yield model
    yield state


def translator():
    yield nn.Transformer(16, 2, 1, 1, 32, batch_first=True, activation=nn.functional.gelu)
    yield nn.ModuleDict(
        {
            "enc": nn.GRU(4, 4, bidirectional=True),
            "att": nn.MultiheadAttention(8, 2),
            "emb": nn.Embedding(9, 4, max_norm=1.0),
        }
    )


def generator_and_critic():
    up = nn.Sequential(nn.ConvTranspose2d(4, 2, 4, 2, 1), nn.InstanceNorm2d(2), nn.LeakyReLU(0.2), nn.Tanh())
    down = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 4, 3)), nn.Dropout2d(0.1))
    yield {"g": up.state_dict(), "d": down.state_dict(), "ema": torch.optim.swa_utils.AveragedModel(up).state_dict()}
    yield up


def replay_buffer():
    yield collections.deque([(torch.zeros(4), 1, 0.5, torch.ones(4), False)], maxlen=100)
    yield {
        "obs": torch.zeros(4, 3),
        "act": torch.zeros(4, dtype=torch.int64),
        "idx": torch.randperm(4),
        "mask": torch.ones(4, dtype=torch.bool),
    }


def low_bits():
    layer = nn.Linear(4, 4)
    yield torch.ao.quantization.quantize_dynamic(nn.Sequential(layer, nn.ReLU()), dtype=torch.qint8).state_dict()
    yield layer.half().state_dict(), layer.to(torch.bfloat16).state_dict()


def graph_data():
    yield {
        "x": torch.ones(3, 2),
        "edge_index": torch.tensor([[0, 1], [1, 2]]),
        "adj": torch.eye(3).to_sparse_coo(),
        "names": ["a", "b", "c"],
    }


def scores():
    try:
        import torchmetrics
    except ImportError:
        return
    yield torchmetrics.MetricCollection({"f1": torchmetrics.F1Score("binary"), "auc": torchmetrics.AUROC("binary")})


def pretrained():
    import timm
    import torchvision
    import transformers

    yield torchvision.models.mobilenet_v2(num_classes=2)
    yield timm.create_model("regnety_002", num_classes=2)
    yield transformers.ElectraForSequenceClassification(
        transformers.ElectraConfig(
            hidden_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
            vocab_size=20,
            embedding_size=8,
        )
    )
    yield transformers.TrainingArguments(
        "out", report_to="none", use_cpu=True, learning_rate=2e-5, lr_scheduler_type="cosine"
    )
    yield torchvision.transforms.Compose([torchvision.transforms.RandomRotation(5), torchvision.transforms.ToTensor()])


def lightning_module(folder):
    import lightning

    class Model(lightning.LightningModule):
        def __init__(self, hidden=4, kind="mlp", stats=None):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Linear(2, hidden)

        def training_step(self, batch, _):
            return self.net(batch[0]).pow(2).mean()

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), 0.1)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {
                    "scheduler": torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer),
                    "monitor": "x",
                    "strict": False,
                },
            }

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)), 2)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(Model(stats={"mean": torch.ones(2)}), data)
    trainer.save_checkpoint(folder / "model.ckpt")


def keras_networks(folder):
    import keras
    from keras import layers

    inputs = keras.Input((16, 16, 1))
    x = layers.Conv2D(4, 3, activation="swish", kernel_regularizer="l2")(inputs)
    x = layers.BatchNormalization(momentum=0.9)(x)
    skip = layers.Conv2D(4, 1)(x)
    x = layers.add([layers.ReLU(6.0)(x), skip])
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, [layers.Dense(3, "softmax", name="kind")(x), layers.Dense(1, name="size")(x)])
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        {"kind": "categorical_crossentropy", "size": "mae"},
        loss_weights={"kind": 1.0, "size": 0.5},
    )
    model.save(folder / "two.keras")
    model.save(folder / "two.h5")
    yield model
    text = keras.Sequential(
        [keras.Input((5,)), layers.Embedding(10, 4), layers.Bidirectional(layers.GRU(3)), layers.Dense(1, "sigmoid")]
    )
    text.compile("rmsprop", keras.losses.BinaryFocalCrossentropy(), metrics=[keras.metrics.Recall()])
    text.save(folder / "text.keras")
    yield {"model": text, "history": {"loss": [0.5]}, "vocabulary": ["a", "b"]}
