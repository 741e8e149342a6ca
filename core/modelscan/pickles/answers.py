"""What a few classes do with the state that BUILD gives them, beyond keeping it: run an entry, follow a number.

One row of `_ANSWERS` a kind of class; what is found is noted as a fact, and which plain data it hangs on.
"""

from __future__ import annotations

from collections.abc import Callable

from modelscan.evidence import Kind
from modelscan.pickles import amounts, caches, dtypes, leaves, meaning, objects, versions
from modelscan.pickles.values import Global, Group, Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelscan.pickles.state import State


def answer(state: State, target: Made, given: Any, at: int) -> None:
    """What the class of `target` does when the stream gives it the state `given` at an offset."""
    root = target.root
    if root is not None:
        found = state.answers.get(root)
        if found is None:
            found = state.answers[root] = tuple(answers for is_of, answers in _ANSWERS if is_of(root))
        for one in found:
            one(state, target, given, at)
    if type(given) is Group and given.kind == "tuple":
        _lists(state, target, given, at)


def _runs(state: State, target: Made, given: Any, at: int) -> None:
    """What the class will run is told if all keys of the state are known."""
    state.special += 1
    key = meaning.key_of(target.root)
    noted = given.noted if isinstance(given, Group) and given.kind == "dict" else None
    if noted is None and isinstance(given, Group) and given.kind == "dict" and not given.size:
        noted = []
    if noted is None or any(not name for name, _ in noted):
        return
    values = [value for name, value in noted if name == key]
    texts = [leaves.string(state.data, value, state.end) for value in values]
    if all(text is not None for text in texts):
        state.ledger.sources[at] = tuple(str(text) for text in texts)
    elif len(values) == 1:
        found = meaning.nested(state.data, state.end, at, values)
        if found is not None:
            state.ledger.loads(at, found)


def _types(state: State, target: Made, given: Any, at: int) -> None:
    """A dtype."""
    state.hangs_on(dtypes.hangs_on(target, given))
    if dtypes.is_structured(given):
        state.special += 1
    if dtypes.size_of(state.data, state.end, given) > max(state.end, amounts.GIANT):
        target.kind = "giant"
    if dtypes.is_raw(state.data, state.end, target, given):
        state.ledger.note(Kind.ANOMALY, "raw-pointers", at)


def _lists(state: State, target: Made, given: Group, at: int) -> None:
    """An array may be filled from a list."""
    shape = objects.shape_of(target, given)
    if shape is None:
        return
    state.hangs_on([part for part in shape.head if type(part) is int] if type(shape) is Group else [])
    if objects.is_short(state.data, state.end, shape, given):
        state.ledger.note(Kind.ANOMALY, "missing-items", at)


def _follows(state: State, target: Made, given: Any, at: int) -> None:
    """A tree of points."""
    from modelscan.pickles import nodes  # few files have one

    state.special += 1
    if nodes.has_nodes(target) and not nodes.are_in_order(state.data, state.end, given, state.raws):
        state.ledger.note(Kind.ANOMALY, "stray-nodes", at)


def _believes(state: State, target: Made, given: Any, at: int) -> None:
    """Attributes of an object of pandas, one of which its compiled properties believe."""
    for part in caches.dictionaries(given):
        state.special += 1
        if caches.is_confused(state.data, state.end, part, state.could_be_text, state.careful):
            state.ledger.note(Kind.ANOMALY, "cache-for-pointers", at)


def _shows(state: State, target: Made, given: Any, at: int) -> None:
    """An estimator, which compares and shows its version."""
    if state.versions is not None and state.versions.is_odd(target, given):
        state.ledger.note(Kind.ANOMALY, "odd-version", at)


Answer = Callable[["State", Made, "Any", int], None]

_ANSWERS: tuple[tuple[Callable[[Global], bool], Answer], ...] = (
    (lambda root: meaning.key_of(root) is not None, _runs),
    (dtypes.is_root, _types),
    (lambda root: root.name.endswith("KDTree"), _follows),
    (lambda root: caches.is_kept_by(root.module), _believes),
    (lambda root: versions.is_of(root.module), _shows),
)
