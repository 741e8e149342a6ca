"""Models of the libraries that are built on torch, their training and their checkpoints."""

import dataclasses
import enum
import pathlib

import numpy as np
import torch
from torch import nn


class Phase(enum.Enum):
    TRAIN = "train"


def vision_models():
    from torchvision import models

    yield models.resnet18()
    yield models.resnet18().state_dict()
    yield models.mobilenet_v3_small()
    yield models.squeezenet1_1()
    yield models.shufflenet_v2_x0_5()
    yield models.efficientnet_b0()
    yield models.mnasnet0_5()
    yield models.regnet_y_400mf()
    yield models.swin_t()
    yield models.ResNet18_Weights.DEFAULT
    yield models.densenet121()


def vision_detectors():
    from torchvision.models import detection, segmentation

    yield detection.ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None)
    yield segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None)
    yield detection.fasterrcnn_mobilenet_v3_large_320_fpn(weights=None, weights_backbone=None)


def vision_transforms():
    from torchvision import transforms as t
    from torchvision.transforms import v2

    yield t.Compose(
        [
            t.Resize(8),
            t.RandomCrop(4),
            t.ToTensor(),
            t.Normalize([0.5], [0.5]),
            t.RandomHorizontalFlip(),
            t.ColorJitter(0.1),
        ]
    )
    yield v2.Compose([v2.ToImage(), v2.RandomResizedCrop(8), v2.ToDtype(torch.float32, scale=True), v2.RandAugment()])
    yield t.InterpolationMode.BILINEAR
    yield t.RandomApply([t.GaussianBlur(3)], 0.5)
    from torchvision import tv_tensors

    yield tv_tensors.Image(torch.ones(3, 2, 2))
    yield tv_tensors.BoundingBoxes(torch.ones(1, 4), format="XYXY", canvas_size=(2, 2))


def vision_sets(folder):
    from torchvision import datasets

    yield datasets.FakeData(4)


def timm_models():
    import timm

    for name in (
        "resnet10t",
        "vit_tiny_patch16_224",
        "mobilenetv3_small_050",
        "convnext_atto",
        "efficientnet_lite0",
        "mixer_s32_224",
    ):
        model = timm.create_model(name, num_classes=2)
        yield model
        yield model.state_dict()
    yield timm.create_model("resnet10t").pretrained_cfg
    yield timm.optim.create_optimizer_v2(nn.Linear(2, 2), "lamb")
    yield timm.utils.ModelEmaV3(nn.Linear(2, 2))


def timm_data():
    from timm import data

    yield data.create_transform(32, is_training=True)
    yield data.create_transform(32)
    yield data.Mixup()


def transformers_models():
    import transformers as tr

    small = dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=20)
    for model in (
        tr.BertModel(tr.BertConfig(**small)),
        tr.BertForSequenceClassification(tr.BertConfig(**small)),
        tr.GPT2LMHeadModel(tr.GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=20)),
        tr.LlamaForCausalLM(tr.LlamaConfig(**small)),
        tr.T5ForConditionalGeneration(tr.T5Config(d_model=8, d_ff=8, d_kv=4, num_layers=1, num_heads=2, vocab_size=20)),
        tr.ViTModel(
            tr.ViTConfig(
                hidden_size=8,
                num_hidden_layers=1,
                num_attention_heads=2,
                intermediate_size=8,
                image_size=8,
                patch_size=4,
            )
        ),
        tr.DistilBertModel(tr.DistilBertConfig(dim=8, n_layers=1, n_heads=2, hidden_dim=8, vocab_size=20)),
        tr.RobertaForMaskedLM(tr.RobertaConfig(**small)),
        tr.MistralForCausalLM(tr.MistralConfig(**small, num_key_value_heads=1)),
        tr.Qwen2ForCausalLM(tr.Qwen2Config(**small, num_key_value_heads=1)),
    ):
        yield model
        yield model.config
    yield tr.GenerationConfig()


def transformers_training(folder):
    import transformers as tr

    arguments = tr.TrainingArguments(str(folder / "run"), report_to="none", use_cpu=True)
    yield arguments
    torch.save(arguments, folder / "training_args.bin")
    yield tr.Seq2SeqTrainingArguments(str(folder / "run"), report_to="none", use_cpu=True)
    yield tr.TrainerState()
    yield tr.EarlyStoppingCallback()
    yield tr.get_linear_schedule_with_warmup(torch.optim.AdamW(nn.Linear(2, 2).parameters()), 2, 10)
    yield tr.get_cosine_schedule_with_warmup(torch.optim.AdamW(nn.Linear(2, 2).parameters()), 2, 10).state_dict()
    yield tr.BitsAndBytesConfig(load_in_8bit=True)
    yield tr.modeling_outputs.BaseModelOutput(last_hidden_state=torch.ones(1, 2))


