"""From branch scores to a ruling: what the branches say together, floors and thresholds. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from app.schemas.decision import Decision, Floor, Ruling
from app.schemas.detection import BranchName, BranchResult, Detection


@dataclass(frozen=True)
class Thresholds:
    """Scores from which a text is blocked or sanitized, 0-100."""

    block: float = 70.0
    sanitize: float = 30.0


@dataclass(frozen=True)
class FloorRule:
    """Raises the threat score to `minimum` when `applies` holds for the sound branches."""

    name: str
    minimum: float
    reason: str
    applies: Callable[[list[BranchResult]], bool]


def _count(results: list[BranchResult], score: float) -> int:
    return sum(result.score >= score for result in results)


def _heuristics(results: list[BranchResult]) -> float:
    return max((r.score for r in results if r.branch is BranchName.HEURISTICS), default=0.0)


# Under every score: a rule that somebody gave 90 sanitizes, whatever the models make of the text.
CRITICAL = FloorRule(
    "critical_heuristics",
    30.0,
    "a rule that has no innocent reading matched",
    lambda results: _heuristics(results) >= 90,
)
# Under the weighted score only. It cannot say "one branch is certain": alone at 100 it reaches 30 or 35. Branch
# scores are calibrated so that 50 is reached by about 1 % of benign texts (docs/detection.md).
FLOORS: tuple[FloorRule, ...] = (
    FloorRule(
        "unanimous_branches", 85.0, "every sound branch scores 60 or more",
        lambda results: len(results) > 1 and _count(results, 60) == len(results),
    ),
    FloorRule("two_branches_agree", 70.0, "two branches score 70 or more", lambda results: _count(results, 70) >= 2),
    FloorRule("one_branch_certain", 50.0, "one branch scores 85 or more", lambda results: _count(results, 85) >= 1),
    CRITICAL,
)  # fmt: skip
COMBINED = "combined_evidence"
ALL_DEGRADED = Floor(name="all_degraded", minimum=100.0, reason="no branch gave a sound answer")


def decide(detection: Detection, thresholds: Thresholds) -> Ruling:
    """Rule on a text. With every branch degraded the text is blocked: nobody has read it.

    The combined score decides. Where there is none, because a branch is missing from it, the weighted score does, over
    floors that stand in for what a sum of shares cannot say (docs/decisions/0010-combined-score.md).
    """
    if detection.all_degraded:
        return Ruling(decision=Decision.BLOCK, threat_score=100.0, floors=(ALL_DEGRADED,))
    sound = [result for result in detection.branches if not result.degraded]
    threat, rules = detection.weighted_score, FLOORS
    acting: list[Floor] = []
    if detection.combined_score is not None:
        if detection.combined_score > threat:
            reason = "what the branches say together"
            acting.append(Floor(name=COMBINED, minimum=detection.combined_score, reason=reason))
        threat, rules = detection.combined_score, (CRITICAL,)
    for rule in rules:
        if rule.minimum > threat and rule.applies(sound):
            acting.append(Floor(name=rule.name, minimum=rule.minimum, reason=rule.reason))
            threat = rule.minimum
    return Ruling(decision=_decision(threat, thresholds), threat_score=round(threat, 1), floors=tuple(acting))


def _decision(threat: float, thresholds: Thresholds) -> Decision:
    if threat >= thresholds.block:
        return Decision.BLOCK
    if threat >= thresholds.sanitize:
        return Decision.SANITIZE
    return Decision.ALLOW
