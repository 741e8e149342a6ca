"""Guards the loaders of this process: what they are given is scanned before the first byte of it is unpickled.

    import modelscan
    modelscan.guard.install()          # or "strict", "warn", "off"
    torch.load("model.pt")             # raises modelscan.UnsafeModelError when the file would run code
    modelscan.guard.uninstall()        # every patched name is its original again

It is a guard rail and no sandbox: code that runs in this process already can switch it off.
"""

from __future__ import annotations

from modelscan import approvals
from modelscan.approvals import Approval
from modelscan.collector import PAUSE
from modelscan.floor import at_least
from modelscan.guard import audit, patch
from modelscan.guard.events import HISTORY, Decision, Event
from modelscan.guard.journal import Entry, kept
from modelscan.guard.overview import Status, status
from modelscan.guard.patch import sweep
from modelscan.guard.state import STATE, Callback
from modelscan.guard.workers import spread, withdraw
from modelscan.judge import Judge  # noqa: F401 - with all it imports: while a load runs is no time to open files
from modelscan.order import ordered  # noqa: F401
from modelscan.policy import Policy
from modelscan.report import Report
from modelscan.rules.lookalike import lookalike  # noqa: F401
from modelscan.wanted import Wanted  # noqa: F401

__all__ = [
    "Decision",
    "Entry",
    "Event",
    "Status",
    "allow_once",
    "history",
    "install",
    "kept_history",
    "off_refusal",
    "on_refusal",
    "report",
    "status",
    "sweep",
    "uninstall",
]


def install(policy: Policy | str = "standard", *, pause_gc: bool = True, workers: bool = False) -> None:
    """Guards this process. Called again, it changes the policy and guards what was missed; fit to start a pool with.

    `policy` is a Policy or one of "strict", "standard", "warn", "off". `pause_gc`: Python's garbage collector waits
    while a model is scanned and loaded, which makes loads of many objects faster than without a guard. `workers`:
    processes of pools that do not start as a fork of this one (spawn, forkserver, loky) are guarded as well, by the
    same word; that costs each of them the import of this package. What an administrator of this machine asks for (see
    docs/reference/settings.md) is the least that holds. Raises SettingsError for another word.
    """
    chosen = at_least(Policy.of(policy))
    _ = chosen.digest  # reads the rules now: while a load runs is no time to open files
    STATE.policy = chosen
    PAUSE.wanted = pause_gc
    STATE.active = True
    audit.add()
    patch.install()
    if workers:
        spread(chosen.word)


def uninstall() -> None:
    """Puts every patched name back to the very object it was. The audit hook stays, as it must, and does nothing."""
    STATE.active = False
    patch.uninstall()
    withdraw()


def on_refusal(callback: Callback) -> None:
    """`callback(event)` after every refusal, and after a load with something to say: see `event.decision`.

    That is REFUSED, WARNED, ALLOWED, or LOADED with `event.verdict` UNVERIFIED. It runs in the thread of the load;
    what it raises is ignored.
    """
    if callback not in STATE.callbacks:
        STATE.callbacks.append(callback)


def off_refusal(callback: Callback) -> None:
    """Ends `on_refusal`. A callback that was never registered is none to end."""
    if callback in STATE.callbacks:
        STATE.callbacks.remove(callback)


def history() -> tuple[Event, ...]:
    """What was loaded, refused, allowed and warned about, oldest first; the last thousand of each sort.

    Loads of plain data are counted in `status()` and not listed: they ask for nothing that could act.
    """
    return tuple(HISTORY)


def kept_history(limit: int = 1000) -> tuple[Entry, ...]:
    """Refusals, overrides, warnings and unreviewed loads of all sessions of this user, oldest first.

    Raises StoreError where there is a store that cannot be read.
    """
    return kept(limit)


def report(number: int) -> Report:
    """The report of a guarded load by its number. Raises LookupError."""
    return HISTORY.find(number).report


def allow_once(number: int, reason: str) -> Approval:
    """The next load of the file that refusal `number` was about goes ahead.

    Raises LookupError for an unknown number, and ValueError for an event that has no file to be told by: no refusal,
    or one of an unpickler that no guarded loader stood before.
    """
    sha256 = HISTORY.find(number).report.sha256
    if sha256 is None:
        raise ValueError(f"load {number} was not the refusal of a file, so there is nothing to allow")
    return approvals.allow_once(sha256, reason)
