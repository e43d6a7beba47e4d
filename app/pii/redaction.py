"""Placeholders for personal data: typed, numbered, the same value the same placeholder. Pure."""

import re
from collections.abc import Sequence

from app.schemas.pii import Entity, Mask
from app.text import Span

_SEPARATORS = re.compile(r"[\s.\-/()]+")


def masks_for(text: str, pieces: Sequence[tuple[Span, Entity]]) -> tuple[Mask, ...]:
    """A placeholder such as `[PL_PESEL_1]` for each piece. Numbers are written alike whatever separates them."""
    numbers: dict[tuple[str, str], int] = {}
    per_type: dict[str, int] = {}
    masks = []
    for span, entity in pieces:
        value = _SEPARATORS.sub("", text[entity.start : entity.end]).lower()
        number = numbers.get((entity.type, value))
        if number is None:
            number = per_type[entity.type] = per_type.get(entity.type, 0) + 1
            numbers[entity.type, value] = number
        masks.append(Mask(start=span.start, end=span.end, replacement=f"[{entity.type}_{number}]"))
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
