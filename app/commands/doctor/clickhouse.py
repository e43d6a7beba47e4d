"""ClickHouse: reachable, its schema, how late events are, its disks, its clock."""

import asyncio
from datetime import UTC, datetime

from app.commands.doctor.clock import clock
from app.commands.doctor.result import Result
from app.events.access import connect
from app.events.connection import Connection
from app.events.failures import MISSING_CODES, REFUSED_CODES, StoreUnavailable
from app.events.migrations import pending
from app.runtime.services import Services
from app.settings import Settings

NAME = "ClickHouse"
TIMEOUT_S = 5.0
# A batch is gathered for five seconds; an insert and a retry on top of it.
MOST_LAG_S = 30.0
LEAST_FREE = 0.1


async def checks(config: Settings, services: Services) -> list[Result]:
    """All that the server can be asked."""
    connection = connect(
        config, host=services.clickhouse_host, port=services.clickhouse_port, timeout_s=TIMEOUT_S
    )
    try:
        return await asyncio.to_thread(_checks, connection, config.clickhouse_database)
    except StoreUnavailable as error:
        return [Result.fault(NAME, str(error), "docs/operate/runbook.md#clickhouse-is-away")]
    finally:
        await asyncio.to_thread(connection.close)


def _checks(connection: Connection, database: str) -> list[Result]:
    before = datetime.now(UTC)
    ((version, theirs),) = connection.execute("SELECT version(), toUnixTimestamp64Milli(now64(3))")
    after = datetime.now(UTC)
    results = [
        Result.ok(NAME, f"{connection.address}, version {version}"),
        clock("clock ClickHouse", datetime.fromtimestamp(theirs / 1000, UTC), before, after),
    ]
    try:
        results.append(_schema(connection, database))
        results.append(_lag(connection, database))
    except StoreUnavailable as error:
        if error.code not in MISSING_CODES:
            raise
        results.append(Result.fault("event log", f"{error}", "run `vigil events migrate`"))
    return [*results, *_disks(connection)]


def _schema(connection: Connection, database: str) -> Result:
    if steps := pending(connection, database):
        return Result.fault(
            "schema", f"{database}: {', '.join(steps)} not applied", "run `vigil events migrate`"
        )
    return Result.ok("schema", f"{database} is up to date")


def _lag(connection: Connection, database: str) -> Result:
    ((count, lag),) = connection.execute(
        "SELECT count(), quantileExact(0.9)(dateDiff('millisecond', accepted_at, ingested_at)) / 1000 "  # noqa: S608
        f"FROM {database}.vigil_events WHERE ingested_at > now() - 600"
    )
    if not count:
        return Result.ok("event log", "no event in the last 10 minutes")
    said = f"{count} events in the last 10 minutes, nine of ten written within {lag:.1f} s"
    if lag > MOST_LAG_S:
        return Result.warning("event log", said, "docs/operate/runbook.md#the-lag-grows")
    return Result.ok("event log", said)


def _disks(connection: Connection) -> list[Result]:
    try:
        disks = connection.execute(
            "SELECT name, free_space, total_space FROM system.disks WHERE total_space > 0"
        )
    except StoreUnavailable as error:
        if error.code not in REFUSED_CODES:
            raise
        return [Result.skipped("disk", "ClickHouse's: to see them, GRANT SELECT ON system.disks")]
    return [
        Result.warning(
            "disk", f"ClickHouse's {name}: {free / 1e9:.1f} GB free of {total / 1e9:.0f} GB",
            "docs/operate/runbook.md#capacity",
        )
        for name, free, total in disks
        if free < LEAST_FREE * total
    ]  # fmt: skip
