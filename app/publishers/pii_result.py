"""`vigil.pii.result`: the same with what was found, for the arbiter."""

from faststream.nats import NatsRouter

from app.runtime import headers
from app.schemas.pii import PiiResult
from app.streams import PII_RESULT, PUBLISH_TIMEOUT_S, VIGIL

router = NatsRouter()
publisher = router.publisher(
    PII_RESULT,
    stream=VIGIL,
    schema=PiiResult,
    title="PII result",
    description="A judged text with the personal data that was found in it.",
)


async def publish(message: PiiResult) -> None:
    """Store the message in the stream; returns once the server has acknowledged it."""
    await publisher.publish(
        message,
        headers=headers.hop(message.request.request_id, "pii-result"),
        timeout=PUBLISH_TIMEOUT_S,
    )
