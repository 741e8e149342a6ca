"""Files that modelscan 0.8.8 was run on once; tools/record_upstream.py keeps what it said in tests/data/upstream.json.

All are made by code, byte for byte the same each time, and none is ever loaded.
"""

from __future__ import annotations

import io
import json
import pickle
import tomllib
from importlib import resources

from samples import call, global_, legacy_torch, stack_global, text, zipped

TABLE = tomllib.loads((resources.files("modelscan") / "settings.toml").read_text("utf-8"))["unsafe_globals"]
REAL = {
    "runpy": "run_path",
    "os": "popen",
    "nt": "system",
    "posix": "system",
    "socket": "create_connection",
    "subprocess": "Popen",
    "sys": "setprofile",
    "pty": "spawn",
    "pickle": "loads",
    "_pickle": "loads",
    "bdb": "Bdb",
    "pdb": "run",
    "shutil": "rmtree",
    "asyncio": "create_subprocess_shell",
    "webbrowser": "open",
    "httplib": "HTTPSConnection",
    "requests.api": "get",
    "aiohttp.client": "ClientSession",
}
EVIL = b"\x80\x04" + call(global_("posix", "system"), text("true")) + b"."
CLEARED = ("names getattr", "names attrgetter", "getattr of a class")
"""modelscan 0.8.8 reports these, and we do not: nothing is called, or what is reached is harmless."""


def files() -> dict[str, dict[str, bytes]]:
    """Sample to its files, each by its path below a folder of its own."""
    return {**denied(), **structures(), **keras(), **benign()}


def denied() -> dict[str, dict[str, bytes]]:
    """Every name of the table of modelscan 0.8, called, by each way of writing a name."""
    made = {}
    for modules in TABLE.values():
        for module, names in modules.items():
            for name in [REAL[module], "anything"] if names == "*" else names:
                args = (text("x"), text("y"))
                made[f"{module} {name} GLOBAL"] = b"\x80\x02" + call(global_(module, name), *args) + b"."
                made[f"{module} {name} STACK_GLOBAL"] = b"\x80\x04" + call(stack_global(module, name), *args) + b"."
                made[f"{module} {name} INST"] = b"(S'x'\ni" + f"{module}\n{name}\n".encode() + b"."
    return {key: {"model.pkl": data} for key, data in made.items()}


def structures() -> dict[str, dict[str, bytes]]:
    """Containers, endings and ways to hide."""
    torch = {"archive/data.pkl": EVIL, "archive/version": b"3\n", "archive/byteorder": b"little"}
    memo = b"\x80\x04" + text("os") + b"q\x00" + text("system") + b"q\x01" + b"00h\x00h\x01\x93" + text("x") + b"\x85R."
    return {
        "every extension of a pickle": {
            f"model{suffix}": EVIL for suffix in (".pkl", ".pickle", ".joblib", ".dill", ".dat", ".data")
        },
        "folders and hidden files": {"a/b/model.pkl": EVIL, ".hidden/.model.pkl": EVIL},
        "zip": {"model.zip": zipped({"data.pkl": EVIL, "inner/more.pickle": EVIL, "words.txt": b"words"})},
        "torch zip": {"model.pt": zipped(torch)},
        "torch zip named bin": {"model.bin": zipped(torch)},
        "two pickles": {"model.pkl": pickle.dumps(1) + EVIL},
        "evil, then torn": {"model.pkl": EVIL + pickle.dumps({1: 2})[:-2]},
        "torn": {"model.pkl": EVIL[:-1]},
        "empty": {"model.pkl": b""},
        "no pickle": {"model.pkl": b"hello"},
        "no torch": {"model.pt": b"\x01\x02\x03" * 40},
        "words": {"readme.txt": b"words"},
        "torn zip": {"model.zip": zipped({"data.pkl": EVIL})[:-10]},
        "names out of the memo": {"model.pkl": memo},
        "nested zip": {"model.zip": zipped({"inner.zip": zipped({"data.pkl": EVIL})})},
        "name with an attribute": {"model.pkl": b"\x80\x04" + call(stack_global("builtins", "eval.__call__")) + b"."},
        "names getattr": {"model.pkl": b"\x80\x04" + global_("builtins", "getattr") + b"."},
        "names attrgetter": {"model.pkl": b"\x80\x04" + global_("operator", "attrgetter") + b"."},
        "getattr of a class": {
            "model.pkl": b"\x80\x04"
            + call(global_("builtins", "getattr"), global_("collections", "OrderedDict"), text("fromkeys"))
            + b"."
        },
        "getattr beside worse": {
            "model.pkl": b"\x80\x04"
            + call(global_("builtins", "getattr"), global_("collections", "OrderedDict"), text("fromkeys"))
            + b"0"
            + EVIL[2:]
        },
        "torch legacy": {"model.pt": legacy_torch(4, EVIL)},
    }


def keras() -> dict[str, dict[str, bytes]]:
    """A Lambda layer in each container; only its presence matters to modelscan 0.8."""
    code = ["4wEAAAA=", None, None]
    layers = {
        "lambda": [
            {
                "class_name": "Lambda",
                "module": "keras.layers",
                "config": {"name": "l", "function": code},
            }
        ],
        "two lambdas": [
            {
                "class_name": "Lambda",
                "module": "keras.layers",
                "config": {"name": name, "function": code},
            }
            for name in "ab"
        ],
        "dense": [{"class_name": "Dense", "module": "keras.layers", "config": {"name": "d", "units": 1}}],
    }
    made: dict[str, dict[str, bytes]] = {}
    for name, rows in layers.items():
        config = {"class_name": "Sequential", "module": "keras", "config": {"name": "s", "layers": rows}}
        meta = {"keras_version": "3.0.0"}
        text_, about = json.dumps(config).encode(), json.dumps(meta).encode()
        made[f"keras {name}"] = {"model.keras": zipped({"config.json": text_, "metadata.json": about})}
        made[f"h5 {name}"] = {"model.h5": hdf5({"model_config": text_.decode()})}
    made["keras torn"] = {"model.keras": zipped({"config.json": b"{", "metadata.json": b"{}"})}
    made["h5 without a configuration"] = {"model.h5": hdf5({"weights": "1"})}
    made["h5 torn"] = {"model.h5": hdf5({"model_config": "{"})}
    return made


def hdf5(attributes: dict[str, str]) -> bytes:
    import h5py

    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        for key, value in attributes.items():
            file.attrs[key] = value
    return target.getvalue()


def benign() -> dict[str, dict[str, bytes]]:
    from collections import OrderedDict
    from datetime import UTC, datetime

    made = {f"benign {number}": pickle.dumps({"a": [1.5, "b", (None, True)]}, number) for number in range(6)}
    made["benign classes"] = pickle.dumps([OrderedDict(a=1), {1, 2}, frozenset([3]), datetime(2020, 1, 1, tzinfo=UTC)])
    found = {key: {"model.pkl": data} for key, data in made.items()}
    found["benign zip"] = {"model.zip": zipped({"data.pkl": made["benign 2"], "words.txt": b"words"})}
    return found
