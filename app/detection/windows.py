"""What the models read: windows over every reading of a text."""

from bisect import bisect_left
from dataclasses import dataclass

from app.detection.confusables import KEYBOARD
from app.detection.layers import Layer
from app.detection.normalise import Readings
from app.text import Span, sentence_spans, window_spans

# Sentences are joined to windows of at most SIZE code points that share about OVERLAP with the one before:
# an order of one or two sentences always lies whole in some window, and every model reads 512 tokens or more.
SIZE = 360
OVERLAP = 120
# Blobs that decode to the same few words, over and over, are read this often.
MAX_DECODED = 40


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of one reading: its text and the span of the original it stands for.

    Quotation marks and dashes tell who typed a text, not what it wants: models are given those of a keyboard.
    """

    text: str
    span: Span
    layer: Layer
    inner: Span
    decoded: bool


def windows(readings: Readings) -> list[Window]:
    """Windows over the clean text, in order, then over what had to be decoded.

    A layer that rereads the whole text differs from it in places: only windows with a sentence that no layer before had
    are read again. (A bug report full of links had 52 windows where 15 are enough.)
    """
    known: set[str] = set()
    found = _of(readings.clean, known)
    for layer in readings.hidden:
        # Markup that was taken out leaves the same words; rules read those, models need not.
        if layer.name.rsplit("+", 1)[-1] != "untagged":
            found += _of(layer, known)[:MAX_DECODED]
    return found


def sentences(window: Window) -> list[Window]:
    """The sentences of a window, when it has several."""
    spans = sentence_spans(window.text)
    if len(spans) < 2:
        return [window]
    offset = window.inner.start
    return [
        Window(
            window.text[start:end],
            window.layer.span(offset + start, offset + end),
            window.layer,
            Span(offset + start, offset + end),
            window.decoded,
        )
        for start, end in spans
    ]


def _of(layer: Layer, known: set[str]) -> list[Window]:
    """Windows with a sentence that is not `known`, which learns them all."""
    units = sentence_spans(layer.text, SIZE)
    new = [start for start, end in units if layer.text[start:end] not in known]
    known.update(layer.text[start:end] for start, end in units)
    return [
        Window(
            layer.text[start:end].translate(KEYBOARD),
            layer.span(start, end),
            layer,
            Span(start, end),
            layer.decoded,
        )
        for start, end in window_spans(units, SIZE, OVERLAP)
        if bisect_left(new, start) < bisect_left(new, end)
    ]
