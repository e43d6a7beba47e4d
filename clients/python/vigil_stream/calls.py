"""The calls of the API: what is sent, and what the answer is."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from vigil_stream.models.base import Answer
from vigil_stream.models.feedback import FeedbackReceipt
from vigil_stream.models.restored import Restored
from vigil_stream.models.verdict import Mode, Verdict

T = TypeVar("T", bound=Answer)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call. `idempotency_key` stays the same over its retries: the server then judges once."""

    method: str
    path: str
    answer: type[T]
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    idempotency_key: str | None = None


def _post(path: str, answer: type[T], idempotency_key: str | None, **body: Any) -> Call[T]:
    """A POST. What is None is not sent: an older server may not know the field."""
    sent = {name: value for name, value in body.items() if value is not None}
    return Call("POST", path, answer, sent, idempotency_key or str(uuid.uuid4()))


def guard_input(text: str, mode: str, explain: bool, idempotency_key: str | None) -> Call[Verdict]:
    """Judge a prompt."""
    return _post("/v1/guard/input", Verdict, idempotency_key, text=text, **_how(mode, explain))


def guard_output(
    text: str, prompt: str | None, mode: str, explain: bool, idempotency_key: str | None
) -> Call[Verdict]:
    """Judge an answer."""
    return _post(
        "/v1/guard/output", Verdict, idempotency_key, text=text, prompt=prompt, **_how(mode, explain)
    )


def restore(request_id: str, text: str) -> Call[Restored]:
    """Put redacted values back."""
    return _post("/v1/guard/restore", Restored, None, request_id=request_id, text=text)


def feedback(request_id: str, verdict: str, reason: str, comment: str) -> Call[FeedbackReceipt]:
    """Say that a verdict was wrong."""
    return _post(
        "/v1/feedback", FeedbackReceipt, None,
        request_id=request_id, verdict=str(verdict), reason=reason or None, comment=comment or None,
    )  # fmt: skip


def _how(mode: str, explain: bool) -> dict[str, Any]:
    return {
        "mode": None if mode == Mode.FULL else str(mode),
        "return_decision_process": explain or None,
    }
