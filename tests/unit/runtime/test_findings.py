"""What two looks at the server say together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.runtime.findings import Kind, allowed_s, judge
from app.runtime.inspection import Held, Look, Stored, matches
from app.runtime.provisioning import Drift
from app.streams import DETECTION, LOGGING

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
IDLE = Held(delivered=10, floor=10, pending=0, under_way=0, redelivered=0, asking=1)


def message(number: int, age_s: float = 5, subject: str = "vigil.guard.input") -> Stored:
    return Stored(number, subject, AT - timedelta(seconds=age_s))


def kinds(before: Held, now: Held, durable: str = DETECTION.durable) -> list[Kind]:
    return [finding.kind for finding in judge(Look({durable: before}), Look({durable: now}), AT)]


def test_an_idle_consumer_is_well() -> None:
    assert kinds(IDLE, IDLE) == []


def test_what_is_left_below_the_floor_is_orphaned_also_while_others_are_under_way() -> None:
    busy = replace(IDLE, floor=7, under_way=2, given=(message(3), message(9), message(10)))
    (finding,) = judge(Look({"detection-worker": busy}), Look({"detection-worker": busy}), AT)
    assert finding.kind is Kind.ORPHANED
    assert [one.number for one in finding.messages] == [3]
    assert "vigil streams bury --all" in finding.cure


def test_what_is_given_is_orphaned_when_nothing_is_under_way() -> None:
    left = replace(IDLE, floor=2, given=(message(3),))
    assert kinds(left, left) == [Kind.ORPHANED]


def test_a_message_that_was_settled_between_the_looks_is_neither_orphaned_nor_stuck() -> None:
    assert kinds(replace(IDLE, given=(message(3, 9999),)), IDLE) == []


@pytest.mark.parametrize("consumer", [DETECTION, LOGGING])
def test_longer_under_way_than_all_attempts_may_take_is_stuck(consumer) -> None:
    def held(age_s: float) -> Held:
        return replace(IDLE, floor=2, under_way=1, given=(message(3, age_s),))

    limit = allowed_s(consumer)
    assert kinds(held(limit - 1), held(limit - 1), consumer.durable) == []
    assert kinds(held(limit + 1), held(limit + 1), consumer.durable) == [Kind.STUCK]


def test_waiting_is_nobody_asks_and_behind_is_too_slow() -> None:
    alone = replace(IDLE, pending=4, asking=0, oldest_pending=message(11))
    assert kinds(alone, alone) == [Kind.WAITING]
    slow = replace(alone, under_way=10, oldest_pending=message(11, 61))
    assert kinds(slow, slow) == [Kind.BEHIND]
    fresh = replace(alone, delivered=12)
    assert kinds(alone, fresh) == []


def test_retries_are_worth_knowing_and_no_fault() -> None:
    retrying = replace(IDLE, redelivered=3)
    (finding,) = judge(Look({"pii-worker": retrying}), Look({"pii-worker": retrying}), AT)
    assert (finding.kind, finding.fault) == (Kind.RETRIED, False)


def test_a_drift_that_the_server_cannot_change_names_what_to_remove_first() -> None:
    stream = Drift("stream VIGIL", "retention", wanted="workqueue", found="limits", fixed=True)
    consumer = Drift("consumer pii-worker", "ack_policy", wanted="explicit", found="none", fixed=True)
    look = Look({}, drifts=(stream, consumer))
    assert [finding.cure for finding in judge(look, look, AT)] == [
        ("vigil streams backup FOLDER", "nats stream rm VIGIL --force", "vigil streams apply"),
        ("nats consumer rm VIGIL pii-worker --force", "vigil streams apply"),
    ]


def test_a_stream_at_four_fifths_of_its_limit_is_nearly_full() -> None:
    assert [f.kind for f in judge(Look({}), Look({}, filled={"VIGIL": 0.8}), AT)] == [Kind.NEARLY_FULL]
    assert not judge(Look({}), Look({}, filled={"VIGIL": 0.79}), AT)


@pytest.mark.parametrize(
    ("pattern", "subject", "taken"),
    [
        ("vigil.guard.*", "vigil.guard.input", True),
        ("vigil.guard.*", "vigil.guard.a.b", False),
        ("vigil.guard.*", "vigil.guard", False),
        ("vigil.logs.>", "vigil.logs.event", True),
        ("vigil.logs.>", "vigil.logs.a.b", True),
        ("vigil.logs.>", "vigil.logs", False),
        ("vigil.logs.>", "vigil.pii.event", False),
        ("vigil.pii.detect", "vigil.pii.result", False),
    ],
)
def test_filters_take_what_the_server_gives_them(pattern: str, subject: str, taken: bool) -> None:
    assert matches(pattern, subject) is taken
