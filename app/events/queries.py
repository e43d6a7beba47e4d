"""Events, one by one."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.errors import VigilError
from app.events.connection import Connection
from app.events.filters import Filter
from app.events.row import COLUMNS

RESULT = (*COLUMNS, "ingested_at")
_NEWEST_FIRST = "accepted_at DESC, event_id DESC"


class BadCursor(VigilError):  # noqa: N818
    """This is no cursor that a page of ours ended with."""


@dataclass(frozen=True)
class Page:
    """Some events, newest first; `next_cursor` continues after the last of them, None where there is no more."""

    events: list[dict[str, Any]]
    next_cursor: str | None


class EventQueries:
    """Reads `<database>.vigil_events`. Each event is seen once. Every method raises StoreUnavailable.

    A row is a dict by column name, with None where there is no value; times are aware, in UTC; `*_ms` are
    milliseconds.
    """

    def __init__(self, connection: Connection, database: str = "n8n_logs") -> None:
        self._connection = connection
        self._table = f"{database}.vigil_events"
        self._texts = f"{database}.vigil_texts"

    def find(self, request_id: str) -> list[dict[str, Any]]:
        """What is known of one request: one row as a rule, none when it was not logged (yet)."""
        return self._rows("request_id = %(id)s ORDER BY accepted_at", id=request_id)

    def page(self, which: Filter | None = None, *, limit: int = 20, cursor: str | None = None) -> Page:
        """The latest events, newest first. Events that arrive between two pages do not shift them.

        Raises:
            BadCursor: `cursor` is none of ours.
        """
        which = which or Filter()
        condition, values = which.condition, dict(which.values)
        if cursor is not None:
            at, event_id = _read_cursor(cursor)
            condition += (
                " AND (accepted_at, event_id) < (fromUnixTimestamp64Milli(%(cursor_at)s), %(cursor_id)s)"
            )
            values |= {"cursor_at": at, "cursor_id": event_id}
        # The names first, from two narrow columns; then the texts of those few.
        latest = (
            f"SELECT accepted_at, event_id FROM {self._table} "  # noqa: S608
            f"WHERE {condition} ORDER BY {_NEWEST_FIRST} LIMIT %(limit)s"
        )
        found = self._rows(
            f"(accepted_at, event_id) IN ({latest}) ORDER BY {_NEWEST_FIRST}", limit=limit + 1, **values
        )
        more = len(found) > limit
        return Page(found[:limit], _cursor(found[limit - 1]) if more else None)

    def arrived_since(self, at: datetime, which: Filter | None = None) -> list[dict[str, Any]]:
        """Events that were stored at `at` or later, in the order in which they were."""
        which = which or Filter()
        condition = f"ingested_at >= fromUnixTimestamp64Milli(%(arrived)s) AND {which.condition}"
        arrived = round(at.timestamp() * 1000)
        return self._rows(f"{condition} ORDER BY ingested_at, event_id", arrived=arrived, **which.values)

    def count(self, which: Filter | None = None) -> int:
        """How many events there are."""
        which = which or Filter()
        query = f"SELECT count() FROM {self._table} WHERE {which.condition}"  # noqa: S608
        return int(self._connection.execute(query, which.values)[0][0])

    def every(self, which: Filter | None = None) -> Iterator[dict[str, Any]]:
        """All of them, oldest first, as they come from the server: memory does not grow with their number."""
        which = which or Filter()
        query = (
            f"SELECT {', '.join(RESULT)} FROM {self._table} "  # noqa: S608
            f"WHERE {which.condition} ORDER BY accepted_at, event_id"
        )
        for row in self._connection.stream(query, which.values):
            yield dict(zip(RESULT, row, strict=True))

    def sealed_texts(self, event_ids: Sequence[str]) -> dict[str, str]:
        """The sealed originals of these events, by event id; without those that are not kept."""
        if not event_ids:
            return {}
        query = f"SELECT event_id, sealed FROM {self._texts} WHERE event_id IN %(ids)s"  # noqa: S608
        return dict(self._connection.execute(query, {"ids": tuple(event_ids)}))

    def _rows(self, condition: str, **values: object) -> list[dict[str, Any]]:
        query = f"SELECT {', '.join(RESULT)} FROM {self._table} WHERE {condition}"  # noqa: S608
        return [dict(zip(RESULT, row, strict=True)) for row in self._connection.execute(query, values)]


def _cursor(row: dict[str, Any]) -> str:
    place = [round(row["accepted_at"].timestamp() * 1000), row["event_id"]]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[int, str]:
    try:
        at, event_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return int(at), str(event_id)
    except (ValueError, TypeError, binascii.Error):
        raise BadCursor("the cursor is none that a page ended with: leave it out to begin again") from None
