"""The logging worker: `vigil.logs.>` in, rows of the event log out."""

import asyncio
from functools import cache

from faststream import AckPolicy, FastStream
from faststream.nats import NatsMessage, NatsRouter, PullSub
from pydantic import ValidationError

from app.events.access import open_store
from app.events.sink import Sink
from app.runtime.delivery import PartialFailure
from app.runtime.tasks import cancel
from app.schemas.event import Event
from app.settings import settings
from app.streams import LOGGING, VIGIL

router = NatsRouter()


@cache
def sink() -> Sink:
    """This process's one connection to ClickHouse, opened with the first batch."""
    return Sink(open_store(settings()))


def register(app: FastStream) -> None:
    """Bring the schema up to date when the worker starts. Events that come meanwhile wait for it."""
    preparing: list[asyncio.Task[None]] = []

    async def begin() -> None:
        preparing.append(asyncio.create_task(sink().prepare()))

    async def end() -> None:
        await cancel(*preparing)
        sink().close()

    app.after_startup(begin)
    app.after_shutdown(end)


async def raw_payloads(message: NatsMessage) -> list[bytes]:
    """Decode nothing: one broken payload must not cost the others their row."""
    return list(message.body)


@router.subscriber(
    stream=VIGIL,
    durable=LOGGING.durable,
    config=LOGGING.config,
    pull_sub=PullSub(
        batch_size=settings().fetch_size(LOGGING), timeout=settings().flush_interval_ms / 1000, batch=True
    ),
    decoder=raw_payloads,
    ack_policy=AckPolicy.MANUAL,
    no_reply=True,
    title="logging-worker",
    description="Writes events to ClickHouse in batches; acknowledged after the insert returned.",
)
async def store_events(payloads: list[bytes]) -> None:
    """Insert a batch. Bad members fail alone."""
    events: dict[int, Event] = {}
    failed: dict[int, Exception] = {}
    for index, payload in enumerate(payloads):
        try:
            events[index] = Event.model_validate_json(payload)
        except ValidationError as error:
            failed[index] = error
    rejected = await sink().write(list(events.values()))
    places = list(events)
    failed |= {places[position]: error for position, error in rejected.items()}
    if failed:
        raise PartialFailure(failed)
