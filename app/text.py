"""Plain text helpers: sentences, windows over long text, arithmetic on spans.

A span is a half-open pair of code-point offsets. Every function takes time linear in its input
(sorting spans apart) and returns spans in ascending order.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

MAX_SENTENCE = 400


class Span(NamedTuple):
    """Half-open code-point offsets."""

    start: int
    end: int


# A sentence ends at closing punctuation followed by whitespace, at full-width punctuation, or at a line end.
# A run of punctuation is read once, from its start: from every place in it, 20,000 characters of "?!" took 4.5 s.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_]*+(?=\s)|[。！？]+|\r?\n")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[„\"'])(?:[A-ZŁŚŻ]|e\.g|i\.e|etc|vs|mr|mrs|ms|dr|st|no|fig|al|cf|approx|inc|ltd|"
    r"np|tj|tzn|itd|itp|ul|al|pl|nr|art|ust|pkt|prof|mgr|inż|hab|lek|tel|godz|min|sek|zł|gr|ok|r|w|m\.in|św|im|woj|pow|gm|poz|str|zob|por)$",
    re.IGNORECASE,
)
_BREAK = re.compile(r"\s+")


def sentence_spans(text: str, limit: int = MAX_SENTENCE) -> list[Span]:
    """Spans of the sentences of `text`, without surrounding whitespace, each at most `limit` long.

    A line end separates sentences unless the next line goes on in lower case (hard-wrapped prose).
    A longer sentence is cut at whitespace, or in the middle of a word when there is none.
    """
    found: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        stop = match.end()
        if match.group().endswith("\n"):
            if _wrapped(text, match.start(), stop):
                continue
        elif match.group() == "." and _ABBREVIATION.search(
            text, max(start, match.start() - 8), match.start()
        ):
            continue
        _append(found, text, start, stop, limit)
        start = stop
    _append(found, text, start, len(text), limit)
    return found


def _wrapped(text: str, line_end: int, next_line: int) -> bool:
    before = text[line_end - 1] if line_end else "\n"
    after = text[next_line] if next_line < len(text) else "\n"
    return after.islower() and (before.isalnum() or before == ",")


def _append(found: list[Span], text: str, start: int, end: int, limit: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > limit:
        cut = start + limit
        for match in _BREAK.finditer(text, start + limit // 2, start + limit):
            cut = match.start()
        found.append(Span(start, cut))
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        found.append(Span(start, end))


def window_spans(units: Sequence[Span], size: int, overlap: int = 0) -> list[Span]:
    """Join neighbouring `units` to windows of at most `size` code points (at least one unit each).

    A window begins about `overlap` code points before the end of the one before it, at a unit's start.
    """
    windows: list[Span] = []
    first = 0
    while first < len(units):
        last = first
        while last + 1 < len(units) and units[last + 1].end - units[first].start <= size:
            last += 1
        windows.append(Span(units[first].start, units[last].end))
        if last + 1 == len(units):
            break
        following = last + 1
        while following - 1 > first and units[last].end - units[following - 1].start <= overlap:
            following -= 1
        first = following
    return windows


def union(spans: Iterable[tuple[int, int]], gap: int = 0) -> list[Span]:
    """Merge spans that overlap or lie at most `gap` code points apart; empty spans vanish."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1].end + gap:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(Span(start, end))
    return merged


def overlaps(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """True when the two spans share a code point."""
    return max(one[0], other[0]) < min(one[1], other[1])


def touched(units: Sequence[Span], spans: Iterable[tuple[int, int]]) -> list[Span]:
    """The `units` (ascending, without overlap) that share a code point with one of `spans`."""
    starts = [unit.start for unit in units]
    ends = [unit.end for unit in units]
    hit: list[Span] = []
    seen = 0
    for start, end in union(spans):
        low = max(seen, bisect_right(ends, start))
        high = bisect_left(starts, end)
        hit.extend(units[low:high])
        seen = max(seen, high)
    return hit


def remove(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` without the code points of `spans`."""
    kept: list[str] = []
    position = 0
    for start, end in union(spans):
        kept.append(text[position:start])
        position = end
    kept.append(text[position:])
    return "".join(kept)
