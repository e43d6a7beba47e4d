from datetime import UTC, datetime

import pytest

from app.events.row import COLUMNS, to_row
from app.schemas.event import Event

EVENT = Event.model_validate(
    {
        "event_id": "e",
        "request_id": "r",
        "client_id": "dev",
        "direction": "input",
        "mode": "fast",
        "accepted_at": "2026-11-24T08:00:00Z",
        "outcome": "answered",
        "decision": "BLOCK",
    }
)


def test_every_field_of_an_event_has_a_column() -> None:
    assert set(COLUMNS) == set(Event.model_fields) - {"decision", "sealed_text"} | {"arbiter_decision"}
    assert len(to_row(EVENT)) == len(COLUMNS)


def test_values_are_plain() -> None:
    row = dict(zip(COLUMNS, to_row(EVENT), strict=True))
    assert (row["direction"], row["arbiter_decision"], row["branch_a_score"]) == ("input", "BLOCK", None)
    assert type(row["mode"]) is str


def test_a_time_without_a_zone_is_utc() -> None:
    event = EVENT.model_copy(update={"accepted_at": datetime(2026, 1, 1)})
    assert datetime(2026, 1, 1, tzinfo=UTC) in to_row(event)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="total_ms is not a finite number"):
        to_row(EVENT.model_copy(update={"total_ms": number}))
