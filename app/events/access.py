"""The event log that the settings name."""

from collections.abc import Mapping

from app.events.connection import Connection
from app.events.migrations import Retention
from app.events.store import EventStore
from app.settings import Settings

# For answers that somebody waits for. 2: reading only, yet settings may come with a query.
READING = {"readonly": 2, "max_execution_time": 8}


def connect(
    settings: Settings,
    *,
    host: str = "",
    port: int | None = None,
    timeout_s: float = 10.0,
    limits: Mapping[str, int] | None = None,
) -> Connection:
    """A connection to CLICKHOUSE_HOST and CLICKHOUSE_PORT, or to `host` and `port`. It opens with the first query."""
    return Connection(
        host=host or settings.clickhouse_host or "127.0.0.1",
        port=port or settings.clickhouse_port or 9000,
        user=settings.clickhouse_user,
        password=settings.clickhouse_password,
        secure=settings.clickhouse_secure,
        timeout_s=timeout_s,
        limits=limits,
    )


def retention(settings: Settings) -> Retention:
    """How long events and texts are kept."""
    return Retention(settings.vigil_event_retention_days, settings.vigil_text_retention_days)


def open_store(settings: Settings, *, host: str = "", port: int | None = None) -> EventStore:
    """The store of CLICKHOUSE_DATABASE, for the one who writes."""
    return EventStore(
        connect(settings, host=host, port=port), settings.clickhouse_database, retention(settings)
    )
