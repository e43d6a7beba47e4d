"""`vigil.dlq.<worker>`: a message that failed for good."""

from faststream.nats import NatsRouter

from app.runtime import headers
from app.schemas.dead_letter import DeadLetter
from app.streams import DEAD_LETTERS, PUBLISH_TIMEOUT_S, VIGIL_DLQ

router = NatsRouter()
publisher = router.publisher(
    f"{DEAD_LETTERS}.{{worker}}",
    stream=VIGIL_DLQ,
    schema=DeadLetter,
    title="Dead letter",
    description="A message that failed three times, with all that replaying it needs.",
)


async def publish(letter: DeadLetter) -> None:
    """Store the letter; a second try for the same message is suppressed by its stream sequence."""
    await publisher.publish(
        letter,
        subject=f"{DEAD_LETTERS}.{letter.worker}",
        headers={headers.MESSAGE_ID: f"{letter.worker}:{letter.stream_sequence}"},
        timeout=PUBLISH_TIMEOUT_S,
    )
