"""`vigil.detection.job`: a text that nobody waits for, to be judged."""

from faststream.nats import NatsRouter

from app.schemas.guard import GuardRequest
from app.streams import DETECTION_JOB, VIGIL

router = NatsRouter()
publisher = router.publisher(
    DETECTION_JOB,
    stream=VIGIL,
    schema=GuardRequest,
    title="Detection job",
    description="A text that nobody waits for. A header carries the place of its result in the bucket of jobs.",
)
