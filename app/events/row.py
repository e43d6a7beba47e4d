"""An event as a row of `vigil_events`, its sealed text as one of `vigil_texts`."""

import math
from datetime import UTC, datetime

from app.schemas.event import Event

_NUMBERS = (
    "branch_a_score",
    "branch_b_score",
    "branch_c_score",
    "weighted_score",
    "threat_score",
    "detection_ms",
    "decision_ms",
    "pii_ms",
    "settle_ms",
    "total_ms",
    "branch_a_ms",
    "branch_b_ms",
    "branch_c_ms",
)
_LISTS = ("floors", "degraded", "categories", "pii_types")
_PLAIN = (
    "event_id",
    "request_id",
    "client_id",
    "pii_count",
    "redacted_text",
    "text_chars",
    "language",
    "reason",
    "policy_version",
)

COLUMNS = (
    *_PLAIN,
    "direction",
    "mode",
    "outcome",
    "arbiter_decision",
    "shadow_decision",
    "accepted_at",
    *_LISTS,
    *_NUMBERS,
)

TEXT_COLUMNS = ("event_id", "client_id", "accepted_at", "sealed")

Row = tuple[object, ...]


def to_row(event: Event) -> Row:
    """Values in the order of `COLUMNS`.

    Raises:
        ValueError: a number is not finite. ClickHouse would store it, and every average over it would be
        lost. AttributeError, TypeError: the event was built past its validation.
    """
    numbers = [getattr(event, name) for name in _NUMBERS]
    for name, number in zip(_NUMBERS, numbers, strict=True):
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{name} is not a finite number")
    return (
        *(getattr(event, name) for name in _PLAIN),
        event.direction.value,
        event.mode.value,
        event.outcome.value,
        event.decision and event.decision.value,
        event.shadow_decision and event.shadow_decision.value,
        _in_utc(event),
        *([str(item) for item in getattr(event, name)] for name in _LISTS),
        *numbers,
    )


def text_row(event: Event) -> Row:
    """Values in the order of `TEXT_COLUMNS`."""
    return (event.event_id, event.client_id, _in_utc(event), event.sealed_text)


def _in_utc(event: Event) -> datetime:
    at = event.accepted_at
    return at if at.tzinfo else at.replace(tzinfo=UTC)
