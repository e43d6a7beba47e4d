"""A text that arrives in pieces, given out in windows of whole sentences."""

import re

from app.text import sentence_spans

# A sentence longer than this is cut at a space: a list or code has no full stops.
LONGEST = 600
# The first window is one sentence, so that a reader sees something early; later ones hold at least this much.
LATER = 200
# What is shown to the judge again, so that an order or a number across the edge of two windows is seen.
CONTEXT = 300

_CLOSED = re.compile(r"[.!?…。！？][\"'”’»)\]*_]*\s+\Z|\n\s*\Z")


class Window:
    """One streamed text. `context` is the end of what has been released, at most 300 characters."""

    def __init__(self) -> None:
        self._pending = ""
        self.context = ""

    def add(self, piece: str) -> None:
        """Another piece."""
        self._pending += piece

    def ready(self) -> str | None:
        """Whole sentences that can be judged now, with the space after them; they are no longer pending."""
        if self.context and len(self._pending) < LATER:
            return None
        spans = sentence_spans(self._pending, LONGEST)
        return self._take(spans[-1].start) if len(spans) > 1 else None

    def rest(self) -> str | None:
        """All that is pending: the text has ended."""
        return self._take(len(self._pending)) if self._pending else None

    def released(self, text: str) -> None:
        """This much has been given to the reader."""
        joined = (self.context + text)[-CONTEXT:]
        starts = [span.start for span in sentence_spans(joined)]
        self.context = joined[starts[-1] :] if starts else joined

    def _take(self, end: int) -> str:
        taken, self._pending = self._pending[:end], self._pending[end:]
        return taken


def unfinished(text: str) -> int:
    """How many characters at the end of `text` are no whole sentence yet."""
    spans = sentence_spans(text, LONGEST)
    return len(text) - spans[-1].start if spans and not _CLOSED.search(text) else 0
