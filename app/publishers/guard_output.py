"""`vigil.guard.output`: a text coming from the model, to be judged."""

from faststream.nats import NatsRouter

from app.schemas.guard import GuardRequest
from app.streams import GUARD_OUTPUT, VIGIL

router = NatsRouter()
publisher = router.publisher(
    GUARD_OUTPUT,
    stream=VIGIL,
    schema=GuardRequest,
    title="Guard output",
    description="A text coming from the model, to be judged. Headers carry the caller's inbox and deadline.",
)
