"""A text that arrives in pieces, given out in windows of whole sentences. Pure."""

import re
from typing import NamedTuple

from app.text import sentence_spans


class Pace(NamedTuple):
    """How a text is cut into windows, in characters.

    A sentence longer than `longest` is cut at a space: a list or code has no full stops. The first window is one
    sentence, so that a reader sees something early; later ones hold at least `least`. So much of what was released as
    fits into `context` is judged again with each window: an attack or a number may begin in one and end in the next.
    """

    longest: int
    least: int
    context: int


BY_SENTENCE = Pace(longest=400, least=0, context=1000)
# Fewer judgements, for whole conversations.
BY_PASSAGE = Pace(longest=600, least=200, context=300)

_CLOSED = re.compile(r"[.!?…。！？][\"'”’»)\]*_]*\s+\Z|\n\s*\Z")


class Window:
    """Gathers pieces and gives out whole sentences; remembers what was released."""

    def __init__(self, pace: Pace = BY_SENTENCE) -> None:
        self._pace = pace
        self._pending = ""
        self._taken: list[str] = []
        self.context = ""
        self.chars = 0

    @property
    def so_far(self) -> str:
        """Everything that was given out, as it came."""
        return "".join(self._taken)

    @property
    def whole(self) -> str:
        """Everything that came."""
        return self.so_far + self._pending

    def add(self, piece: str) -> None:
        """Another piece."""
        self._pending += piece
        self.chars += len(piece)

    def ready(self) -> str:
        """The sentences that are complete, with the white space behind them; empty while nothing is to be judged."""
        if self._taken and len(self._pending) < self._pace.least:
            return ""
        # Whatever comes next, would it begin another sentence?
        spans = sentence_spans(self._pending + "X", self._pace.longest)
        return self._take(spans[-1].start if spans else 0)

    def rest(self) -> str:
        """What is left, complete or not: the text has ended."""
        return self._take(len(self._pending))

    def released(self, text: str) -> None:
        """This went to the reader, in this form."""
        joined = self.context + text
        self.context = joined[-self._pace.context :]
        if len(joined) > len(self.context):
            starts = [span.start for span in sentence_spans(self.context)]
            self.context = self.context[starts[1] :] if len(starts) > 1 else self.context

    def _take(self, end: int) -> str:
        taken, self._pending = self._pending[:end], self._pending[end:]
        if taken:
            self._taken.append(taken)
        return taken


def unfinished(text: str) -> int:
    """How many characters at the end of `text` are no whole sentence yet."""
    spans = sentence_spans(text, BY_PASSAGE.longest)
    return len(text) - spans[-1].start if spans and not _CLOSED.search(text) else 0
