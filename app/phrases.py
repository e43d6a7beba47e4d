"""Finding listed phrases in a text, however they are written: case, width, spacing, invisible characters."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from app.text import Span, union

# Controls and formatting: zero-width and bidirectional marks, soft hyphens, tags; they are dropped.
_DROPPED = {"Cf", "Cc", "Mn"}


def find_phrases(text: str, phrases: Sequence[str]) -> list[Span]:
    """Where one of `phrases` stands in `text` as whole words: merged spans of code points, ascending."""
    if not phrases:
        return []
    folded, places = _fold(text)
    found = []
    for phrase in map(_folded_phrase, phrases):
        at = folded.find(phrase) if phrase else -1
        while at >= 0:
            end = at + len(phrase)
            if not (_joins(folded, at) or _joins(folded, end)):
                found.append((places[at], places[end - 1] + 1))
            at = folded.find(phrase, at + 1)
    return union(found)


def blank_phrases(text: str, phrases: Sequence[str]) -> str:
    """`text` of the same length with `phrases` written over by spaces; line ends stay."""
    if not phrases:
        return text
    characters = list(text)
    for start, end in find_phrases(text, phrases):
        for place in range(start, end):
            if characters[place] not in "\r\n":
                characters[place] = " "
    return "".join(characters)


@lru_cache(maxsize=4096)
def _folded_phrase(phrase: str) -> str:
    return _fold(phrase)[0].strip()


def _fold(text: str) -> tuple[str, list[int]]:
    """The text as it is compared, and for each of its characters the place it came from."""
    folded: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            plain = "" if folded and folded[-1] == " " else " "
        elif character.isascii():
            plain = character.lower() if character.isprintable() else ""
        elif unicodedata.category(character) in _DROPPED:
            plain = ""
        else:
            plain = unicodedata.normalize("NFKC", character).casefold()
        for sign in plain:
            folded.append(sign)
            places.append(place)
    return "".join(folded), places


def _joins(text: str, place: int) -> bool:
    """Whether one word goes on across `place`."""
    return 0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()
