"""The detection worker: `vigil.guard.*` and `vigil.detection.>` in, `vigil.arbiter.decision` out."""

from time import perf_counter

from faststream import AckPolicy
from faststream.nats import NatsRouter, PullSub

from app.detection.parallel import detect
from app.metrics import pipeline as metrics
from app.phrases import blank_phrases
from app.publishers import arbiter_decision
from app.schemas.decision import DecisionRequest
from app.schemas.guard import GuardRequest
from app.schemas.timing import Timings
from app.settings import settings
from app.streams import DETECTION, VIGIL
from app.subscribers.engines import branches

router = NatsRouter()


@router.subscriber(
    stream=VIGIL,
    durable=DETECTION.durable,
    config=DETECTION.config,
    pull_sub=PullSub(batch_size=settings().fetch_size(DETECTION), timeout=1.0),
    ack_policy=AckPolicy.MANUAL,
    no_reply=True,
    title="detection-worker",
    description="Asks the three branches about a text, side by side, and fuses their answers.",
)
async def judge(request: GuardRequest) -> None:
    """Judge one text."""
    started = perf_counter()
    text = blank_phrases(request.text, request.policy.allow)
    detection = await detect(text, request.mode, branches())
    metrics.judged(detection)
    timings = Timings(detection_ms=round((perf_counter() - started) * 1000, 3))
    await arbiter_decision.publish(DecisionRequest(request=request, detection=detection, timings=timings))
