"""Our verdict in the predecessor's words. Pure."""

from datetime import UTC, datetime

from app.api.compat.vge_bodies import (
    Branches,
    HeuristicsBranch,
    LanguageInfo,
    LlmGuardBranch,
    PiiBranch,
    SemanticBranch,
    ThreatLevel,
    VgeDecision,
    VgeVerdict,
)
from app.schemas.decision import Decision
from app.schemas.detection import BranchName, BranchResult
from app.schemas.verdict import DecisionProcess, Verdict

DECISIONS = {
    Decision.ALLOW: VgeDecision.ALLOWED,
    Decision.SANITIZE: VgeDecision.SANITIZED,
    Decision.BLOCK: VgeDecision.BLOCKED,
}
BRANCHES = {
    BranchName.HEURISTICS: "heuristics",
    BranchName.SEMANTIC: "semantic",
    BranchName.CLASSIFIER: "llmGuard",
}
ATTACK = 50.0


def vge_verdict(verdict: Verdict, text: str, latency_ms: int) -> VgeVerdict:
    """The answer to a client that has sent `text`. A SANITIZE without a clean text is a BLOCK."""
    decision = DECISIONS[verdict.decision]
    if decision is VgeDecision.SANITIZED and verdict.sanitized_text is None:
        decision = VgeDecision.BLOCKED
    blocked = decision is VgeDecision.BLOCKED
    clean = verdict.sanitized_text if decision is VgeDecision.SANITIZED else None
    return VgeVerdict(
        request_id=verdict.request_id,
        decision=decision,
        score=verdict.threat_score,
        threat_level=threat_level(verdict.threat_score),
        confidence=_confidence(verdict),
        categories=list(verdict.categories),
        branches=_branches(verdict),
        latency_ms=latency_ms,
        timestamp=datetime.now(UTC),
        sanitized_text=clean,
        output_text=None if blocked else clean if clean is not None else text,
        redacted_text=clean if verdict.pii_detected else None,
        redaction_applied=bool(verdict.pii_detected) and clean is not None,
        decision_reason=reason(verdict),
        block_message=f"Blocked: {reason(verdict)}" if blocked else None,
        missing_branches=[BRANCHES[name] for name in verdict.degraded] or None,
        fail_open=True if verdict.failed else None,
        language_info=_language(verdict.decision_process),
        arbiter_signal="BLOCK" if blocked else "ALLOW",
    )


def threat_level(score: float) -> ThreatLevel:
    """Their bounds: 30, 65 and 85."""
    if score < 30:
        return ThreatLevel.LOW
    if score < 65:
        return ThreatLevel.MEDIUM
    return ThreatLevel.HIGH if score < 85 else ThreatLevel.CRITICAL


def reason(verdict: Verdict) -> str:
    """Why the decision is what it is, without the text."""
    if verdict.failed:
        return "nobody could judge the text; the policy lets it pass"
    found = list(verdict.categories)
    if verdict.pii_detected:
        found.append("personal data")
    if verdict.decision is Decision.ALLOW:
        return f"below the thresholds: {', '.join(found)}" if found else "nothing found"
    floors = verdict.decision_process.floors if verdict.decision_process else ()
    return (
        ", ".join(found) or ", ".join(floor.reason for floor in floors) or f"score {verdict.threat_score:g}"
    )


def _confidence(verdict: Verdict) -> float:
    share = verdict.threat_score / 100
    side = share if verdict.decision is Decision.BLOCK else 1 - share
    if verdict.failed:
        return 0.0
    process = verdict.decision_process
    missing = sum(process.weights.get(name, 0.0) for name in process.degraded) if process else 0.0
    return round(max(0.0, side * (1 - missing)), 3)


def _branches(verdict: Verdict) -> Branches:
    process = verdict.decision_process
    if process is None:
        return Branches()
    sound = {result.branch: result for result in process.branches if not result.degraded}
    return Branches(
        heuristics=_heuristics(sound.get(BranchName.HEURISTICS)),
        semantic=_semantic(sound.get(BranchName.SEMANTIC)),
        llm_guard=_classifier(sound.get(BranchName.CLASSIFIER)),
        pii=None
        if verdict.pii_detected is None
        else PiiBranch(
            detected=verdict.pii_detected,
            entity_count=len(process.entities),
            categories=sorted({entity.type for entity in process.entities}),
        ),
    )


def _heuristics(result: BranchResult | None) -> HeuristicsBranch | None:
    if result is None:
        return None
    level = threat_level(result.score)
    return HeuristicsBranch(
        score=result.score,
        threat_level=ThreatLevel.HIGH if level is ThreatLevel.CRITICAL else level,
        explanations=sorted({item.rule or item.category for item in result.evidence}),
        timing_ms=round(result.latency_ms),
    )


def _semantic(result: BranchResult | None) -> SemanticBranch | None:
    if result is None:
        return None
    similarity = round(result.score / 100, 4)
    return SemanticBranch(
        score=result.score,
        attack_similarity=similarity,
        safe_similarity=round(1 - similarity, 4),
        matched_category=next(iter(result.categories), None),
        timing_ms=round(result.latency_ms),
    )


def _classifier(result: BranchResult | None) -> LlmGuardBranch | None:
    if result is None:
        return None
    return LlmGuardBranch(
        score=result.score,
        verdict="attack" if result.score >= ATTACK else "safe",
        model_used="vigil-classifier",
        timing_ms=round(result.latency_ms),
    )


def _language(process: DecisionProcess | None) -> LanguageInfo | None:
    if process is None or process.language is None:
        return None
    # The detector gives the most likely language and no probability with it.
    return LanguageInfo(detected_language=process.language, confidence=1.0, method="fasttext")
