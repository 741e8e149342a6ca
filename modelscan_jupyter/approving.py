"""`%modelscan allow`: decisions to load something anyway, made, listed and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from modelscan import approvals, guard
from modelscan.approvals import Approval
from modelscan.errors import StoreError
from modelscan.render.inert import inert
from modelscan_jupyter.table import Table

if TYPE_CHECKING:
    from modelscan_jupyter.commands import Call

HOW = (
    "say what: allow --once N; allow N --reason TEXT; allow --sha256 DIGITS --reason TEXT; "
    "allow --name package.module.Class --reason TEXT; allow --list; allow --revoke WHAT"
)


def allow(call: Call) -> Table | None:
    """By the number of a refusal, by the hash of a file, or by the name of a class."""
    try:
        return _allow(call)
    except (ValueError, StoreError) as error:
        raise UsageError(inert(str(error), 400)) from None


def _allow(call: Call) -> Table | None:
    given = call.options
    if "--list" in given:
        return listed(approvals.kept())
    if "--revoke" in given:
        _revoke(given["--revoke"])
    elif "--once" in given:
        _once(call, given["--once"] or call.only("number of a refusal, as in allow --once 3"))
    elif "--name" in given:
        _keep(approvals.add(name=given["--name"], reason=_reason(call)))
    elif given.get("--sha256", "") and not given["--sha256"].isdigit():
        _keep(approvals.add(sha256=given["--sha256"], reason=_reason(call)))
    elif call.words or given.get("--sha256"):
        number = given.get("--sha256") or call.only("number of a refusal, as in allow 3")
        _keep(approvals.add(sha256=_hash_of(call, number), reason=_reason(call)))
    else:
        raise UsageError(HOW)
    return None


def listed(rows: tuple[Approval, ...]) -> Table:
    """What is approved until it is revoked."""
    return Table(
        "Approvals kept for this user" if rows else "Nothing is approved.",
        tuple((row.kind, _short(row), row.reason, row.created, row.user) for row in rows),
        ("by", "what", "reason", "since", "user") if rows else (),
        ("Take one back with %modelscan allow --revoke, then its name or the first digits of its hash.",)
        if rows
        else (),
    )


def _short(row: Approval) -> str:
    return f"{row.value[:16]}…" if row.sha256 else inert(row.value)


def _once(call: Call, number: str) -> None:
    refused = call.report(number)
    guard.allow_once(int(number), call.options.get("--reason", ""))
    print(f"Allowed once, in this process: {inert(refused.source)}. Run the cell again.")  # noqa: T201


def _keep(made: Approval) -> None:
    print(  # noqa: T201
        f"Allowed from now on: {made.kind} {_short(made)}, because: {inert(made.reason)}. "
        f"Take it back with %modelscan allow --revoke {inert(made.value[:8] if made.sha256 else made.value)}"
    )


def _revoke(what: str) -> None:
    ended = approvals.revoke(what)
    if not ended:
        raise UsageError(f"nothing is approved as '{inert(what)}'; see %modelscan allow --list")
    print(f"Revoked: {', '.join(inert(row.value) for row in ended)}")  # noqa: T201


def _hash_of(call: Call, number: str) -> str:
    sha256 = call.report(number).sha256
    if sha256 is None:
        raise UsageError(f"load {inert(number)} was not the refusal of a file, so there is no hash to allow")
    return sha256


def _reason(call: Call) -> str:
    reason = call.options.get("--reason", "").strip()
    if not reason:
        raise UsageError('say why it may be loaded: --reason "…"')
    return reason
