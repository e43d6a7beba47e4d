"""`vigil.logs.event`: how a request ended, for the event log."""

from faststream.nats import NatsRouter

from app.runtime import headers
from app.schemas.event import Event
from app.streams import LOGS_EVENT, PUBLISH_TIMEOUT_S, VIGIL

router = NatsRouter()
publisher = router.publisher(
    LOGS_EVENT,
    stream=VIGIL,
    schema=Event,
    title="Event",
    description="One row of the event log. Personal data that was found is redacted.",
)


async def publish(event: Event) -> None:
    """Store the event in the stream; returns once the server has acknowledged it.

    The outcome is part of the message id: a dead-lettered request that is replayed within the
    duplicate window must still get its final event through.
    """
    await publisher.publish(
        event,
        headers=headers.hop(event.request_id, f"event-{event.outcome}", waiting=False),
        timeout=PUBLISH_TIMEOUT_S,
    )
