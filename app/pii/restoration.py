"""Placeholders back into what they stand for. Pure."""

import re
from collections.abc import Mapping, Sequence

from app.placeholders import PLACEHOLDER
from app.schemas.pii import Mask


def originals(text: str, masks: Sequence[Mask]) -> dict[str, str]:
    """What each restorable placeholder of the redacted `text` stands for."""
    return {mask.replacement: text[mask.start : mask.end] for mask in masks if mask.restorable}


def standing(values: Mapping[str, str], redacted: str) -> dict[str, str]:
    """Those of `values` whose placeholder stands in `redacted`."""
    there = set(PLACEHOLDER.findall(redacted))
    return {placeholder: value for placeholder, value in values.items() if placeholder in there}


def restore(text: str, values: Mapping[str, str]) -> str:
    """`text` with every placeholder that `values` knows turned back, in one pass: values are not searched again."""
    if not values:
        return text
    known = re.compile("|".join(map(re.escape, sorted(values, key=len, reverse=True))))
    return known.sub(lambda match: values[match.group()], text)
