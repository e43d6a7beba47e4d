"""`vigil.detection.cleaning`: a sanitized text, to be judged once more before it is passed on."""

from faststream.nats import NatsRouter

from app.runtime import headers
from app.schemas.cleaning import CleaningRequest
from app.streams import DETECTION_CLEANING, PUBLISH_TIMEOUT_S, VIGIL

router = NatsRouter()
publisher = router.publisher(
    DETECTION_CLEANING,
    stream=VIGIL,
    schema=CleaningRequest,
    title="Cleaning request",
    description="A sanitized text that is judged once more before its client gets it.",
)


async def publish(message: CleaningRequest) -> None:
    """Store the message in the stream; returns once the server has acknowledged it."""
    await publisher.publish(
        message,
        headers=headers.hop(message.request.request_id, "cleaning"),
        timeout=PUBLISH_TIMEOUT_S,
    )