def transformers_words():
    import tokenizers
    import transformers as tr

    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0, "a": 1, "b": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.normalizer = tokenizers.normalizers.Lowercase()
    yield words
    fast = tr.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[UNK]")
    yield fast
    yield fast(["a b", "b"], padding=True)
    yield fast(["a b"], return_tensors="pt")
    yield tr.DataCollatorWithPadding(fast)
    yield tr.AddedToken("x")
    yield tr.ViTImageProcessor()


def peft_models():
    import peft
    import transformers as tr

    config = peft.LoraConfig(r=2, target_modules=["query"], task_type=peft.TaskType.SEQ_CLS)
    yield config
    model = tr.BertForSequenceClassification(
        tr.BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=20)
    )
    wrapped = peft.get_peft_model(model, config)
    yield wrapped
    yield peft.get_peft_model_state_dict(wrapped)


def sentence_models():
    import sentence_transformers as st
    import transformers as tr

    yield [st.losses.CosineSimilarityLoss, st.InputExample(texts=["a", "b"], label=0.5)]
    yield st.SentenceTransformerTrainingArguments("out", report_to="none", use_cpu=True)


def accelerated():
    import accelerate

    yield accelerate.DataLoaderConfiguration()
    yield accelerate.utils.GradientAccumulationPlugin(2)
    yield accelerate.utils.DistributedType.NO


def lightning_checkpoints(folder):
    import lightning as L
    from lightning.pytorch import callbacks, loggers
    from torch.utils.data import DataLoader, TensorDataset

    class Lit(L.LightningModule):
        def __init__(self, lr=0.1, layers=(2, 2), out=pathlib.Path("a")):
            super().__init__()
            self.save_hyperparameters()
            self.layer = nn.Linear(2, 1)

        def training_step(self, batch, index):
            loss = self.layer(batch[0]).mean()
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters())
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    saver = callbacks.ModelCheckpoint(folder, filename="best", monitor="loss")
    trainer = L.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=loggers.CSVLogger(folder / "logs"),
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[
            saver,
            callbacks.EarlyStopping("loss"),
            callbacks.LearningRateMonitor(),
            callbacks.StochasticWeightAveraging(1e-2),
            callbacks.Timer(),
            callbacks.GradientAccumulationScheduler({1: 2}),
        ],
    )
    trainer.fit(Lit(), DataLoader(TensorDataset(torch.ones(4, 2)), 2))
    trainer.save_checkpoint(folder / "last.ckpt")
    trainer.save_checkpoint(folder / "weights.ckpt", weights_only=True)
    return ()


def hydra_checkpoints():
    import omegaconf

    config = omegaconf.OmegaConf.create(
        {
            "model": {"lr": 0.1, "layers": [1, 2], "name": "${name}"},
            "name": "x",
            "out": pathlib.Path("a"),
            "none": None,
            "on": True,
            "b": b"x",
        }
    )
    yield {"state_dict": {"w": torch.ones(2)}, "cfg": config}
    yield omegaconf.OmegaConf.to_container(config)
    yield config.model.layers
    yield omegaconf.OmegaConf.structured(OmegaSettings)


@dataclasses.dataclass
class OmegaSettings:
    lr: float = 0.1
    phase: Phase = Phase.TRAIN


def lightning_namespaces():
    from lightning.fabric.utilities.data import AttributeDict

    yield {"hyper_parameters": AttributeDict(lr=0.1), "state_dict": {}}


def metrics_of_torch():
    import torchmetrics as tm

    yield tm.Accuracy(task="multiclass", num_classes=3)
    yield tm.MetricCollection([tm.MeanSquaredError(), tm.R2Score()])
    yield tm.MeanMetric()
    yield tm.classification.BinaryAUROC()


def segmenters():
    import segmentation_models_pytorch as smp

    yield smp.Unet("resnet18", encoder_weights=None)
    yield smp.losses.DiceLoss("binary")


def yolos(folder):
    import ultralytics
    from ultralytics.nn.tasks import ClassificationModel, DetectionModel

    model = DetectionModel("yolov8n.yaml", nc=2, verbose=False)
    yield model
    yield {
        "epoch": 1,
        "model": model.half(),
        "ema": None,
        "optimizer": None,
        "train_args": {"imgsz": 640},
        "date": "2024",
        "version": ultralytics.__version__,
    }
    yield ClassificationModel("yolov8n-cls.yaml", nc=2, verbose=False)
    yield ultralytics.utils.IterableSimpleNamespace(a=1)


def boxes_of_yolo():
    from ultralytics.engine.results import Results

    yield Results(np.zeros((4, 4, 3), "u1"), "a.jpg", {0: "x"}, boxes=torch.ones(1, 6))


def einops_layers():
    from einops.layers.torch import Rearrange, Reduce

    yield nn.Sequential(Rearrange("b (c d) -> b c d", d=2), Reduce("b c d -> b d", "mean"))
