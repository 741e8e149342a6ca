"""python -m benchmarks.extension: what `%load_ext modelscan` adds to a session, over bare IPython and a bare kernel.

CPU seconds of whole processes, by interleaved pairs. A kernel is started, asked to run one cell, and stopped; it
answers only after everything that its start brings is there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.pairs import machine

LOAD = "%load_ext modelscan"
NOTHING = "pass"
GOAL = 150
HEAVY = (
    "torch",
    "keras",
    "tensorflow",
    "nbformat",
    "numpy",
    "pandas",
    "joblib",
    "h5py",
    "google.protobuf",
    "ipywidgets",
)
SEEN = f"import sys, json; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"


def shell(code: str, environment: dict[str, str]) -> str:
    """A terminal IPython that runs `code`, and what it printed."""
    options = ["-m", "IPython", "--no-banner", "--HistoryManager.enabled=False", "-c", code]
    done = subprocess.run([sys.executable, *options], env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def kernel(code: str, environment: dict[str, str]) -> str:
    """A kernel that runs `code` as its first cell."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(
        kernel_name="python3", env=environment, extra_arguments=["--IPKernelApp.log_level=ERROR"]
    )
    try:
        reply = client.execute_interactive(code, timeout=60, output_hook=print_nothing)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(str(reply["content"]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    return ""


def print_nothing(_: object) -> None:
    """What the cell printed is not looked at."""


def spent(run: Callable[[str, dict[str, str]], str], code: str, environment: dict[str, str]) -> float:
    """CPU milliseconds of the process that `run` starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(code, environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000


def added(name: str, run: Callable[[str, dict[str, str]], str], pairs: int, environment: dict[str, str]) -> str:
    spent(run, LOAD, environment)
    rows = [(spent(run, LOAD, environment), spent(run, NOTHING, environment)) for _ in range(pairs)]
    over = sorted(one - other for one, other in rows)
    bare = statistics.median(other for _, other in rows)
    least = min(one for one, _ in rows) - min(other for _, other in rows)
    figures = (
        f"{statistics.median(over):6.0f} ms  ({over[0]:.0f} to {over[-1]:.0f}, n={pairs}; lowest of each {least:+.0f})"
    )
    return f"{name:<22}{bare:8.0f} ms   + {figures}  <= {GOAL}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extension", description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    options = parser.parse_args()
    print(f"{machine()}; CPU milliseconds of whole processes, median of interleaved pairs\n")
    print(f"{'':<22}{'bare':>11}   {'%load_ext modelscan adds':>26}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where nobody has set anything
        names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MODELSCAN_HOME")
        environment = {**os.environ, **{name: str(Path(folder, name.lower())) for name in names}}
        for name, run in (("terminal IPython", shell), ("kernel, first cell", kernel)):
            print(added(name, run, options.pairs, environment), flush=True)
        bare, loaded = (json.loads(shell(f"{code}\n{SEEN}", environment).splitlines()[-1]) for code in (NOTHING, LOAD))
    print(f"\nheavy packages it imports: {', '.join(sorted(set(loaded) - set(bare))) or 'none'}")


if __name__ == "__main__":
    main()
