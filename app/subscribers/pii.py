"""The PII worker: `vigil.pii.detect` in, `vigil.pii.result` out."""

from time import perf_counter

from faststream import AckPolicy
from faststream.nats import NatsRouter, PullSub

from app.publishers import pii_result
from app.schemas.pii import PiiRequest, PiiResult
from app.settings import settings
from app.streams import PII, VIGIL
from app.subscribers.engines import finder

router = NatsRouter()


@router.subscriber(
    stream=VIGIL,
    durable=PII.durable,
    config=PII.config,
    pull_sub=PullSub(batch_size=settings().fetch_size(PII), timeout=1.0),
    ack_policy=AckPolicy.MANUAL,
    no_reply=True,
    title="pii-worker",
    description="Finds personal data in judged texts.",
)
async def detect_pii(message: PiiRequest) -> None:
    """Find what must be redacted, off the event loop."""
    started = perf_counter()
    request = message.request
    findings = await finder().analyze(request.text, request.mode, request.placeholders)
    timings = message.timings.model_copy(update={"pii_ms": round((perf_counter() - started) * 1000, 3)})
    await pii_result.publish(PiiResult(**{**dict(message), "timings": timings}, findings=findings))
