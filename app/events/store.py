"""Where events are kept."""

import logging
from collections.abc import Sequence
from hashlib import sha256
from operator import itemgetter

from app.events.connection import Connection
from app.events.failures import MISSING_CODES, StoreUnavailable, is_bad_value
from app.events.migrations import DEFAULT_RETENTION_DAYS, migrate
from app.events.row import COLUMNS, Row, to_row
from app.schemas.event import Event

log = logging.getLogger(__name__)

_Numbered = tuple[int, Row]
_EVENT_ID = COLUMNS.index("event_id")
_OUTCOME = COLUMNS.index("outcome")


class EventStore:
    """Writes events to `<database>.vigil_events`, each of them once as every reader sees it.

    Its calls block and are serialised on one connection: from async code, send them to a thread. The
    connection is opened at the first call and again after a failure, so one object serves a worker for life.

    Args:
        host: of ClickHouse.
        port: of its native protocol; not 8123, that is HTTP.
        database: holds the tables; created when missing.
        user: may insert and, for migrations, create tables.
        password: empty for none.
        secure: speak TLS.
        timeout_s: how long ClickHouse may take for one step of the protocol.
        retention_days: after how many days events are deleted.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int = 9000,
        database: str = "n8n_logs",
        user: str = "default",
        password: str = "",
        secure: bool = False,
        timeout_s: float = 10.0,
        retention_days: int = DEFAULT_RETENTION_DAYS,
    ) -> None:
        self.connection = Connection(
            host=host, port=port, user=user, password=password, secure=secure, timeout_s=timeout_s
        )
        self.database = database
        self._retention_days = retention_days
        self._insert_query = f"INSERT INTO {database}.vigil_events ({', '.join(COLUMNS)}) VALUES"

    def migrate(self) -> list[str]:
        """Bring the schema up to date; the names of the steps that were applied. Raises StoreUnavailable."""
        return migrate(self.connection, self.database, retention_days=self._retention_days)

    def ping(self) -> None:
        """Return when ClickHouse answers. Raises StoreUnavailable."""
        self.connection.execute("SELECT 1")

    def insert(self, events: Sequence[Event]) -> list[tuple[int, Exception]]:
        """Write a batch. On return every event is stored but those named in the result.

        Returns:
            Index into `events` and error of each event that no table can hold, by index: dead-letter them.

        Raises:
            StoreUnavailable: some or all events are not stored through no fault of theirs. Insert the same
            batch again
                later: what did arrive is not counted twice.
        """
        rows: list[_Numbered] = []
        bad: list[tuple[int, Exception]] = []
        for index, event in enumerate(events):
            try:
                rows.append((index, to_row(event)))
            except (AttributeError, TypeError, ValueError) as error:
                bad.append((index, error))
        return sorted(bad + self._insert(rows), key=itemgetter(0))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _insert(self, rows: Sequence[_Numbered]) -> list[tuple[int, Exception]]:
        """Bisect down to the bad rows: about seven inserts more per bad row in a hundred."""
        if not rows:
            return []
        try:
            self._send(rows)
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
            self._send(row)
        except Exception as error:
            if not is_bad_value(error):
                raise
            return [(row[0][0], error)]
        return []

    def _send(self, rows: Sequence[_Numbered]) -> None:
        values = [row for _, row in rows]
        settings: dict[str, str | int] = {
            "insert_deduplication_token": _token(values),
            "max_partitions_per_insert_block": 0,
        }
        try:
            self.connection.execute(self._insert_query, values, **settings)
        except StoreUnavailable as error:
            if error.code not in MISSING_CODES:
                raise
            log.warning("%s: creating what is missing", error)
            migrate(self.connection, self.database, retention_days=self._retention_days, repair=True)
            self.connection.execute(self._insert_query, values, **settings)


def _token(rows: Sequence[Row]) -> str:
    # Names the batch, for ClickHouse to drop it when it comes again within the window. The outcome belongs to
    # the name: an answer that follows the dead letter of the same event is not the same batch.
    ids = sorted(f"{row[_EVENT_ID]}\x1f{row[_OUTCOME]}" for row in rows)
    return sha256("\x1e".join(ids).encode(errors="surrogatepass")).hexdigest()
