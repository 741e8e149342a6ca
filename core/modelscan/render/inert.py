"""Text out of an untrusted file, made fit to be shown: every character visible, none of them acting."""

from __future__ import annotations

ELLIPSIS = "…"
# Printable as far as Unicode is concerned, and yet drawn as nothing: fillers, joiners, variation selectors.
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)


def inert(text: str, width: int = 200) -> str:
    """`text` on one line in at most `width` characters.

    Control characters, terminal escapes, line separators, bidirectional overrides, zero-width characters and lone
    surrogates become visible escapes such as `\\x1b` and `\\u202e`. What is cut off is marked with an ellipsis.
    """
    if len(text) <= width and text.isascii() and text.isprintable():
        return text
    shown = text[: width + 1]
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(map(_visible, shown))
    return shown if len(shown) <= width else shown[: width - 1] + ELLIPSIS


def _visible(character: str) -> str:
    if character.isprintable() and character not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
