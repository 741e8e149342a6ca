"""The counts, as lines and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from .groups import Row, known_crashes

HEAD = (
    "entries",
    "tried",
    "not installed",
    "not in this release",
    "to be tried",
    "pickles",
    "held",
    "asking",
    "crashes",
    "broken",
)
PAGE = """# Promises kept

Made by `make promises` (`python -m tests.promises --write docs/reference/promises.md`), which uses every
[trusted name](trusted.md) with hostile arguments, states, items and keys, in a process of its own that watches itself
(audit events): programs, files opened for writing, sockets, native code, imports outside the library and what it
declares to need, code made of text, and calls of what it was given. {which} What is tried in further environments with
the same `--state` is added.

- **tried**: names whose object is there in the installed release. **not installed** and **not in this release** are
  counted, so that nobody takes them for tried.
- **pickles**: hostile ones that were loaded, {passed} of which a scan would let pass.
- **held**: names that act on some pickle, and every such pickle is refused by a scan: this is what the rules about
  arguments and states are for.
- **asking**: names that ask an object of an unreviewed class for an item, an attribute or its text. That class counts
  by itself: making an object of it is LOW, and its own methods run.
- **crashes**: names that end the process on a pickle that a scan lets pass. Each is judged in
  `tests/promises/crashes.toml`.
- **broken**: names that act on a pickle that a scan lets pass.

"""


@dataclass
class Counts:
    """Of some names. `scanned` are pickles whose scan only says how many would pass: `passed`."""

    figures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HEAD, 0))
    scanned: int = 0
    passed: int = 0

    def add(self, said: Mapping[str, Any] | None, version: str | None) -> None:
        figures = self.figures
        figures["entries"] += 1
        if said is None:
            figures["not installed" if version is None else "to be tried"] += 1
        elif "absent" in said:
            figures["not in this release"] += 1
        else:
            figures["tried"] += 1
            figures["pickles"] += said.get("loaded", 0)
            figures["held"] += bool(said.get("held"))
            figures["asking"] += bool(said.get("asked"))
            figures["broken"] += bool(said.get("broken"))
            figures["crashes"] += any(not crash["refused"] for crash in said.get("crashed", ()))
            self.scanned += said.get("scanned", 0)
            self.passed += said.get("passed", 0)

    def cells(self) -> list[str]:
        return [f"{figure:,}" for figure in self.figures.values()]


def counted(rows: Iterable[Row], state: Mapping[str, Any], versions: Mapping[str, str | None]) -> Counts:
    counts = Counts()
    for row in rows:
        counts.add(state.get(row.name), versions[row.package])
    return counts


def open_crashes(said: Mapping[str, Any], known: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those that a scan would let pass and nobody has judged."""
    return [crash for crash in said.get("crashed", ()) if not crash["refused"] and said["name"] not in known]


def printed(rows: Sequence[Row], state: Mapping[str, Any], versions: Mapping[str, str | None]) -> Iterator[str]:
    width = max(len(f"{row.package} {row.group}") for row in rows)
    yield " " * width + "".join(f"{head:>21}" for head in HEAD)
    for (package, group), mine in groupby(rows, key=lambda row: (row.package, row.group)):
        cells = counted(mine, state, versions).cells()
        yield f"{package} {group}".ljust(width) + "".join(f"{cell:>21}" for cell in cells)
    yield "all".ljust(width) + "".join(f"{cell:>21}" for cell in counted(rows, state, versions).cells())
    known = known_crashes()
    for row in rows:
        said = state.get(row.name, {})
        for broken in said.get("broken", ()):
            yield f"BROKEN {row.name} ({row.group}), {broken['label']}: {broken['what']}"
        for crash in said.get("crashed", ()):
            judged = "refused by a scan" if crash["refused"] else known.get(row.name, "not judged")
            yield f"CRASH {row.name} ({row.group}), {crash['label']}: {crash['how']}; {judged}"
        if "left" in said:
            yield f"LEFT by this name or one of the 100 before it: {said['left']}, {row.name}"


def page(rows: Sequence[Row], state: Mapping[str, Any], versions: Mapping[str, str | None]) -> str:
    whole = counted(rows, state, versions)
    share = f"{whole.passed / max(whole.scanned, 1):.0%}"
    releases = {row.package: state[row.name]["version"] for row in rows if row.name in state}
    which = f"It ran with {len(releases)} of the {len(versions)} libraries."
    lines = ["| library | release | " + " | ".join(HEAD) + " |", "| --- " * (len(HEAD) + 2) + "|"]
    for package, mine in groupby(rows, key=lambda row: row.package):
        cells = " | ".join(counted(mine, state, versions).cells())
        lines.append(f"| {package} | {releases.get(package, 'not installed')} | {cells} |")
    lines.append("| all | | " + " | ".join(whole.cells()) + " |")
    return PAGE.format(which=which, passed=share) + "\n".join(lines) + "\n"
