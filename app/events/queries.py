"""Questions to the event log."""

from datetime import datetime
from typing import Any

from app.events.connection import Connection
from app.events.row import COLUMNS

_RESULT = (*COLUMNS, "ingested_at")


class EventQueries:
    """Reads `<database>.vigil_events`. Each event is seen once. Every method raises StoreUnavailable.

    A row is a dict by column name, with None where there is no value; times are aware, in UTC; `*_ms` are
    milliseconds.
    """

    def __init__(self, connection: Connection, database: str = "n8n_logs") -> None:
        self._connection = connection
        self._table = f"{database}.vigil_events"

    def find(self, request_id: str) -> list[dict[str, Any]]:
        """What is known of one request: one row as a rule, none when it was not logged (yet)."""
        return self._rows("request_id = %(id)s ORDER BY accepted_at", id=request_id)

    def recent(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest events, newest first."""
        # The names first, from two narrow columns; then the texts of those few.
        order = "ORDER BY accepted_at DESC, event_id DESC"
        latest = f"SELECT accepted_at, event_id FROM {self._table} {order} LIMIT %(limit)s"  # noqa: S608
        return self._rows(f"(accepted_at, event_id) IN ({latest}) {order}", limit=limit)

    def count(self, since: datetime) -> int:
        """How many events were accepted at `since` or later. `since` is aware."""
        condition = "accepted_at >= fromUnixTimestamp64Milli(%(since)s)"
        query = f"SELECT count() FROM {self._table} WHERE {condition}"  # noqa: S608
        ((number,),) = self._connection.execute(query, {"since": round(since.timestamp() * 1000)})
        return int(number)

    def _rows(self, condition: str, **values: object) -> list[dict[str, Any]]:
        query = f"SELECT {', '.join(_RESULT)} FROM {self._table} WHERE {condition}"  # noqa: S608
        return [dict(zip(_RESULT, row, strict=True)) for row in self._connection.execute(query, values)]
