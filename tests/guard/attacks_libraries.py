"""Loads by the large libraries that run code."""

from __future__ import annotations

import io
import itertools
import json
import pickle
import re
import sys
import tarfile
import types
import zipfile

import samples
from guard.running import main
from torch_samples import opens


def evil(marker) -> bytes:
    return samples.proto() + samples.payload(marker) + b"."


def written(folder, data: bytes, name: str = "model.pkl"):
    path = folder / name
    path.write_bytes(data)
    return path


def torch_zip(marker) -> bytes:
    return samples.zipped({"m/data.pkl": evil(marker), "m/version": b"3\n", "m/byteorder": b"little"})


def heavy_torch_zip(folder, marker):
    import torch

    torch.load(written(folder, torch_zip(marker), "m.pt"), weights_only=False)


def heavy_torch_zip_in_memory(folder, marker):
    import torch

    torch.load(io.BytesIO(torch_zip(marker)), weights_only=False)


def heavy_torch_legacy(folder, marker):
    import torch

    torch.load(written(folder, samples.legacy_torch(3, evil(marker)), "m.pt"), weights_only=False)


class Writer:
    """Of the user's own. What torch does to unpack its oldest archives, an object in one is not free to do."""

    def __setstate__(self, state):
        with open(state, "w") as file:  # noqa: PTH123
            file.write("x")


