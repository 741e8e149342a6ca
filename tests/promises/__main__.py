"""Every trusted name is used with hostile arguments, states, items and keys: what a scan passes must not act.

    python -m tests.promises                        # goes on where it was stopped; `make promises` is the same
    python -m tests.promises torch pandas --again   # these libraries from the beginning
    python -m tests.promises --minutes 8            # stops after so long
    python -m tests.promises --write docs/reference/promises.md

Each name is tried in a process of its own, which watches itself: programs, files opened for writing, sockets, native
code, imports outside the library and what it needs, code made of text, and calls of what was given. Prints the counts
of each group, every broken promise and every crash, and exits with 1 if there is one that nobody has judged.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from .groups import Row, installed, known_crashes, rows
from .running import BATCH, tried
from .table import open_crashes, page, printed

State = dict[str, dict[str, Any]]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.promises", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packages", nargs="*", help="the libraries to try instead of all")
    parser.add_argument("--again", action="store_true", help="also what has been tried with this release before")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--state", type=Path, default=Path("build", "promises.json"), help="what has been tried so far")
    parser.add_argument("--write", type=Path, help="write the table as a page of the documentation")
    options = parser.parse_args()
    state: State = json.loads(options.state.read_text()) if options.state.exists() else {}
    given = list(rows(options.packages or None))
    versions = {package: installed(package) for package in dict.fromkeys(row.package for row in given)}
    todo = [
        row
        for row in given
        if versions[row.package] is not None
        and (options.again or not _settled(state.get(row.name, {}), row, versions[row.package]))
    ]
    print(f"{len(given):,} trusted names, {len(todo):,} to be tried", flush=True)
    started = time.monotonic()
    for at in range(0, len(todo), BATCH):
        for row, said in tried(todo[at : at + BATCH]):
            state[row.name] = {**said, "version": versions[row.package], "use": row.use}
        options.state.parent.mkdir(parents=True, exist_ok=True)
        options.state.write_text(json.dumps(state))
        minutes = (time.monotonic() - started) / 60
        print(f"{min(at + BATCH, len(todo)):,} of {len(todo):,} tried, {minutes:.1f} minutes", flush=True)
        if minutes > options.minutes:
            break
    elsewhere = {row.package: state[row.name]["version"] for row in given if row.name in state}
    seen = {package: version or elsewhere.get(package, version) for package, version in versions.items()}
    for line in printed(given, state, seen):
        print(line)
    if options.write:
        options.write.write_text(page(given, state, seen), encoding="utf-8")
    mine = [state[row.name] for row in given if row.name in state]
    return int(any(said.get("broken") or open_crashes(said, known_crashes()) for said in mine))


def _settled(said: dict[str, Any], row: Row, version: str | None) -> bool:
    """Tried with this release for what the name is trusted for, and nothing found that may be mended since?"""
    same = (said.get("version"), said.get("use")) == (version, row.use)
    return same and not said.get("broken") and not said.get("crashed")


if __name__ == "__main__":
    sys.exit(main())
