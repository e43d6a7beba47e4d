"""Our verdicts in the predecessor's words."""

import pytest

from app.api.compat.vge_verdict import reason, threat_level, vge_verdict
from app.schemas.decision import Decision
from app.schemas.detection import BranchName, BranchResult
from app.schemas.policy import FailMode
from app.schemas.timing import Timings
from app.schemas.verdict import DecisionProcess, Verdict


def process(*degraded: BranchName) -> DecisionProcess:
    return DecisionProcess(
        branches=tuple(
            BranchResult(branch=name, score=90.0, latency_ms=1.6, degraded=name in degraded)
            for name in BranchName
        ),
        weights={BranchName.HEURISTICS: 0.3, BranchName.SEMANTIC: 0.35, BranchName.CLASSIFIER: 0.35},
        weighted_score=90.0,
        floors=(),
        degraded=degraded,
        evidence=(),
        timings=Timings(),
    )


def verdict(decision: Decision, score: float = 90.0, **more) -> Verdict:
    return Verdict(request_id="req_1", decision=decision, threat_score=score, **more)


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0, "LOW"),
        (29.9, "LOW"),
        (30, "MEDIUM"),
        (64.9, "MEDIUM"),
        (65, "HIGH"),
        (84.9, "HIGH"),
        (85, "CRITICAL"),
    ],
)
def test_the_bounds_of_the_levels_are_theirs(score: float, level: str) -> None:
    assert threat_level(score) == level


def test_a_sanitize_without_a_clean_text_is_blocked_and_gives_no_text() -> None:
    said = vge_verdict(verdict(Decision.SANITIZE, sanitized_text=None), "the original", 5)
    assert (said.decision, said.output_text, said.sanitized_text) == ("BLOCKED", None, None)
    assert said.block_message
    assert "the original" not in said.model_dump_json()


@pytest.mark.parametrize(
    ("given", "decision", "output"),
    [
        (verdict(Decision.ALLOW, 2.0), "ALLOWED", "text"),
        (verdict(Decision.SANITIZE, 2.0, sanitized_text="clean", pii_detected=True), "SANITIZED", "clean"),
        (verdict(Decision.BLOCK), "BLOCKED", None),
    ],
)
def test_the_text_that_may_be_passed_on(given: Verdict, decision: str, output: str | None) -> None:
    said = vge_verdict(given, "text", 5)
    assert (said.decision, said.output_text) == (decision, output)
    assert said.arbiter_signal == ("BLOCK" if decision == "BLOCKED" else "ALLOW")


def test_degraded_branches_are_missing_and_take_their_weight_from_the_confidence() -> None:
    whole = vge_verdict(verdict(Decision.BLOCK, decision_process=process()), "text", 5)
    assert whole.confidence == pytest.approx(0.9)
    assert whole.branches.heuristics is not None
    assert whole.branches.heuristics.threat_level == "HIGH", "they have no CRITICAL there"
    less = verdict(
        Decision.BLOCK, degraded=(BranchName.CLASSIFIER,), decision_process=process(BranchName.CLASSIFIER)
    )
    said = vge_verdict(less, "text", 5)
    assert said.missing_branches == ["llmGuard"]
    assert said.branches.llm_guard is None
    assert said.confidence == pytest.approx(0.585)


def test_a_text_that_nobody_judged_says_so() -> None:
    said = vge_verdict(verdict(Decision.ALLOW, 0.0, failed=True, fail_mode=FailMode.OPEN), "text", 5)
    assert (said.fail_open, said.confidence) == (True, 0.0)
    assert "nobody" in said.decision_reason


def test_after_a_block_nobody_knows_of_personal_data() -> None:
    assert vge_verdict(verdict(Decision.BLOCK, decision_process=process()), "text", 5).branches.pii is None


def test_the_reason_names_what_was_found() -> None:
    assert reason(verdict(Decision.ALLOW, 2.0)) == "nothing found"
    assert reason(verdict(Decision.BLOCK, categories=("prompt_leak",))) == "prompt_leak"
    assert reason(verdict(Decision.SANITIZE, sanitized_text="x", pii_detected=True)) == "personal data"
