"""Takes docs/images: what a person sees in JupyterLab at the main moments, light and dark.

    python tools/screenshot.py

Needs chromium and the packages of `.[test]`. Look at the pictures before they are committed.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests"))

import browsing  # noqa: E402 - it lives with the tests

CELLS = (
    "%load_ext modelscan\nimport joblib",
    'model = joblib.load("sentiment.joblib")',
    "%modelscan models/",
    "%modelscan status",
)
MOMENTS = {1: "refusal", 2: "folder"}
"""Cell to the name of its picture."""
PLAIN = """
.jp-cell-toolbar { display: none !important }
.jp-Collapser { visibility: hidden }
.jp-Notebook .jp-Cell { border-color: transparent !important; box-shadow: none !important }
"""
"""What belongs to the selected cell and not to us."""
WIDTH, HEIGHT = 1000, 2600


class Payload:
    """Runs a harmless command when it is unpickled. It never is."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("echo the model ran this > marker.txt",)


class Unheard:
    """A class that nobody reviewed."""


def main() -> int:
    why = browsing.missing()
    if why:
        print(why)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    strangers: list[str] = []
    with tempfile.TemporaryDirectory() as folder, browsing.serving(Path(folder)) as server:
        assemble(server.root)
        looks = {"viewport": {"width": WIDTH, "height": HEIGHT}, "device_scale_factor": 2}
        with browsing.browsing(server, strangers, **looks) as page:
            for theme, ending in (("JupyterLab Light", ""), ("JupyterLab Dark", "-dark")):
                server.set("themes", {"theme": theme})
                shoot(server, page(), ending)
    return 0


def assemble(root: Path) -> None:
    """A poisoned model, and a folder with one of each kind."""
    import joblib

    joblib.dump({"weights": list(range(500)), "vocabulary": Payload()}, root / "sentiment.joblib")
    models = root / "models"
    models.mkdir()
    for name in ("encoder.pkl", "decoder.pkl", "tokens.pkl"):
        (models / name).write_bytes(pickle.dumps(OrderedDict(name=name, weights=[1.0, 2.0])))
    (models / "sentiment.joblib").write_bytes((root / "sentiment.joblib").read_bytes())
    (models / "regressor.pkl").write_bytes(b"\x80\x04\x8c\x05mylib\x8c\x03Net\x93)\x81.")
    (models / "half.pkl").write_bytes(pickle.dumps(OrderedDict(weights=[0.5] * 99))[:-40])


def shoot(server: browsing.Server, page: object, ending: str) -> None:
    """One picture for each moment."""
    name = f"shots{ending}.ipynb"
    browsing.write(server, name, [*CELLS[:2]])
    take(server, page, name, ending, 1, "Allow once")
    other = f"folder{ending}.ipynb"
    browsing.write(server, other, [CELLS[0], CELLS[3], CELLS[2]])
    take(server, page, other, ending, 2, "About this scan")


def take(server: browsing.Server, page: object, name: str, ending: str, cell: int, word: str) -> None:
    """The cell once `word` is in it, without the tool bar that hovers over the selected one."""
    browsing.open_notebook(server, page, name)
    page.keyboard.press("Control+b")
    browsing.run_all(page)
    page.get_by_text(word, exact=True).last.wait_for()
    page.add_style_tag(content=PLAIN)
    page.wait_for_timeout(500)
    target = IMAGES / f"{MOMENTS[cell]}{ending}.png"
    page.locator(".jp-CodeCell").nth(cell).screenshot(path=target)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
