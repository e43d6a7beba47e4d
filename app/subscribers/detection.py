"""The detection worker: `vigil.guard.*` and `vigil.detection.>` in, `vigil.arbiter.decision` and `cleaned` out."""

from time import perf_counter

from faststream import AckPolicy
from faststream.nats import NatsMessage, NatsRouter, PullSub

from app.arbiter.decide import Thresholds
from app.metrics import pipeline as metrics
from app.publishers import arbiter_cleaned, arbiter_decision
from app.schemas.cleaning import CleaningRequest, CleaningResult
from app.schemas.decision import DecisionRequest
from app.schemas.guard import GuardRequest
from app.schemas.timing import Timings
from app.settings import settings
from app.streams import DETECTION, DETECTION_CLEANING, VIGIL
from app.subscribers.judging import judged, judged_again

THRESHOLDS = Thresholds(block=settings().block_threshold, sanitize=settings().sanitize_threshold)

router = NatsRouter()
subscriber = router.subscriber(
    stream=VIGIL,
    durable=DETECTION.durable,
    config=DETECTION.config,
    pull_sub=PullSub(batch_size=settings().fetch_size(DETECTION), timeout=1.0),
    ack_policy=AckPolicy.MANUAL,
    no_reply=True,
    title="detection-worker",
    description="Asks the three branches about a text, side by side, and fuses their answers.",
)


async def _is_cleaning(message: NatsMessage) -> bool:  # not async, it would run in a thread
    return message.raw_message.subject == DETECTION_CLEANING


@subscriber(filter=_is_cleaning)
async def judge_again(message: CleaningRequest) -> None:
    """Judge a sanitized text, and cut it until all of it would be allowed."""
    text = await judged_again(message.request, message.draft, THRESHOLDS)
    await arbiter_cleaned.publish(CleaningResult(**dict(message), clean=text))


@subscriber
async def judge(request: GuardRequest) -> None:
    """Judge one text."""
    started = perf_counter()
    detection = await judged(request, request.text)
    metrics.judged(detection)
    timings = Timings(detection_ms=round((perf_counter() - started) * 1000, 3))
    await arbiter_decision.publish(DecisionRequest(request=request, detection=detection, timings=timings))
