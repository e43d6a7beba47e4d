"""Thresholds and floors."""

import pytest

from app.arbiter.decide import FLOORS, Thresholds, decide
from app.detection.fusion import fuse
from app.schemas.decision import Decision
from app.schemas.detection import BranchName, BranchResult, Detection
from app.schemas.guard import Mode

A, B, C = BranchName


def detection(
    a: float | None,
    b: float | None,
    c: float | None = 0.0,
    mode: Mode = Mode.FULL,
    combined: float | None = None,
) -> Detection:
    """Scores of the branches, None for a degraded one; what they say together is given, not looked up."""
    scores = {A: a, B: b, C: c} if mode is Mode.FULL else {A: a, B: b}
    results = [
        BranchResult(branch=name, score=score or 0.0, degraded=score is None)
        for name, score in scores.items()
    ]
    return fuse(results, mode).model_copy(update={"combined_score": combined})


@pytest.mark.parametrize(
    ("scores", "decision"),
    [
        ((0, 0, 0), Decision.ALLOW),
        ((29, 29, 29), Decision.ALLOW),
        ((30, 30, 30), Decision.SANITIZE),
        ((70, 70, 70), Decision.BLOCK),
        ((0, 0, 100), Decision.SANITIZE),  # the weighted sum alone says 35
        ((0, 85, 0), Decision.SANITIZE),
        ((0, 84, 0), Decision.ALLOW),
        ((95, 0, 0), Decision.SANITIZE),
        ((0, 75, 75), Decision.BLOCK),
        ((60, 60, 60), Decision.BLOCK),
        ((None, None, None), Decision.BLOCK),
        ((None, 0, 0), Decision.ALLOW),
    ],
)
def test_decisions(scores, decision: Decision) -> None:
    assert decide(detection(*scores), Thresholds()).decision is decision


def test_a_floor_that_acts_is_named_with_its_reason_and_the_weighted_score_stays() -> None:
    found = detection(0, 90, 0)
    ruling = decide(found, Thresholds())
    assert ruling.threat_score == 50
    assert [floor.name for floor in ruling.floors] == ["one_branch_certain"]
    assert all(floor.reason for floor in ruling.floors)
    assert found.weighted_score == pytest.approx(31.5)


def test_what_the_branches_say_together_raises_the_score_and_is_named() -> None:
    ruling = decide(detection(10, 40, 40, combined=61.5), Thresholds())
    assert (ruling.threat_score, ruling.decision) == (61.5, Decision.SANITIZE)
    assert [floor.name for floor in ruling.floors] == ["combined_evidence"]


def test_what_the_branches_say_together_stands_where_it_is_less_than_their_sum() -> None:
    ruling = decide(detection(60, 60, 60, combined=12.0), Thresholds())
    assert (ruling.threat_score, ruling.decision, ruling.floors) == (12.0, Decision.ALLOW, ())


def test_a_critical_rule_sanitizes_whatever_the_models_say() -> None:
    ruling = decide(detection(95, 0, 0, combined=3.0), Thresholds())
    assert (ruling.threat_score, ruling.decision) == (30, Decision.SANITIZE)
    assert [floor.name for floor in ruling.floors] == ["critical_heuristics"]


@pytest.mark.parametrize("mode", list(Mode))
def test_more_of_any_branch_never_says_less_together(mode: Mode) -> None:
    for raised in [A, B, C] if mode is Mode.FULL else [A, B]:
        scores = []
        for score in range(0, 101, 10):
            results = [
                BranchResult(branch=name, score=score if name is raised else 20.0)
                for name in ([A, B, C] if mode is Mode.FULL else [A, B])
            ]
            scores.append(fuse(results, mode).combined_score)
        assert scores == sorted(scores)
        assert scores[-1] > 0


def test_a_degraded_branch_leaves_nothing_to_say_together() -> None:
    results = [BranchResult(branch=name, score=90.0, degraded=name is C) for name in BranchName]
    assert fuse(results, Mode.FULL).combined_score is None


def test_no_floor_acts_below_what_the_branches_say_already() -> None:
    assert decide(detection(100, 100, 100), Thresholds()).floors == ()


def test_all_degraded_blocks_with_the_reason() -> None:
    ruling = decide(detection(None, None, None), Thresholds())
    assert ruling.threat_score == 100
    assert [floor.name for floor in ruling.floors] == ["all_degraded"]


def test_a_single_sound_branch_is_not_unanimous() -> None:
    assert "unanimous_branches" not in [
        f.name for f in decide(detection(None, 60, None), Thresholds()).floors
    ]


def test_thresholds_are_the_operators() -> None:
    assert decide(detection(50, 50, 50), Thresholds(block=50, sanitize=20)).decision is Decision.BLOCK
    assert decide(detection(20, 20, 20), Thresholds(block=50, sanitize=20)).decision is Decision.SANITIZE


def test_floors_are_listed_from_the_highest() -> None:
    minimums = [rule.minimum for rule in FLOORS]
    assert minimums == sorted(minimums, reverse=True)
