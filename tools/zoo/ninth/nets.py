"""Networks and checkpoints of loops, trainers and libraries; own modules saved whole, and states alone.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import argparse
import copy
import dataclasses
import enum
import pathlib
import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Task(str, enum.Enum):
    DETECT = "detect"
    SEGMENT = "segment"


@dataclasses.dataclass
class Hyper:
    lr: float = 1e-3
    width: int = 8
    task: Task = Task.DETECT
    augment: dict = dataclasses.field(default_factory=dict)


class ConvBlock(nn.Module):
    def __init__(self, i, o, k=3):
        super().__init__()
        self.conv = nn.Conv2d(i, o, k, padding=k // 2, bias=False)
        self.bn = nn.BatchNorm2d(o)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Detector(nn.Module):
    stride = (8, 16)

    def __init__(self, classes=3):
        super().__init__()
        self.yaml = {"nc": classes, "backbone": [[-1, 1, "Conv", [64]]]}
        self.names = {number: f"class{number}" for number in range(classes)}
        self.model = nn.Sequential(
            ConvBlock(3, 4), ConvBlock(4, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes)
        )
        self.save = [1, 2]
        self.args = argparse.Namespace(imgsz=64, box=7.5)
        self.criterion = None


class LstmTagger(nn.Module):
    def __init__(self, words=20):
        super().__init__()
        self.vocab = {f"w{number}": number for number in range(words)}
        self.embed = nn.Embedding(words, 4, padding_idx=0)
        self.lstm = nn.LSTM(4, 5, bidirectional=True, batch_first=True)
        self.out = nn.Linear(10, 3)
        self.activation = functional.relu


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.drop = nn.Dropout(0.1)
        self.bias = nn.Parameter(torch.zeros(1, 8))
        self.register_buffer("mask", torch.ones(4, 4).tril().bool())


class Vae(nn.Module):
    def __init__(self, hyper=None):
        super().__init__()
        self.hyper = hyper or Hyper()
        self.encode = nn.ModuleDict({"mean": nn.Linear(4, 2), "scale": nn.Linear(4, 2)})
        self.prior = torch.distributions.Normal(torch.zeros(2), torch.ones(2))


class Ema:
    def __init__(self, model, decay=0.99):
        self.shadow = copy.deepcopy(model).eval()
        self.decay = decay
        self.updates = 3


class Points(torch.utils.data.Dataset):
    def __init__(self, count):
        self.x = torch.arange(count).float()
        self.transform = nn.Identity()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index]


class Replay:
    def __init__(self):
        self.memory = []
        self.position = 0
        self.rng = random.Random(4)


def collate(batch):
    return torch.stack(batch)


def stepped(model, optimizer):
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return optimizer


def own_modules_whole():
    yield Detector()
    yield LstmTagger()
    yield Attention()
    yield Vae()
    yield nn.DataParallel(Detector())
    yield nn.ModuleList([Attention(), Attention()])
    yield {
        "model": Detector().half(),
        "ema": Ema(Detector()),
        "epoch": -1,
        "optimizer": None,
        "train_args": {"task": "detect"},
        "date": "2025-03-01",
    }
    yield {"net": Vae(Hyper(augment={"flip": 0.5})), "hyper": Hyper()}
    yield Points(4), Replay()
    yield torch.utils.data.DataLoader(Points(4), 2, collate_fn=collate)
    yield torch.utils.data.Subset(Points(4), [1, 2])
    yield [copy.deepcopy(Attention()).state_dict(), Hyper()]


def states_alone():
    model = Detector()
    optimizer = stepped(model, torch.optim.AdamW(model.parameters(), 1e-3))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9)
    stepped(model, optimizer)
    schedule.step()
    yield model.state_dict()
    yield {
        "epoch": 3,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.3,
    }
    yield {
        "state_dict": {f"module.{k}": v for k, v in model.state_dict().items()},
        "best_acc1": torch.tensor(71.0),
        "arch": "resnet18",
    }
    yield {
        "model": model.state_dict(),
        "args": argparse.Namespace(lr=0.1, data=pathlib.Path("data"), device=torch.device("cpu")),
    }
    yield {
        "scheduler": schedule.state_dict(),
        "scaler": torch.amp.GradScaler("cpu", enabled=False).state_dict(),
        "rng": torch.get_rng_state(),
    }
    yield {
        "history": {"train": [0.3, np.float32(0.2)], "val": [torch.tensor(0.4)]},
        "classes": ["cat", "dog"],
        "mean": np.zeros(3),
    }
    yield {
        "hyper_parameters": {"lr": 0.1, "loss": nn.BCEWithLogitsLoss(), "act": functional.gelu},
        "state_dict": model.state_dict(),
    }
    yield torch.ones(3), [torch.zeros(2, dtype=torch.float16)], (torch.eye(2), {"a": torch.tensor([1, 2])})
    yield optimizer, schedule
    for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.RAdam, torch.optim.Adadelta):
        yield stepped(model, kind(model.parameters(), 0.01))
    yield torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4]), torch.optim.lr_scheduler.ChainedScheduler([schedule])


def library_modules():
    yield nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4, 2),
        nn.LogSoftmax(1),
    )
    yield nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    yield nn.LSTM(3, 4, 2, dropout=0.2), nn.GRU(3, 4), nn.Embedding(4, 3)
    yield nn.CrossEntropyLoss(torch.ones(3), label_smoothing=0.1), nn.MSELoss(), nn.HuberLoss(), nn.KLDivLoss()
    yield nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 2, 1))
    yield torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 2)), {nn.Linear}, torch.qint8)
    yield torch.optim.swa_utils.AveragedModel(nn.Linear(2, 2))
    yield torch.utils.data.TensorDataset(torch.ones(3), torch.zeros(3))
    yield torch.utils.data.random_split(torch.utils.data.TensorDataset(torch.arange(4)), [2, 2])


def compiled(folder):
    torch.jit.script(nn.Sequential(nn.Linear(2, 3), nn.ReLU())).save(str(folder / "scripted.pt"))
    torch.jit.trace(Detector().eval(), torch.ones(1, 3, 8, 8)) if False else None
    torch.jit.trace(nn.Conv2d(1, 1, 1), torch.ones(1, 1, 2, 2)).save(str(folder / "traced.pt"))
    torch.export.save(torch.export.export(nn.Linear(2, 1), (torch.ones(1, 2),)), folder / "exported.pt2")


def vision():
    from torchvision import datasets, models, ops, transforms
    from torchvision.transforms import v2

    for name in ("resnet18", "mobilenet_v3_small", "efficientnet_b0", "squeezenet1_0", "shufflenet_v2_x0_5"):
        yield getattr(models, name)(num_classes=4)
    yield models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=2)
    yield transforms.Compose(
        [
            transforms.Resize((8, 8)),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ]
    )
    yield v2.Compose(
        [v2.RandomResizedCrop(8, antialias=True), v2.ToDtype(torch.float32, scale=True), v2.ColorJitter(0.1)]
    )
    yield transforms.InterpolationMode.BILINEAR, ops.FeaturePyramidNetwork([4, 8], 4)
    yield datasets.FakeData(3), models.ResNet18_Weights.DEFAULT


def lightning_checkpoints(folder):
    import lightning

    class Regression(lightning.LightningModule):
        def __init__(self, width=4, task=Task.SEGMENT):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Linear(1, 1)

        def training_step(self, batch, index):
            return self.net(batch[0]).mean()

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters())
            return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 1)}

    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 1)), 2)
    quiet = dict(
        max_epochs=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accelerator="cpu",
        default_root_dir=folder,
    )
    for name, width in (("plain", 4), ("path", pathlib.Path("data"))):
        trainer = lightning.Trainer(**quiet, callbacks=[lightning.pytorch.callbacks.ModelCheckpoint(folder / "kept")])
        model = Regression(width) if name == "path" else Regression(width, "segment")
        trainer.fit(model, loader)
        trainer.save_checkpoint(folder / f"{name}.ckpt")


def accelerated(folder):
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    model = nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer)
    model, optimizer, schedule = accelerator.prepare(model, optimizer, schedule)
    stepped(model, optimizer)
    accelerator.save_state(folder / "state", safe_serialization=False)
    accelerator.save_state(folder / "safe")


def trainers(folder):
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    config = BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    data = [{"input_ids": torch.tensor([1, 2, 3]), "attention_mask": torch.ones(3, dtype=torch.long), "labels": 1}] * 4
    arguments = TrainingArguments(
        str(folder / "run"),
        max_steps=2,
        save_steps=1,
        report_to=[],
        use_cpu=True,
        lr_scheduler_type="cosine",
        disable_tqdm=True,
    )
    trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=data)
    trainer.train()
    trainer.save_model(str(folder / "final"))
    torch.save(arguments, folder / "args.bin")


def transformers_whole():
    from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel, ViTConfig, ViTForImageClassification

    small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    yield BertModel(BertConfig(vocab_size=20, **small))
    yield GPT2LMHeadModel(GPT2Config(vocab_size=20, n_positions=8, n_embd=8, n_layer=1, n_head=2))
    yield ViTForImageClassification(ViTConfig(image_size=8, patch_size=4, **small))
    yield BertConfig(**small)


def more_transformers():
    from transformers import (
        DistilBertConfig,
        DistilBertForSequenceClassification,
        LlamaConfig,
        LlamaForCausalLM,
        RobertaConfig,
        RobertaForTokenClassification,
        T5Config,
        T5ForConditionalGeneration,
        WhisperConfig,
        WhisperForConditionalGeneration,
    )

    small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    yield LlamaForCausalLM(LlamaConfig(vocab_size=20, **small))
    yield RobertaForTokenClassification(RobertaConfig(vocab_size=20, **small))
    yield T5ForConditionalGeneration(T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2))
    yield DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=20, dim=8, n_layers=1, n_heads=2, hidden_dim=8)
    )
    yield WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=60,
            d_model=8,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=8,
            decoder_ffn_dim=8,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
        )
    )


def outputs_of_transformers():
    from transformers import BatchEncoding, EarlyStoppingCallback, GenerationConfig, TrainerState
    from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

    yield BatchEncoding({"input_ids": [[1, 2]]})
    yield SequenceClassifierOutput(logits=torch.ones(1, 2)), BaseModelOutput(last_hidden_state=torch.ones(1))
    yield GenerationConfig(max_length=5), TrainerState(epoch=1.0), EarlyStoppingCallback(2)


def tuned_with_peft():
    from peft import LoraConfig, get_peft_model
    from transformers import GPT2Config, GPT2LMHeadModel

    base = GPT2LMHeadModel(GPT2Config(vocab_size=20, n_positions=8, n_embd=8, n_layer=1, n_head=2))
    yield LoraConfig(r=2, target_modules=["c_attn"])
    model = get_peft_model(base, LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True))
    yield model
    yield {name: value for name, value in model.state_dict().items() if "lora" in name}


def timms():
    import timm

    for name in ("resnet10t", "mobilenetv3_small_050", "vit_tiny_patch16_224", "convnext_atto", "efficientnet_lite0"):
        yield timm.create_model(name, pretrained=False, num_classes=3)


def sentences():
    from sentence_transformers import SentenceTransformer, models
    from transformers import BertConfig, BertModel

    yield SentenceTransformer(modules=[models.Dense(4, 2), models.Normalize()], device="cpu")
    yield models.Pooling(8, pooling_mode="mean")


def segmented():
    import segmentation_models_pytorch as smp

    yield smp.Unet("resnet18", encoder_weights=None, classes=2)
    yield smp.FPN("mobilenet_v2", encoder_weights=None), smp.losses.DiceLoss("binary")
    yield smp.DeepLabV3Plus("resnet18", encoder_weights=None)


def graphs():
    from torch_geometric.data import Batch, Data, HeteroData
    from torch_geometric.nn import GCNConv, SAGEConv

    data = Data(torch.ones(3, 2), torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([1]))
    yield data
    yield [data, data.clone()]
    yield Batch.from_data_list([data, data])
    hetero = HeteroData()
    hetero["a"].x = torch.ones(2, 1)
    hetero["a", "to", "a"].edge_index = torch.tensor([[0], [1]])
    yield hetero
    yield GCNConv(2, 3).state_dict()
    yield GCNConv(2, 3), SAGEConv(2, 2)


def diffused():
    from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, UNet2DModel

    yield DDPMScheduler(10), DDIMScheduler(10)
    unet = UNet2DModel(
        8,
        3,
        3,
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        block_out_channels=(4,),
        norm_num_groups=2,
        layers_per_block=1,
    )
    yield unet
    yield unet.state_dict(), dict(unet.config)


def yolo():
    from ultralytics.nn.tasks import ClassificationModel, DetectionModel

    yield {
        "model": DetectionModel("yolov8n.yaml", verbose=False),
        "epoch": -1,
        "version": "8.3.0",
        "license": "AGPL-3.0",
    }
    yield ClassificationModel("yolov8n-cls.yaml", verbose=False)


def learners(folder):
    import pandas as pd
    from fastai.tabular.all import Categorify, FillMissing, Normalize, TabularDataLoaders, accuracy, tabular_learner

    table = pd.DataFrame({"a": np.arange(40.0), "b": list("xy") * 20, "y": [0, 1] * 20})
    loaders = TabularDataLoaders.from_df(
        table, procs=[Categorify, FillMissing, Normalize], cat_names=["b"], cont_names=["a"], y_names="y", bs=8
    )
    learner = tabular_learner(loaders, layers=[4], metrics=accuracy)
    learner.path = folder
    learner.export("learner.pkl")
    learner.save(folder / "weights")


def tabnets():
    from pytorch_tabnet.tab_model import TabNetClassifier

    x, y = np.random.default_rng(1).random((40, 3)).astype("float32"), np.arange(40) % 2
    model = TabNetClassifier(verbose=0)
    model.fit(x, y, max_epochs=1)
    yield model


def open_clips():
    from x_transformers import Decoder, TransformerWrapper

    yield TransformerWrapper(num_tokens=9, max_seq_len=4, attn_layers=Decoder(dim=8, depth=1, heads=2))


def averaged():
    from ema_pytorch import EMA

    yield EMA(nn.Linear(2, 2)).state_dict()
    yield EMA(nn.Linear(2, 2))


def metrics_of_torch():
    import torchmetrics

    for metric in (
        torchmetrics.Accuracy("multiclass", num_classes=3),
        torchmetrics.MeanSquaredError(),
        torchmetrics.AUROC("binary"),
    ):
        yield metric
    yield torchmetrics.MetricCollection([torchmetrics.F1Score("binary"), torchmetrics.Precision("binary")])


def medical():
    from monai.networks.nets import UNet
    from monai.transforms import Compose, RandFlipd, ScaleIntensityd

    yield UNet(2, 1, 2, (4, 8), (2,))
    yield Compose([ScaleIntensityd("image"), RandFlipd("image", 0.5)])


def augmented():
    import albumentations

    yield albumentations.Compose([albumentations.HorizontalFlip(p=0.5), albumentations.Normalize()])


def faces():
    from facenet_pytorch import InceptionResnetV1

    yield InceptionResnetV1(num_classes=3, classify=True).state_dict()
