"""Which events a question is about."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from app.schemas.decision import Decision
from app.schemas.event import Outcome
from app.schemas.guard import Direction, Mode

Values = Mapping[str, object]


@dataclass(frozen=True)
class Filter:
    """Every condition that is given must hold. Times are aware; `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    client: str | None = None
    decision: Decision | None = None
    outcome: Outcome | None = None
    direction: Direction | None = None
    mode: Mode | None = None
    category: str | None = None
    request_id: str | None = None
    min_score: float | None = None
    pii: bool | None = None
    text: str | None = None

    @property
    def condition(self) -> str:
        """SQL for WHERE, with `%(name)s` for each of `values`."""
        return " AND ".join(_CONDITIONS[name] for name in self._given) or "1"

    @property
    def values(self) -> dict[str, object]:
        """What stands for the names in `condition`."""
        return {name: _plain(getattr(self, name)) for name in self._given}

    @property
    def _given(self) -> list[str]:
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]


_CONDITIONS = {
    "since": "accepted_at >= fromUnixTimestamp64Milli(%(since)s)",
    "until": "accepted_at < fromUnixTimestamp64Milli(%(until)s)",
    "client": "client_id = %(client)s",
    "decision": "arbiter_decision = %(decision)s",
    "outcome": "outcome = %(outcome)s",
    "direction": "direction = %(direction)s",
    "mode": "mode = %(mode)s",
    "category": "has(categories, %(category)s)",
    "request_id": "request_id = %(request_id)s",
    "min_score": "threat_score >= %(min_score)s",
    "pii": "(pii_count > 0) = %(pii)s",
    "text": "positionCaseInsensitiveUTF8(redacted_text, %(text)s) > 0",
}


def _plain(value: object) -> object:
    """For the driver, which would write a time in the server's zone and without its milliseconds."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    return value.value if isinstance(value, Decision | Outcome | Direction | Mode) else value
