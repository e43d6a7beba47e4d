"""Writing down how a request ended. Pure."""

from app.schemas.detection import BranchName, Detection
from app.schemas.event import Event, Outcome
from app.schemas.guard import GuardRequest
from app.schemas.pii import PiiResult
from app.schemas.timing import Timings
from app.schemas.verdict import Verdict


def settled_event(
    result: PiiResult, verdict: Verdict, timings: Timings, *, redacted_text: str, sealed_text: str = ""
) -> Event:
    """The event of a request that got its verdict. `redacted_text` must not hold what was found."""
    detection, findings = result.detection, result.findings
    return Event(
        **_identity(result.request),
        outcome=Outcome.ANSWERED,
        decision=verdict.decision,
        shadow_decision=verdict.shadow_decision,
        policy_version=verdict.policy_version,
        branch_a_score=_score(detection, BranchName.HEURISTICS),
        branch_b_score=_score(detection, BranchName.SEMANTIC),
        branch_c_score=_score(detection, BranchName.CLASSIFIER),
        branch_a_ms=_latency(detection, BranchName.HEURISTICS),
        branch_b_ms=_latency(detection, BranchName.SEMANTIC),
        branch_c_ms=_latency(detection, BranchName.CLASSIFIER),
        weighted_score=detection.weighted_score,
        threat_score=verdict.threat_score,
        floors=tuple(floor.name for floor in result.ruling.floors),
        degraded=detection.degraded,
        categories=verdict.categories,
        pii_types=tuple(sorted({entity.type for entity in findings.entities})),
        pii_count=len(findings.entities),
        redacted_text=redacted_text,
        sealed_text=sealed_text,
        language=findings.language,
        **timings.model_dump(),
    )


def unsettled_event(request: GuardRequest, outcome: Outcome, reason: str) -> Event:
    """The event of a request without a verdict. It holds no text: nothing has redacted it."""
    return Event(**_identity(request), outcome=outcome, reason=reason)


def _identity(request: GuardRequest) -> dict[str, object]:
    # One row per request: whatever happens to it later carries the same id and replaces this row.
    return {
        "event_id": request.request_id,
        "request_id": request.request_id,
        "client_id": request.client_id,
        "direction": request.direction,
        "mode": request.mode,
        "accepted_at": request.accepted_at,
        "text_chars": len(request.text),
    }


def _score(detection: Detection, name: BranchName) -> float | None:
    result = detection.branch(name)
    return None if result is None else result.score


def _latency(detection: Detection, name: BranchName) -> float | None:
    result = detection.branch(name)
    return None if result is None else result.latency_ms
