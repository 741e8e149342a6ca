"""python -m benchmarks.notebooks [FOLDER …]: how many planted risks are found, how many ordinary notebooks are blamed.

The risks stand in planted.txt and the ordinary cells in ordinary.txt, both written apart from the rules and from the
tests of the scanner. Each FOLDER holds more ordinary notebooks: those that libraries publish.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import modelscan
from benchmarks.pairs import machine
from modelscan import Severity
from modelscan.report import Report

HERE = Path(__file__).parent
PYTHON = "python"
SIZE = 1_000_000
"""Bytes of the notebook whose scan is timed."""


def cases(name: str) -> Iterator[list[str]]:
    """Notebooks of a text file as their cells; a line of `---` ends a notebook, one of `-` a cell, `# ` a chapter."""
    for text in (HERE / name).read_text("utf-8").split("\n---\n"):
        cells = [re.sub(r"\A# [^\n]*\n", "", cell.strip("\n") + "\n") for cell in text.split("\n-\n")]
        yield [cell.strip("\n") for cell in cells if cell.strip()]


def notebook(cells: list[str]) -> bytes:
    rows = [{"cell_type": "code", "source": one, "metadata": {}, "outputs": [], "execution_count": 1} for one in cells]
    kernel = {"name": "python3", "display_name": "Python 3", "language": PYTHON}
    tree = {"cells": rows, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(tree).encode()


def found(report: Report) -> bool:
    return bool(report.findings)


def alarmed(report: Report) -> bool:
    """Would a person be stopped? LOW is a remark, and what was not read says nothing about a risk."""
    return (report.worst or Severity.LOW) > Severity.LOW


def planted(shown: bool) -> str:
    rows = [(cells, modelscan.scan(notebook(cells))) for cells in cases("planted.txt")]
    missed = [cells for cells, report in rows if not found(report)]
    for cells in missed if shown else ():
        print("missed:", " | ".join(cells).replace("\n", " ; "))
    serious = sum(alarmed(report) for _, report in rows)
    share = 100 * (len(rows) - len(missed)) / len(rows)
    worse = 100 * serious / len(rows)
    return f"{len(rows)} planted risks: {share:.1f} % found (>= 95), {worse:.1f} % as MEDIUM or worse"


def ordinary(name: str, notebooks: list[tuple[str, bytes]], shown: bool) -> str:
    wrong, unread = 0, 0
    for label, data in notebooks:
        report = modelscan.scan(data)
        wrong += alarmed(report)
        unread += bool(report.failures) and not alarmed(report)
        if shown and (alarmed(report) or report.failures):
            said = [f"{row.severity} {row.rule} {row.expression[:70]}" for row in report.findings][:2]
            print(f"{label}: {said or [row.reason for row in report.failures][:1]}")
    share = 100 * wrong / len(notebooks)
    return (
        f"{len(notebooks)} ordinary notebooks, {name}: {share:.1f} % false alarms (<= 2), {unread} not read to the end"
    )


def published(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The Python notebooks below a folder."""
    for path in sorted(folder.rglob("*.ipynb")):
        data = path.read_bytes()
        try:
            metadata = json.loads(data)["metadata"]
        except (ValueError, KeyError, TypeError):
            continue
        kernel = metadata.get("kernelspec") or {}
        if PYTHON in f"{kernel.get('language', '')} {kernel.get('name', 'python')}".lower():
            yield path.name, data


def large() -> bytes:
    """A megabyte as notebooks have it: cells of analysis, and pictures as their outputs."""
    cell = "import pandas as pd\nframe = pd.read_csv('data.csv')\nframe.groupby('day')['value'].mean().plot()\n"
    picture = {"data": {"image/png": "iVBORw0KGgo" + "Ab3d" * 7_500}, "metadata": {}, "output_type": "display_data"}
    tree = json.loads(notebook([f"{cell}limit = {number}" for number in range(90)]))
    for row in tree["cells"][::3]:
        row["outputs"] = [picture]
    data = json.dumps(tree).encode()
    assert 0.9 < len(data) / SIZE < 1.1, len(data)
    return data


def speed(rounds: int) -> str:
    data = large()
    modelscan.scan(data)
    times = []
    for _ in range(rounds):
        started = time.process_time()
        modelscan.scan(data)
        times.append((time.process_time() - started) * 1000)
    spent = f"{statistics.median(times):.1f} ms CPU, lowest {min(times):.1f} (<= 50)"
    return f"a notebook of {len(data) / 1e6:.2f} MB, once warm: {spent}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebooks", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="folders of notebooks that libraries publish")
    parser.add_argument("--show", action="store_true", help="print what was missed and what was not left alone")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    print(machine())
    print(planted(options.show))
    rows = [(" | ".join(cells)[:60].replace("\n", " ; "), notebook(cells)) for cells in cases("ordinary.txt")]
    print(ordinary("written here", rows, options.show))
    for folder in options.folders:
        print(ordinary(folder.name, list(published(folder)), options.show))
    print(speed(20))


if __name__ == "__main__":
    main()
