"""Where events are kept."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from operator import itemgetter

from app import tracing
from app.events.connection import Connection
from app.events.failures import MISSING_CODES, StoreUnavailable, is_bad_value
from app.events.migrations import Retention, migrate
from app.events.row import COLUMNS, TEXT_COLUMNS, Row, text_row, to_row
from app.schemas.event import Event

log = logging.getLogger(__name__)

_Numbered = tuple[int, Row]


class EventStore:
    """Writes events to `<database>.vigil_events`, each of them once as every reader sees it.

    Its calls block and are serialised on one connection: from async code, send them to a thread. The
    connection is opened at the first call and again after a failure, so one object serves a worker for life.

    Args:
        connection: its own; of a user who may insert and, for migrations, create tables.
        database: holds the tables; created when missing.
        retention: how long they keep what.
    """

    def __init__(
        self, connection: Connection, database: str = "n8n_logs", retention: Retention | None = None
    ) -> None:
        self.connection = connection
        self.database = database
        self._retention = retention or Retention()
        self._events = f"INSERT INTO {database}.vigil_events ({', '.join(COLUMNS)}) VALUES"
        self._texts = f"INSERT INTO {database}.vigil_texts ({', '.join(TEXT_COLUMNS)}) VALUES"

    def migrate(self) -> list[str]:
        """Bring the schema up to date; what was done. Raises StoreUnavailable."""
        return migrate(self.connection, self.database, retention=self._retention)

    def insert(self, events: Sequence[Event]) -> list[tuple[int, Exception]]:
        """Write a batch. On return every event is stored but those named in the result.

        Returns:
            Index into `events` and error of each event that no table can hold, by index: dead-letter them.

        Raises:
            StoreUnavailable: some or all events are not stored through no fault of theirs. Insert the same
            batch again later: what did arrive is not counted twice.
        """
        rows: list[_Numbered] = []
        bad: list[tuple[int, Exception]] = []
        for index, event in enumerate(events):
            try:
                rows.append((index, to_row(event)))
            except (AttributeError, TypeError, ValueError) as error:
                bad.append((index, error))
        bad += self._insert(rows)
        rejected = {index for index, _ in bad}
        texts = [
            text_row(event)
            for index, event in enumerate(events)
            if event.sealed_text and index not in rejected
        ]
        if texts:
            self._send(self._texts, texts)
        return sorted(bad, key=itemgetter(0))

    def traced(self, rows: int) -> AbstractContextManager[None]:
        """The span of an insert: around all its tries."""
        return tracing.insert(self.database, "vigil_events", rows, self.connection.address)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _insert(self, rows: Sequence[_Numbered]) -> list[tuple[int, Exception]]:
        """Bisect down to the bad rows: about seven inserts more per bad row in a hundred."""
        if not rows:
            return []
        try:
            self._send(self._events, [row for _, row in rows])
        except Exception as error:
            if not is_bad_value(error):
                raise
            if len(rows) == 1:
                return self._second_opinion(rows)
            middle = len(rows) // 2
            return self._insert(rows[:middle]) + self._insert(rows[middle:])
        return []

    def _second_opinion(self, row: Sequence[_Numbered]) -> list[tuple[int, Exception]]:
        # A connection that broke at a bad moment also shows as AttributeError or TypeError of the driver. It
        # has closed it since: on a new one only a bad row fails again.
        try:
            self._send(self._events, [row[0][1]])
        except Exception as error:
            if not is_bad_value(error):
                raise
            return [(row[0][0], error)]
        return []

    def _send(self, query: str, rows: Sequence[Row]) -> None:
        settings: dict[str, str | int] = {
            "insert_deduplication_token": _token(rows),
            "max_partitions_per_insert_block": 0,
        }
        try:
            self.connection.execute(query, rows, **settings)
        except StoreUnavailable as error:
            if error.code not in MISSING_CODES:
                raise
            log.warning("%s: creating what is missing", error)
            migrate(self.connection, self.database, retention=self._retention, repair=True)
            self.connection.execute(query, rows, **settings)


def _token(rows: Sequence[Row]) -> str:
    # Names the batch, for ClickHouse to drop it when it comes again within the window: the same rows, the same name. An
    # answer that follows the dead letter of the same event is another row, and so another name.
    name = sha256()
    for row in rows:
        name.update(repr(row).encode())
    return name.hexdigest()
