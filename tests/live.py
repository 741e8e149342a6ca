"""Loads files in a child process, so that a payload is proved live without a guard before it is refused with one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LOADERS = {
    "pickle": "import pickle\ndef load(path):\n    return pickle.load(open(path, 'rb'))",
    "pickles": "import pickle\ndef load(path):\n    f = open(path, 'rb')\n    return pickle.load(f), pickle.load(f)",
    "joblib": "import joblib\ndef load(path):\n    return joblib.load(path)",
    "numpy": "import numpy\ndef load(path):\n    return numpy.load(path, allow_pickle=True)",
    "arrays": "import numpy\ndef load(path):\n    f = open(path, 'rb')\n"
    "    return [numpy.load(f, allow_pickle=True) for _ in range(2)]",
    "array and pickle": "import numpy, pickle\ndef load(path):\n    f = open(path, 'rb')\n"
    "    return numpy.load(f), pickle.load(f)",
    "npz": "import numpy\ndef load(path):\n    return dict(numpy.load(path, allow_pickle=True))",
    "torch": "import torch\ndef load(path):\n    return torch.load(path, weights_only=False)",
    "torchscript": "import torch\ndef load(path):\n    return torch.jit.load(path)",
    "export": "import torch\ndef load(path):\n    return torch.export.load(path)",
    "package": "import torch.package as p\ndef load(path):\n"
    "    return p.PackageImporter(path).load_pickle('model', 'model.pkl')",
    "tar": "import pickle, tarfile\ndef load(path):\n    return pickle.load(tarfile.open(path).extractfile('m.pkl'))",
    "stream": "import io, pickle\ndef load(path):\n    return pickle.load(io.BytesIO(open(path, 'rb').read()))",
    "apart": "import pickle\ndef load(path):\n    f = open(path, 'rb')\n"
    "    pickle.load(f), f.seek(f.tell() + 300)\n    return pickle.load(f)",
    "in folder": "import os, pickle, sys\ndef load(path):\n    sys.path.insert(0, os.path.dirname(path))\n"
    "    return pickle.load(open(path, 'rb'))",
    "persistent": "import os, pickle\nclass Unpickler(pickle.Unpickler):\n    def persistent_load(self, pid):\n"
    "        os.mkdir(pid[-1] if isinstance(pid, tuple) else pid)\n"
    "def load(path):\n    return Unpickler(open(path, 'rb')).load()",
    "pandas": "import pandas\ndef load(path):\n    return pandas.read_pickle(path)",
}

_RUN = """
import json, sys, warnings
warnings.simplefilter("ignore")
for name, code, path in json.loads(sys.stdin.read()):
    scope = {}
    try:
        exec(code, scope)
        scope["load"](path)
    except BaseException as error:
        print(name, type(error).__name__, error, file=sys.stderr)
"""


@dataclass(frozen=True)
class Case:
    """A file that makes `marker` when `loader` loads it."""

    name: str
    loader: str
    path: Path
    marker: Path


def load_unguarded(cases: list[Case]) -> str:
    """Loads each case in one child process; what the loaders complained about."""
    rows = [(case.name, LOADERS[case.loader], str(case.path)) for case in cases]
    done = subprocess.run(
        [sys.executable, "-c", _RUN], input=json.dumps(rows), capture_output=True, text=True, check=False, timeout=300
    )
    return done.stderr


def load_whatever_happens(cases: list[Case]) -> None:
    """As `load_unguarded`, for damaged files: goes on in a new child behind one that ends the process or hangs."""
    script = _RUN.replace("    scope = {}", "    print(name, flush=True)\n    scope = {}")
    while cases:
        rows = json.dumps([(case.name, LOADERS[case.loader], str(case.path)) for case in cases])
        try:
            done = subprocess.run(
                [sys.executable, "-c", script], input=rows.encode(), capture_output=True, check=False, timeout=120
            )
            begun, whole = done.stdout.split(), done.returncode == 0
        except subprocess.TimeoutExpired as hung:
            begun, whole = (hung.stdout or b"").split(), False
        cases = [] if whole else cases[max(1, len(begun)) :]
