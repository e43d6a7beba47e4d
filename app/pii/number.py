"""Numbers as people write them: groups of digits with single separators between."""

import re
from itertools import pairwise
from typing import NamedTuple

from app.pii.label import glued_label

# One or two separators may stand between groups. The longest number that any recognizer wants has 26 digits
# (NRB), the most groups a number is written in is 9.
_RUN = re.compile(r"[0-9](?:[0-9]|[ .\-/()\t]{1,2}(?=[0-9]))*")
_GROUP = re.compile(r"[0-9]+")
MAX_DIGITS = 26
MAX_GROUPS = 9
MIN_DIGITS = 7
# More groups in a row are a table: its cells have at least three digits on average where they are numbers of ours.
_TABLE_GROUPS = 24
_MIN_MEAN_IN_TABLE = 3
_MAX_SINGLE_DIGITS = 3

_MONEY = re.compile(
    r" ?(?:zl|pln|eur|usd|gbp|chf|dolar|euro|dollars?|pounds?|\$|€|£|%)(?![a-z])"
    r"|,[0-9]{1,2}(?![0-9])|\.[0-9]{2}(?![0-9])"
)
_WHOLE_PART = re.compile(r"(?<![0-9])[0-9]{1,3},$")


class Number(NamedTuple):
    """Consecutive groups of digits. Offsets are those of the text that was scanned, half-open."""

    start: int
    end: int
    digits: str
    groups: tuple[int, ...]
    separators: str


def numbers_in(text: str, folded: str) -> dict[int, list[Number]]:
    """Numbers of 7 to 26 digits in whole groups, by how many digits they have, in linear time.

    They may overlap: every choice of neighbouring groups is one. Digits inside a word or behind a decimal
    sign are none.
    """
    found: dict[int, list[Number]] = {}
    for run in _RUN.finditer(text):
        start, end = run.span()
        if end - start >= MIN_DIGITS and not _inside_word(text, folded, start, end):
            _collect(found, text, start, end)
    return found


def _inside_word(text: str, folded: str, start: int, end: int) -> bool:
    """True when a letter or underscore touches the number, unless the letters are its own label."""
    if _GROUP.fullmatch(text, start, end) is None:
        return False
    if end < len(text) and (text[end].isalpha() or text[end] == "_"):
        return True
    if start and (text[start - 1].isalpha() or text[start - 1] == "_"):
        return glued_label(folded, start) is None and text[max(0, start - 2) : start] != "PL"
    return False


def _collect(found: dict[int, list[Number]], text: str, start: int, end: int) -> None:
    groups = [match.span() for match in _GROUP.finditer(text, start, end)]
    gaps = [text[one[1] : other[0]].strip("\t") or " " for one, other in pairwise(groups)]
    lengths = [right - left for left, right in groups]
    digits = "".join(text[left:right] for left, right in groups)
    if len(groups) > 2 and max(lengths) == 1:
        # Digits spelled one by one are one number, not every stretch of them.
        if MIN_DIGITS <= len(digits) <= MAX_DIGITS:
            number = Number(start, groups[-1][1], digits, tuple(lengths), _separators(gaps))
            found.setdefault(len(digits), []).append(number)
        return
    least = _MIN_MEAN_IN_TABLE if len(groups) > _TABLE_GROUPS else 1
    position = 0
    for first, length in enumerate(lengths):
        total = 0
        stop = first if _is_fraction(text, groups[first][0]) else min(first + MAX_GROUPS, len(groups))
        for last in range(first, stop):
            total += lengths[last]
            if total > MAX_DIGITS:
                break
            if total < MIN_DIGITS:
                continue
            chosen = tuple(lengths[first : last + 1])
            if total >= least * len(chosen) and chosen.count(1) <= _MAX_SINGLE_DIGITS:
                written = digits[position : position + total]
                separators = _separators(gaps[first:last])
                number = Number(groups[first][0], groups[last][1], written, chosen, separators)
                found.setdefault(total, []).append(number)
        position += length


def _separators(gaps: list[str]) -> str:
    different = set(gaps)
    return "".join(sorted(different)) if len(different) > 1 else "".join(different)


def _is_fraction(text: str, start: int) -> bool:
    before = text[max(0, start - 2) : start]
    return (len(before) == 2 and before[1] == "." and before[0].isdigit()) or (
        before[-1:] == "," and _WHOLE_PART.search(text, max(0, start - 5), start) is not None
    )


def is_amount(number: Number, text: str, folded: str) -> bool:
    """True when the number is a sum of money or has decimals."""
    sign = text[max(0, number.start - 1) : number.start]
    return sign in ("$", "€", "£") or _MONEY.match(folded, number.end) is not None


def is_continued(number: Number, text: str) -> bool:
    """True when further groups stand on either side with the number's own separator."""
    separator = number.separators or " "
    before = text[max(0, number.start - 2) : number.start]
    after = text[number.end : number.end + 5]
    return (len(before) == 2 and before[0].isdigit() and before[1] == separator) or (
        len(after) == 5 and after[0] == separator and after[1:].isdigit()
    )
