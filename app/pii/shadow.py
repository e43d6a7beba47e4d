"""A cleaned copy of a text in which nothing hides a number, with the way back to the original offsets."""

import re
import sys
import unicodedata
from typing import NamedTuple

# Zero-width, soft hyphen, bidirectional controls, variation selectors and tag characters: drawn as nothing.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff"
)
MARKS = "\u0300-\u034e\u0350-\u036f\u20d0-\u20ff"
_HIDING = re.compile(f"[{INVISIBLE}]+|[^{MARKS}{INVISIBLE}](?:[{INVISIBLE}]*[{MARKS}])+[{INVISIBLE}]*")
_INVISIBLE_RUN = re.compile(f"[{INVISIBLE}]+")

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\u00b7"


def _equivalents() -> dict[int, str]:
    table = {
        point: str(unicodedata.decimal(chr(point)))
        for point in range(0x80, sys.maxunicode + 1)
        if unicodedata.category(chr(point)) == "Nd"
    }
    table |= {point: chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)}
    table |= {ord(space): " " for space in _SPACES}
    table |= {ord(dash): "-" for dash in _DASHES}
    table |= {0x2018: "'", 0x2019: "'", 0x02BC: "'", 0xFE6B: "@"}
    return table


def _base_letters() -> dict[int, str]:
    table = {}
    for point in range(0xC0, 0x250):
        letter = unicodedata.normalize("NFD", chr(point))[0].lower()
        table[point] = letter if len(letter) == 1 else "i"
    table |= {ord("ł"): "l", ord("Ł"): "l"}
    table |= {ord("đ"): "d", ord("Đ"): "d", ord("ø"): "o", ord("Ø"): "o", ord("ß"): "s"}
    table |= {ord("æ"): "a", ord("Æ"): "a", ord("œ"): "o", ord("Œ"): "o", ord("ı"): "i", ord("İ"): "i"}
    return table


# One code point for one: decimal digits of every script, full-width forms, spaces, dashes, apostrophes.
_EQUIVALENTS = _equivalents()
_BASE_LETTERS = _base_letters()
_POLISH_LETTERS = tuple(zip("ąćęłńóśźż", "acelnoszz", strict=True))
_STRANGE = re.compile(r"[^\x00-\x7fąćęłńóśźżĄĆĘŁŃÓŚŹŻ„”…]")
_FOREIGN = re.compile(r"[^\x00-\x7fąćęłńóśźżĄĆĘŁŃÓŚŹŻ„”“’–—…]")


class Shadow(NamedTuple):
    """`text` without what hides, and for each of its code points where it came from.

    `starts` and `ends` are half-open offsets into the original, None when nothing moved.
    """

    text: str
    starts: list[int] | None
    ends: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text behind the span `start`, `end` of the shadow."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return self.starts[start], self.ends[end - 1]


def cast(text: str) -> Shadow:
    """The shadow of `text`, in linear time.

    Invisible characters vanish, combining marks are composed (NFC) or dropped, and look-alikes of digits,
    spaces and dashes become the ASCII ones. A text of ASCII and Polish letters is its own shadow.
    """
    if text.isascii() or _STRANGE.search(text) is None:
        return Shadow(text, None, None)
    if _HIDING.search(text) is None:
        return Shadow(text.translate(_EQUIVALENTS), None, None)
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for match in _HIDING.finditer(text):
        start, end = match.span()
        pieces.append(text[position:start])
        starts.extend(range(position, start))
        ends.extend(range(position + 1, start + 1))
        visible = _INVISIBLE_RUN.sub("", match.group())
        if visible:
            composed = unicodedata.normalize("NFC", visible)
            pieces.append(composed[0])
            starts.append(start)
            ends.append(end)
        position = end
    pieces.append(text[position:])
    starts.extend(range(position, len(text)))
    ends.extend(range(position + 1, len(text) + 1))
    return Shadow("".join(pieces).translate(_EQUIVALENTS), starts, ends)


def fold(text: str) -> str:
    """Lower case without diacritics of Latin letters, code point for code point."""
    if text.isascii():
        return text.lower()
    if _FOREIGN.search(text) is not None:
        return text.translate(_BASE_LETTERS).lower()
    # Ten times as fast as a translation, for the letters that most texts hold.
    text = text.lower()
    for letter, base in _POLISH_LETTERS:
        text = text.replace(letter, base)
    return text
