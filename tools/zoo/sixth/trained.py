"""What training of networks leaves behind: checkpoints as programs, Lightning, Hugging Face and Keras write them.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import argparse
import collections
import datetime
import importlib.util
import pathlib
import random


def small_network():
    import torch

    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(inplace=True), torch.nn.AdaptiveAvgPool2d(1)
    )


def checkpoints():
    import numpy as np
    import torch

    model = small_network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    model(torch.ones(1, 3, 8, 8)).sum().backward()
    optimizer.step()
    schedule.step()
    state = {"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "best": np.float64(0.9)}
    yield state
    yield {
        **state,
        "scheduler": schedule.state_dict(),
        "scaler": scaler.state_dict(),
        "args": argparse.Namespace(lr=0.1),
    }
    yield {**state, "rng": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()}
    yield {
        **state,
        "config": {"data": pathlib.Path("data"), "when": datetime.datetime(2025, 1, 1)},
        "device": torch.device("cpu"),
    }
    yield model
    yield optimizer
    yield schedule
    yield {"state_dict": collections.OrderedDict((f"module.{k}", v.half()) for k, v in model.state_dict().items())}
    yield torch.optim.swa_utils.AveragedModel(model)
    yield [torch.tensor(1), torch.nn.Parameter(torch.ones(2)), torch.Size([1, 2]), torch.float16, torch.strided]
    yield {
        "ema": {k: v.clone() for k, v in model.state_dict().items()},
        "updates": 12,
        "hyp": {"lr0": 0.01},
        "git": None,
    }
    yield {"history": collections.defaultdict(list, loss=[1.0, 0.5]), "classes": ["cat", "dog"]}


def checkpoints_by_torch(folder):
    import torch

    model = small_network()
    torch.save(model.state_dict(), folder / "weights.pth")
    torch.save({"model": model, "epoch": 1, "date": "2025-01-01", "train_args": {"imgsz": 640}}, folder / "best.pt")
    torch.save(torch.optim.SGD(model.parameters(), 0.1, momentum=0.9).state_dict(), folder / "optimizer.pt")
    torch.save([torch.ones(2), torch.zeros(3, dtype=torch.int64)], folder / "tensors.pt", pickle_protocol=4)
    torch.jit.script(model).save(str(folder / "scripted.pt"))


def layers():
    import torch

    nn = torch.nn
    yield nn.LSTM(4, 3, 2, batch_first=True, bidirectional=True)
    yield nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    yield nn.ModuleDict({"embed": nn.Embedding(9, 4, padding_idx=0), "norm": nn.LayerNorm(4)})
    yield nn.ModuleList([nn.Linear(2, 2), nn.Dropout(0.1), nn.GELU(), nn.Softmax(-1)])
    yield nn.MultiheadAttention(4, 2)
    yield nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    yield nn.CrossEntropyLoss(weight=torch.ones(3), label_smoothing=0.1), nn.BCEWithLogitsLoss(), nn.HuberLoss()
    yield nn.DataParallel(nn.Linear(2, 2))
    yield Classifier(4, 3)
    yield torch.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 4)), {nn.Linear}, torch.qint8)


def _own_network():
    import torch

    class Classifier(torch.nn.Module):
        def __init__(self, inputs, classes):
            super().__init__()
            self.body = torch.nn.Linear(inputs, 8)
            self.head = torch.nn.Linear(8, classes)
            self.activation = torch.nn.functional.relu
            self.register_buffer("mean", torch.zeros(inputs))

        def forward(self, x):
            return self.head(self.activation(self.body(x - self.mean)))

    Classifier.__qualname__ = "Classifier"
    return Classifier


Classifier = _own_network() if importlib.util.find_spec("torch") else None


def data_sets():
    import torch
    from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset, random_split

    data = TensorDataset(torch.rand(8, 2), torch.arange(8))
    yield data
    yield Subset(data, [0, 2]), ConcatDataset([data, data])
    yield random_split(data, [6, 2], torch.Generator().manual_seed(0))[0].indices
    yield DataLoader(data, batch_size=2, shuffle=True)
    yield torch.distributions.Normal(0.0, 1.0), torch.distributions.Categorical(torch.ones(3))


def pictures():
    import torchvision
    from torchvision import transforms

    yield transforms.Compose([transforms.Resize(32), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
    yield torchvision.models.resnet18(num_classes=3)
    yield torchvision.models.mobilenet_v3_small(num_classes=2).state_dict()
    yield {
        "model": torchvision.models.squeezenet1_1(num_classes=2),
        "classes": {"cat": 0},
        "transform": transforms.CenterCrop(8),
    }
    yield transforms.v2.Compose([transforms.v2.RandomHorizontalFlip(0.3), transforms.v2.ColorJitter(0.1)])


def backbones():
    import timm

    yield timm.create_model("resnet10t", num_classes=2)
    yield timm.create_model("vit_tiny_patch16_224", num_classes=2, depth=1, embed_dim=12, num_heads=2)


def language_models():
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        GenerationConfig,
        GPT2Config,
        GPT2LMHeadModel,
        T5Config,
    )

    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 20,
    }
    bert = BertForSequenceClassification(BertConfig(**sizes, num_labels=2))
    gpt = GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=20, n_positions=16))
    yield bert
    yield gpt
    yield bert.config
    yield T5Config(d_model=8)
    yield GenerationConfig(max_new_tokens=5)
    yield bert(torch.ones(1, 4, dtype=torch.long))
    yield bert(torch.ones(1, 4, dtype=torch.long), output_hidden_states=True, labels=torch.tensor([1]))
    yield bert.bert(torch.ones(1, 4, dtype=torch.long)), gpt(torch.ones(1, 4, dtype=torch.long), use_cache=False)
    yield {"predictions": [bert(torch.ones(1, 4, dtype=torch.long)).logits.detach().numpy()], "ids": [1]}


def trainers(folder):
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 20,
    }
    rows = [{"input_ids": torch.ones(4, dtype=torch.long), "labels": torch.tensor(number % 2)} for number in range(4)]
    settings = TrainingArguments(str(folder / "run"), max_steps=2, save_steps=2, report_to=[], use_cpu=True)
    Trainer(BertForSequenceClassification(BertConfig(**sizes, num_labels=2)), settings, train_dataset=rows).train()


def words():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(
        ["a red fox", "the dog"], trainers.WordLevelTrainer(special_tokens=["[UNK]", "[PAD]"])
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    yield tokenizer
    yield fast
    yield fast(["a red dog", "the fox"], padding=True)
    yield fast(["a red dog"], return_tensors="pt")


def adapters():
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import BertConfig, BertModel

    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "vocab_size": 20,
    }
    settings = LoraConfig(r=2, target_modules=["query"], task_type="FEATURE_EXTRACTION")
    yield settings
    yield get_peft_model(BertModel(BertConfig(**sizes)), settings).state_dict()
    yield {"config": settings.to_dict(), "seed": torch.initial_seed()}


def lightning_runs(folder):
    import lightning
    import torch

    class Fit(lightning.LightningModule):
        def __init__(self, rate):
            super().__init__()
            self.rate = rate
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(2, 1)

        def training_step(self, batch):
            return self.layer(batch[0]).sum()

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters(), self.hparams.rate)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(4, 2)))
    trainer = lightning.Trainer(
        max_epochs=1,
        logger=False,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        callbacks=[
            lightning.pytorch.callbacks.ModelCheckpoint(folder, save_last=True),
            lightning.pytorch.callbacks.EarlyStopping("loss", strict=False, check_on_train_epoch_end=False),
        ],
    )
    trainer.fit(Fit(0.2), data)


def metrics():
    import torchmetrics

    accuracy = torchmetrics.classification.MulticlassAccuracy(3)
    yield accuracy
    yield torchmetrics.MetricCollection({"a": accuracy, "f": torchmetrics.F1Score("binary")})
    yield torchmetrics.MeanMetric()


def accelerated():
    from accelerate.utils import DistributedType, ProjectConfiguration

    yield ProjectConfiguration("run"), DistributedType.NO


def settings_of_runs():
    from omegaconf import OmegaConf

    yield OmegaConf.create({"model": {"layers": [1, 2], "name": "${kind}"}, "kind": "cnn"})
    yield OmegaConf.to_container(OmegaConf.create({"a": [1]}))


def skorched():
    import numpy as np
    import skorch
    import torch

    yield skorch.NeuralNetRegressor(
        torch.nn.Linear, module__in_features=2, module__out_features=1, max_epochs=1, verbose=0
    ).fit(np.ones((8, 2), "float32"), np.ones((8, 1), "float32"))


def keras_models(folder):
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones(4), verbose=0)
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    yield model
    yield model.get_weights()
    yield model.history.history


def word_vectors():
    from gensim.corpora import Dictionary
    from gensim.models import Doc2Vec, FastText, LdaModel, TfidfModel, Word2Vec
    from gensim.models.doc2vec import TaggedDocument

    texts = [["a", "red", "fox"], ["the", "dog"], ["a", "dog"]] * 4
    dictionary = Dictionary(texts)
    bags = [dictionary.doc2bow(text) for text in texts]
    yield Word2Vec(texts, vector_size=4, min_count=1, epochs=1)
    yield Word2Vec(texts, vector_size=4, min_count=1, epochs=1).wv
    yield FastText(texts, vector_size=4, min_count=1, epochs=1, bucket=50)
    yield Doc2Vec(
        [TaggedDocument(text, [number]) for number, text in enumerate(texts)], vector_size=4, min_count=1, epochs=1
    )
    yield LdaModel(bags, 2, dictionary, passes=1, random_state=0)
    yield TfidfModel(bags), dictionary


def texts_of_spacy():
    import spacy

    nlp = spacy.blank("en")
    yield nlp("A red fox.").to_json()
    yield spacy.tokens.DocBin(docs=[nlp("A red fox.")]).to_bytes()
    yield [token.text for token in nlp("A red fox.")]


def words_of_nltk():
    import nltk

    yield nltk.FreqDist("abracadabra")
    yield nltk.NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")])
    yield nltk.UnigramTagger([[("a", "DT"), ("fox", "NN")]], backoff=nltk.DefaultTagger("NN"))
    yield nltk.PorterStemmer(), nltk.RegexpTokenizer(r"\w+")
    yield nltk.Tree("S", ["a", nltk.Tree("NP", ["fox"])])


def embeddings():
    import torch

    yield {"texts": ["a", "b"], "vectors": torch.rand(2, 4), "model": "all-MiniLM-L6-v2"}
    yield [(f"img{number}.jpg", torch.rand(3).numpy()) for number in range(4)]
