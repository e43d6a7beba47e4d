"""The operator's connection to the event log."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import StartError
from app.events.access import connect, retention
from app.events.connection import Connection
from app.events.failures import MISSING_CODES, StoreUnavailable
from app.events.store import EventStore
from app.runtime.services import find_services
from app.settings import Settings, settings

# A question of the operator's may take longer than an insert of the worker's.
TIMEOUT_S = 60.0


@contextmanager
def event_log(config: Settings | None = None) -> Iterator[Connection]:
    """ClickHouse of CLICKHOUSE_HOST, or of the Vigil that runs on this data folder.

    Raises:
        StartError: it does not answer, or the event log is not there.
    """
    config = config or settings()
    services = find_services(config)
    connection = connect(
        config, host=services.clickhouse_host, port=services.clickhouse_port, timeout_s=TIMEOUT_S
    )
    try:
        yield connection
    except StoreUnavailable as error:
        cure = (
            "run `vigil events migrate`"
            if error.code in MISSING_CODES
            else "set CLICKHOUSE_HOST, or start Vigil on this data folder"
        )
        raise StartError(f"{error}: {cure}") from None
    finally:
        connection.close()


@contextmanager
def event_store() -> Iterator[EventStore]:
    """The same, for commands that change it. Raises StartError."""
    config = settings()
    with event_log(config) as connection:
        yield EventStore(connection, config.clickhouse_database, retention(config))
