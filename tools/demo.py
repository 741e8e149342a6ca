"""What `make demo` runs: builds a clean and a poisoned model, scans both, and plays notebooks/tour.ipynb.

    python tools/demo.py

Everything is written below build/. Exits with 1 if anything did not happen as it should.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import joblib
import nbformat
from nbformat import NotebookNode
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
MODELS = BUILD / "demo"
SECONDS = 110
"""One cell of the tour may take this long."""


class Payload:
    """Runs a harmless command when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("echo the model ran this > marker.txt",)


def main() -> int:
    heading("Two models, one with a payload behind its first array")
    models = assemble()
    print("\n".join(path.relative_to(ROOT).as_posix() for path in models))
    problems = [problem for path in models for problem in scan(path)]

    heading("The tour: notebooks/tour.ipynb, run without a browser")
    notebook = execute(nbformat.read(ROOT / "notebooks" / "tour.ipynb", as_version=4))
    problems += tour_problems(notebook)
    nbformat.write(notebook, BUILD / "tour.ipynb")
    (BUILD / "tour.html").write_text(to_html(notebook), encoding="utf-8")

    if problems:
        heading("Something did not happen as it should")
        print("\n".join(problems))
        return 1
    print("Clean models loaded silently, every poisoned one was refused, no payload ran, and the guard came off whole.")
    print("\nopen build/tour.html")
    return 0


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def assemble() -> list[Path]:
    """clean.* and poisoned.*; with torch only where it is installed."""
    MODELS.mkdir(parents=True, exist_ok=True)
    features, labels = load_iris(return_X_y=True)
    model = RandomForestClassifier(n_estimators=5, random_state=0).fit(features, labels)
    joblib.dump(model, MODELS / "clean.joblib")
    joblib.dump([model, Payload()], MODELS / "poisoned.joblib")
    made = [MODELS / "clean.joblib", MODELS / "poisoned.joblib"]
    try:
        import torch
    except ImportError:
        return made
    torch.save({"weight": torch.zeros(2, 2)}, MODELS / "clean.pt")
    torch.save({"weight": torch.zeros(2, 2), "extra": Payload()}, MODELS / "poisoned.pt")
    return [*made, MODELS / "clean.pt", MODELS / "poisoned.pt"]


def scan(path: Path) -> Iterator[str]:
    """Shows what the command line says about a model; yields what is wrong with its answer."""
    name = path.relative_to(ROOT).as_posix()
    heading(f"modelscan -p {name}")
    expected = int(path.stem == "poisoned")
    code = subprocess.run([sys.executable, "-m", "modelscan", "-p", name], cwd=ROOT, check=False).returncode
    if code != expected:
        yield f"modelscan -p {name} exited with {code} instead of {expected}"


def execute(notebook: NotebookNode, folder: Path = BUILD) -> NotebookNode:
    """Runs it below `folder`, in a kernel that sees nobody's settings but its own."""
    home = folder / "jupyter"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[name] = str(home / name.lower())
    from nbclient import NotebookClient

    NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns about TCP on every start
    ).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata.pop("widgets", None)  # buttons are dead without their kernel; their text stands in for them
    return notebook


def tour_problems(notebook: NotebookNode) -> Iterator[str]:
    """What the executed tour fails to show. A cell's tags say what is expected of it."""
    for cell in notebook.cells:
        tags, outputs = cell.metadata.get("tags", []), cell.get("outputs", [])
        if "torch" in tags and find_spec("torch") is None:
            continue
        for tag in tags:
            if tag in EXPECTED and not EXPECTED[tag](outputs):
                yield f"tour, {tag}: {cell.source.splitlines()[0]}: {shown(outputs)[:500] or 'no output'}"


def shown(outputs: list[NotebookNode]) -> str:
    """Everything a reader of the text sees."""
    texts = [row.get("text") or row.get("evalue") or row.get("data", {}).get("text/plain", "") for row in outputs]
    return "\n".join(texts)


def is_refusal(outputs: list[NotebookNode]) -> bool:
    """A panel that shows the call and its place, and then the error."""
    errors = [row for row in outputs if row.output_type == "error"]
    return (
        [row.ename for row in errors] == ["UnsafeModelError"]
        and "os.system('echo" in shown(outputs)
        and " @ 0x" in shown(outputs)
        and all(f"%modelscan {word}" in "\n".join(errors[0].traceback) for word in ("report", "allow --once"))
    )


EXPECTED = {
    "unguarded": lambda outputs: "payload ran: True" in shown(outputs),
    "clean": lambda outputs: not outputs,
    "refused": is_refusal,
    "marker": lambda outputs: "payload ran: False" in shown(outputs),
    "scan": lambda outputs: "REFUSED - poisoned.joblib" in shown(outputs),
    "status": lambda outputs: "joblib.load" in shown(outputs),
    "restored": lambda outputs: "True" in shown(outputs) and "False" not in shown(outputs),
}


def to_html(notebook: NotebookNode) -> str:
    """One page that asks no other machine for anything."""
    from nbconvert import HTMLExporter

    return str(HTMLExporter(theme="light", mathjax_url="", require_js_url="").from_notebook_node(notebook)[0])


if __name__ == "__main__":
    sys.exit(main())
