"""The arbiter: rules on `vigil.arbiter.decision`, settles `vigil.pii.result`, answers with `vigil.arbiter.cleaned`."""

from datetime import UTC, datetime
from time import perf_counter

from faststream import AckPolicy
from faststream.nats import NatsMessage, NatsRouter, PullSub

from app.arbiter import policy
from app.arbiter.decide import Thresholds
from app.arbiter.event import settled_event
from app.arbiter.settle import block, cleaned, settle, timed
from app.events.texts import TextKeeper
from app.metrics import pipeline as metrics
from app.pii.redaction import redact
from app.pii.restoration import originals, standing
from app.publishers import detection_cleaning, logs_event, pii_detect, vault_entry, verdict
from app.schemas.cleaning import CleaningRequest, CleaningResult
from app.schemas.decision import Decision, DecisionRequest
from app.schemas.guard import Mode
from app.schemas.pii import Findings, PiiRequest, PiiResult
from app.schemas.verdict import Verdict
from app.settings import settings
from app.streams import ARBITER, ARBITER_CLEANED, ARBITER_DECISION, VIGIL
from app.subscribers.engines import may_contain_pii, vault

THRESHOLDS = Thresholds(block=settings().block_threshold, sanitize=settings().sanitize_threshold)
TEXTS = TextKeeper(settings())

router = NatsRouter()
subscriber = router.subscriber(
    stream=VIGIL,
    durable=ARBITER.durable,
    config=ARBITER.config,
    pull_sub=PullSub(batch_size=settings().fetch_size(ARBITER), timeout=1.0),
    ack_policy=AckPolicy.MANUAL,
    no_reply=True,
    title="arbiter-worker",
    description="Rules on judged texts, and settles those that come back from the search for personal data.",
)


async def _is_decision(message: NatsMessage) -> bool:  # not async, it would run in a thread
    return message.raw_message.subject == ARBITER_DECISION


async def _is_cleaned(message: NatsMessage) -> bool:
    return message.raw_message.subject == ARBITER_CLEANED


@subscriber(filter=_is_decision)
async def rule(message: DecisionRequest) -> None:
    """Rule on a request. A BLOCK is answered here; only the search for personal data may wait."""
    started = perf_counter()
    detection = policy.considered(message.detection, message.request.policy)
    ruling = policy.rule(message.request, detection, THRESHOLDS)
    judged = PiiRequest(
        request=message.request,
        detection=detection,
        ruling=ruling,
        answered=ruling.decision is Decision.BLOCK,
        timings=message.timings.model_copy(update={"decision_ms": _since(started)}),
    )
    if judged.answered:
        await verdict.publish(block(judged))
    if message.request.mode is Mode.FAST and not may_contain_pii(message.request.text):
        await _settle(PiiResult(**dict(judged), findings=Findings()))
    else:
        await pii_detect.publish(judged)


@subscriber(filter=_is_cleaned)
async def pass_on(message: CleaningResult) -> None:
    """Answer with a sanitized text that has been judged again."""
    await _answer(message, cleaned(settle(message), message.clean), perf_counter())


@subscriber
async def settle_result(message: PiiResult) -> None:
    """Settle a request whose personal data is known."""
    await _settle(message)


async def _settle(result: PiiResult) -> None:
    started = perf_counter()
    final = settle(result)
    if final.sanitized_text is None or result.answered:
        await _answer(result, final, started)
    else:
        await detection_cleaning.publish(CleaningRequest(**dict(result), draft=final.sanitized_text))


async def _answer(result: PiiResult, final: Verdict, started: float) -> None:
    age = datetime.now(UTC) - result.request.accepted_at
    timings = result.timings.model_copy(
        update={"settle_ms": _since(started), "total_ms": round(age.total_seconds() * 1000, 3)}
    )
    if not result.answered:
        await _keep(result, final)
        await verdict.publish(timed(final, timings))
    if not result.request.probe:
        text, redacted = result.request.text, redact(result.request.text, result.findings.masks)
        kept = TEXTS.keep(result.request.request_id, text, redacted)
        await logs_event.publish(
            settled_event(result, final, timings, redacted_text=kept.redacted, sealed_text=kept.sealed)
        )
    metrics.settled(result, final, timings)


async def _keep(result: PiiResult, final: Verdict) -> None:
    """Keep what the placeholders of the answer stand for, before their client can ask for it."""
    if final.sanitized_text is None or not settings().vigil_restore:
        return
    request = result.request
    values = standing(originals(request.text, result.findings.masks), final.sanitized_text)
    if values:
        entry = vault().seal(request.client_id, request.request_id, values)
        await vault_entry.publish(entry, request.request_id, settings().vigil_restore_lifetime_s)


def _since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 3)
