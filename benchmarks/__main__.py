"""python -m benchmarks [--scale 0.1] [--pairs 5] [NAME …]: how much a scan costs beside the load it stands before."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import modelscan
from benchmarks.pairs import compare, machine
from benchmarks.workloads import WORKLOADS, written


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=0.2, help="size of the workloads; 1.0 is what their names say")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("names", nargs="*", help="parts of workload names; all of them if none is given")
    options = parser.parse_args()
    print(f"{machine()}; scale {options.scale:g}; CPU seconds, median of {options.pairs} interleaved pairs\n")
    print(f"{'workload':<32}{'scan':>11} {'load':>11}   {'ratio':>7}  (lowest to highest)      goal")
    with tempfile.TemporaryDirectory() as folder:
        for workload in WORKLOADS:
            if options.names and not any(name in workload.name for name in options.names):
                continue
            path, small = written(workload.write, Path(folder), options.scale)
            modelscan.scan(path)  # compiles what a small file does not need
            ratio = compare(modelscan.scan, workload.load, path, small, options.pairs)
            goal = f"<= {workload.goal:g}" if workload.goal is not None else ""
            print(f"{workload.name:<32}{ratio}  {goal}")


if __name__ == "__main__":
    main()
