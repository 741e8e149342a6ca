"""Takes docs/images/refusal.png: the refused cell of build/tour.ipynb, as the browser draws it.

    python tools/screenshot.py

Plays the tour first if it was not played yet. Needs chromium.
"""

from __future__ import annotations

import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_notebook

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "images" / "refusal.png"
WINDOW = "900,400"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
)


def main() -> int:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("chromium is not installed")
        return 1
    demo = runpy.run_path(str(ROOT / "tools" / "demo.py"))
    played = ROOT / "build" / "tour.ipynb"
    if not played.exists() and demo["main"]():
        return 1
    tour = nbformat.read(played, as_version=4)
    cell = next(cell for cell in tour.cells if "refused" in cell.metadata.get("tags", []))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "refusal.html")
        page.write_text(demo["to_html"](new_notebook(cells=[cell], metadata=tour.metadata)), encoding="utf-8")
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        command = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--window-size={WINDOW}"]
        subprocess.run(
            [*command, f"--screenshot={TARGET}", page.as_uri()], check=True, capture_output=True, timeout=120
        )
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
