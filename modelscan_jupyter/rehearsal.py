"""`%%modelscan`: a cell run under the strict policy with its loads listed, or, with --dry, only looked at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelscan import guard
from modelscan.guard.events import HISTORY
from modelscan.guard.state import STATE
from modelscan.records import replace
from modelscan.report import Report
from modelscan_jupyter import panel
from modelscan_jupyter.scans import scan_cells

if TYPE_CHECKING:
    from modelscan_jupyter.magics import ModelScan


def dry(cell: str, _: ModelScan) -> Report:
    """What the cell would load, and what is in those files. Nothing of it runs."""
    return scan_cells(("", cell), "this cell", STATE.policy)


def strict(cell: str, face: ModelScan) -> Any:
    """Runs the cell; whatever it loads must be SAFE. The value of its last line is the magic's."""
    last = max((event.number for event in HISTORY), default=0)
    try:
        with _strictly():
            return _run(cell, face.shell)
    finally:
        loads = [event for event in HISTORY if event.number > last]
        for event in loads:
            print(panel.line(event))  # noqa: T201
        if not loads:
            print("modelscan: this cell loaded nothing under the guard, or plain data only")  # noqa: T201


@contextmanager
def _strictly() -> Iterator[None]:
    """The guard on and strict, then as it was."""
    active, before = STATE.active, STATE.policy
    guard.install(replace(before, word="strict"))
    try:
        yield
    finally:
        STATE.policy = before
        if not active:
            guard.uninstall()


def _run(cell: str, shell: Any) -> Any:
    """As IPython runs a cell, so that its lines are known to tracebacks and to the guard.

    Not by `shell.run_cell`: that shows an error and goes on, and Run All would not stop.
    """
    source = shell.transform_cell(cell)
    name = shell.compile.cache(source, shell.execution_count, raw_code=cell)
    tree = shell.transform_ast(shell.compile.ast_parse(source, name))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), shell.user_ns)  # noqa: S102 - the user's own cell
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), name, "eval"), shell.user_ns)  # noqa: S307
