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
SLOW = b"\x80\x04" + b"cbuiltins\nset\n]\x85R0" * 2_000 + b"N."
"""A model whose scan takes some hundredths of a second."""
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
    collection = root / "collection"
    collection.mkdir()
    for name in ("sentiment.joblib", "regressor.pkl", "half.pkl"):
        (collection / f"a-{name}").write_bytes((models / name).read_bytes())
    (collection / "model000.pkl").write_bytes(SLOW)
    for number in range(1, 300):
        os.link(collection / "model000.pkl", collection / f"model{number:03}.pkl")


def shoot(server: browsing.Server, page: object, ending: str) -> None:
    """One picture for each moment."""
    name = f"shots{ending}.ipynb"
    browsing.write(server, name, [*CELLS[:2]])
    run(server, page, name, "Allow once")
    take(page, 1, f"refusal{ending}")
    page.get_by_role("button", name="Allow once").click()
    page.get_by_text("Allowed once, in this session").wait_for()
    take(page, 1, f"decided{ending}")
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.get_by_text("modelscan: ALLOWED").wait_for()
    take(page, 1, f"allowed{ending}")

    name = f"folder{ending}.ipynb"
    browsing.write(server, name, [CELLS[0], CELLS[3], CELLS[2]])
    run(server, page, name, "About this scan")
    take(page, 2, f"folder{ending}")

    name = f"moving{ending}.ipynb"
    browsing.write(server, name, [CELLS[0], "%modelscan collection --no-cache"])
    run(server, page, name, "1 UNSAFE")
    page.wait_for_timeout(2500)
    take(page, 1, f"progress{ending}")
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Interrupt Kernel").first.click()
    page.get_by_text("the rest was not scanned").first.wait_for()


def run(server: browsing.Server, page: object, name: str, word: str) -> None:
    """All cells, until `word` is there."""
    browsing.open_notebook(server, page, name)
    page.keyboard.press("Control+b")
    browsing.run_all(page)
    page.get_by_text(word, exact=True).last.wait_for()
    page.add_style_tag(content=PLAIN)


def take(page: object, cell: int, name: str) -> None:
    """The cell as it is, without the tool bar that hovers over the selected one."""
    page.locator(".jp-Notebook").first.evaluate("() => document.activeElement.blur()")
    page.wait_for_timeout(500)
    target = IMAGES / f"{name}.png"
    page.locator(".jp-CodeCell").nth(cell).screenshot(path=target)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
