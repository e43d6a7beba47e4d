"""A text that arrives in pieces, sentence window by sentence window. Pure."""

from app.text import sentence_spans

# What was released before is judged again together with what comes, up to so many characters: an attack or a number
# may begin in one sentence and end in the next.
CONTEXT_CHARS = 1000


class Windows:
    """Gathers pieces and gives out whole sentences; remembers what was released."""

    def __init__(self) -> None:
        self._pending = ""
        self._taken: list[str] = []
        self._context = ""
        self.chars = 0
        self.released_anything = False

    @property
    def so_far(self) -> str:
        """Everything that was given out, as it came."""
        return "".join(self._taken)

    @property
    def whole(self) -> str:
        """Everything that came."""
        return self.so_far + self._pending

    @property
    def context(self) -> str:
        """The end of what was released."""
        return self._context

    def add(self, piece: str) -> None:
        """Another piece."""
        self._pending += piece
        self.chars += len(piece)

    def take(self) -> str:
        """The sentences that are complete, with the white space behind them; empty when none is."""
        # Whatever comes next, would it begin another sentence? A sentence without end is cut at 400 characters.
        spans = sentence_spans(self._pending + "X")
        end = spans[-1].start if spans else 0
        return self._cut(end)

    def take_rest(self) -> str:
        """What is left, complete or not."""
        return self._cut(len(self._pending))

    def released(self, text: str) -> None:
        """This went to the reader, in this form."""
        self.released_anything = True
        self._context = (self._context + text)[-CONTEXT_CHARS:]

    def _cut(self, end: int) -> str:
        window, self._pending = self._pending[:end], self._pending[end:]
        if window:
            self._taken.append(window)
        return window
