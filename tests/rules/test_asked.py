"""Objects that are asked for what they hold while something is made of them: that runs methods of their classes."""

from __future__ import annotations

import collections
import functools
import pickle
from argparse import Namespace

import pytest
from live import Case, load_unguarded
from samples import call, global_, proto, text

import modelscan

NUMBERS = ("num_workers", "timeout", "_dataset_kind")
NOTHING = ("batch_sampler", "generator", "prefetch_factor", "batch_size", "_IterableDataset_len_called")
OFF = ("persistent_workers", "pin_memory", "drop_last")


def entries(of: dict[str, bytes]) -> bytes:
    return b"}" + b"".join(text(key) + value + b"s" for key, value in of.items())


def instance(module: str, name: str, state: dict[str, bytes]) -> bytes:
    return global_(module, name) + b")\x81" + entries(state) + b"b"


def loader(function: bytes, path: bytes) -> bytes:
    """A `DataLoader` that calls the function with a list of the path as soon as somebody goes through it."""
    parts = {
        "dataset": b"]" + path + b"a",
        "sampler": b"]K\x00a",
        "collate_fn": function,
        "pin_memory_device": text(""),
    }
    plain = {**dict.fromkeys(NUMBERS, b"K\x00"), **dict.fromkeys(NOTHING, b"N"), **dict.fromkeys(OFF, b"\x89")}
    plain["_DataLoader__multiprocessing_context"] = b"N"
    return instance("torch.utils.data.dataloader", "DataLoader", {**plain, **parts})


def asked(function: bytes, path: bytes):
    """By name: opcodes that make something of an object that then calls the function."""
    going = loader(function, path)
    for kind in ("tuple", "frozenset"):
        cls = global_("builtins", kind)
        yield f"{kind} by NEWOBJ", cls + b"(" + going + b"t\x81"
        yield f"{kind} by NEWOBJ_EX", cls + b"(" + going + b"t}\x92"
        yield f"{kind} by copyreg", call(global_("copyreg", "__newobj__"), cls, going)
        by_name = call(global_("copyreg", "__newobj_ex__"), cls, b"(" + going + b"t", b"}")
        yield f"{kind} by copyreg with keywords", by_name
    later = call(global_("functools", "partial"), function, path)
    keys = instance("argparse", "Namespace", {"keys": later})
    yield "dict of keys", call(global_("builtins", "dict"), keys)
    yield "defaultdict of keys", call(global_("collections", "defaultdict"), b"N", keys)


def test_what_is_asked_while_something_is_made_of_it_is_refused(tmp_path):
    pytest.importorskip("torch")
    cases = []
    for number, name in enumerate(dict(asked(b"", b""))):
        marker, path = tmp_path / f"marker{number}", tmp_path / f"{number}.pkl"
        path.write_bytes(proto() + dict(asked(global_("os", "mkdir"), text(str(marker))))[name] + b".")
        cases.append(Case(name, "pickle", path, marker))
    said = load_unguarded(cases)
    assert [case.name for case in cases if not case.marker.exists()] == [], said
    for function in (("unread_library", "f"), ("copy", "deepcopy")):
        for name, data in asked(global_(*function), text("x")):
            assert modelscan.scan(proto() + data + b".").verdict == "UNSAFE", (name, function)


@pytest.mark.parametrize(
    "value",
    [
        collections.defaultdict(functools.partial(collections.defaultdict, int), {"a": {}}),
        {"keys": len, "of": Namespace(keys=sorted)},
        [(1, 2), frozenset({3}), collections.OrderedDict(a=1)],
    ],
    ids=["nested defaults", "functions beside", "containers"],
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_containers_stay_ordinary(value, protocol):
    assert modelscan.scan(pickle.dumps(value, protocol)).verdict == "SAFE"
