"""The second opinion on stored events, with engines whose scores are known."""

import pytest

from app.arbiter.decide import Thresholds
from app.commands.events.rejudge import Policy, rejudge
from app.schemas.decision import Decision
from app.schemas.detection import BranchName, BranchResult


class Fixed:
    """An engine that always gives the same score, and counts how often it was asked."""

    def __init__(self, branch: BranchName, score: float) -> None:
        self.asked = 0
        self._result = BranchResult(branch=branch, score=score)

    def analyze(self, text: str) -> BranchResult:
        self.asked += 1
        return self._result


def engines(score: float) -> dict[BranchName, Fixed]:
    return {name: Fixed(name, score) for name in BranchName}


def stored(**fields: object) -> dict[str, object]:
    known = {
        "request_id": "r",
        "mode": "full",
        "direction": "input",
        "pii_count": 0,
        "arbiter_decision": "ALLOW",
    }
    return known | fields


async def test_other_thresholds_change_the_decision_and_ask_no_engine_twice() -> None:
    same = engines(50.0)
    judged = await rejudge(
        stored(arbiter_decision="SANITIZE"),
        "text",
        Policy(same, Thresholds(sanitize=20)),
        Policy(same, Thresholds(sanitize=69)),
    )
    assert (judged.present.decision, judged.other.decision) == (Decision.SANITIZE, Decision.ALLOW)
    assert judged.changes
    assert not judged.drifted
    assert [engine.asked for engine in same.values()] == [1, 1, 1]


async def test_another_engine_is_asked_and_the_shared_ones_are_not_asked_again() -> None:
    present = engines(0.0)
    others = present | {BranchName.HEURISTICS: Fixed(BranchName.HEURISTICS, 100.0)}
    judged = await rejudge(stored(), "text", Policy(present, Thresholds()), Policy(others, Thresholds()))
    assert (judged.present.decision, judged.other.decision) == (Decision.ALLOW, Decision.SANITIZE)
    assert [engine.asked for engine in (*present.values(), others[BranchName.HEURISTICS])] == [1, 1, 1, 1]


async def test_fast_mode_leaves_the_classifier_out() -> None:
    same = engines(0.0)
    await rejudge(stored(mode="fast"), "text", Policy(same, Thresholds()), Policy(same, Thresholds()))
    assert same[BranchName.CLASSIFIER].asked == 0


@pytest.mark.parametrize(("pii_count", "decision"), [(0, Decision.ALLOW), (2, Decision.SANITIZE)])
async def test_personal_data_that_was_redacted_still_counts(pii_count: int, decision: Decision) -> None:
    policy = Policy(engines(0.0), Thresholds())
    judged = await rejudge(stored(pii_count=pii_count), "My number is [PL_PESEL_1]", policy, policy)
    assert judged.present.decision is decision
    assert judged.drifted is (pii_count > 0)
