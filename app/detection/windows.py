"""What the models read: windows over every reading of a text."""

from dataclasses import dataclass

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
    """A piece of one reading: its text and the span of the original it stands for."""

    text: str
    span: Span
    layer: Layer
    inner: Span
    decoded: bool


def windows(readings: Readings) -> list[Window]:
    """Windows over the clean text, in order, then over what had to be decoded."""
    found = _of(readings.clean)
    for layer in readings.hidden:
        # A layer that rereads the whole text differs from it in places only; rules read those, models need not.
        if layer.name.rsplit("+", 1)[-1] != "untagged":
            found += _of(layer)[:MAX_DECODED]
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


def _of(layer: Layer) -> list[Window]:
    spans = window_spans(sentence_spans(layer.text, SIZE), SIZE, OVERLAP)
    return [
        Window(layer.text[start:end], layer.span(start, end), layer, Span(start, end), layer.decoded)
        for start, end in spans
    ]
