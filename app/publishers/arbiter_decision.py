"""`vigil.arbiter.decision`: a request with what the branches found, for the arbiter."""

from faststream.nats import NatsRouter

from app.runtime import headers
from app.schemas.decision import DecisionRequest
from app.streams import ARBITER_DECISION, PUBLISH_TIMEOUT_S, VIGIL

router = NatsRouter()
publisher = router.publisher(
    ARBITER_DECISION,
    stream=VIGIL,
    schema=DecisionRequest,
    title="Decision request",
    description="A request with the results of its branches, on its way to the arbiter.",
)


async def publish(message: DecisionRequest) -> None:
    """Store the message in the stream; returns once the server has acknowledged it."""
    await publisher.publish(
        message,
        headers=headers.hop(message.request.request_id, "decision"),
        timeout=PUBLISH_TIMEOUT_S,
    )
