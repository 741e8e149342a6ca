"""How much a pickle may ask for, by its size.

Whatever an ordinary pickle does it spends bytes on: a name that is spelled out, the description of an array, a model
inside of a string. What asks for far more than its size explains is made to keep a scanner busy; reading it ends there,
in INCONCLUSIVE, and what was found until then counts.
"""

from __future__ import annotations

from modelscan.errors import LimitExceeded

NAMES = 64
"""Bytes of the stream for each further name that differs from all others, or call that does."""
ARRAYS = 36
"""For each further array of joblib's, whose description takes 36 at least, and 48 today."""
LOADS = 64
"""For each further call that loads a model out of bytes; one of torch's without any numbers has 300."""
CODES = 96
"""For each further function whose code is put together; `lambda: None` takes 150 at least."""
RESULTS = 64
"""For each further call of what a call returned, such as a `functools.partial`, which is spelled out before."""


def check(count: int, few: int, size: int, each: int, what: str) -> None:
    """Raises LimitExceeded where a stream of `size` bytes has too many for it, each of which takes `each` of them."""
    if count > few and count > few + size // each:
        raise LimitExceeded("few", f"{what} beyond what {size:,} bytes explain: more than {count - 1:,}")
