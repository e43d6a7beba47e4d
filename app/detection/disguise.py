"""Disguises of Unicode: invisible and tag characters, look-alikes, styled letters, stacked marks."""

import re
import unicodedata
from dataclasses import dataclass

from app.detection.confusables import LETTER_EMOJI, LOOKALIKE
from app.detection.layers import Layer, LayerBuilder
from app.text import Span

MAX_MESSAGES = 24

_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]+"
)
# Characters that every European text uses and that NFKC or look-alike folding has no business with.
_PLAIN = "\x00-\x7fąćęłńóśźżĄĆĘŁŃÓŚŹŻäöüßÄÖÜéèêëàâçîïôùûÉÈÀÇáíúñÁÍÚÑ¿¡„”“’‘‚«»–—…•·€£§°©®™×±→←✓✔✅❌½¼²³"
_STRANGE = re.compile(f"[^{_PLAIN}]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_FLAG = "\U0001f3f4"


@dataclass(frozen=True, slots=True)
class Disguise:
    """A sign that text was hidden on purpose: where, and of what kind."""

    kind: str
    span: Span
    count: int


def smuggled(original: Layer, disguises: list[Disguise]) -> list[Layer]:
    """Text written in tag characters or in variation selectors, one byte each."""
    found = []
    for match in _HIDDEN.finditer(original.text):
        if match.start() and original.text[match.start() - 1] == _FLAG:
            continue
        run = match.group()
        tags = "".join(chr(ord(char) - 0xE0000) for char in run if 0xE0020 <= ord(char) < 0xE007F)
        selectors = bytes(
            ord(char) - 0xFE00 if ord(char) < 0xFE10 else ord(char) - 0xE0100 + 16
            for char in run
            if 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF
        )
        message = tags if len(tags) >= 3 else ""
        if len(selectors) >= 4:
            message += selectors.decode("utf-8", "replace")
        if message:
            disguises.append(Disguise("smuggled", Span(*match.span()), len(message)))
            builder = LayerBuilder(original)
            builder.put(message, *match.span())
            found.append(builder.build("smuggled", decoded=True))
    return found[:MAX_MESSAGES]


def clean(original: Layer, disguises: list[Disguise]) -> Layer | None:
    """NFKC without invisible characters and stacked marks, look-alikes read as Latin; None if nothing changes."""
    text = original.text
    builder = LayerBuilder(original)
    position = 0
    changed = False
    for match in _STRANGE.finditer(text):
        start, end = match.span()
        if start > position and unicodedata.combining(text[start]):
            start -= 1
        plain_run = text[start:end]
        if unicodedata.is_normalized("NFKC", plain_run) and not _needs_care(plain_run):
            continue
        builder.keep(position, start)
        for first, last in _clusters(text, start, end):
            cluster = text[first:last]
            plain = cluster if _emoji_part(text, first) else _plain(cluster)
            if plain == cluster:
                builder.keep(first, last)
            else:
                changed = True
                builder.put(plain, first, last)
                _note(disguises, text, first, last)
        position = end
    builder.keep(position, len(text))
    layer = builder.build("clean") if changed else original
    folded, spans = _unmask(layer.text)
    for span in spans:
        disguises.append(Disguise("look-alike", layer.span(*span), span.end - span.start))
    if spans:
        starts = layer.starts if layer.starts is not None else range(len(text))
        ends = layer.ends if layer.ends is not None else range(1, len(text) + 1)
        return Layer("clean", folded, starts, ends)
    return layer if changed else None


def _needs_care(run: str) -> bool:
    return bool(_HIDDEN.search(run)) or any(
        ord(char) in LETTER_EMOJI or unicodedata.combining(char) for char in run
    )


def _emoji_part(text: str, place: int) -> bool:
    """A joiner, a presentation selector or a flag's tag that belongs to the emoji before it."""
    char = text[place]
    if char in "\u200d\ufe0e\ufe0f":
        return place > 0 and unicodedata.category(text[place - 1]) in {"So", "Sk", "Sm", "Mn", "Po", "Nd"}
    if "\U000e0020" <= char <= "\U000e007f":
        before = text[max(0, place - 8) : place].rstrip("".join(map(chr, range(0xE0020, 0xE0080))))
        return before.endswith(_FLAG)
    return False


def _clusters(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A base character with the combining marks behind it, one by one."""
    found: list[tuple[int, int]] = []
    for i in range(start, end):
        if found and unicodedata.combining(text[i]):
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found


def _plain(cluster: str) -> str:
    if len(cluster) == 1 and ord(cluster) in LETTER_EMOJI:
        return LETTER_EMOJI[ord(cluster)]
    composed = unicodedata.normalize("NFKC", _HIDDEN.sub("", cluster))
    # Marks that do not compose are decoration; one on a letter that takes it is spelling.
    return "".join(char for char in composed if not unicodedata.combining(char)) if composed else ""


def _note(disguises: list[Disguise], text: str, first: int, last: int) -> None:
    """Remember an invisible character between Latin letters, a bidirectional override, or piled-up marks."""
    char = text[first]
    inside = first > 0 and last < len(text) and text[first - 1].isalnum() and text[last].isalnum()
    if "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069":
        kind = "bidirectional"
    elif inside and _HIDDEN.match(char) and char not in "\u00ad\u200c\u200d" and text[first - 1] < "\u0250":
        kind = "invisible"
    elif last - first > 2 and char < "\u0250":
        kind = "stacked marks"
    else:
        return
    disguises.append(Disguise(kind, Span(first, last), last - first))


def _unmask(text: str) -> tuple[str, list[Span]]:
    """Look-alikes turned Latin in words that mix them with Latin letters; same length, and where."""
    spans: list[Span] = []
    parts: list[str] = []
    position = 0
    for match in _LETTERS.finditer(text):
        word = match.group()
        if word.isascii() or not any(ord(char) in LOOKALIKE for char in word):
            continue
        plain = word.translate(LOOKALIKE)
        if any(char.isascii() for char in word) and all(char < "\u0250" for char in plain):
            spans.append(Span(*match.span()))
            parts += (text[position : match.start()], plain)
            position = match.end()
    return "".join((*parts, text[position:])), spans
