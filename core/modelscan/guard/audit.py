"""The audit hook: what an unpickler may resolve, whoever calls it.

Inside a scope only the names that the scan saw. Outside of any (a name bound before the guard came, an Unpickler of
somebody's own, an import that reads its own data) everything but the denied names, in the strict policy only the
trusted ones. And in a scope nothing acts (see `tripwire`): classes that nobody reviewed set their own state.

Python cannot remove an audit hook, so there is one per process, which asks `STATE`. It imports nothing and looks
nothing up by a module's name while it runs: a load may have changed the modules.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from types import CodeType, FrameType
from typing import Any

from modelscan.approvals import allowed_names, kept_names
from modelscan.guard import callers, refusal, tripwire
from modelscan.guard.scope import Pair, Scope, Veto, current, latched, run, scope_here
from modelscan.guard.state import STATE
from modelscan.policy import Policy

NOTES = 100
"""Acts that are written down about one load."""

_getframe: Callable[[int], FrameType] = sys._getframe
_scope_here: Callable[[], Scope | None] = scope_here
_asker, _is_internal, _is_reader = callers.asker, callers.is_internal, callers.is_reader
_below_import = callers.below_import
_below_signal = callers.below_signal
_describe, _refusal = callers.describe, refusal.outside
_load = run.__code__
_events, _stopped = tripwire.EVENTS, tripwire.STOPPED
_acts, _is_exempt, _described = tripwire.acts, tripwire.is_exempt, tripwire.described
_added = False
_passed: dict[Any, Policy] = {}
"""Names that a policy lets everybody resolve: pools send the same few ones again and again."""
_held: dict[Any, Policy] = {}
"""Names that a policy does not. Pools have some of their own, with which they send each task."""
PASSED = 4096
"""Names that are remembered."""
_traffic: dict[str, CodeType] = {}
"""By its qualified name, the code of a function whose traffic is trusted. Codes themselves are slow keys, which are
hashed by all that is in them; and each look into a frame is an event of its own."""


def _hook(event: str, args: tuple[Any, ...]) -> None:
    """Called for every event of the process, and for every name that is unpickled: the usual ways out come first."""
    if event == "pickle.find_class":
        scope = _scope_here()
        if scope is None or not scope.open:
            if (_passed.get(args) is not STATE.policy or latched()) and STATE.enforces:
                frame = _getframe(1)
                if _held.get(args) is not STATE.policy or not _is_traffic(frame.f_code):
                    _outside(frame, str(args[0]), str(args[1]))
        elif scope.allowed is not None and args not in scope.allowed and STATE.enforces:
            _unseen(scope, str(args[0]), str(args[1]))
    elif event in _events:
        scope = _scope_here()
        if scope is not None and scope.trip and scope.open and _acts(event, args):
            _act(scope, event, args)


def _is_traffic(code: CodeType) -> bool:
    return _traffic.get(code.co_qualname) is code


def asks(frame: FrameType, module: str, name: str, names: AbstractSet[Pair] | None) -> None:
    """What the hook does, for an unpickler that raises no event; `frame` is where it asks for the name.

    `names` are those that a scan of what it reads saw, None if there was none.
    """
    scope = current()
    if scope is not None and scope.allowed is not None:
        names = scope.allowed
    if names is None:
        _outside(frame, module, name)
    elif (module, name) not in names and scope is not None:
        _unseen(scope, module, name)
    elif (module, name) not in names:
        raise refusal.unseen(f"<pickle read by {_describe(_asker(frame))}>", module, name)


def _unseen(scope: Scope, module: str, name: str) -> None:
    """A name that the scan did not see: traffic between processes, or an import that reads data of its own."""
    frame = _getframe(2)
    if _below_import(frame, _load):
        _outside(frame, module, name)
        return
    if _is_internal(_asker(frame)):
        return
    scope.blocked.append((module, name))
    raise Veto(f"the load asks for {module}.{name}, which the scan did not see")


def _outside(frame: FrameType | None, module: str, name: str) -> None:
    """The rule for whoever unpickles outside of a guarded load. `frame` is where the unpickler was called."""
    policy = STATE.policy
    found = policy.rules.match(module, name)
    if found.rule is None and found.name not in latched() and (found.use is not None or policy.word != "strict"):
        _keep(_passed, (module, name), policy)
        return
    asker = _asker(frame)
    if _is_internal(asker):  # before the approvals: those that are kept are on a disk
        if asker is not None and asker is frame and _is_reader(asker):
            _traffic[frame.f_code.co_qualname] = frame.f_code
            _keep(_held, (module, name), policy)
        return
    if found.name not in policy.allowed and found.name not in allowed_names() and found.name not in kept_names():
        raise _refusal(f"<pickle read by {_describe(asker)}>", module, name)


def _keep(names: dict[Any, Policy], name: Pair, policy: Policy) -> None:
    if len(names) >= PASSED:
        names.clear()
    names[name] = policy


def _act(scope: Scope, event: str, args: tuple[Any, ...]) -> None:
    frame = _getframe(2)
    if not STATE.enforces or _below_import(frame, _load) or _below_signal(frame, _load):
        return
    said = _described(event, args)
    if event not in _stopped or (scope.reads and event in tripwire.NETWORK) or _is_exempt(event, args, frame, _load):
        if len(scope.noted) < NOTES:
            scope.noted.append(said)
        return
    approved = scope.approves()
    scope.acts.append((event, said))
    if approved:
        return
    raise Veto(f"the load does more than loading: {said}")


def add() -> None:
    """Adds the hook, once per process."""
    global _added  # noqa: PLW0603 - what it records is global too
    if not _added:
        sys.addaudithook(_hook)
        _added = True
