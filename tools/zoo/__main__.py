"""Writes ordinary files with whatever is installed, scans them, and says how many are refused and why.

    python tools/zoo                       # every set, as `make zoo` does
    python tools/zoo fifth sixth           # these sets alone
    python tools/zoo --list                # which sets there are
    python tools/zoo third --out FOLDER    # files of another run: --scan-only scans them again

A set is a folder of scripts, or `animals`: one object of every class of some packages. A script whose library is not
installed is named and left out, and so is what ends its process. Exits with 1 if something could not be asked for that.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parent
ANIMALS = "animals"
PACKAGES = "plain numpy pandas sklearn scipy torch torch.nn xgboost lightgbm networkx"


def sets() -> dict[str, list[Path]]:
    found = {folder.name: sorted(folder.glob("*.py")) for folder in sorted(HERE.iterdir()) if folder.is_dir()}
    return {name: scripts for name, scripts in found.items() if scripts}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python tools/zoo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = sets()
    parser.add_argument("sets", nargs="*", metavar="SET", help="the sets to write instead of all")
    parser.add_argument("--out", type=Path, default=Path("build", "zoo"), help="where the files go, a folder a set")
    parser.add_argument("--packages", default=PACKAGES, help=f"packages that `{ANIMALS}` asks (%(default)s)")
    parser.add_argument("--scan-only", action="store_true", help="scan what an earlier run wrote")
    parser.add_argument("--load", action="store_true", help="load every third file guarded as well")
    parser.add_argument("--list", action="store_true", help="name the sets and end")
    options = parser.parse_args()
    unknown = set(options.sets) - {ANIMALS, *known}
    if unknown:
        parser.error(f"no set of this name: {', '.join(sorted(unknown))}; there are {', '.join([ANIMALS, *known])}")
    if options.list:
        for name, scripts in known.items():
            print(f"{name:10} {len(scripts):3} files of scripts: {', '.join(path.stem for path in scripts)}")
        print(f"{ANIMALS:10} {options.packages}")
        return 0
    codes = []
    for name in options.sets or [ANIMALS, *known]:
        print(f"== {name}", flush=True)
        if not options.scan_only:
            codes.append(_written(name, options.out / name, known, options.packages))
        _run("harvest_trusted.py" if name == ANIMALS else "held_out.py", options.out / name)
        if options.load:
            paths = [part for script in known.get(name, [])[:1] for part in ("--path", script.parent)]
            _run("guarded_zoo.py", options.out / name, "--every", "3", *paths, *(["--session"] if paths else []))
    return int(any(codes))


def _written(name: str, out: Path, known: dict[str, list[Path]], packages: str) -> int:
    if name == ANIMALS:
        return _run("zoo/animals.py", out, *packages.split())
    return _run("zoo/write_scripts.py", out, *known[name])


def _run(tool: str, *arguments: object) -> int:
    path = os.pathsep.join(filter(None, [str(TOOLS.parent / "core"), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, str(TOOLS / tool), *map(str, arguments)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
