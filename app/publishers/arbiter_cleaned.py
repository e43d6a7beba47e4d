"""`vigil.arbiter.cleaned`: a sanitized text that scores as ALLOW, or word that there is none."""

from faststream.nats import NatsRouter

from app.runtime import headers
from app.schemas.cleaning import CleaningResult
from app.streams import ARBITER_CLEANED, PUBLISH_TIMEOUT_S, VIGIL

router = NatsRouter()
publisher = router.publisher(
    ARBITER_CLEANED,
    stream=VIGIL,
    schema=CleaningResult,
    title="Cleaning result",
    description="A settled request with a text that would be allowed if it came again, if there is one.",
)


async def publish(message: CleaningResult) -> None:
    """Store the message in the stream; returns once the server has acknowledged it."""
    await publisher.publish(
        message,
        headers=headers.hop(message.request.request_id, "cleaned"),
        timeout=PUBLISH_TIMEOUT_S,
    )
