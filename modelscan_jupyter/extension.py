"""Loading and unloading: everything that is added to IPython is listed in `Face`, and taken away again there."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

from modelscan import guard, progress
from modelscan.errors import UnsafeModelError
from modelscan.guard.events import Decision, Event
from modelscan.guard.state import STATE
from modelscan.records import replace
from modelscan.report import Finding, Report, Verdict
from modelscan.version import THEIRS, installed, version
from modelscan_jupyter import panel
from modelscan_jupyter.magics import ModelScan

FOREIGN = (
    "Another package named 'modelscan' is installed and overwrites files of this one. "
    "Uninstall it, then install modelscan-jupyter again."
)


NAMED = 5
"""Libraries that the banner names."""
SHOWN = (Report, panel.Reports, Finding)
"""Values that show themselves as panels while the extension is loaded."""


class Face:
    """The notebook face of the guard, on one shell of one process."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.process = os.getpid()
        self.magics = ModelScan(shell)
        self.matcher = lazy_matcher()
        self.depth = 0
        """Cells that run inside each other: `%%capture` runs its body as one."""
        self.shown: UnsafeModelError | None = None
        """The refusal that was shown in the outermost of them."""

    def attach(self) -> None:
        """A guard that a script switched on keeps its policy."""
        guard.install(STATE.policy if STATE.active else self.magics.options.policy())
        self.magics.adopt(STATE.policy.word)
        guard.on_refusal(self.heard)
        UnsafeModelError.watcher = self.showing
        progress.watch(self.began)
        self.shell.register_magics(self.magics)
        self.shell.events.register("pre_run_cell", self.began_cell)
        self.shell.events.register("post_run_cell", self.ended)
        if completes(self.shell):
            self.shell.Completer.custom_matchers.append(self.matcher)
        formatter = self.shell.display_formatter
        for kind in SHOWN:
            formatter.mimebundle_formatter.for_type(kind, _bundle)
            formatter.formatters["text/plain"].for_type(kind, _pretty)
        self.sweep()

    def detach(self) -> None:
        formatter = self.shell.display_formatter
        for kind in SHOWN:
            formatter.mimebundle_formatter.pop(kind, None)
            formatter.formatters["text/plain"].pop(kind, None)
        self.shell.events.unregister("pre_run_cell", self.began_cell)
        self.shell.events.unregister("post_run_cell", self.ended)
        if completes(self.shell):
            self.shell.Completer.custom_matchers.remove(self.matcher)
        manager = self.shell.magics_manager
        for kind, table in self.magics.magics.items():
            for name in table:
                manager.magics[kind].pop(name, None)
        manager.registry.pop(type(self.magics).__name__, None)
        self.shell.configurables.remove(self.magics)
        progress.watch(None)
        UnsafeModelError.watcher = None
        guard.off_refusal(self.heard)
        guard.uninstall()

    def heard(self, event: Event) -> None:
        """Shows the panel above the error. A forked worker cannot display anything: there the error has to do."""
        if os.getpid() != self.process:
            return
        if event.decision in (Decision.REFUSED, Decision.WARNED):
            shown = replace(event.report, refused=event.decision is Decision.REFUSED)
            self.shell.display_pub.publish(panel.bundle(shown), {})
            if event.decision is Decision.REFUSED and self.magics.buttons:
                from modelscan_jupyter import decision

                decision.offer(self.shell, event)
        else:
            print(panel.line(event))  # noqa: T201

    def ended(self, result: Any = None) -> None:
        """After a cell: which loads were its own, and, if that is wanted, a word about each."""
        self._settle(result)
        for event in self.magics.cells.ended(getattr(result, "execution_count", None)):
            if self.magics.feedback == 0 or event.decision is not Decision.LOADED:
                continue
            if self.magics.feedback == 2:
                self.shell.display_pub.publish(panel.bundle(event.report), {})
            elif event.verdict is not Verdict.UNVERIFIED:  # which is said in any case
                print(panel.line(event))  # noqa: T201

    def showing(self, error: UnsafeModelError) -> None:
        self.shown = error

    def _settle(self, result: Any) -> None:
        """`%%capture` and output widgets show an error and go on. A refusal is the error of its cell all the same, so
        that Run All and headless runs stop; a cell that catches it and shows nothing has dealt with it.
        """
        self.depth = max(0, self.depth - 1)
        if self.depth:
            return
        if self.shown is not None and result is not None and result.success:
            result.error_in_exec = self.shown
        self.shown = None

    def began(self, meter: progress.Meter) -> None:
        """A scan that may take long has begun."""
        if self.magics.progress and os.getpid() == self.process:
            from modelscan_jupyter.progress import Watcher

            Watcher(self.shell)(meter)

    def began_cell(self, *_: Any) -> None:
        if not self.depth:
            self.shown = None
        self.depth += 1
        self.sweep()

    def sweep(self) -> None:
        """Names bound before the guard was on, such as `from joblib import load`, are bound anew."""
        guard.sweep(self.shell.user_ns)


_faces: dict[Any, Face] = {}
"""By shell; a process has one."""


def load(shell: Any) -> None:
    """Guards this process. Loading under a second name, or twice, changes nothing."""
    if shell in _faces:
        return
    face = Face(shell)
    face.attach()
    _faces[shell] = face
    if _from_a_cell():
        print(banner())  # noqa: T201
    for problem in face.magics.options.problems:
        print(f"modelscan: {problem}")  # noqa: T201


def unload(shell: Any) -> None:
    face = _faces.pop(shell, None)
    if face is not None:
        face.detach()


def completes(shell: Any) -> bool:
    return hasattr(getattr(shell, "Completer", None), "custom_matchers")


def lazy_matcher() -> Any:
    """The matcher of `completion`, imported when the first line is completed."""
    from IPython.core.completer import context_matcher

    @context_matcher()
    def modelscan_matcher(context: Any) -> Any:
        from modelscan_jupyter.completion import matcher

        return matcher(context)

    return modelscan_matcher


def banner() -> str:
    """One line; a second one when foreign files are among ours."""
    short = ".".join(version().split(".")[:2])
    status = guard.status()
    libraries = list(dict.fromkeys(row.name.partition(".")[0] for row in status.loaders))
    more = f" and {len(libraries) - NAMED} more" if len(libraries) > NAMED else ""
    guarded = ", ".join(libraries[:NAMED]) + more
    line = f"modelscan {short} guard on: {guarded} | policy {status.policy} | %modelscan? for help"
    return f"{line}\n{FOREIGN}" if installed(THEIRS) else line


def _from_a_cell() -> bool:
    """A person typed %load_ext; from a configuration file IPython loads extensions without that magic."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "IPython.core.magics.extension":
            return True
        frame = frame.f_back
    return False


def _bundle(shown: Any, **_: Any) -> dict[str, Any]:
    return panel.bundle(shown)


def _pretty(shown: Any, printer: Any, _: bool) -> None:
    printer.text(panel.plain(shown))
