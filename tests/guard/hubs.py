"""Loads by libraries that end in the loaders of others, and by catboost: as they are, where they are installed."""

from __future__ import annotations

import json
import os
import pickle

import samples
from guard.running import main

os.environ |= {"HF_HUB_OFFLINE": "1", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true"}


def evil(marker) -> bytes:
    return samples.proto() + samples.payload(marker) + b"."


def torch_zip(folder, marker):
    path = folder / "pytorch_model.bin"
    path.write_bytes(samples.zipped({"m/data.pkl": evil(marker), "m/version": b"3\n", "m/byteorder": b"little"}))
    return path


def transformers_attack_state_dict(folder, marker):
    from transformers.modeling_utils import load_state_dict

    load_state_dict(str(torch_zip(folder, marker)), weights_only=False)


def hub_attack_file(folder, marker):
    from huggingface_hub import load_state_dict_from_file

    load_state_dict_from_file(str(torch_zip(folder, marker)), weights_only=False, safe=False)


def hub_attack_model(folder, marker):
    import torch
    from huggingface_hub import load_torch_model

    load_torch_model(torch.nn.Linear(2, 2), str(torch_zip(folder, marker)), weights_only=False, safe=False)


def hub_attack_url(folder, marker):
    import torch

    torch.hub.load_state_dict_from_url(torch_zip(folder, marker).as_uri(), str(folder / "cache"), weights_only=False)


def hub_attack_shards(folder, marker):
    """An index that names the files of a model, the second of which does more."""
    import torch
    from huggingface_hub import load_torch_model

    torch.save({"weight": torch.zeros(2, 2)}, folder / "pytorch_model-00001-of-00002.bin")
    torch_zip(folder, marker).rename(folder / "pytorch_model-00002-of-00002.bin")
    names = {"weight": "pytorch_model-00001-of-00002.bin", "bias": "pytorch_model-00002-of-00002.bin"}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}), "utf-8")
    load_torch_model(torch.nn.Linear(2, 2), folder, weights_only=False, safe=False, strict=False)


def hub_plain_models(folder, marker):
    """Whole and in shards, as torch and as safetensors write them."""
    import torch
    from huggingface_hub import load_torch_model, save_torch_model

    torch.manual_seed(0)
    model = torch.nn.Linear(2, 2)
    found = []
    for name, options in {"safe": {}, "torch": {"safe_serialization": False}, "shards": {"max_shard_size": 16}}.items():
        (folder / name).mkdir()
        save_torch_model(model, folder / name, **options)
        again = torch.nn.Linear(2, 2)
        load_torch_model(again, folder / name, weights_only=False, safe=name != "torch")
        found.append(bool(torch.equal(again.weight, model.weight)))
    return found


def transformers_plain_pretrained(folder, marker):
    import torch
    from transformers import AutoModel, BertConfig, BertModel

    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 9}
    torch.manual_seed(0)
    model = BertModel(BertConfig(**size)).eval()
    model.save_pretrained(folder / "safe")
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    model.config.save_pretrained(folder)
    words = torch.tensor([[1, 2, 3]])
    again = [AutoModel.from_pretrained(place).eval()(words)[0] for place in (folder / "safe", folder)]
    return [bool(torch.equal(found, model(words)[0])) for found in again]


def mlflow_model(folder, marker, form):
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression

    mlflow.sklearn.save_model(LinearRegression().fit([[1], [2]], [1, 2]), folder / "m", serialization_format=form)
    if marker is not None:
        (folder / "m" / "model.pkl").write_bytes(evil(marker))
    return str(folder / "m")


def mlflow_attack_pickle(folder, marker):
    import mlflow.sklearn

    mlflow.sklearn.load_model(mlflow_model(folder, marker, "pickle"))


def mlflow_attack_cloudpickle(folder, marker):
    import mlflow.sklearn

    mlflow.sklearn.load_model(mlflow_model(folder, marker, "cloudpickle"))


def mlflow_attack_pyfunc(folder, marker):
    import mlflow.pyfunc

    mlflow.pyfunc.load_model(mlflow_model(folder, marker, "pickle"))


def mlflow_plain(folder, marker):
    import mlflow.pyfunc
    import mlflow.sklearn

    path = mlflow_model(folder, None, "cloudpickle")
    found = mlflow.sklearn.load_model(path), mlflow.pyfunc.load_model(path)
    return [round(float(model.predict([[3]])[0]), 6) for model in found]


def catboost_plain(folder, marker):
    """Its own files, in binary and as JSON, and its models in pickles."""
    from catboost import CatBoostRegressor

    options = {"iterations": 2, "depth": 2, "verbose": False, "allow_writing_files": False}
    model = CatBoostRegressor(**options).fit([[1.0], [2.0], [3.0], [4.0]], [1, 2, 3, 4])
    model.save_model(str(folder / "m.cbm"))
    model.save_model(str(folder / "m.json"), format="json")
    found = [
        CatBoostRegressor().load_model(str(folder / "m.cbm")),
        CatBoostRegressor().load_model(str(folder / "m.json"), format="json"),
        pickle.loads(pickle.dumps(model)),
    ]
    return [round(float(other.predict([[2.0]])[0]), 6) for other in found]


def catboost_attack_pickle(folder, marker):
    """A booster in the state of which more than a booster is."""
    from catboost import CatBoostRegressor

    data = pickle.dumps([CatBoostRegressor(), Payload(str(marker))])
    pickle.loads(data)


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


main(globals())
