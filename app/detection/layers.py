"""A layer: one reading of a text, with a map from its characters back to the original."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.text import Span

Offsets = Sequence[int]


@dataclass(frozen=True, slots=True)
class Layer:
    """A reading of a text, named by the steps that led to it (`base64+percent`).

    `starts[i]`, `ends[i]` is the span of the original behind character i; None for the original itself.
    `decoded` says that the layer was hidden: a finding here and not in the original speaks of evasion.
    `unspaced` says that word boundaries were lost.
    """

    name: str
    text: str
    starts: Offsets | None = None
    ends: Offsets | None = None
    decoded: bool = False
    unspaced: bool = False

    def span(self, start: int, end: int) -> Span:
        """The smallest span of the original that covers `[start, end)` of this layer."""
        if self.starts is None or self.ends is None:
            return Span(start, end)
        if not self.text:
            return Span(0, 0)
        if start >= end:
            point = self.starts[start] if start < len(self.text) else self.ends[-1]
            return Span(point, point)
        return Span(min(self.starts[start:end]), max(self.ends[start:end]))


@dataclass(slots=True)
class LayerBuilder:
    """Builds a layer out of kept and replaced pieces of a parent layer."""

    parent: Layer
    _parts: list[str] = field(default_factory=list)
    _starts: "array[int]" = field(default_factory=lambda: array("I"))
    _ends: "array[int]" = field(default_factory=lambda: array("I"))

    def keep(self, start: int, end: int) -> None:
        """Take `[start, end)` of the parent as it is."""
        self._parts.append(self.parent.text[start:end])
        if self.parent.starts is None or self.parent.ends is None:
            self._starts.extend(range(start, end))
            self._ends.extend(range(start + 1, end + 1))
        else:
            self._starts.extend(self.parent.starts[start:end])
            self._ends.extend(self.parent.ends[start:end])

    def put(self, text: str, start: int, end: int) -> None:
        """Put `text` in the place of `[start, end)` of the parent."""
        span = self.parent.span(start, end)
        self._parts.append(text)
        self._starts.extend([span.start] * len(text))
        self._ends.extend([span.end] * len(text))

    def build(self, name: str, *, decoded: bool = False, unspaced: bool = False) -> Layer:
        """The finished layer; a step's name is appended to the parent's, unless that is the original."""
        full = name if self.parent.starts is None else f"{self.parent.name}+{name}"
        return Layer(
            full,
            "".join(self._parts),
            self._starts,
            self._ends,
            decoded=decoded or self.parent.decoded,
            unspaced=unspaced or self.parent.unspaced,
        )
