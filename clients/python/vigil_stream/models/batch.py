"""Many texts in one request."""

from dataclasses import dataclass, field
from typing import Any

from vigil_stream.models.base import Answer
from vigil_stream.models.problem import FieldError
from vigil_stream.models.verdict import Direction, Mode, Verdict


@dataclass(frozen=True)
class Text:
    """A text to be judged, with all that can be said about it.

    Attributes:
        text: 1 to 100,000 characters.
        direction: `input` for a prompt, `output` for a model's answer.
        mode: `full`, or `fast` without the classifier.
        prompt: for an answer, what led to it: context, not judged.
        explain: fill the verdict's `decision_process`.
        operator: for a prompt, your own words, such as a system message: nothing is cut from them.
    """

    text: str = field(repr=False)
    direction: str = Direction.INPUT
    mode: str = Mode.FULL
    prompt: str | None = field(default=None, repr=False)
    explain: bool = False
    operator: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """As the API takes it; what says nothing new is left out."""
        return {
            "text": self.text,
            **({} if self.direction == Direction.INPUT else {"direction": str(self.direction)}),
            **({} if self.mode == Mode.FULL else {"mode": str(self.mode)}),
            **({} if self.prompt is None else {"prompt": self.prompt}),
            **({"return_decision_process": True} if self.explain else {}),
            **({"operator": True} if self.operator else {}),
        }


class ItemError(Answer):
    """Why a text of a batch has no verdict: what it would have got in a request of its own."""

    status: int
    title: str = ""
    detail: str = ""
    errors: tuple[FieldError, ...] | None = None


class BatchItem(Answer):
    """The outcome of one text: a verdict when `ok`, else an error."""

    index: int
    ok: bool
    verdict: Verdict | None = None
    error: ItemError | None = None


class BatchVerdict(Answer):
    """The outcomes, in the order of the texts."""

    request_id: str
    items: tuple[BatchItem, ...]
