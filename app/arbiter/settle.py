"""From a ruling and the personal data found to the final verdict. Pure."""

from app.arbiter.sanitize import sanitize
from app.schemas.decision import Decision
from app.schemas.pii import PiiRequest, PiiResult
from app.schemas.timing import Timings
from app.schemas.verdict import DecisionProcess, Verdict


def block(request: PiiRequest) -> Verdict:
    """The answer to a text that the arbiter blocks before anybody has looked for personal data."""
    return Verdict(
        request_id=request.request.request_id,
        decision=Decision.BLOCK,
        threat_score=request.ruling.threat_score,
        categories=request.detection.categories,
        degraded=request.detection.degraded,
        decision_process=_process(request),
    )


def settle(result: PiiResult) -> Verdict:
    """ALLOW, SANITIZE or, when cleaning would leave nothing worth sending, BLOCK."""
    if result.ruling.decision is Decision.BLOCK:
        return block(result)
    findings = result.findings
    decision, sanitized = Decision.ALLOW, None
    if result.ruling.decision is Decision.SANITIZE or findings.entities:
        cut = result.detection.evidence if result.ruling.decision is Decision.SANITIZE else ()
        sanitized = sanitize(result.request.text, cut, findings.masks)
        decision = Decision.BLOCK if sanitized is None else Decision.SANITIZE
    return Verdict(
        request_id=result.request.request_id,
        decision=decision,
        threat_score=result.ruling.threat_score,
        categories=result.detection.categories,
        degraded=result.detection.degraded,
        pii_detected=bool(findings.entities),
        sanitized_text=sanitized,
        decision_process=_process(result),
    )


def timed(verdict: Verdict, timings: Timings) -> Verdict:
    """The verdict with its final timings, where it explains itself at all."""
    if verdict.decision_process is None:
        return verdict
    process = verdict.decision_process.model_copy(update={"timings": timings})
    return verdict.model_copy(update={"decision_process": process})


def _process(request: PiiRequest) -> DecisionProcess | None:
    if not request.request.return_decision_process:
        return None
    findings = request.findings if isinstance(request, PiiResult) else None
    return DecisionProcess(
        branches=request.detection.branches,
        weights=request.detection.weights,
        weighted_score=request.detection.weighted_score,
        floors=request.ruling.floors,
        degraded=request.detection.degraded,
        evidence=request.detection.evidence,
        entities=findings.entities if findings else (),
        language=findings.language if findings else None,
        timings=request.timings,
    )
