"""From a ruling and the personal data found to the final verdict. Pure."""

from typing import Any

from app.arbiter.policy import counted, shadowed
from app.arbiter.sanitize import sanitize
from app.schemas.decision import Decision
from app.schemas.pii import PiiRequest, PiiResult
from app.schemas.policy import PiiAction
from app.schemas.timing import Timings
from app.schemas.verdict import DecisionProcess, Verdict


def block(request: PiiRequest) -> Verdict:
    """The answer to a text that the arbiter blocks before anybody has looked for personal data."""
    return _verdict(request, decision=Decision.BLOCK)


def settle(result: PiiResult) -> Verdict:
    """ALLOW, SANITIZE or, when cleaning would leave nothing worth sending, BLOCK."""
    if result.ruling.decision is Decision.BLOCK:
        return block(result)
    action = result.request.policy.pii_action
    findings = counted(result.findings, result.request.policy)
    found = bool(findings.entities)
    if found and action is PiiAction.BLOCK:
        return _verdict(result, decision=Decision.BLOCK, pii_detected=True)
    masked = found and action is PiiAction.MASK
    decision, sanitized = Decision.ALLOW, None
    if result.ruling.decision is Decision.SANITIZE or masked:
        cut = result.detection.evidence if result.ruling.decision is Decision.SANITIZE else ()
        sanitized = sanitize(result.request.text, cut, findings.masks if masked else ())
        decision = Decision.BLOCK if sanitized is None else Decision.SANITIZE
    return _verdict(result, decision=decision, pii_detected=found, sanitized_text=sanitized)


def _verdict(request: PiiRequest, **settled: Any) -> Verdict:
    policy = request.request.policy
    verdict = Verdict(
        request_id=request.request.request_id,
        threat_score=request.ruling.threat_score,
        categories=request.detection.categories,
        degraded=request.detection.degraded,
        decision_process=_process(request),
        fail_mode=policy.fail_mode,
        failed=request.detection.all_degraded,
        policy_version=policy.version,
        **settled,
    )
    return shadowed(verdict, policy)


def cleaned(draft: Verdict, text: str | None) -> Verdict:
    """The draft of a SANITIZE with what it may pass on; without such a text it is a BLOCK."""
    decision = Decision.BLOCK if text is None else Decision.SANITIZE
    return draft.model_copy(update={"decision": decision, "sanitized_text": text})


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
        combined_score=request.detection.combined_score,
        floors=request.ruling.floors,
        degraded=request.detection.degraded,
        evidence=request.detection.evidence,
        entities=findings.entities if findings else (),
        masks=findings.masks if findings else (),
        language=findings.language if findings else None,
        timings=request.timings,
    )
