"""Counting in this process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.limits.memory import MemoryStore
from app.limits.window import Window, parse_windows

MINUTE = Window(100, 60)


def test_a_hundred_pass_and_not_one_more_until_the_window_has_slid_on() -> None:
    store = MemoryStore()
    assert [store.take("key", [MINUTE], now_ms=1000 + n).allowed for n in range(150)] == [True] * 100 + [
        False
    ] * 50
    assert not store.take("key", [MINUTE], now_ms=60_000).allowed
    assert store.take("key", [MINUTE], now_ms=62_000).allowed
    assert store.take("other", [MINUTE], now_ms=1000).allowed


@given(st.lists(st.integers(0, 300), min_size=1, max_size=200), st.integers(1, 10))
def test_in_no_stretch_of_a_windows_length_more_than_the_limit_passes(gaps: list[int], limit: int) -> None:
    store, window, now, passed = MemoryStore(), Window(limit, 1), 0, []
    for gap in gaps:
        now += gap
        if store.take("key", [window], now_ms=now).allowed:
            passed.append(now)
    assert all(sum(start <= at < start + 1000 for at in passed) <= limit for start in passed)


@given(st.lists(st.integers(0, 1_000_000), min_size=1, max_size=30), st.integers(1, 20))
def test_after_the_time_it_names_there_is_room_again(starts: list[int], limit: int) -> None:
    store, window = MemoryStore(), Window(limit, 60)
    for now in sorted(starts):
        reply = store.take("key", [window], now_ms=now)
        if not reply.allowed:
            later = now + reply.usages[0].free_in_ms
            assert store.take("key", [window], now_ms=later).allowed
            return


def test_a_request_takes_its_place_in_every_window_or_in_none() -> None:
    store, windows = MemoryStore(), (Window(2, 1), Window(3, 60))
    allowed = [store.take("key", windows, now_ms=0).allowed for _ in range(5)]
    assert allowed == [True, True, False, False, False]
    reply = store.take("key", windows, now_ms=2000)
    assert reply.allowed
    assert [usage.remaining for usage in reply.usages] == [1, 0]
    assert store.take("key", windows, now_ms=2000).retry_after_s > 50


def test_a_cost_is_paid_whole_or_not_at_all() -> None:
    store = MemoryStore()
    assert store.take("key", [MINUTE], 60, now_ms=0).allowed
    assert not store.take("key", [MINUTE], 60, now_ms=0).allowed
    assert store.take("key", [MINUTE], 40, now_ms=0).usages[0].remaining == 0


def test_limits_are_written_as_people_write_them() -> None:
    assert parse_windows("100/minute, 10/second,5000/30s") == (
        Window(10, 1),
        Window(5000, 30),
        Window(100, 60),
    )
    assert parse_windows("") == ()
    assert Window(5, 60).share(2) == Window(3, 60)


@pytest.mark.parametrize(
    "text", ["100", "0/minute", "1/0s", "1/fortnight", "1/second,2/second", "-1/second", "١/second"]
)
def test_what_is_no_limit_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"100/minute|same period"):
        parse_windows(text)


def test_many_places_wait_for_the_window_that_lacks_them_and_for_no_other() -> None:
    store, windows = MemoryStore(), (Window(100, 1), Window(3000, 60))
    assert store.take("key", windows, 60, now_ms=0).allowed
    reply = store.take("key", windows, 50, now_ms=0)
    assert not reply.allowed
    assert reply.retry_after_s <= 2
