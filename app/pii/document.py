"""What recognizers share about one text, computed once and only when asked for."""

import re
from functools import cached_property

from app.pii.label import Label, Labels
from app.pii.number import Number, numbers_in
from app.pii.shadow import fold

_DIGIT = re.compile(r"[0-9]")
_LONG_TOKEN = re.compile(r"[A-Za-z0-9_+/=.\-]{20}")


class Document:
    """One text as every recognizer sees it. Not thread-safe; made for one pass over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._labels: dict[tuple[int, int], Label | None] = {}

    @cached_property
    def folded(self) -> str:
        """The text in lower case without diacritics; same offsets."""
        return fold(self.text)

    @cached_property
    def has_digit(self) -> bool:
        """True when the text holds an ASCII digit."""
        return _DIGIT.search(self.text) is not None

    @cached_property
    def has_long_token(self) -> bool:
        """True when the text holds a token long enough for a key or a wallet."""
        return _LONG_TOKEN.search(self.text) is not None

    @cached_property
    def _numbers(self) -> dict[int, list[Number]]:
        return numbers_in(self.text, self.folded) if self.has_digit else {}

    def numbers(self, digits: int) -> list[Number]:
        """Numbers of exactly so many digits, in whole groups, by position; they may overlap."""
        return self._numbers.get(digits, [])

    @cached_property
    def labels(self) -> Labels:
        """The words that name numbers."""
        return Labels(self.folded)

    def label(self, start: int, end: int) -> Label | None:
        """What the words around the span call it, None when they say nothing."""
        span = (start, end)
        if span not in self._labels:
            self._labels[span] = self.labels.around(start, end)
        return self._labels[span]
