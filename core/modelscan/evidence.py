"""Facts. One shape for every format: a pickle import, a torn stream, an encrypted zip member are all rows.

Readers state evidence and hold no opinion about it; what a row means is decided in `modelscan.judge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from modelscan.records import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Kind(StrEnum):
    """What sort of fact a row states. `subject` and `detail` are described for each."""

    IMPORT = "IMPORT"
    """The file names an object. subject: "module.name" as written; detail: module, name, and unlikely: true where
    prose or numbers look like a name by chance."""
    CALL = "CALL"
    """A callable is invoked. subject: its name; detail: expression, opcode, arguments (see `pickles.describe`), and for
    the first ones of a file opcodes and tree (see `pickles.trace`). Of a call that no rule has anything to say about
    the expression is in short, and opcodes, tree and code are left out."""
    CONSTRUCT = "CONSTRUCT"
    """An instance is made by `cls.__new__`. subject: the class; detail as for CALL."""
    STATE = "STATE"
    """An instance made earlier in the file receives its state. subject: its class; detail as for CALL. With the opcode
    "getattr" it is asked for an attribute, which a property of its class may work out of its state."""
    FILL = "FILL"
    """Items are put into an instance made earlier in the file. subject: its class; detail: opcode, callee."""
    MUTATE = "MUTATE"
    """State is written into an *imported* module, class or function. subject: its name; detail as for CALL."""
    ATTRIBUTE = "ATTRIBUTE"
    """`getattr` with a constant name, resolved. subject: "module.name.attribute"; detail: module, name."""
    PERSISTENT = "PERSISTENT"
    """A persistent id, resolved by the loader. subject: "torch-storage" or "unknown"; detail: expression."""
    EXTENSION = "EXTENSION"
    """An EXT opcode: an object out of copyreg's registry. subject: the code as text."""
    REFERENCE = "REFERENCE"
    """The file points at something outside itself. subject: what it points at; detail: by, the rule it falls under."""
    COMPONENT = "COMPONENT"
    """A Keras configuration asks for an object. subject: "module.name"; detail: module, name, registered, function."""
    OPERATOR = "OPERATOR"
    """A graph runs an operator of TensorFlow. subject: its name; detail: expression."""
    CODE = "CODE"
    """Python code in the file becomes a function. subject: what it uses; detail: expression, names, disassembly."""
    SOURCE = "SOURCE"
    """A cell of a notebook does something. subject: a rule in rules/notebook.toml; detail: expression, operator,
    references (files that were scanned with it), sure."""
    OUTPUT = "OUTPUT"
    """A saved output, text cell or other part of a notebook acts when it is shown. subject and detail as for SOURCE."""
    ANOMALY = "ANOMALY"
    """A structure that no ordinary writer makes. subject: its code, one of the rules in rules/structure.toml."""
    BROKEN = "BROKEN"
    """The stream ends or breaks here; everything before was read. subject: code; detail: reason."""
    UNREADABLE = "UNREADABLE"
    """Something a loader might interpret could not be read. subject: code; detail: reason."""


def file_of(artifact: str) -> str:
    """The file in which an artifact lies, by its name chain: "m.pt" of "m.pt!archive/data.pkl"."""
    return artifact.split("!", 1)[0]


@dataclass(frozen=True, slots=True)
class Where:
    """A place: the artifact's name chain with a byte offset or a key path inside it."""

    artifact: str
    offset: int | None = None
    path: str | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"{self.artifact}:{self.path}"
        if self.offset is not None:
            return f"{self.artifact}@0x{self.offset:x}"
        return self.artifact


@dataclass(frozen=True, slots=True)
class Evidence:
    """A neutral fact. `detail` holds JSON values only, so that a row survives a round trip unchanged."""

    kind: Kind
    subject: str
    where: Where
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)
