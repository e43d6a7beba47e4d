"""What SANITIZE passes on: judged again until it would be allowed."""

from functools import partial

from app.arbiter.clean import ROUNDS, clean
from app.arbiter.decide import Thresholds, decide
from app.detection.fusion import fuse
from app.schemas.detection import BranchName, BranchResult, Detection, Evidence
from app.schemas.guard import Mode

RULE = partial(decide, thresholds=Thresholds())


class Judge:
    """Finds each of `words`, and counts how often it is asked."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.asked: list[str] = []

    async def __call__(self, text: str) -> Detection:
        self.asked.append(text)
        found = tuple(
            Evidence(
                start=text.index(word), end=text.index(word) + len(word), category="test", score=90.0,
                branch=BranchName.HEURISTICS,
            )
            for word in self.words if word in text
        )[:1]  # fmt: skip
        score = 95.0 if found else 0.0
        return fuse(
            [
                BranchResult(branch=BranchName.HEURISTICS, score=score, evidence=found),
                BranchResult(branch=BranchName.SEMANTIC, score=score),
            ],
            Mode.FAST,
        )


async def test_a_clean_draft_is_judged_once_and_passed_on_as_it_is() -> None:
    judge = Judge("evil")
    assert await clean("A good sentence. Another one.", judge, RULE) == "A good sentence. Another one."
    assert len(judge.asked) == 1


async def test_what_comes_to_light_after_a_cut_is_cut_too() -> None:
    judge = Judge("evil", "worse")
    text = "Something evil here. Something worse there. A good sentence stays."
    assert await clean(text, judge, RULE) == "A good sentence stays."
    assert len(judge.asked) == 3


async def test_nothing_is_passed_on_when_nothing_worth_sending_is_left() -> None:
    assert await clean("Only evil.", Judge("evil"), RULE) is None


async def test_nothing_is_passed_on_without_a_hint_where_to_cut() -> None:
    async def judge(_: str) -> Detection:
        return fuse([BranchResult(branch=name, score=95.0) for name in BranchName], Mode.FULL)

    assert await clean("A text that no evidence points into.", judge, RULE) is None


async def test_it_ends_on_a_text_that_is_hostile_throughout() -> None:
    words = [f"evil{i} " for i in range(20)]
    judge = Judge(*words)
    text = " ".join(f"This is {word}sentence." for word in words)
    assert await clean(text, judge, RULE) is None
    assert len(judge.asked) == ROUNDS
