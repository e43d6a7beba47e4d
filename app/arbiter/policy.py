"""What a client's policy changes about the decision. Pure."""

from app.arbiter.decide import Thresholds, decide
from app.phrases import find_phrases
from app.schemas.decision import Decision, Floor, Ruling
from app.schemas.detection import BranchResult, Detection
from app.schemas.guard import GuardRequest
from app.schemas.pii import Findings
from app.schemas.policy import FailMode, Policy
from app.schemas.verdict import Verdict
from app.text import overlaps

DENIED = Floor(name="denied_phrase", minimum=100.0, reason="a phrase of the client's deny list stands in it")
FAILED_OPEN = Floor(
    name="failed_open", minimum=0.0, reason="no branch gave a sound answer; the client's policy fails open"
)


def rule(request: GuardRequest, detection: Detection, defaults: Thresholds) -> Ruling:
    """The ruling on a detection to which `considered` has been applied."""
    policy = request.policy
    if find_phrases(request.text, policy.deny):
        return Ruling(decision=Decision.BLOCK, threat_score=100.0, floors=(DENIED,))
    if detection.all_degraded and policy.fail_mode is FailMode.OPEN:
        return Ruling(decision=Decision.ALLOW, threat_score=0.0, floors=(FAILED_OPEN,))
    block = policy.block_threshold or defaults.block
    # Only one of two was set: SANITIZE must not start above BLOCK.
    return decide(detection, Thresholds(block, min(policy.sanitize_threshold or defaults.sanitize, block)))


def considered(detection: Detection, policy: Policy) -> Detection:
    """The detection without the categories that are switched off."""
    off = set(policy.categories_off)
    if not off & {item.category for item in detection.evidence}:
        return detection
    branches = tuple(result if result.degraded else _without(result, off) for result in detection.branches)
    score = sum(detection.weights[result.branch] * result.score for result in branches if not result.degraded)
    return detection.model_copy(
        update={
            "branches": branches,
            "weighted_score": round(min(score, 100.0), 1),
            # It was of the scores before; the floors speak for those that are left.
            "combined_score": None,
            "categories": tuple(name for name in detection.categories if name not in off),
        }
    )


def _without(result: BranchResult, off: set[str]) -> BranchResult:
    kept = tuple(item for item in result.evidence if item.category not in off)
    if len(kept) == len(result.evidence):
        return result
    # What is left speaks for itself: a branch is as loud as its loudest evidence.
    score = min(result.score, max((item.score for item in kept), default=0.0))
    categories = tuple(name for name in result.categories if name not in off)
    return result.model_copy(update={"evidence": kept, "score": score, "categories": categories})


def counted(findings: Findings, policy: Policy) -> Findings:
    """The findings of the types that count for the client. Events are redacted from all, whatever counts."""
    if policy.pii_types is None:
        return findings
    entities = tuple(entity for entity in findings.entities if entity.type in policy.pii_types)
    masks = tuple(
        mask
        for mask in findings.masks
        if any(overlaps((mask.start, mask.end), (entity.start, entity.end)) for entity in entities)
    )
    return findings.model_copy(update={"entities": entities, "masks": masks})


def shadowed(verdict: Verdict, policy: Policy) -> Verdict:
    """In shadow mode: ALLOW, and what it would have been."""
    if not policy.shadow:
        return verdict
    return verdict.model_copy(
        update={"decision": Decision.ALLOW, "shadow_decision": verdict.decision, "sanitized_text": None}
    )
