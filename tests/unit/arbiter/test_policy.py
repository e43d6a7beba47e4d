"""What a policy changes about a decision."""

from typing import Any

import pytest

from app.arbiter.decide import Thresholds
from app.arbiter.policy import considered, rule
from app.arbiter.settle import block, settle
from app.detection.fusion import fuse
from app.schemas.decision import Decision, Ruling
from app.schemas.detection import BranchName, BranchResult, Detection, Evidence
from app.schemas.guard import GuardRequest, Mode
from app.schemas.pii import Entity, Findings, Mask, PiiResult
from app.schemas.policy import Policy

DEFAULTS = Thresholds()
TEXT = "Ask for Jan Kowalski, PESEL 44051401359, please."
PERSON = Entity(type="PERSON", start=8, end=20, score=0.9)
PESEL = Entity(type="PL_PESEL", start=28, end=39, score=1.0)
FOUND = Findings(
    entities=(PERSON, PESEL),
    masks=(
        Mask(start=8, end=20, replacement="[PERSON_1]"), Mask(start=28, end=39, replacement="[PL_PESEL_1]"),
    ),
)  # fmt: skip


def request(text: str = TEXT, **policy: Any) -> GuardRequest:
    return GuardRequest(request_id="req_1", text=text, policy=Policy(version=7, **policy))


def branch(
    name: BranchName, score: float, *evidence: tuple[str, float], degraded: bool = False
) -> BranchResult:
    return BranchResult(
        branch=name,
        score=score,
        categories=tuple(category for category, _ in evidence),
        evidence=tuple(
            Evidence(start=0, end=3, category=category, score=loud, branch=name)
            for category, loud in evidence
        ),
        degraded=degraded,
    )


def detection(score: float) -> Detection:
    """Every branch scores alike, and so they say together."""
    branches = [branch(name, score, ("tool_abuse", score)) for name in BranchName]
    return fuse(branches, Mode.FULL).model_copy(update={"combined_score": score})


DEGRADED = fuse([branch(name, 0.0, degraded=True) for name in BranchName], Mode.FULL)


def verdict(guarded: GuardRequest, judged: Detection, findings: Findings | None = None) -> Any:
    judged = considered(judged, guarded.policy)
    return settle(
        PiiResult(
            request=guarded,
            detection=judged,
            ruling=rule(guarded, judged, DEFAULTS),
            findings=findings or Findings(),
        )
    )


@pytest.mark.parametrize(
    ("policy", "decision"),
    [
        ({}, "SANITIZE"),
        ({"block_threshold": 40}, "BLOCK"),
        ({"sanitize_threshold": 60}, "ALLOW"),
        ({"block_threshold": 20}, "BLOCK"),
    ],
)
def test_thresholds(policy: dict[str, Any], decision: str) -> None:
    assert rule(request(**policy), detection(45), DEFAULTS).decision == decision


def test_a_category_that_is_off_counts_for_nothing() -> None:
    judged = fuse(
        [
            branch(BranchName.HEURISTICS, 90, ("tool_abuse", 90), ("prompt_leak", 40)),
            branch(BranchName.SEMANTIC, 80, ("tool_abuse", 80)),
            branch(BranchName.CLASSIFIER, 10),
        ],
        Mode.FULL,
    )
    less = considered(judged, Policy(categories_off=("tool_abuse",)))
    assert [result.score for result in less.branches] == [40, 0, 10]
    assert less.weighted_score == pytest.approx(0.3 * 40 + 0.35 * 10)
    assert less.categories == ("prompt_leak",)
    assert considered(judged, Policy(categories_off=("exfiltration",))) == judged


def test_a_denied_phrase_is_a_block_and_the_ruling_says_why() -> None:
    ruling = rule(request("About PROJECT  Falcon?", deny=("project falcon",)), detection(0), DEFAULTS)
    assert (ruling.decision, ruling.floors[0].name) == (Decision.BLOCK, "denied_phrase")


@pytest.mark.parametrize(("mode", "decision"), [("closed", "BLOCK"), ("open", "ALLOW")])
def test_what_nobody_could_judge_is_decided_by_the_policy_and_the_verdict_says_so(
    mode: str, decision: str
) -> None:
    got = verdict(request(fail_mode=mode), DEGRADED)
    assert (got.decision, got.fail_mode, got.failed) == (decision, mode, True)
    assert len(got.degraded) == 3
    assert not verdict(request(fail_mode=mode), detection(0)).failed


@pytest.mark.parametrize(
    ("policy", "decision", "detected", "sanitized"),
    [
        ({}, "SANITIZE", True, "Ask for [PERSON_1], PESEL [PL_PESEL_1], please."),
        ({"pii_types": ("PL_PESEL",)}, "SANITIZE", True, "Ask for Jan Kowalski, PESEL [PL_PESEL_1], please."),
        ({"pii_types": ("IBAN_CODE",)}, "ALLOW", False, None),
        ({"pii_types": ()}, "ALLOW", False, None),
        ({"pii_action": "block"}, "BLOCK", True, None),
        ({"pii_action": "report"}, "ALLOW", True, None),
    ],
)
def test_personal_data(policy: dict[str, Any], decision: str, detected: bool, sanitized: str | None) -> None:
    got = verdict(request(**policy), detection(0), FOUND)
    assert (got.decision, got.pii_detected, got.sanitized_text) == (decision, detected, sanitized)


@pytest.mark.parametrize(("score", "would"), [(95, "BLOCK"), (45, "BLOCK"), (0, "ALLOW")])
def test_in_shadow_everything_is_allowed_and_the_verdict_says_what_it_would_have_been(
    score: float, would: str
) -> None:
    # At 45 the offending sentence is the whole text: cutting it leaves nothing worth sending.
    got = verdict(request(shadow=True), detection(score))
    assert (got.decision, got.shadow_decision, got.sanitized_text) == ("ALLOW", would, None)
    assert got.policy_version == 7


def test_the_early_answer_to_a_block_is_shadowed_too() -> None:
    guarded = request(shadow=True)
    early = block(
        PiiResult(
            request=guarded,
            detection=detection(95),
            ruling=Ruling(decision=Decision.BLOCK, threat_score=95),
            findings=Findings(),
        )
    )
    assert (early.decision, early.shadow_decision) == ("ALLOW", "BLOCK")
