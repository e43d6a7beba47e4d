"""All texts of one request: judged side by side, each of them once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from math import ceil
from typing import TypeVar

from fastapi import Request
from pydantic import ValidationError

from app.access.client import Client
from app.api.bodies import GuardInput, GuardOutput, GuardText
from app.api.door.rate_limit import charge
from app.api.problems import Refusal, failure
from app.chat.judge import Speaker, Spoken, is_blank
from app.schemas.guard import GuardRequest, Mode
from app.schemas.verdict import Verdict

# Texts of one request in the pipeline at a time: the others of the service shall not wait for a large one.
TOGETHER = 10
# A request with more is refused: it would keep its client waiting past every time limit.
MOST = 1000

T = TypeVar("T")
R = TypeVar("R")


class Texts:
    """The texts of one request. The first has the request's id, the others the same with `-1`, `-2`... behind it."""

    def __init__(self, request: Request, client: Client, mode: Mode = Mode.FULL) -> None:
        self._request = request
        self._client = client
        self._mode = mode
        self._judged = 0

    async def judge(self, texts: Collection[Spoken]) -> Mapping[Spoken, Verdict]:
        """The verdict on each of `texts`; blank ones have none.

        Raises:
            Refusal: 413, 422 or 403, one of them cannot be judged.
            PipelineUnavailable, PipelineTimeout: one of them was not.
        """
        wanted = [spoken for spoken in dict.fromkeys(texts) if not is_blank(spoken.text)]
        if len(wanted) > MOST:
            raise Refusal(413, f"the request holds {len(wanted)} texts: send at most {MOST}")
        return dict(zip(wanted, await side_by_side(wanted, self._judge), strict=True))

    async def charge(self, texts: Collection[Spoken]) -> None:
        """Take the places of `texts` under the rate limits of the client.

        Raises:
            Refusal: 429, and nothing was taken.
        """
        await charge(self._request, len(set(texts)))

    async def _judge(self, spoken: Spoken) -> Verdict:
        number, self._judged = self._judged, self._judged + 1
        name = self._request.state.request_id
        judging = self._request.app.state.judging
        message = judging.request(
            _body(spoken, self._mode), self._client, f"{name}-{number}" if number else name
        )
        if spoken.given is not None:
            message = window_of(message, dict(spoken.given))
        verdict: Verdict = await judging.judge(message)
        return verdict


def rounds(texts: int) -> int:
    """How many texts of a request of so many are judged one after the other."""
    return max(1, ceil(texts / TOGETHER))


async def side_by_side(items: Iterable[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """What `work` makes of each item, in their order, ten at a time. Its first error ends the others, and is raised."""
    places = asyncio.Semaphore(TOGETHER)

    async def one(item: T) -> R:
        async with places:
            return await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def window_of(message: GuardRequest, given: dict[str, str]) -> GuardRequest:
    """The same as a window of a longer text, with its placeholders so far. The verdict will explain itself."""
    return message.model_copy(update={"placeholders": given, "return_decision_process": True})


def _body(spoken: Spoken, mode: Mode) -> GuardText:
    try:
        if spoken.speaker is Speaker.MODEL:
            return GuardOutput(text=spoken.words, mode=mode)
        return GuardInput(text=spoken.words, mode=mode, operator=spoken.speaker is Speaker.OPERATOR)
    except ValidationError as invalid:
        status, detail, _ = failure(invalid)
        raise Refusal(status, detail) from None
