"""The predecessor's own event log: `events_v2` in its ClickHouse."""

from datetime import UTC, datetime

from app.commands.shadow.cases import Case, case
from app.errors import StartError
from app.events.access import connect
from app.events.failures import StoreUnavailable
from app.moments import duration
from app.runtime.services import find_services
from app.settings import Settings

TIMEOUT_S = 60.0
COLUMNS = ("id", "original_input", "final_status", "threat_score", "detected_language", "boosts_applied")


def read_events(config: Settings, since: str, limit: int) -> list[Case]:
    """Its latest events, oldest first. The event's column `original_input` is the raw text.

    Raises:
        StartError: ClickHouse does not answer, or has no such table.
    """
    services = find_services(config)
    connection = connect(
        config, host=services.clickhouse_host, port=services.clickhouse_port, timeout_s=TIMEOUT_S
    )
    after = datetime.now(UTC) - duration(since, "--since")
    try:
        rows = connection.execute(
            f"SELECT toString(id), {', '.join(COLUMNS[1:])} FROM {config.clickhouse_database}.events_v2 "  # noqa: S608
            "WHERE timestamp >= %(after)s AND original_input != '' ORDER BY timestamp DESC LIMIT %(limit)s",
            {"after": after.replace(tzinfo=None), "limit": limit},
        )
    except StoreUnavailable as error:
        raise StartError(
            f"{error}: set CLICKHOUSE_HOST and CLICKHOUSE_DATABASE to those of the predecessor"
        ) from None
    finally:
        connection.close()
    return [
        case(dict(zip(COLUMNS, row, strict=True)), number) for number, row in enumerate(reversed(rows), 1)
    ]
