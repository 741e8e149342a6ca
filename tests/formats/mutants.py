"""Real model files, damaged at random, with a call spliced in between their opcodes: what runs it has to be refused."""

from __future__ import annotations

import contextlib
import io
import pickle
import pickletools
import random
import zipfile
import zlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from samples import global_, payload, text, zipped

Splice = Callable[[Path], bytes]
SPLICES: list[Splice] = [
    lambda marker: payload(marker) + b"0",
    lambda marker: b"(" + text(str(marker)) + b"ios\nmkdir\n0",
    lambda marker: b"(" + global_("os", "mkdir") + text(str(marker)) + b"o0",
    lambda marker: text("os") + text("mkdir") + b"\x93" + text(str(marker)) + b"\x85R0",
    payload,
    lambda marker: payload(marker) + b".",
]


Model = tuple[str, bytes, Callable[[bytes], bytes]]
"""Loader, a pickle, and the file around such a pickle."""


def models() -> Iterator[Model]:
    """Ordinary files."""
    import joblib
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data, labels = np.arange(40.0).reshape(10, 4), np.arange(10) % 2
    pipe = make_pipeline(StandardScaler(), RandomForestClassifier(2, random_state=0)).fit(data, labels)
    for protocol in (0, 2, 4, 5):
        yield "pickle", pickle.dumps(pipe, protocol), bytes
    joblib.dump(pipe, target := io.BytesIO())
    yield "joblib", target.getvalue(), bytes
    joblib.dump({"names": np.array(["a", None], object), "pipe": pipe}, target := io.BytesIO(), protocol=2)
    yield "joblib", target.getvalue(), zlib.compress
    if find_spec("torch") is not None:
        yield from checkpoints()


def checkpoints() -> Iterator[Model]:
    """torch's two formats."""
    import torch

    state = {"model": torch.nn.Linear(3, 2).state_dict(), "steps": [1, 2.5, "three"]}
    torch.save(state, target := io.BytesIO(), _use_new_zipfile_serialization=False)
    yield "torch", target.getvalue(), bytes
    torch.save(state, target := io.BytesIO())
    with zipfile.ZipFile(target) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    yield "torch", members["archive/data.pkl"], lambda data: zipped(members | {"archive/data.pkl": data})


def boundaries(data: bytes) -> list[int]:
    """Where opcodes begin, as far as pickletools can tell: joblib's arrays end that."""
    found: list[int] = []
    with contextlib.suppress(ValueError):
        for _, _, at in pickletools.genops(data):
            found.append(at or 0)
    return found


def mutant(choose: random.Random, data: bytes, places: list[int], marker: Path) -> bytes:
    """Up to three damaged places, and one splice, as a rule between two opcodes of the sound file."""
    at = choose.choice(places) if choose.random() < 0.9 else choose.randrange(len(data))
    found = bytearray(data)
    for _ in range(choose.choice((0, 0, 1, 1, 2, 3))):
        place = choose.randrange(len(found))
        match choose.randrange(4):
            case 0:
                found[place] ^= 1 << choose.randrange(8)
            case 1:
                found[place:place] = bytes([choose.randrange(256)])
            case 2:
                del found[place : place + choose.randint(1, 4)]
            case 3:
                found[place] = choose.choice(b"0N.)]}(RbtuesKh\x94\x95\x85\x86\x93\x81")
    found[at:at] = choose.choice(SPLICES)(marker)
    return bytes(found)
