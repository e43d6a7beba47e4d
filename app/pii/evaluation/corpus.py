"""The labelled texts: hand-written sentences, filled with generated values."""

import re
from collections.abc import Iterator
from importlib.resources import files
from random import Random
from typing import NamedTuple

from app.pii.evaluation.values import value

_SLOT = re.compile(r"<(!?)([A-Z_]{4,})(?::([^<>]+))?>")
LONG_PARTS = 12


class Span(NamedTuple):
    """A labelled span: type and half-open offsets in code points."""

    type: str
    start: int
    end: int


class Sample(NamedTuple):
    """A text with its labels. `length` is "short" for one sentence, "long" for several joined."""

    text: str
    spans: tuple[Span, ...]
    language: str
    length: str


def fill(template: str, random: Random, language: str) -> Sample:
    """One text of a template."""
    parts: list[str] = []
    spans: list[Span] = []
    position = length = 0
    template = template.replace("\\n", "\n")
    for slot in _SLOT.finditer(template):
        before = template[position : slot.start()]
        decoy, kind, literal = slot.groups()
        written = literal or value(kind, random, valid=not decoy)
        length += len(before)
        if not decoy:
            spans.append(Span(kind, length, length + len(written)))
        parts += (before, written)
        length += len(written)
        position = slot.end()
    parts.append(template[position:])
    return Sample("".join(parts), tuple(spans), language, "short")


def samples(rounds: int, seed: int, part: str = "sentences") -> Iterator[Sample]:
    """Every sentence of a part ("sentences" or "blind") `rounds` times, and long texts of twelve of them each."""
    random = Random(seed)  # noqa: S311 - repeatable samples
    for language in ("pl", "en"):
        lines = files("app.pii.evaluation").joinpath(f"{part}_{language}.txt").read_text(encoding="utf-8")
        templates = [line for line in lines.splitlines() if line and not line.startswith("#")]
        for _ in range(rounds):
            short = [fill(template, random, language) for template in templates]
            yield from short
            random.shuffle(short)
            yield from (_joined(short[at : at + LONG_PARTS]) for at in range(0, len(short), LONG_PARTS))


def _joined(parts: list[Sample]) -> Sample:
    text = ""
    spans: list[Span] = []
    for part in parts:
        spans += (Span(kind, start + len(text), end + len(text)) for kind, start, end in part.spans)
        text += part.text + "\n"
    return Sample(text, tuple(spans), parts[0].language, "long")
