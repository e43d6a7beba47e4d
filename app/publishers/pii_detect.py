"""`vigil.pii.detect`: a judged text, for the search for personal data."""

from faststream.nats import NatsRouter

from app.runtime import headers
from app.schemas.pii import PiiRequest
from app.streams import PII_DETECT, PUBLISH_TIMEOUT_S, VIGIL

router = NatsRouter()
publisher = router.publisher(
    PII_DETECT,
    stream=VIGIL,
    schema=PiiRequest,
    title="PII request",
    description="A judged text on its way to redaction.",
)


async def publish(message: PiiRequest) -> None:
    """Store the message in the stream; returns once the server has acknowledged it."""
    await publisher.publish(
        message,
        headers=headers.hop(message.request.request_id, "pii", waiting=not message.answered),
        timeout=PUBLISH_TIMEOUT_S,
    )
