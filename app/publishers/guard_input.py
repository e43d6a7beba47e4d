"""`vigil.guard.input`: a text towards the model, to be judged."""

from faststream.nats import NatsRouter

from app.schemas.guard import GuardRequest
from app.streams import GUARD_INPUT, VIGIL

router = NatsRouter()
publisher = router.publisher(
    GUARD_INPUT,
    stream=VIGIL,
    schema=GuardRequest,
    title="Guard input",
    description="A text towards the model, to be judged. Headers carry the caller's inbox and deadline.",
)
