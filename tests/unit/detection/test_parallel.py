"""Branches side by side: what they may not do to each other, to the event loop and to the verdict."""

import threading
import time

import pytest

from app.detection import parallel
from app.detection.parallel import AT_ONCE_CHARS, detect
from app.schemas.detection import BranchName, BranchResult
from app.schemas.guard import Mode


class Engine:
    """Answers with a score after `pause_s` seconds, or raises."""

    def __init__(self, branch: BranchName, pause_s: float = 0.0, error: Exception | None = None) -> None:
        self.branch, self.pause_s, self.error = branch, pause_s, error
        self.thread: int | None = None

    def analyze(self, text: str) -> BranchResult:
        self.thread = threading.get_ident()
        time.sleep(self.pause_s)
        if self.error:
            raise self.error
        return BranchResult(branch=self.branch, score=40.0)


def engines(**different: Engine) -> dict[BranchName, Engine]:
    return {name: different.get(name.value, Engine(name)) for name in BranchName}


async def test_every_engine_runs_off_the_event_loop() -> None:
    asked = engines()
    await detect("text", Mode.FULL, asked)
    assert all(engine.thread not in (None, threading.get_ident()) for engine in asked.values())


async def test_only_a_short_text_in_fast_mode_is_judged_on_the_event_loop() -> None:
    for text, mode, here in (
        ("x" * AT_ONCE_CHARS, Mode.FAST, True),
        ("x" * (AT_ONCE_CHARS + 1), Mode.FAST, False),
        ("x", Mode.FULL, False),
    ):
        asked = engines()
        await detect(text, mode, asked)
        threads = {engine.thread for engine in asked.values()} - {None}
        assert (threads == {threading.get_ident()}) is here


async def test_fast_mode_leaves_the_classifier_out() -> None:
    asked = engines()
    detection = await detect("text", Mode.FAST, asked)
    assert [result.branch for result in detection.branches] == [BranchName.HEURISTICS, BranchName.SEMANTIC]
    assert asked[BranchName.CLASSIFIER].thread is None


async def test_a_branch_that_fails_is_degraded_and_its_error_quotes_no_text() -> None:
    broken = Engine(BranchName.SEMANTIC, error=ValueError("44051401359 is no text"))
    detection = await detect("44051401359", Mode.FULL, engines(semantic=broken))
    assert detection.degraded == (BranchName.SEMANTIC,)
    result = detection.branch(BranchName.SEMANTIC)
    assert result is not None
    assert result.reason == "failed with ValueError"
    assert detection.weights[BranchName.SEMANTIC] == pytest.approx(0.035 / (0.3 + 0.35 + 0.035), abs=1e-3)


async def test_a_branch_that_is_late_is_degraded_and_the_others_are_heard(monkeypatch) -> None:
    monkeypatch.setitem(parallel.TIME_LIMITS_S, BranchName.CLASSIFIER, 0.05)
    late = Engine(BranchName.CLASSIFIER, pause_s=0.5)
    detection = await detect("text", Mode.FULL, engines(classifier=late))
    assert detection.degraded == (BranchName.CLASSIFIER,)
    assert [result.score for result in detection.branches if not result.degraded] == [40.0, 40.0]
