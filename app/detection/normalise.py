"""The readings of a text: what it says once disguises are taken off, layer by layer.

The original is always the first layer. A text without disguise (plain Polish, German, code, URLs, emoji)
has no other. All work is linear in the text: each step reads a layer once, nesting goes at most
`MAX_DEPTH` deep and all layers together hold at most `BUDGET` times the text.
"""

import re
from dataclasses import dataclass

from app.detection.confusables import LEET
from app.detection.decoders import DECODERS
from app.detection.disguise import Disguise, clean, smuggled
from app.detection.layers import Layer, LayerBuilder
from app.text import Span, touched

MAX_DEPTH = 3
BUDGET = 6
MAX_LAYERS = 24

_LEET_TOKEN = re.compile(r"[A-Za-z0-9@$!|€+]*[A-Za-z][A-Za-z0-9@$!|€+]*")
_LEET_MARK = re.compile(r"[A-Za-z][0134578@$!|€+]+[A-Za-z]|\b[0134578@$|€][A-Za-z]{2}")
# What is spelt in letters and digits without being a word: addresses, hexadecimal numbers, groups of identifiers.
_IDENTIFIER = re.compile(
    r"\b\w{1,20}://\S+|(?<!\w)[0-9a-fA-F]{6,}+(?!\w)|(?<!\w)[0-9a-fA-F]{4,}(?:-[0-9a-fA-F]{4,})+"
)
_DIGITS = re.compile(r"(?<![\w.,])[0-9@$|€+]{2,4}(?![\w.,])")
_GAP = r"(?:[ .\-_*•·|/,~+]{1,3}\n?|\n)"
_SPACED = re.compile(rf"(?<!\w)[^\W\d_]{_GAP}(?:[^\W_]{_GAP}){{2,}}[^\W\d_](?!\w)")
_SEPARATOR = re.compile(r"[\W_]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = re.compile(r"<!--|-->|</?[A-Za-z][^<>]{0,300}>|/\*|\*/|\[//\]: ?# ?")


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
    # A lone surrogate cannot be encoded, so no model could read the text; the stand-in keeps offsets.
    original = Layer("original", text if text.isascii() else _SURROGATE.sub("\ufffd", text))
    disguises: list[Disguise] = []
    layers = [original]
    base = original
    if not text.isascii():
        layers += smuggled(original, disguises)
        cleaned = clean(original, disguises)
        if cleaned is not None:
            base = cleaned
            layers.append(cleaned)
    known = len(layers)
    spent = 0
    frontier = [(base, 0), *((layer, 0) for layer in layers[1:] if layer is not base)]
    while frontier:
        layer, depth = frontier.pop(0)
        for step in DECODERS if depth else (*DECODERS, _leet, _spaced, _untagged):
            for found in step(layer):
                if len(layers) - known >= MAX_LAYERS or spent + len(found.text) > BUDGET * len(text) + 1000:
                    return Readings(tuple(layers), tuple(disguises))
                spent += len(found.text)
                layers.append(found)
                if depth + 1 < MAX_DEPTH and found.decoded:
                    frontier.append((found, depth + 1))
    return Readings(tuple(layers), tuple(disguises))


def _leet(layer: Layer) -> list[Layer]:
    """Digits and signs inside words read as letters."""
    if not _LEET_MARK.search(layer.text):
        return []
    marked = [match for match in _LEET_TOKEN.finditer(layer.text) if _LEET_MARK.search(match.group())]
    identifiers = [match.span() for match in _IDENTIFIER.finditer(layer.text)]
    passed = set(touched([Span(*match.span()) for match in marked], identifiers))
    marked = [match for match in marked if match.span() not in passed]
    if not marked:
        return []
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
    matches = list(_TAG.finditer(layer.text))
    if not matches:
        return []
    builder = LayerBuilder(layer)
    position = 0
    for match in matches:
        builder.keep(position, match.start())
        position = match.end()
    builder.keep(position, len(layer.text))
    return [builder.build("untagged")]
