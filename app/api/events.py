"""`/v1/events`: questions to the event log, for keys with the scope `events:read`."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from app.access.client import Client, Scope
from app.api.door.authentication import require
from app.api.event_bodies import (
    CategoriesQuestion,
    CategoryCount,
    EventFilter,
    EventPage,
    EventSearch,
    Group,
    SeriesQuestion,
    StageLatency,
    StatsQuestion,
    StoredEvent,
    Summary,
)
from app.api.event_log import EventLog
from app.api.problems import MEDIA_TYPE, Problem, Refusal
from app.events.filters import Filter
from app.events.queries import BadCursor

LOOK_BACK = timedelta(hours=24)
ERRORS = {
    401: "No key, or one that is not known, was revoked or has expired",
    403: "The key lacks the scope",
    422: "The question makes no sense; `errors` names the fields",
    503: "The event log cannot be asked now; see Retry-After",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "model": Problem, "content": {MEDIA_TYPE: {}}}
    for status, text in ERRORS.items()
}

router = APIRouter(prefix="/v1/events", tags=["events"], responses=RESPONSES)


def event_log(request: Request) -> EventLog:
    """The event log of this process."""
    log: EventLog = request.app.state.event_log
    return log


Reader = Annotated[Client, Depends(require(Scope.EVENTS_READ))]
Log = Annotated[EventLog, Depends(event_log)]
Search = Annotated[EventSearch, Query()]


def _recent(question: EventFilter) -> Filter:
    if question.since is not None:
        return question.filter
    return question.model_copy(update={"since": datetime.now(UTC) - LOOK_BACK}).filter


@router.get(
    "", summary="Search", responses={404: {"description": "The cursor is none that a page ended with"}}
)
async def search(_: Reader, log: Log, question: Search) -> EventPage:
    """Events, newest first, a page at a time. Without `since`, all that are kept."""
    try:
        page = await log.read(
            lambda: log.queries.page(question.filter, limit=question.limit, cursor=question.cursor)
        )
    except BadCursor as error:
        raise Refusal(404, f"cursor: {error}") from None
    return EventPage.model_validate({"events": page.events, "next_cursor": page.next_cursor})


@router.get("/stats", summary="Numbers", response_model_exclude_none=False)
async def stats(_: Reader, log: Log, question: Annotated[StatsQuestion, Query()]) -> Summary:
    """Counts, percentiles by stage, the first categories; over the last day unless told otherwise."""
    return Summary.model_validate(
        await log.read(lambda: log.statistics.summary(_recent(question), question.by))
    )


@router.get("/series", summary="Time series")
async def series(_: Reader, log: Log, question: Annotated[SeriesQuestion, Query()]) -> list[Group]:
    """Counts per step of time; steps without events are left out."""
    rows = await log.read(lambda: log.statistics.series(question.step, _recent(question)))
    return [Group.model_validate(row) for row in rows]


@router.get("/categories", summary="Top categories")
async def categories(
    _: Reader, log: Log, question: Annotated[CategoriesQuestion, Query()]
) -> list[CategoryCount]:
    """Categories of attack by how many events carry them."""
    rows = await log.read(lambda: log.statistics.categories(_recent(question), question.limit))
    return [CategoryCount.model_validate(row) for row in rows]


@router.get("/latency", summary="Latency by stage")
async def latency(_: Reader, log: Log, question: Annotated[EventFilter, Query()]) -> list[StageLatency]:
    """Percentiles of each stage that any event passed, in milliseconds."""
    rows = await log.read(lambda: log.statistics.latencies(_recent(question)))
    return [StageLatency.model_validate(row, from_attributes=True) for row in rows]


@router.get(
    "/{request_id}", summary="One request", responses={404: {"description": "Not logged, or not yet"}}
)
async def one(_: Reader, log: Log, request_id: str) -> StoredEvent:
    """What is known of one request. It is stored some seconds after its verdict."""
    found = await log.read(lambda: log.queries.find(request_id))
    if not found:
        raise Refusal(404, "no event of this request is stored, or not yet: it takes some seconds")
    return StoredEvent.model_validate(found[-1])
