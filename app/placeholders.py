"""Placeholders such as `[PL_PESEL_1]`, and which values they stand for over the windows of one text. Pure."""

import re
from collections.abc import Sequence

from app.schemas.pii import Entity, Mask
from app.schemas.verdict import Verdict

PLACEHOLDER = re.compile(r"\[[A-Za-z0-9_]+_[0-9]+\]")


class Placeholders:
    """What has been given out: the same value keeps its placeholder, and no placeholder gets another value."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    @property
    def given(self) -> dict[str, str]:
        """The value as it was first written, by placeholder. One that came in the text stands for itself."""
        return dict(self._values)

    def learn(self, text: str, verdict: Verdict) -> None:
        """Remember what stands in the place of what in a judged text. The verdict has to explain itself."""
        for literal in PLACEHOLDER.findall(text):
            self._values.setdefault(literal, literal)
        process = verdict.decision_process
        if process is None:
            return
        for mask in process.masks:
            if PLACEHOLDER.fullmatch(mask.replacement):
                start, end = _value_span(mask, process.entities)
                self._values.setdefault(mask.replacement, text[start:end])


def _value_span(mask: Mask, entities: Sequence[Entity]) -> tuple[int, int]:
    """What the placeholder stands for: all that it covers where it can be turned back, else the entity in it."""
    inside = next((entity for entity in entities if mask.start <= entity.start < mask.end), None)
    if mask.restorable or inside is None:
        return mask.start, mask.end
    return inside.start, inside.end
