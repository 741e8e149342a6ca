"""A line for scans that take more than a second, in a display of its own that ends empty; nothing for all others.

Of a folder it says what was found so far as well: counts, and a table of the files to look at, worst first.
"""

from __future__ import annotations

import html
import itertools
import sys
import threading
import time
from pathlib import PurePath
from typing import Any

from modelscan.progress import Meter
from modelscan.render.inert import inert
from modelscan.render.words import File, glance, size
from modelscan.report import Verdict

WAIT = 1.0
"""Seconds of silence."""
TICK = 0.1
"""Seconds between two looks."""
PATIENCE = 2.0
"""Seconds that the end of a scan waits for its line to go: what comes after the end of a cell, nobody may hear."""
BAR = 24
"""Characters of a bar in a terminal."""
TONES = {
    Verdict.UNSAFE: "CRITICAL",
    Verdict.INCONCLUSIVE: "UNKNOWN",
    Verdict.UNVERIFIED: "LOW",
    Verdict.SAFE: "SAFE",
}
"""Verdicts, worst first, and the colour of each."""
_numbers = itertools.count(1)


class Watcher:
    """Draws the scans of one shell. Called at the beginning of a scan, it looks after it from a thread."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, meter: Meter) -> None:
        over = threading.Event()
        thread = threading.Thread(target=self._follow, args=(meter, over), name="modelscan progress", daemon=True)

        def end() -> None:
            over.set()
            thread.join(PATIENCE)

        meter.after = end
        thread.start()

    def _follow(self, meter: Meter, over: threading.Event) -> None:
        if over.wait(WAIT):
            return
        screen = _Notebook(self.shell) if getattr(self.shell, "kernel", None) is not None else _Terminal()
        while not meter.over:
            screen.draw(meter)
            over.wait(TICK)
        screen.clear()


class _Notebook:
    def __init__(self, shell: Any) -> None:
        self.publish = shell.display_pub.publish
        self.display = {"display_id": f"modelscan-progress-{next(_numbers)}-{time.time_ns():x}"}
        self.shown = False

    def draw(self, meter: Meter) -> None:
        self._show({"text/html": fragment(meter), "text/plain": plain(meter)})

    def clear(self) -> None:
        self._show({"text/html": "", "text/plain": ""})

    def _show(self, bundle: dict[str, str]) -> None:
        self.publish(bundle, {}, transient=self.display, update=self.shown)
        self.shown = True


class _Terminal:
    """One line of stderr, if a person looks at it."""

    def __init__(self) -> None:
        self.stream = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None

    def draw(self, meter: Meter) -> None:
        if self.stream is not None:
            self.stream.write(f"\r{line(meter)[:79]:<79}")
            self.stream.flush()

    def clear(self) -> None:
        if self.stream is not None:
            self.stream.write(f"\r{'':<79}\r")
            self.stream.flush()


def line(meter: Meter) -> str:
    """`modelscan  llama.pt  [#######.....] 38 %  4.9 GB of 12.9 GB  scanning`."""
    told = ", ".join(text for text, _ in counts(meter))
    wide = BAR // 2 if told else BAR
    full = round(meter.share * wide)
    bar = f"[{'#' * full}{'.' * (wide - full)}] " if meter.total else ""
    return f"modelscan  {_name(meter)}  {bar}{told}{'  ' if told else ''}{_amount(meter)}"


def plain(meter: Meter) -> str:
    """The line and, of a folder, its rows."""
    rows = (f"  {row.word:<12}  {row.name}   {row.about}" for row in found(meter))
    return "\n".join((line(meter), *rows))


def fragment(meter: Meter) -> str:
    from modelscan.render.html import chip, rows_of

    share = f"{meter.share:.3f}"
    value = f' value="{share}"' if meter.total else ""  # without one it only says that something goes on
    chips = " ".join(chip(text, tone) for text, tone in counts(meter))
    rows = found(meter)
    return (
        f'<label style="font-size:14px">modelscan <bdi>{html.escape(_name(meter))}</bdi> '
        f'<progress max="1"{value}>{share}</progress></label> '
        f'<span style="font-size:13px">{html.escape(_amount(meter).replace("  ", ", "))}</span>'
        f"{f'<div>{chips}</div>' if chips else ''}{rows_of(rows) if rows else ''}"
    )


def counts(meter: Meter) -> list[tuple[str, str]]:
    """`2 UNSAFE` and its colour, worst first, of the files of a folder so far."""
    if meter.tally is None:
        return []
    return [(f"{number:,} {word}", tone) for word, tone in TONES.items() if (number := meter.tally.counts[word])]


def found(meter: Meter) -> tuple[File, ...]:
    """The files of a folder that have to be looked at, as far as is known, worst first."""
    return tuple(glance(report, meter.label) for report in list(meter.tally.worst)) if meter.tally else ()


def _name(meter: Meter) -> str:
    return inert(PurePath(meter.label).name or meter.label, 40)


def _amount(meter: Meter) -> str:
    """In percent, in the meter's own unit, with the time it took so far."""
    seconds = f"{time.monotonic() - meter.begun:.0f} s"
    if not meter.total:
        return f"{meter.done:,} files  {meter.phase}  {seconds}"
    done = min(meter.done, meter.total)
    amount = f"{size(done)} of {size(meter.total)}" if meter.unit == "bytes" else f"{done:,} of {meter.total:,} files"
    inner = f"  {inert(meter.inner, 30)}" if meter.inner else ""
    return f"{meter.share * 100:.0f} %  {amount}  {meter.phase}{inner}  {seconds}"
