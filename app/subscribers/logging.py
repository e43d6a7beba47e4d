"""The logging worker: `vigil.logs.>` in, rows of the event log out."""

from functools import cache

from faststream import AckPolicy
from faststream.nats import NatsMessage, NatsRouter, PullSub
from pydantic import ValidationError

from app.events.sink import Sink
from app.events.store import EventStore
from app.runtime.delivery import PartialFailure
from app.schemas.event import Event
from app.settings import settings
from app.streams import LOGGING, VIGIL

router = NatsRouter()


@cache
def sink() -> Sink:
    """This process's one connection to ClickHouse, opened with the first batch."""
    config = settings()
    store = EventStore(
        host=config.clickhouse_host or "127.0.0.1",
        port=config.clickhouse_port or 9000,
        database=config.clickhouse_database,
        user=config.clickhouse_user,
        password=config.clickhouse_password,
        secure=config.clickhouse_secure,
    )
    return Sink(store)


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
