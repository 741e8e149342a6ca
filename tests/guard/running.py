"""Runs tables of cases in child processes, unguarded and guarded, and brings home what happened as JSON.

A script of cases ends with `main(globals())`. Every function in it named `case_…` is a case; `heavy_…` are those that
need torch or scikit-learn, `keras_…` Keras on torch and `tensor_…` Keras on TensorFlow, and get a process of their own.
Each case gets a folder of its own and a marker in it.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from hashing import counted

HERE = Path(__file__).parent
_children = ThreadPoolExecutor(3)
MODES = ("before", "after")
"""By `guard.install()` before the libraries are imported, and by `%load_ext modelscan` after."""
LIBRARIES = {
    "case": ("numpy", "pandas", "joblib", "dill", "cloudpickle"),
    "heavy": ("torch", "sklearn", "skops.io"),
    "keras": ("torch", "keras"),
    "tensor": ("tensorflow", "keras"),
    "hub": ("torch", "huggingface_hub"),
    "transformers": ("torch", "transformers", "huggingface_hub"),
    "mlflow": ("sklearn", "mlflow"),
    "catboost": ("catboost",),
}
ENVIRONMENTS = {
    "keras": {"KERAS_BACKEND": "torch", "TF_CPP_MIN_LOG_LEVEL": "3"},
    "tensor": {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"},
}


@dataclass(frozen=True)
class Outcome:
    """What one case came to. `value` is what it returned, as JSON."""

    error: str | None
    text: str
    marker: bool
    value: object = None
    hashed: int = 0
    """Bytes of which this package made a sha256 meanwhile."""


def names_in(script: str) -> list[str]:
    """The cases of a script, by its text: importing it would run it in this process."""
    lines = (HERE / script).read_text("utf-8").splitlines()
    return [line[4:].split("(")[0] for line in lines if line.startswith(_STARTS)]


_STARTS = tuple(f"def {kind}_" for kind in LIBRARIES)


def doors(script: str, kind: str) -> tuple[str, ...]:
    """The modes in which these cases are tried: large libraries take seconds to import."""
    if kind == "keras":
        return ("after",)
    return {("libraries.py", "heavy"): ("after",), ("frameworks.py", "heavy"): ("before",)}.get((script, kind), MODES)


def outcomes(script: str, kind: str, mode: str) -> dict[str, Outcome]:
    """All cases of one kind, in one child process. `mode`: "bare", "before" or "after"; all of them start at once."""
    return {mode: _started(script, kind, mode) for mode in ("bare", *doors(script, kind))}[mode].result()


@functools.cache
def _started(script: str, kind: str, mode: str) -> Future[dict[str, Outcome]]:
    return _children.submit(_child, script, kind, mode)


def _child(script: str, kind: str, mode: str) -> dict[str, Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(HERE / script), kind, mode, folder],
            cwd=folder,
            env={
                **os.environ,
                **ENVIRONMENTS.get(kind, {}),
                "PYTHONPATH": os.pathsep.join([str(HERE.parent), *sys.path]),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    marks = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert marks, f"{done.stdout}\n{done.stderr}"
    return {name: Outcome(**row) for name, row in json.loads(marks[-1]).items()}


def outcome(script: str, name: str, mode: str) -> Outcome:
    """Skips the test where the libraries of the case are not installed."""
    kind = name.split("_", maxsplit=1)[0]
    missing = [library for library in LIBRARIES[kind] if importlib.util.find_spec(library.partition(".")[0]) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")
    return outcomes(script, kind, mode)[name]


def main(names: dict[str, object]) -> None:
    """The child's side. Does nothing where the script is imported, as pool workers do."""
    if names["__name__"] != "__main__":
        return
    kind, mode, folder = sys.argv[1:]
    warnings.simplefilter("ignore")
    if mode == "after":
        for library in LIBRARIES[kind]:
            importlib.import_module(library)
        _open_notebook(folder)
    elif mode == "before":
        from modelscan import guard

        guard.install()
    cases = {name: case for name, case in names.items() if name.startswith(f"{kind}_")}
    rows = {name: asdict(_run(case, Path(folder, name))) for name, case in cases.items()}
    print(json.dumps(rows), flush=True)


def _open_notebook(folder: str) -> None:
    """`%load_ext modelscan` in a shell, as a notebook has one."""
    os.environ["IPYTHONDIR"] = folder
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    script = sys.modules["__main__"]
    shell = InteractiveShell.instance(config=config, user_module=script, user_ns=vars(script))
    shell.run_line_magic("load_ext", "modelscan")


def _run(case, folder: Path) -> Outcome:
    folder.mkdir()
    marker = folder / "marker"
    value, error, text = None, None, ""
    with counted() as hashed:
        try:
            value = case(folder, marker)
        except BaseException as caught:
            error, text = type(caught).__name__, str(caught).replace(str(folder), "FOLDER")
    return Outcome(error, text, marker.exists(), value, sum(hashed))
