"""The dead letters in VIGIL_DLQ: read, give back to the pipeline, drop."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from pydantic import ValidationError

from app.errors import NotProvisioned
from app.runtime.dead_letters import original_payload
from app.runtime.headers import DEADLINE, MESSAGE_ID, REPLY_TO
from app.schemas.dead_letter import DeadLetter
from app.streams import DEAD_LETTERS, JOB_RESULTS, VIGIL, VIGIL_DLQ

# Of no use, or of harm, when the message enters the pipeline again: nobody waits for it any more.
_NOT_REPLAYED = {MESSAGE_ID, DEADLINE, "Nats-Expected-Stream"}


def _replayed(name: str, value: str) -> bool:
    # A job's result still has its place; an inbox has gone.
    return name not in _NOT_REPLAYED and (name != REPLY_TO or value.startswith(JOB_RESULTS))


@dataclass(frozen=True)
class Filed:
    """A dead letter under its sequence number in VIGIL_DLQ, which is its name for the operator."""

    number: int
    letter: DeadLetter


async def letters(
    js: JetStreamContext, *, worker: str | None = None, reason: str | None = None
) -> AsyncIterator[Filed]:
    """The dead letters, oldest first.

    Args:
        js: the server.
        worker: only this worker's, as `detection` or `detection-worker`.
        reason: only those whose error holds this text, in any case.

    Raises:
        NotProvisioned: there is no VIGIL_DLQ.
    """
    subject = f"{DEAD_LETTERS}.{worker.removesuffix('-worker')}-worker" if worker else f"{DEAD_LETTERS}.>"
    try:
        state = (await js.stream_info(VIGIL_DLQ.name)).state
    except NotFoundError:
        raise NotProvisioned("stream VIGIL_DLQ does not exist: run `vigil streams apply`") from None
    number = state.first_seq
    while number <= state.last_seq:
        try:
            message = await js.get_msg(VIGIL_DLQ.name, seq=number, subject=subject, next=True)
        except NotFoundError:
            return
        number = (message.seq or number) + 1
        try:
            letter = DeadLetter.model_validate_json(message.data or b"")
        except ValidationError:
            continue  # not one of ours; `nats stream view VIGIL_DLQ` shows it
        if reason is None or reason.lower() in f"{letter.error_type}: {letter.error}".lower():
            yield Filed(number - 1, letter)


async def replay(js: JetStreamContext, filed: Filed) -> None:
    """Give the message back to the pipeline, then drop the letter.

    The message id names the letter: a replay that was interrupted between the two steps and is repeated
    within the duplicate window enters the pipeline once.
    """
    letter = filed.letter
    headers = {name: value for name, value in letter.original_headers.items() if _replayed(name, value)}
    headers[MESSAGE_ID] = f"{letter.request_id or letter.worker}:replay-{filed.number}"
    await js.publish(letter.original_subject, original_payload(letter), headers=headers, stream=VIGIL.name)
    await discard(js, filed)


async def discard(js: JetStreamContext, filed: Filed) -> None:
    """Drop the letter for good. Harmless when it is gone already."""
    try:
        await js.delete_msg(VIGIL_DLQ.name, filed.number)
    except NotFoundError:
        return
