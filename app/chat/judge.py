"""Who judges the texts of a chat, as the code around them sees it."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from app.schemas.verdict import Verdict


class Speaker(StrEnum):
    """Whose words a text is."""

    USER = "user"
    OPERATOR = "operator"
    MODEL = "model"


class Spoken(NamedTuple):
    """A text and whose words it is.

    An operator's words are orders to a model by nature. Nothing is cut from them; what would be a BLOCK by its score
    is one, and personal data is masked.

    `given`: of a window of a longer text, the placeholders that stand for values of windows before it.
    """

    text: str
    speaker: Speaker
    given: tuple[tuple[str, str], ...] | None = None

    @property
    def words(self) -> str:
        """What is judged: NUL characters are no part of a word, and hide none."""
        return self.text.replace("\0", "")


def is_blank(text: str) -> bool:
    """Whether there is nothing to judge."""
    return not text.replace("\0", "").strip()


# The verdict on each text. It raises what the pipeline raises: no verdict is never a good one.
Judge = Callable[[Collection[Spoken]], Awaitable[Mapping[Spoken, Verdict]]]
