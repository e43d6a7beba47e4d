"""One migration at a time, without a lock service: of those who create a table, one succeeds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from clickhouse_driver.errors import ErrorCodes

from app.events.connection import Connection
from app.events.failures import StoreUnavailable

# A migration takes a second. Whoever died in one is not waited for longer than this. Two processes that find such a
# lock at the same moment may both go on; the steps can be repeated, so that does no harm.
ABANDONED_AFTER_S = 30
_ASK_AGAIN_S = 0.1


@contextmanager
def schema_lock(connection: Connection, database: str) -> Iterator[None]:
    """Hold the lock of `database`; waits for whoever holds it. Raises StoreUnavailable."""
    while not _take(connection, database):
        time.sleep(_ASK_AGAIN_S)
    try:
        yield
    finally:
        with suppress(StoreUnavailable):  # then it is found abandoned
            _drop(connection, database)


def _take(connection: Connection, database: str) -> bool:
    try:
        connection.execute(
            f"CREATE TABLE {database}.schema_lock (nothing UInt8) ENGINE = Memory "
            f"COMMENT 'A migration is running; of no use after {ABANDONED_AFTER_S} s'"
        )
    except StoreUnavailable as refusal:
        if refusal.code != ErrorCodes.TABLE_ALREADY_EXISTS:
            raise
        if _abandoned(connection, database):
            _drop(connection, database)
        return False
    return True


def _abandoned(connection: Connection, database: str) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM system.tables WHERE database = %(database)s AND name = 'schema_lock' "
            "AND metadata_modification_time < now() - %(seconds)s",
            {"database": database, "seconds": ABANDONED_AFTER_S},
        )
    )


def _drop(connection: Connection, database: str) -> None:
    connection.execute(f"DROP TABLE IF EXISTS {database}.schema_lock SYNC")
