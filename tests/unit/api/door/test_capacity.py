"""How much is let in."""

import pytest

from app.api.door import capacity as door
from app.api.door.capacity import Capacity, Progress
from app.errors import PipelineUnavailable


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test moves."""

    class Clock:
        now = 100.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(door, "time", clock)
    return clock


def test_past_the_last_place_a_request_is_refused_and_told_when_to_come_back() -> None:
    capacity = Capacity(most=2, timeout_s=5)
    with capacity.place(), capacity.place():
        assert capacity.refusal()
        with pytest.raises(PipelineUnavailable) as refused, capacity.place():
            pass
        assert refused.value.retry_after_s >= 1
    assert capacity.refusal() is None


def test_slow_answers_take_places_away_once_and_quick_ones_of_a_full_house_bring_them_back(clock) -> None:
    capacity = Capacity(most=40, timeout_s=5)

    def fill(seconds: float) -> int:
        places = []
        while capacity.refusal() is None:
            place = capacity.place()
            place.__enter__()
            places.append(place)
        clock.now += seconds
        for place in places:
            place.__exit__(None, None, None)
        return len(places)

    assert fill(4.0) == 40
    assert fill(4.0) == 36
    for _ in range(20):
        fill(4.0)
    assert fill(0.1) == 16, "some always pass: otherwise nobody would notice that the pipeline is quick again"
    assert fill(0.1) == 17


def test_a_pipeline_that_is_behind_lets_nobody_in() -> None:
    capacity = Capacity(most=10, timeout_s=5)
    capacity.lag_s = 2.0
    assert capacity.refusal() is None
    capacity.lag_s = 4.5
    assert capacity.refusal() == "the pipeline is behind"


def test_the_wait_is_what_waits_over_the_speed() -> None:
    progress = Progress()
    assert progress.wait_s(0, 10, 1.0) == 0
    assert progress.wait_s(100, 10, 2.0) == 1.0, "nothing has moved for a second"
    assert progress.wait_s(100, 60, 3.0) == pytest.approx(2.0), "50 a second"
    assert progress.wait_s(0, 160, 4.0) == 0


def test_while_nothing_moves_the_wait_grows() -> None:
    progress = Progress()
    progress.wait_s(0, 0, 1.0)
    assert [progress.wait_s(3, 0, float(now)) for now in (2, 3, 6)] == [1.0, 2.0, 5.0]
    assert progress.wait_s(0, 3, 7.0) == 0


def test_an_idle_consumer_is_not_taken_for_a_slow_one() -> None:
    progress = Progress()
    progress.wait_s(0, 0, 1.0)
    progress.wait_s(0, 1, 60.0)
    assert progress.wait_s(5, 1, 60.5) < 1
