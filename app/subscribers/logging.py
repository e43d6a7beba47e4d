"""The logging worker: `vigil.logs.>` in, rows of the event log out."""

import asyncio
import logging
from collections.abc import Sequence

from faststream import AckPolicy
from faststream.nats import NatsMessage, NatsRouter, PullSub
from pydantic import ValidationError

from app.events.sink import sink
from app.events.store import StoreUnavailable
from app.runtime.delivery import PartialFailure
from app.schemas.event import Event
from app.settings import settings
from app.streams import LOGGING, VIGIL

log = logging.getLogger("vigil.logging")

router = NatsRouter()


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
    description="Writes events to ClickHouse in batches.",
)
async def store_events(payloads: list[bytes]) -> None:
    """Insert a batch. It is acknowledged after the insert returned; bad members fail alone."""