def heavy_torch_tar(folder, marker):
    import torch

    thing = samples.proto(2) + samples.global_("__main__", "Writer") + b")\x81" + samples.text(str(marker)) + b"b."
    nothing = pickle.dumps(0, 2)
    with tarfile.open(folder / "m.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in {"storages": nothing + pickle.dumps([], 2), "tensors": nothing, "pickle": thing}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    torch.load(folder / "m.tar", weights_only=False)


def heavy_torch_alias(folder, marker):
    from torch.serialization import load

    load(f=str(written(folder, torch_zip(marker), "m.pt")), weights_only=False)


def heavy_torch_storage(folder, marker):
    import torch

    torch.storage._load_from_bytes(samples.legacy_torch(3, evil(marker)))


def heavy_torch_serialized_with_dill(folder, marker):
    import dill
    import torch

    torch.load(written(folder, torch_zip(marker), "m.pt"), pickle_module=dill, weights_only=False)


def heavy_torchscript(folder, marker):
    import torch

    torch.jit.load(written(folder, opens(marker), "m.pt"))


def heavy_torchscript_from_a_file_object(folder, marker):
    import torch

    torch.jit.load(io.BytesIO(opens(marker)))


def heavy_torchscript_by_torch_load(folder, marker):
    import torch

    torch.load(written(folder, opens(marker), "m.pt"), weights_only=False)


def packed(data: bytes) -> dict[str, bytes]:
    return {
        "m/.data/extern_modules": b"os\nposix\n",
        "m/.data/python_version": b"3.11",
        "m/.data/version": b"6",
        "m/version": b"3\n",
        "m/byteorder": b"little",
        "m/model/model.pkl": data,
    }


def heavy_torch_package(folder, marker):
    from torch.package import PackageImporter

    path = written(folder, samples.zipped(packed(evil(marker))), "m.pt")
    PackageImporter(path).load_pickle("model", "model.pkl")


def heavy_torch_package_object(folder, marker):
    import torch.package

    data = samples.zipped(packed(evil(marker)))
    torch.package.PackageImporter(file_or_buffer=io.BytesIO(data)).load_pickle("model", "model.pkl")


def heavy_torch_package_past_the_scan(folder, marker):
    """A reader that is open already is nothing a scan could look at."""
    import torch
    from torch.package import PackageImporter

    path = written(folder, samples.zipped(packed(evil(marker))), "m.pt")
    PackageImporter(torch._C.PyTorchFileReader(str(path))).load_pickle("model", "model.pkl")


def heavy_torch_package_source(folder, marker):
    from torch.package import PackageImporter

    source = f"import os\nos.mkdir({str(marker)!r})\nclass Net:\n    pass\n".encode()
    data = samples.proto() + samples.global_("net", "Net") + b")\x81."
    path = written(folder, samples.zipped(packed(data) | {"m/net.py": source}), "m.pt")
    PackageImporter(str(path)).load_pickle("model", "model.pkl")


def heavy_torch_package_folder(folder, marker):
    from torch.package import PackageImporter

    source = f"import os\nos.mkdir({str(marker)!r})\nclass Net:\n    pass\n".encode()
    for name, data in (packed(b"") | {"m/net.py": source}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    PackageImporter(folder / "m").import_module("net")


def heavy_exported_program(folder, marker):
    import torch

    class Reshapes(torch.nn.Module):
        def forward(self, x):
            return x.reshape(x.shape[0] * 2, -1)

    target = io.BytesIO()
    shapes = ({0: torch.export.Dim("batch", min=2, max=64)},)
    torch.export.save(torch.export.export(Reshapes(), (torch.zeros(8, 2),), dynamic_shapes=shapes), target)
    formula = json.dumps(f"__import__('os').mkdir('{marker}')")
    with zipfile.ZipFile(target) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name, data in members.items():
        if name.endswith("models/model.json"):
            members[name] = re.sub(rb'"expr_str": ?"[^"]*"', b'"expr_str": ' + formula.encode(), data)
    torch.export.load(written(folder, samples.zipped(members), "m.pt2"))


def repository(folder, marker) -> str:
    (folder / "hubconf.py").write_text(f"import os\nos.mkdir({str(marker)!r})\ndef net():\n    return 1\n", "utf-8")
    return str(folder)


def heavy_torch_hub(folder, marker):
    import torch

    torch.hub.load(repository(folder, marker), "net", source="local")


def heavy_torch_hub_by_keyword(folder, marker):
    from torch.hub import load

    load(model="net", repo_or_dir=repository(folder, marker), source="local")


def cached_repository(folder, marker) -> str:
    """As if it had been downloaded before."""
    import torch

    torch.hub.set_dir(folder)
    path = folder / "owner_name_main"
    path.mkdir()
    repository(path, marker)
    return "owner/name:main"


def heavy_torch_hub_list(folder, marker):
    import torch

    torch.hub.list(cached_repository(folder, marker), trust_repo=True, skip_validation=True)


def heavy_torch_hub_help(folder, marker):
    import torch

    torch.hub.help(cached_repository(folder, marker), "net", trust_repo=True, skip_validation=True)


def heavy_weights_from_a_url(folder, marker):
    """As torchvision and timm fetch theirs."""
    import torch

    url = written(folder, torch_zip(marker), "m.pt").as_uri()
    torch.hub.load_state_dict_from_url(url, model_dir=str(folder / "cache"), weights_only=False)


def lent(name: str, code: str) -> types.ModuleType:
    """A stand-in for a library that is not installed, with its lines that load."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(code, f"{name}.py", "exec"), vars(module))
    return module


def heavy_transformers(folder, marker):
    code = """
import torch
def load_state_dict(checkpoint_file, is_quantized=False, map_location="cpu", weights_only=True):
    return torch.load(checkpoint_file, map_location=map_location, weights_only=weights_only, mmap=True)
"""
    path = written(folder, torch_zip(marker), "pytorch_model.bin")
    lent("transformers_modeling_utils", code).load_state_dict(str(path), weights_only=False)


def heavy_huggingface_hub(folder, marker):
    code = """
from pathlib import Path
def load_torch_model(checkpoint_path, weights_only=False):
    from torch import load
    return load(Path(checkpoint_path), map_location="cpu", weights_only=weights_only)
"""
    path = written(folder, torch_zip(marker), "pytorch_model.bin")
    lent("huggingface_hub_serialization", code).load_torch_model(path)


def heavy_mlflow(folder, marker):
    code = """
import os
def load_model(path, serialization_format):
    with open(os.path.join(path, "model.pkl"), "rb") as file:
        if serialization_format == "pickle":
            import pickle
            return pickle.load(file)
        import cloudpickle
        return cloudpickle.load(file)
"""
    written(folder, evil(marker))
    mlflow = lent("mlflow_sklearn", code)
    try:
        mlflow.load_model(folder, "pickle")
    finally:
        mlflow.load_model(folder, "cloudpickle") if not marker.exists() else None


_ids = itertools.count(1)


def node(module: str, name: str, loader: str, content) -> dict[str, object]:
    return {"__module__": module, "__class__": name, "__loader__": loader, "__id__": next(_ids), "content": content}


def skops_archive(marker) -> bytes:
    path = node("builtins", "str", "JsonNode", json.dumps(str(marker))) | {"is_json": True}
    call = node("os", "mkdir", "ConstructorFromReduceNode", node("builtins", "tuple", "TupleNode", [path]))
    schema = call | {"protocol": 2, "_skops_version": "0.16.0"}
    return samples.zipped({"schema.json": json.dumps(schema).encode()})


def heavy_skops(folder, marker):
    import skops.io

    path = written(folder, skops_archive(marker), "m.skops")
    skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))


def heavy_skops_file_object_at_its_end(folder, marker):
    """An archive is found from its end: all of it is loaded, wherever the file object stands."""
    from skops.io import get_untrusted_types, load

    path = written(folder, skops_archive(marker), "m.skops")
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        load(file, trusted=get_untrusted_types(file=path))


def heavy_skops_bytes(folder, marker):
    from skops.io import get_untrusted_types, loads

    data = skops_archive(marker)
    loads(data, trusted=get_untrusted_types(data=data))


main(globals())
