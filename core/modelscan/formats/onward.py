"""What `pickle.load` goes on to read in a file where `joblib.load` has come elsewhere.

joblib takes an array of objects out of the stream as a pickle of its own and goes on behind it. For `pickle.load` the
stream ends where that inner pickle does; who calls it again on the same file reads there, in the middle of what joblib
reads. In an ordinary file that breaks at once: what stands there takes the array from a stack that is empty. So a
pickle there that is whole was put there, and counts in full; of one that breaks off the names are told as doubtful.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.errors import LimitExceeded
from modelscan.formats.walking import TRIAL, WALKED, Stream, Walked


class Onward:
    """The readings of one stream that begin behind an array of objects."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.seen: set[int] = set()
        self.left = WALKED * (stream.end - stream.start) + TRIAL

    def walks(self, pos: int) -> Iterator[Walked]:
        """Each pickle from `pos` on, to the first that breaks off, as far as they have not been walked before.

        Raises LimitExceeded where more is to be walked than the file explains.
        """
        while pos < self.stream.end and pos not in self.seen:
            self.seen.add(pos)
            if self.left <= 0:
                raise LimitExceeded("islands", "too many places behind joblib's arrays where another load may begin")
            walked = self.stream.walk(pos)
            walk = walked.walk
            self.left -= walk.end - pos
            walked.ledger.doubt = pos if walk.broken is not None or walk.limit is not None else None
            yield walked
            if walk.broken is not None or walk.limit is not None:
                return
            pos = walk.end
