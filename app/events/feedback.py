"""Reports on verdicts, and the cases that they become."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from app.events.connection import Connection
from app.events.filters import Filter
from app.schemas.feedback import Feedback, Wrong

OPERATOR = "operator"
_COLUMNS = ("request_id", "reporter", "verdict", "reason", "comment", "reported_at")
# Of the event that a report is about; empty while that is not stored, or where it is another client's.
_EVENT = ("client_id", "arbiter_decision", "threat_score", "language", "event_id", "redacted_text")
LABELS = {Wrong.FALSE_POSITIVE: "benign", Wrong.MISSED_ATTACK: "attack"}


class FeedbackStore:
    """Reads and writes `<database>.vigil_feedback`. Every method raises StoreUnavailable."""

    def __init__(self, connection: Connection, database: str = "n8n_logs") -> None:
        self._connection = connection
        self._feedback = f"{database}.vigil_feedback"
        self._events = f"{database}.vigil_events"

    def add(self, report: Feedback) -> None:
        """Store a report in place of the reporter's earlier one on the same request."""
        row = tuple(str(getattr(report, name)) for name in _COLUMNS[:-1])
        query = f"INSERT INTO {self._feedback} ({', '.join(_COLUMNS)}) VALUES"
        self._connection.execute(query, [(*row, report.reported_at.astimezone(UTC))])

    def owner(self, request_id: str) -> str | None:
        """Whose request it was, None while its event is not stored."""
        query = f"SELECT client_id FROM {self._events} WHERE request_id = %(id)s LIMIT 1"  # noqa: S608
        found = self._connection.execute(query, {"id": request_id})
        return str(found[0][0]) if found else None

    def reports(self, *, since: datetime | None = None, verdict: Wrong | None = None) -> list[dict[str, Any]]:
        """Reports, oldest first, each with what is known of its event."""
        conditions = {
            "verdict = %(verdict)s": verdict,
            "reported_at >= fromUnixTimestamp64Milli(%(since)s)": since,
        }
        condition = " AND ".join(text for text, value in conditions.items() if value is not None) or "1"
        known = ", ".join(f"event.{name} AS {name}" for name in _EVENT)
        query = (
            f"SELECT {', '.join(f'report.{name} AS {name}' for name in _COLUMNS)}, {known} "  # noqa: S608
            f"FROM (SELECT * FROM {self._feedback} WHERE {condition}) AS report "
            f"LEFT JOIN (SELECT request_id, {', '.join(_EVENT)} FROM {self._events} "
            f"WHERE request_id IN (SELECT request_id FROM {self._feedback} WHERE {condition})) AS event "
            "ON report.request_id = event.request_id ORDER BY reported_at, request_id"
        )
        values = Filter(since=since).values | ({"verdict": verdict.value} if verdict else {})
        rows = self._connection.execute(query, values)
        return [_honest(dict(zip((*_COLUMNS, *_EVENT), row, strict=True))) for row in rows]


def cases(reports: list[dict[str, Any]], texts: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Reports as the labelled lines that `vigil scan --report` reads; without those whose text is not kept.

    Args:
        reports: as `FeedbackStore.reports` gives them.
        texts: originals by event id, used where there is one in place of the redacted text.
    """
    for report in reports:
        text = texts.get(report["event_id"]) or report["redacted_text"]
        if text:
            yield {
                "text": text,
                "label": LABELS[Wrong(report["verdict"])],
                "kind": report["verdict"],
                "language": report["language"],
                "request_id": report["request_id"],
                "reason": report["reason"],
            }


def _honest(report: dict[str, Any]) -> dict[str, Any]:
    # A client could name another's request before its event was stored: it learns and spoils nothing by that.
    if report["reporter"] not in (report["client_id"], OPERATOR):
        report |= dict.fromkeys(_EVENT, "") | {"arbiter_decision": None, "threat_score": None}
    return report
