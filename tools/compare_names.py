"""How many published gadgets other scanners know: the figures of docs/explanation/trusted-first.md.

    python tools/compare_names.py [FOLDER …]   folders with modelscan, picklescan, fickling and modelaudit

Each name of tests/rules/published.txt is called with a text in a pickle of its own; nothing is loaded. A name counts as
found if the program says of its file that it is bad: an issue of modelscan, a "dangerous" import of picklescan, exit
code 1 of fickling, a critical issue of modelaudit. Most of the names are out of their own lists and advisories.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from compare import SILENT, _found, text

import modelscan

PUBLISHED = Path(__file__).parent.parent / "tests" / "rules" / "published.txt"
Numbers = set[int]


def run(program: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Beside the folder, where fickling may leave its file of results."""
    how = {"cwd": folder.parent, "env": os.environ | SILENT | {"COLUMNS": "100000"}}
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, **how)


def numbers(found: list[str]) -> Numbers:
    return {int(number) for number in found}


def ours(_: str, folder: Path) -> Numbers:
    return {int(path.stem) for path in folder.iterdir() if modelscan.scan(path).verdict == "UNSAFE"}


def theirs(program: str, folder: Path) -> Numbers:
    said = run(program, folder, "-p", str(folder), "-r", "json").stdout
    issues = json.loads(said[said.index("{") : said.rindex("}") + 1].replace("\n", ""))["issues"]
    return numbers([Path(issue["source"]).stem for issue in issues])


def picklescan(program: str, folder: Path) -> Numbers:
    return numbers(re.findall(r"(\d+)\.pkl: dangerous import", run(program, folder, "-p", str(folder)).stdout))


def fickling(program: str, folder: Path) -> Numbers:
    answers = {int(path.stem): run(program, folder, "--check-safety", str(path)) for path in folder.iterdir()}
    return {number for number, done in answers.items() if done.returncode == 1 and "Traceback" not in done.stderr}


def modelaudit(program: str, folder: Path) -> Numbers:
    said = run(program, folder, "scan", "--no-cache", "--format", "json", str(folder)).stdout
    issues = [issue for issue in json.loads(said)["issues"] if issue["severity"] == "critical"]
    return numbers([found[1] for issue in issues if (found := re.search(r"(\d+)\.pkl", str(issue["location"])))])


PROGRAMS: dict[str, Callable[[str, Path], Numbers]] = {
    "this scanner": ours,
    "modelscan 0.8": theirs,
    "picklescan": picklescan,
    "fickling": fickling,
    "modelaudit": modelaudit,
}


def main(folders: list[str]) -> int:
    rows = [line.split("|") for line in PUBLISHED.read_text("utf-8").splitlines() if not line.startswith("#")]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "names")
        folder.mkdir()
        for number, (module, name, _) in enumerate(rows):
            pickled = b"\x80\x04" + text(module) + text(name) + b"\x93(" + text("x") + b"tR."
            (folder / f"{number}.pkl").write_bytes(pickled)
        print(f"| program | found, of {len(rows)} |\n| --- | --- |")
        for title, ask in PROGRAMS.items():
            program = title if ask is ours else _found(title.split()[0], folders, title)
            if program:
                found = len(ask(program, folder))
                print(f"| {title} | {found} ({found / len(rows):.0%}) |", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
