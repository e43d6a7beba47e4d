"""Numbers over events. Each event counts once, however often it was delivered."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.events.connection import Connection
from app.events.filters import Filter

STAGES = (
    "total_ms",
    "detection_ms",
    "branch_a_ms",
    "branch_b_ms",
    "branch_c_ms",
    "decision_ms",
    "pii_ms",
    "settle_ms",
)
COUNTS = ("events", "allowed", "sanitized", "blocked", "expired", "dead_lettered", "with_pii", "degraded")
PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")

_COUNT = """
    count() AS events,
    countIf(arbiter_decision = 'ALLOW') AS allowed,
    countIf(arbiter_decision = 'SANITIZE') AS sanitized,
    countIf(arbiter_decision = 'BLOCK') AS blocked,
    countIf(outcome = 'expired') AS expired,
    countIf(outcome = 'dead-lettered') AS dead_lettered,
    countIf(pii_count > 0) AS with_pii,
    countIf(notEmpty(degraded)) AS degraded_events"""
_QUANTILES = "0.5, 0.95, 0.99"
_FIRST_DAY, _LAST_DAY = "1970-01-01", "2149-06-06"  # of ClickHouse's Date
_DAILY = """
    sum(events) AS all_events, sum(allowed), sum(sanitized), sum(blocked), sum(expired), sum(dead_lettered),
    sum(with_pii), sum(degraded)"""


class By(StrEnum):
    """What events are grouped by. `day` comes from the daily counts, which outlive the events."""

    HOUR = "hour"
    DAY = "day"
    CATEGORY = "category"
    CLIENT = "client"
    DECISION = "decision"


# Key and order. An event with two categories counts in both.
_GROUPS = {
    By.HOUR: ("toStartOfHour(accepted_at)", "key"),
    By.CATEGORY: ("arrayJoin(categories)", "events DESC, key"),
    By.CLIENT: ("client_id", "events DESC, key"),
    By.DECISION: ("ifNull(arbiter_decision, outcome)", "events DESC, key"),
}


class Resolution(StrEnum):
    """Steps of a time series."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


_STEPS = {
    Resolution.MINUTE: "toStartOfMinute(accepted_at)",
    Resolution.HOUR: "toStartOfHour(accepted_at)",
    Resolution.DAY: "toStartOfDay(accepted_at)",
}


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one stage; None where no event passed it."""

    stage: str
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class EventStatistics:
    """Counts and percentiles over `<database>.vigil_events`. Every method raises StoreUnavailable.

    A row is a dict: `key`, the names of COUNTS, and those of PERCENTILES over the whole time of a request.
    """

    def __init__(self, connection: Connection, database: str = "n8n_logs") -> None:
        self._connection = connection
        self._table = f"{database}.vigil_events"
        self._daily = f"{database}.vigil_daily"

    def total(self, which: Filter) -> dict[str, Any]:
        """One row over all of them, without a key."""
        (row,) = self._grouped("''", "key", which, always=True)
        del row["key"]
        return row

    def by(self, group: By, which: Filter) -> list[dict[str, Any]]:
        """One row per group. Days take no other filter than client, direction, mode and time."""
        if group is By.DAY:
            return self._days(which)
        expression, order = _GROUPS[group]
        return self._grouped(expression, order, which)

    def series(self, step: Resolution, which: Filter) -> list[dict[str, Any]]:
        """One row per step of time, by time; steps without events are left out."""
        return self._grouped(_STEPS[step], "key", which)

    def categories(self, which: Filter, limit: int = 20) -> list[dict[str, Any]]:
        """Categories by how many events carry them, as {category, events}."""
        query = (
            f"SELECT arrayJoin(categories) AS category, count() AS events FROM {self._table} "  # noqa: S608
            f"WHERE {which.condition} GROUP BY category ORDER BY events DESC, category LIMIT %(limit)s"
        )
        rows = self._connection.execute(query, {**which.values, "limit": limit})
        return [{"category": category, "events": events} for category, events in rows]

    def latencies(self, which: Filter) -> list[Latency]:
        """Percentiles of each stage that any event passed."""
        columns = ", ".join(f"quantiles({_QUANTILES})({stage})" for stage in STAGES)
        query = f"SELECT {columns} FROM {self._table} WHERE {which.condition}"  # noqa: S608
        (row,) = self._connection.execute(query, which.values)
        found = [Latency(stage, *_numbers(values)) for stage, values in zip(STAGES, row, strict=True)]
        return [latency for latency in found if latency.p50_ms is not None]

    def summary(self, which: Filter, by: By | None = None) -> dict[str, Any]:
        """All of it: the total, percentiles by stage, the first categories and, with `by`, its rows."""
        answer = {
            "since": which.since,
            "until": which.until or datetime.now(UTC),
            **self.total(which),
            "latency_ms": [asdict(latency) for latency in self.latencies(which)],
            "top_categories": self.categories(which, limit=10),
        }
        return answer if by is None else answer | {"by": by.value, "rows": self.by(by, which)}

    def _grouped(
        self, expression: str, order: str, which: Filter, *, always: bool = False
    ) -> list[dict[str, Any]]:
        query = (
            f"SELECT {expression} AS key, {_COUNT}, quantiles({_QUANTILES})(total_ms) FROM {self._table} "  # noqa: S608
            f"WHERE {which.condition} {'' if always else 'GROUP BY key'} ORDER BY {order}"
        )
        return [_row(row) for row in self._connection.execute(query, which.values)]

    def _days(self, which: Filter) -> list[dict[str, Any]]:
        some = Filter(client=which.client, direction=which.direction, mode=which.mode)
        values = some.values | {
            "since": _day(which.since) or _FIRST_DAY,
            "until": _day(which.until) or _LAST_DAY,
        }
        query = (
            f"SELECT day AS key, {_DAILY}, quantilesTDigestMerge({_QUANTILES})(total_ms) FROM {self._daily} "  # noqa: S608
            f"WHERE {some.condition} AND day >= %(since)s AND day <= %(until)s GROUP BY key ORDER BY key"
        )
        return [_row(row) for row in self._connection.execute(query, values)]


def _row(row: tuple[Any, ...]) -> dict[str, Any]:
    key, *counts, percentiles = row
    return {
        "key": key,
        **dict(zip(COUNTS, counts, strict=True)),
        **dict(zip(PERCENTILES, _numbers(percentiles), strict=True)),
    }


def _numbers(values: list[float]) -> list[float | None]:
    return [round(value, 3) if value == value else None for value in values]  # noqa: PLR0124 - NaN: no event


def _day(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d") if at else ""
