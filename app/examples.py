"""One request on its way through the pipeline, as an example of every message."""

from datetime import UTC, datetime

from app.schemas.base import Message
from app.schemas.cleaning import CleaningRequest, CleaningResult
from app.schemas.dead_letter import DeadLetter
from app.schemas.decision import Decision, DecisionRequest, Ruling
from app.schemas.detection import BranchName, BranchResult, Detection
from app.schemas.event import Event, Outcome
from app.schemas.guard import Direction, GuardRequest
from app.schemas.pii import Entity, Findings, Language, Mask, PiiRequest, PiiResult
from app.schemas.timing import Timings
from app.schemas.verdict import Verdict

_ACCEPTED = datetime(2026, 11, 24, 8, tzinfo=UTC)

REQUEST = GuardRequest(
    request_id="req_01a20b538f169887654cebfea8ae7eb9",
    client_id="dev",
    text="Mój PESEL to 44051401359, proszę o pomoc",
    accepted_at=_ACCEPTED,
)
OUTPUT_REQUEST = REQUEST.model_copy(
    update={
        "direction": Direction.OUTPUT,
        "prompt": "Jaki jest mój PESEL?",
        "text": "Twój PESEL to 44051401359.",
    }
)
DETECTION = Detection(
    branches=(
        BranchResult(branch=BranchName.HEURISTICS, score=0.0, latency_ms=0.4),
        BranchResult(branch=BranchName.SEMANTIC, score=3.1, latency_ms=4.2),
        BranchResult(branch=BranchName.CLASSIFIER, score=1.8, latency_ms=6.0),
    ),
    weights={BranchName.HEURISTICS: 0.3, BranchName.SEMANTIC: 0.35, BranchName.CLASSIFIER: 0.35},
    weighted_score=1.7,
)
RULING = Ruling(decision=Decision.ALLOW, threat_score=1.7)
FINDINGS = Findings(
    language=Language.POLISH,
    entities=(Entity(type="PL_PESEL", start=13, end=24, score=1.0),),
    masks=(Mask(start=13, end=24, replacement="[PL_PESEL_1]"),),
)
TIMINGS = Timings(detection_ms=7.3, decision_ms=0.1, pii_ms=0.6, settle_ms=0.1, total_ms=15.9)
REDACTED = "Mój PESEL to [PL_PESEL_1], proszę o pomoc"

_JUDGED = {"request": REQUEST, "detection": DETECTION, "ruling": RULING, "timings": TIMINGS}

EXAMPLES: tuple[Message, ...] = (
    REQUEST,
    DecisionRequest(request=REQUEST, detection=DETECTION, timings=Timings(detection_ms=7.3)),
    PiiRequest.model_validate(_JUDGED),
    PiiResult.model_validate({**_JUDGED, "findings": FINDINGS}),
    CleaningRequest.model_validate({**_JUDGED, "findings": FINDINGS, "draft": REDACTED}),
    CleaningResult.model_validate({**_JUDGED, "findings": FINDINGS, "clean": REDACTED}),
    Verdict(
        request_id=REQUEST.request_id,
        decision=Decision.SANITIZE,
        threat_score=1.7,
        pii_detected=True,
        sanitized_text=REDACTED,
    ),
    Event(
        event_id=REQUEST.request_id,
        request_id=REQUEST.request_id,
        client_id="dev",
        direction=REQUEST.direction,
        mode=REQUEST.mode,
        accepted_at=_ACCEPTED,
        outcome=Outcome.ANSWERED,
        decision=Decision.SANITIZE,
        branch_a_score=0.0,
        branch_b_score=3.1,
        branch_c_score=1.8,
        weighted_score=1.7,
        threat_score=1.7,
        pii_types=("PL_PESEL",),
        pii_count=1,
        redacted_text=REDACTED,
        text_chars=len(REQUEST.text),
        language="pl",
        total_ms=15.9,
    ),
    DeadLetter(
        worker="detection-worker",
        original_subject="vigil.guard.input",
        original_data='{"request_id": "req_01a20b538f169887654cebfea8ae7eb9"}',
        stream_sequence=4711,
        request_id=REQUEST.request_id,
        error="text: Field required",
        error_type="ValidationError",
        redelivery_count=3,
        timestamp=_ACCEPTED,
    ),
)
