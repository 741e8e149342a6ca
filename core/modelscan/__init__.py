"""Scans machine-learning models before they are loaded.

    import modelscan
    report = modelscan.scan("model.pkl")
    report.verdict, report.findings

In a notebook, `%load_ext modelscan` guards the loaders of this process; in a script, `modelscan.guard.install()` does.
Everything below is loaded when it is first used, so that importing this package stays cheap.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan import guard
    from modelscan.approvals import allow
    from modelscan.errors import UnsafeModelError
    from modelscan.policy import Policy
    from modelscan.report import Finding, Report, Severity, Verdict
    from modelscan.scanner import scan

__all__ = [
    "Finding",
    "Policy",
    "Report",
    "Severity",
    "UnsafeModelError",
    "Verdict",
    "allow",
    "guard",
    "scan",
]

_HOMES = {
    "Finding": "modelscan.report",
    "Policy": "modelscan.policy",
    "Report": "modelscan.report",
    "Severity": "modelscan.report",
    "UnsafeModelError": "modelscan.errors",
    "Verdict": "modelscan.report",
    "allow": "modelscan.approvals",
    "scan": "modelscan.scanner",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from modelscan.version import version

        return version()
    home = "modelscan" if name == "guard" else _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'modelscan' has no attribute {name!r}")
    from importlib import import_module

    return import_module("modelscan.guard") if name == "guard" else getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext modelscan`."""
    from modelscan_jupyter import load_ipython_extension as load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """`%unload_ext modelscan`."""
    from modelscan_jupyter import unload_ipython_extension as unload

    unload(ipython)
