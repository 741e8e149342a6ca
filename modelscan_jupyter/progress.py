"""A line for scans that take more than a second, in a display of its own that ends empty; nothing for all others."""

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
from modelscan.render.words import size

WAIT = 1.0
"""Seconds of silence."""
TICK = 0.1
"""Seconds between two looks."""
BAR = 24
"""Characters of a bar in a terminal."""
_numbers = itertools.count(1)


class Watcher:
    """Draws the scans of one shell. Called at the beginning of a scan, it looks after it from a thread."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, meter: Meter) -> None:
        threading.Thread(target=self._follow, args=(meter,), name="modelscan progress", daemon=True).start()

    def _follow(self, meter: Meter) -> None:
        begun = time.monotonic()
        while time.monotonic() - begun < WAIT:
            if meter.over:
                return
            time.sleep(TICK / 4)
        screen = _Notebook(self.shell) if getattr(self.shell, "kernel", None) is not None else _Terminal()
        while not meter.over:
            screen.draw(meter)
            time.sleep(TICK)
        screen.clear()


class _Notebook:
    def __init__(self, shell: Any) -> None:
        self.publish = shell.display_pub.publish
        self.display = {"display_id": f"modelscan-progress-{next(_numbers)}-{time.time_ns():x}"}
        self.shown = False

    def draw(self, meter: Meter) -> None:
        self._show({"text/html": fragment(meter), "text/plain": line(meter)})

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
    full = round(meter.share * BAR)
    return f"modelscan  {_name(meter)}  [{'#' * full}{'.' * (BAR - full)}] {_amount(meter)}"


def fragment(meter: Meter) -> str:
    share = f"{meter.share:.3f}"
    return (
        f'<label style="font-size:14px">modelscan <bdi>{html.escape(_name(meter))}</bdi> '
        f'<progress max="1" value="{share}">{share}</progress></label> '
        f'<span style="font-size:13px">{html.escape(_amount(meter))}</span>'
    )


def _name(meter: Meter) -> str:
    return inert(PurePath(meter.label).name or meter.label, 40)


def _amount(meter: Meter) -> str:
    """In percent, in the meter's own unit, with the time it took so far."""
    done = min(meter.done, meter.total)
    amount = f"{size(done)} of {size(meter.total)}" if meter.unit == "bytes" else f"{done:,} of {meter.total:,} files"
    inner = f"  {inert(meter.inner, 30)}" if meter.inner else ""
    return f"{meter.share * 100:.0f} %  {amount}  {meter.phase}{inner}  {time.monotonic() - meter.begun:.0f} s"
