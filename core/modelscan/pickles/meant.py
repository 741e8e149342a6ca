"""What a call of a pickle can come down to; `meaning` says which does."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.pickles import leaves
from modelscan.pickles.values import Global
from modelscan.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, slots=True)
class Attribute:
    """The call comes down to reaching `target`."""

    target: Global


@dataclass(frozen=True, slots=True)
class Construction:
    """The call comes down to `cls.__new__(cls, *args)`; with `opcode`, to that opcode."""

    cls: Any
    args: Any
    opcode: str = ""


@dataclass(frozen=True, slots=True)
class Nested:
    """The call loads a model out of the leaf at offset `leaf`: bytes, or with `latin1` text that stands for bytes."""

    leaf: int
    latin1: bool = False


@dataclass(frozen=True, slots=True)
class Delegation:
    """The function calls one of its arguments with that tuple; with `opcode`, it makes an instance as that would."""

    callee: Any
    args: Any
    opcode: str = ""


@dataclass(frozen=True, slots=True)
class Replacement:
    """The call comes down to this other one, whose result is given the `state` if there is any."""

    callee: Any
    args: Any
    state: Any = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The call makes an object that will fetch the attributes `names`, or items, from what it is called with.

    Nothing is fetched now. `worded`: its arguments have texts among them.
    """

    names: tuple[str, ...]
    worded: bool


Meaning = Attribute | Construction | Nested | Delegation | Replacement | Lookup
Reading = Callable[[leaves.Buffer, int, int, "list[Any]"], Meaning | None]
