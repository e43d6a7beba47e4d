"""The calls of the API: what is sent, and what the answer is."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from vigil_stream.models.base import Answer
from vigil_stream.models.batch import BatchVerdict, Text
from vigil_stream.models.feedback import FeedbackReceipt
from vigil_stream.models.job import Job, JobPage, WebhookSecret
from vigil_stream.models.restored import Restored
from vigil_stream.models.verdict import Verdict

# The server takes 100 texts and 12 MB in a batch; a character is up to twelve bytes, two \\uXXXX escapes.
BATCH_TEXTS = 100
BATCH_TOGETHER = 10  # texts of a batch that the server judges side by side
BATCH_CHARS = 500_000
ITEM_CHARS = 100

T = TypeVar("T", bound=Answer)


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call.

    Attributes:
        idempotency_key: stays the same over the retries: the server then judges once.
        patience: how many times as long as a single text it may take.
    """

    method: str
    path: str
    answer: type[T]
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    params: Mapping[str, str] | None = None
    idempotency_key: str | None = None
    patience: int = 1


def _post(path: str, answer: type[T], idempotency_key: str | None, **body: Any) -> Call[T]:
    """A POST. What is None is not sent: an older server may not know the field."""
    sent = {name: value for name, value in body.items() if value is not None}
    return Call("POST", path, answer, sent, idempotency_key=idempotency_key or str(uuid.uuid4()))


def guard_input(
    text: str, mode: str, explain: bool, idempotency_key: str | None, operator: bool = False
) -> Call[Verdict]:
    """Judge a prompt."""
    body = Text(text, mode=mode, explain=explain, operator=operator).body
    return _post("/v1/guard/input", Verdict, idempotency_key, **body)


def guard_output(
    text: str, prompt: str | None, mode: str, explain: bool, idempotency_key: str | None
) -> Call[Verdict]:
    """Judge an answer."""
    body = Text(text, mode=mode, prompt=prompt, explain=explain).body
    return _post("/v1/guard/output", Verdict, idempotency_key, **body)


def guard_batch(texts: Iterable[str | Text], idempotency_key: str | None) -> Call[BatchVerdict]:
    """Judge up to 100 texts."""
    items = [_text(text).body for text in texts]
    call = _post("/v1/guard/batch", BatchVerdict, idempotency_key, items=items)
    return replace(call, patience=max(1, ceil(len(items) / BATCH_TOGETHER)))


def chunks(texts: Iterable[str | Text]) -> Iterator[list[Text]]:
    """Any number of texts, as many at a time as the server takes in a batch."""
    chunk: list[Text] = []
    size = 0
    for text in map(_text, texts):
        length = len(text.text) + len(text.prompt or "") + ITEM_CHARS
        if len(chunk) == BATCH_TEXTS or (chunk and size + length > BATCH_CHARS):
            yield chunk
            chunk, size = [], 0
        chunk.append(text)
        size += length
    if chunk:
        yield chunk


def batches(texts: Iterable[str | Text]) -> Iterator[tuple[int, Call[BatchVerdict]]]:
    """The same as batches, each with the number of its first text."""
    first = 0
    for chunk in chunks(texts):
        yield first, guard_batch(chunk, None)
        first += len(chunk)


def submit_job(text: str | Text, webhook_url: str | None, idempotency_key: str | None) -> Call[Job]:
    """Have a text judged later."""
    return _post("/v1/guard/jobs", Job, idempotency_key, **_text(text).body, webhook_url=webhook_url)


def get_job(job_id: str) -> Call[Job]:
    """Ask for a job."""
    return Call("GET", f"/v1/guard/jobs/{quote(job_id, safe='')}", Job)


def list_jobs(after: str | None) -> Call[JobPage]:
    """List jobs, a page at a time."""
    return Call(
        "GET", "/v1/guard/jobs", JobPage, params={"limit": "100"} | ({"after": after} if after else {})
    )


def webhook_secret() -> Call[WebhookSecret]:
    """Ask for the secret of this client's webhooks."""
    return Call("GET", "/v1/guard/webhook-secret", WebhookSecret)


def restore(request_id: str, text: str) -> Call[Restored]:
    """Put redacted values back."""
    return _post("/v1/guard/restore", Restored, None, request_id=request_id, text=text)


def feedback(request_id: str, verdict: str, reason: str, comment: str) -> Call[FeedbackReceipt]:
    """Say that a verdict was wrong."""
    return _post(
        "/v1/feedback", FeedbackReceipt, None,
        request_id=request_id, verdict=str(verdict), reason=reason or None, comment=comment or None,
    )  # fmt: skip


def _text(text: str | Text) -> Text:
    return Text(text) if isinstance(text, str) else text
