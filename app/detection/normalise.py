"""The readings of a text: what it says once disguises are taken off, layer by layer.

The original is always the first layer. A text without disguise (plain Polish, German, code, URLs, emoji)
has no other. All work is linear in the text: each step reads a layer once, nesting goes at most
`MAX_DEPTH` deep and all layers together hold at most `BUDGET` times the text.
"""

import re
import unicodedata
from dataclasses import dataclass

from app.detection.confusables import LEET, LETTER_EMOJI, LOOKALIKE
from app.detection.decoders import DECODERS
from app.detection.layers import Layer, LayerBuilder
from app.text import Span

MAX_DEPTH = 3
BUDGET = 6
MAX_LAYERS = 24

_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef"
_HIDDEN = re.compile(f"[{_INVISIBLE}]+")
# Letters that every European text uses and that NFKC or look-alike folding has no business with.
_PLAIN = "\x00-\x7fąćęłńóśźżĄĆĘŁŃÓŚŹŻäöüßÄÖÜéèêëàâçîïôùûÉÈÀÇáíúñÁÍÚÑ¿¡„”“’‘‚«»–—…•·€£§°©®™×±→←✓✔✅❌½¼²³"
_STRANGE = re.compile(f"[^{_PLAIN}]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_FLAG = "\U0001f3f4"

_LEET_TOKEN = re.compile(r"[A-Za-z0-9@$!|€+]*[A-Za-z][A-Za-z0-9@$!|€+]*")
_LEET_MARK = re.compile(r"[A-Za-z][0134578@$!|€+]+[A-Za-z]|\b[0134578@$|€][A-Za-z]{2}")
_DIGITS = re.compile(r"(?<![\w.,])[0-9@$|€+]{2,4}(?![\w.,])")
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?:[ .\-_*•·|/,~+]{1,3}\n?|\n)(?:[^\W_](?:[ .\-_*•·|/,~+]{1,3}\n?|\n)){2,}[^\W\d_](?!\w)")
_SEPARATOR = re.compile(r"[\W_]+")
_TAG = re.compile(r"<!--|-->|</?[A-Za-z][^<>]{0,300}>|/\*|\*/|\[//\]: ?# ?")


@dataclass(frozen=True, slots=True)
class Disguise:
    """A sign that text was hidden on purpose: where, and of what kind."""

    kind: str
    span: Span
    count: int


@dataclass(frozen=True, slots=True)
class Readings:
    """The layers of a text, the original first, and the disguises taken off on the way."""

    layers: tuple[Layer, ...]
    disguises: tuple[Disguise, ...]

    @property
    def clean(self) -> Layer:
        """The reading that models are given: the original without invisible characters and look-alikes."""
        return next((layer for layer in self.layers if layer.name == "clean"), self.layers[0])

    @property
    def hidden(self) -> tuple[Layer, ...]:
        """The layers that had to be decoded."""
        return tuple(layer for layer in self.layers if layer.decoded)


def read(text: str) -> Readings:
    """All readings of `text`."""
    original = Layer("original", text)
    disguises: list[Disguise] = []
    layers = [original]
    clean = original
    if not text.isascii():
        layers += _smuggled(original, disguises)
        cleaned = _clean(original, disguises)
        if cleaned is not None:
            clean = cleaned
            layers.append(cleaned)
    base = len(layers)
    spent = 0
    frontier = [(clean, 0), *((layer, 0) for layer in layers[1:] if layer is not clean)]
    while frontier:
        layer, depth = frontier.pop(0)
        for step in DECODERS if depth else (*DECODERS, _leet, _spaced, _untagged):
            for found in step(layer):
                if len(layers) - base >= MAX_LAYERS or spent + len(found.text) > BUDGET * len(text) + 1000:
                    return Readings(tuple(layers), tuple(disguises))
                spent += len(found.text)
                layers.append(found)
                if depth + 1 < MAX_DEPTH and found.decoded:
                    frontier.append((found, depth + 1))
    return Readings(tuple(layers), tuple(disguises))


def _smuggled(original: Layer, disguises: list[Disguise]) -> list[Layer]:
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
        message = tags if len(tags) >= 3 else selectors.decode("utf-8", "replace") if len(selectors) >= 4 else ""
        if message:
            disguises.append(Disguise("smuggled", Span(*match.span()), len(message)))
            builder = LayerBuilder(original)
            builder.put(message, *match.span())
            found.append(builder.build("smuggled", decoded=True))
    return found[:MAX_LAYERS]


def _clean(original: Layer, disguises: list[Disguise]) -> Layer | None:
    """NFKC, no invisible characters, no stacked marks, look-alikes in Latin words as Latin; None if nothing changes."""
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
            plain = _plain(cluster)
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
    return any(char in LETTER_EMOJI_CHARS or unicodedata.combining(char) for char in run) or bool(_HIDDEN.search(run))


LETTER_EMOJI_CHARS = frozenset(map(chr, LETTER_EMOJI))


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


def _leet(layer: Layer) -> list[Layer]:
    """Digits and signs inside words read as letters."""
    if not _LEET_MARK.search(layer.text):
        return []
    marked = [match for match in _LEET_TOKEN.finditer(layer.text) if _LEET_MARK.search(match.group())]
    tokens = {match.span(): match.group() for match in marked}
    if len(marked) >= 2:
        tokens |= {match.span(): match.group() for match in _DIGITS.finditer(layer.text)}
    builder = LayerBuilder(layer)
    parts: list[str] = []
    position = 0
    for (start, end), token in sorted(tokens.items()):
        word = token.rstrip("!+|")
        if start < position:
            continue
        parts += (layer.text[position:start], word.replace("11", "ll").translate(LEET), token[len(word) :])
        position = end
    builder.keep(0, len(layer.text))
    same = builder.build("leet")
    return [Layer(same.name, "".join((*parts, layer.text[position:])), same.starts, same.ends, decoded=True)]


def _spaced(layer: Layer) -> list[Layer]:
    """Letters set apart ("i g n o r e") drawn together; a wider gap is a space."""
    matches = list(_SPACED.finditer(layer.text))
    if not matches:
        return []
    builder = LayerBuilder(layer)
    position = 0
    for match in matches:
        builder.keep(position, match.start())
        gaps = _SEPARATOR.findall(match.group())
        narrow = min(len(gap) for gap in gaps)
        place = match.start()
        for gap in _SEPARATOR.finditer(match.group()):
            start, end = match.start() + gap.start(), match.start() + gap.end()
            builder.keep(place, start)
            if end - start > narrow:
                builder.put(" ", start, end)
            place = end
        builder.keep(place, match.end())
        position = match.end()
    builder.keep(position, len(layer.text))
    return [builder.build("spaced", decoded=True, unspaced=True)]


def _untagged(layer: Layer) -> list[Layer]:
    """Markup taken out, so that tags cannot split a word and comments read as text."""
    matches = list(_TAG.finditer(layer.text)) if "<" in layer.text or "*/" in layer.text or "[//]" in layer.text else []
    if not matches:
        return []
    builder = LayerBuilder(layer)
    position = 0
    for match in matches:
        builder.keep(position, match.start())
        position = match.end()
    builder.keep(position, len(layer.text))
    return [builder.build("untagged")]
