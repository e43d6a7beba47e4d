"""What stands in the place of personal data: a placeholder, stars, a keyed hash, or nothing. Pure."""

import hmac
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.placeholders import PLACEHOLDER
from app.schemas.pii import Entity, Mask, Operator
from app.text import Span

_SEPARATORS = re.compile(r"[\s.\-/()]+")
_VISIBLE = re.compile(r"\S")
# 64 bits: two of a million values share a hash with a probability of 3e-8.
HASH_CHARS = 16


@dataclass(frozen=True)
class Redaction:
    """How found values are hidden, by type.

    Args:
        operators: for these types.
        default: for all others.
        key: of the hashes. A hash without a secret key is no protection: there are 10,000 PESEL of a birth date.
        restorable: number placeholders by how a value is written, so that each can be turned back into exactly that.
    """

    operators: Mapping[str, Operator] = field(default_factory=dict)
    default: Operator = Operator.REPLACE
    key: bytes = field(default=b"", repr=False)
    restorable: bool = False

    def operator(self, entity_type: str) -> Operator:
        """What is done to values of this type."""
        return self.operators.get(entity_type, self.default)


REPLACE_ALL = Redaction()
NOTHING: Mapping[str, str] = {}


def masks_for(
    text: str,
    pieces: Sequence[tuple[Span, Entity]],
    redaction: Redaction = REPLACE_ALL,
    known: Mapping[str, str] = NOTHING,
) -> tuple[Mask, ...]:
    """A replacement for each piece of `text`; pieces are in order and do not overlap.

    Placeholders such as `[PL_PESEL_1]` are numbered by value, written alike whatever separates its digits; a number
    whose placeholder the text itself already holds is left out. `known` are values that have a placeholder already.
    """
    numbering = _Numbering(text, known)
    masks = []
    for span, entity in pieces:
        operator = redaction.operator(entity.type)
        piece = text[span.start : span.end]
        value = _alike(text[entity.start : entity.end])
        if operator is Operator.REPLACE:
            replacement = numbering.placeholder(entity.type, piece if redaction.restorable else value)
        elif operator is Operator.HASH:
            replacement = f"[{entity.type}#{_hash(redaction.key, entity.type, value)}]"
        elif operator is Operator.MASK:
            replacement = _VISIBLE.sub("*", piece)
        else:
            replacement = _nothing(text, span)
        restorable = redaction.restorable and operator is Operator.REPLACE
        masks.append(Mask(start=span.start, end=span.end, replacement=replacement, restorable=restorable))
    return tuple(masks)


def redact(text: str, masks: Sequence[Mask]) -> str:
    """`text` with every mask's replacement in its place. Masks are sorted and do not overlap."""
    parts: list[str] = []
    position = 0
    for mask in masks:
        parts += (text[position : mask.start], mask.replacement)
        position = mask.end
    parts.append(text[position:])
    return "".join(parts)


class Trace:
    """The way back from a redacted text to the original one."""

    def __init__(self, masks: Sequence[Mask]) -> None:
        self._masks = masks
        self._begins: list[int] = []  # of the replacements, in the redacted text
        self._closes: list[int] = []
        self._shifts = [
            0
        ]  # how much further on the redacted text is, before each replacement and after the last
        for mask in masks:
            begin = mask.start + self._shifts[-1]
            self._begins.append(begin)
            self._closes.append(begin + len(mask.replacement))
            self._shifts.append(self._closes[-1] - mask.end)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text behind a span of the redacted one; it covers the masks that it touches."""
        first = bisect_right(self._closes, start)
        if first < len(self._masks) and self._begins[first] <= start:
            left = self._masks[first].start
        else:
            left = start - self._shifts[first]
        last = bisect_left(self._closes, end)
        if last < len(self._masks) and self._begins[last] < end:
            right = self._masks[last].end
        else:
            right = end - self._shifts[last]
        return left, right


class _Numbering:
    """Placeholders of one text; `known` are those that were given before, with their values."""

    def __init__(self, text: str, known: Mapping[str, str]) -> None:
        self._taken = {*known, *(PLACEHOLDER.findall(text) if "[" in text else ())}
        self._given: dict[tuple[str, str], str] = {}
        for placeholder, value in known.items():
            entity_type = placeholder.removeprefix("[").rpartition("_")[0]
            for written in (value, _alike(value)):
                self._given.setdefault((entity_type, written), placeholder)
        self._last: dict[str, int] = {}

    def placeholder(self, entity_type: str, value: str) -> str:
        given = self._given.get((entity_type, value))
        if given is None:
            given = self._given[entity_type, value] = self._next(entity_type)
        return given

    def _next(self, entity_type: str) -> str:
        number = self._last.get(entity_type, 0) + 1
        while f"[{entity_type}_{number}]" in self._taken:
            number += 1
        self._last[entity_type] = number
        return f"[{entity_type}_{number}]"


def _alike(value: str) -> str:
    """The same for a value however its parts are separated."""
    return _SEPARATORS.sub("", value).lower()


def _hash(key: bytes, entity_type: str, value: str) -> str:
    return hmac.new(key, f"{entity_type}:{value}".encode(), "sha256").hexdigest()[:HASH_CHARS]


def _nothing(text: str, span: Span) -> str:
    """Nothing, unless digits or letters on both sides would become one number or one word."""
    before = text[max(0, span.start - 3) : span.start].rstrip()[-1:]
    after = text[span.end : span.end + 3].lstrip()[:1]
    return "[...]" if before.isalnum() and after.isalnum() else ""
