"""Ordinary loads by loaders that read formats of their own."""

from __future__ import annotations

import hashlib
import io
import pickle
import sys

from guard.running import main


def net():
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU()).eval()


def table():
    from sklearn.datasets import make_classification

    return make_classification(60, 5, random_state=0)


def heavy_weights_only_raises_no_event(folder, marker):
    """torch's own unpickler asks nobody but its list."""
    import torch

    seen = []
    sys.addaudithook(lambda event, args: seen.append(event) if event == "pickle.find_class" else None)
    torch.save({"a": torch.ones(2)}, folder / "m.pt")
    counts = []
    for restricted in (True, False):
        seen.clear()
        torch.load(folder / "m.pt", weights_only=restricted)
        counts.append(len(seen) > 0)
    return counts


def heavy_torchscript(folder, marker):
    import torch

    torch.jit.save(torch.jit.script(net()), folder / "m.pt")
    rows = [torch.jit.load(folder / "m.pt"), torch.jit.load(str(folder / "m.pt"), map_location="cpu")]
    with (folder / "m.pt").open("rb") as file:
        rows.append(torch.jit.load(file))
    return [repr(row(torch.ones(1, 3))) for row in rows]


def heavy_exported_program(folder, marker):
    import torch

    program = torch.export.export(net(), (torch.ones(1, 3),))
    torch.export.save(program, folder / "m.pt2")
    return repr(torch.export.load(folder / "m.pt2").module()(torch.ones(1, 3)))


def heavy_torch_package(folder, marker):
    import torch
    from torch.package import PackageExporter, PackageImporter

    with PackageExporter(folder / "m.pt") as exporter:
        exporter.extern("**")
        exporter.save_pickle("model", "model.pkl", net())
        exporter.save_text("model", "words.txt", "hello")
    rows = []
    for source in (folder / "m.pt", str(folder / "m.pt"), io.BytesIO((folder / "m.pt").read_bytes())):
        importer = PackageImporter(source)
        rows += [
            repr(importer.load_pickle("model", "model.pkl")(torch.ones(1, 3))),
            importer.load_text("model", "words.txt"),
        ]
    return rows


def heavy_skops(folder, marker):
    import skops.io
    from sklearn.linear_model import LogisticRegression

    x, y = table()
    skops.io.dump(LogisticRegression().fit(x, y), folder / "m.skops")
    rows = [skops.io.load(folder / "m.skops"), skops.io.loads((folder / "m.skops").read_bytes())]
    with (folder / "m.skops").open("rb") as file:
        rows.append(skops.io.load(file))
    return [row.predict(x).tolist() for row in rows]


def heavy_skops_that_asks(folder, marker):
    """What skops itself refuses, it refuses in its own words."""
    import skops.io

    data = skops.io.dumps(Plain())
    try:
        skops.io.loads(data)
    except Exception as error:
        return type(error).__name__, repr(skops.io.loads(data, trusted=["__main__.Plain"]).number)


class Plain:
    def __init__(self):
        self.number = 3


def heavy_boosters(folder, marker):
    import lightgbm
    import xgboost

    x, y = table()
    forest = xgboost.XGBClassifier(n_estimators=3).fit(x, y)
    rows = []
    for name in ("m.json", "m.ubj"):
        forest.save_model(folder / name)
        other = xgboost.XGBClassifier()
        other.load_model(folder / name)
        rows += [other.predict(x).tolist(), xgboost.Booster(model_file=str(folder / name)).num_boosted_rounds()]
    booster = xgboost.Booster()
    booster.load_model(bytearray((folder / "m.ubj").read_bytes()))
    rows.append(pickle.loads(pickle.dumps(forest)).predict(x).tolist())
    leaves = lightgbm.train({"verbose": -1}, lightgbm.Dataset(x, y), 3)
    leaves.save_model(folder / "m.txt")
    models = lightgbm.Booster(model_file=folder / "m.txt"), lightgbm.Booster(model_str=leaves.model_to_string())
    rows += [model.num_trees() for model in (*models, pickle.loads(pickle.dumps(leaves)))]
    return [*rows, booster.num_boosted_rounds()]


def heavy_onnx(folder, marker):
    import onnx
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Abs", ["x"], ["y"])], "g", value[:1], value[1:])
    onnx.save(helper.make_model(graph), folder / "m.onnx")
    rows = [onnx.load(folder / "m.onnx"), onnx.load_model(str(folder / "m.onnx"))]
    with (folder / "m.onnx").open("rb") as file:
        rows.append(onnx.load(file))
    return [row.graph.node[0].op_type for row in rows]


def heavy_safetensors(folder, marker):
    import numpy
    import safetensors.numpy
    import safetensors.torch
    import torch

    path = folder / "m.safetensors"
    safetensors.torch.save_file({"a": torch.ones(2)}, path)
    rows = [safetensors.torch.load_file(path), safetensors.numpy.load_file(path)]
    bundled = safetensors.numpy.load(safetensors.numpy.save({"b": numpy.arange(3)}))
    with safetensors.safe_open(path, "pt") as file:
        rows.append(file.get_tensor("a"))
    return [repr(row) for row in (*rows, bundled)]


def heavy_approved_repository(folder, marker):
    import torch

    import modelscan

    (folder / "hubconf.py").write_text("def net(number):\n    return 2 * number\n", "utf-8")
    content = hashlib.sha256((folder / "hubconf.py").read_bytes()).hexdigest()
    listed = hashlib.sha256(f"{content}  hubconf.py\n".encode()).hexdigest()
    with modelscan.allow(sha256=listed, reason="written just now"):
        return torch.hub.load(str(folder), "net", 4, source="local")


main(globals())
