"""The row of buttons under a refused load. It records a decision and never loads anything: the cell is run again.

The evidence stands in the panel above, which needs no kernel; this row has a display of its own, holds no text out of
the file, and becomes one static line after a click, which is what a saved notebook keeps. Where no widgets can live
its text stands in for it.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from modelscan import approvals, guard
from modelscan.errors import StoreError
from modelscan.guard.events import Event
from modelscan.render.inert import inert
from modelscan.report import Severity

WIDGET = "application/vnd.jupyter.widget-view+json"
USUAL = "I know where this file comes from"
"""The reason that is proposed; whoever approves a CRITICAL file types one."""
SHORTEST = 8
"""Characters of a reason."""


def offer(shell: Any, event: Event) -> bool:
    """Shows the row, if a kernel is there to hear its buttons and the file can be told by its hash."""
    if getattr(shell, "kernel", None) is None or event.report.sha256 is None:
        return False
    try:
        import ipywidgets  # 60 ms, and only where something was refused
    except ImportError:
        return False
    _Row(shell, event, ipywidgets).show()
    return True


def stand_in(event: Event) -> str:
    """The row for readers that cannot click."""
    number = event.number
    return (
        f"Decide about refusal {number}: %modelscan allow --once {number}, or "
        f'%modelscan allow {number} --reason "…", or leave it refused.'
    )


class _Row:
    def __init__(self, shell: Any, event: Event, widgets: Any) -> None:
        self.shell, self.event, self.widgets = shell, event, widgets
        self.sha256 = event.report.sha256 or ""
        self.display = {"display_id": f"modelscan-decision-{event.number}-{self.sha256[:16]}"}
        self.typed = event.report.worst is Severity.CRITICAL
        self.about = widgets.Label(f"Refusal {event.number}, sha256 {self.sha256[:8]}…")
        self.problem = widgets.Label("")
        self.reason = widgets.Text(
            value="" if self.typed else USUAL,
            description="Reason:",
            placeholder="why this file may be loaded",
            layout=widgets.Layout(width="460px"),
        )
        self.buttons = widgets.HBox(
            [
                self._button("Keep blocked", "Load nothing; this is the default", self.keep, "primary"),
                self._button("Allow once", "Let the next load of this very file through, in this session", self.once),
                self._button("Allow this hash…", "Let this very file through from now on, with a reason", self.ask),
            ]
        )
        self.form = widgets.HBox(
            [
                self.reason,
                self._button("Save approval", "Keep this approval until it is revoked", self.always),
                self._button("Back", "Decide otherwise", self.back),
            ]
        )
        self.box = widgets.VBox([widgets.HBox([self.about, self.buttons])])

    def show(self) -> None:
        text = stand_in(self.event)
        bundle = {**self.box._repr_mimebundle_(), **_line(text)}
        self.shell.display_pub.publish(bundle, {}, transient=self.display)

    def keep(self, _: Any) -> None:
        self.close(f"Kept blocked (refusal {self.event.number}).")

    def once(self, _: Any) -> None:
        guard.allow_once(self.event.number, "allowed once by a click")
        self.close(f"Allowed once, in this session, for sha256 {self.sha256[:8]}…: run the cell again.")

    def ask(self, _: Any) -> None:
        self.box.children = (self.about, self.form, self.problem)

    def back(self, _: Any) -> None:
        self.box.children = (self.widgets.HBox([self.about, self.buttons]),)

    def always(self, _: Any) -> None:
        reason = " ".join(self.reason.value.split())
        if len(reason) < SHORTEST:
            self.problem.value = f"Type a reason of {SHORTEST} characters or more."
            return
        try:
            approvals.add(sha256=self.sha256, reason=reason)
        except (StoreError, ValueError, OSError) as error:
            self.problem.value = inert(str(error)).replace("$", "")  # a label would set it as a formula
            return
        self.close(
            f"Allowed from now on: sha256 {self.sha256[:8]}…, because: {inert(reason)} | run the cell again | "
            f"%modelscan allow --revoke {self.sha256[:8]}"
        )

    def close(self, line: str) -> None:
        """Buttons go, the line stays."""
        self.shell.display_pub.publish(_line(line), {}, transient=self.display, update=True)
        for widget in (self.buttons, self.form, self.box):
            for child in (*widget.children, widget):
                child.close()

    def _button(self, text: str, tooltip: str, act: Callable[[Any], None], style: str = "") -> Any:
        layout = self.widgets.Layout(width="auto")
        button = self.widgets.Button(description=text, tooltip=tooltip, button_style=style, layout=layout)
        button.on_click(act)
        return button


def _line(text: str) -> dict[str, str]:
    fragment = f'<div role="status" style="margin:4px 0;font-size:14px">{html.escape(text)}</div>'
    return {"text/html": fragment, "text/plain": text}
