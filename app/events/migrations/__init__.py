"""The schema of the event log, as numbered steps: `NNNN_name.sql` beside this file.

A step stays as it is once it was released; a change is a new step. Every statement can be repeated (`IF NOT
EXISTS`), so two processes that migrate at once do no harm, and a table that somebody dropped can be made
again. A statement ends with a semicolon at the end of a line; `{database}` and `{retention_days}` are filled
in.
"""

import re
from collections.abc import Iterator
from importlib.resources import files

from app.events.connection import Connection

DEFAULT_RETENTION_DAYS = 90


def migrate(
    connection: Connection,
    database: str,
    *,
    retention_days: int = DEFAULT_RETENTION_DAYS,
    repair: bool = False,
) -> list[str]:
    """Bring the database up to date and its retention to `retention_days`.

    Args:
        connection: may create databases and tables.
        database: created when missing.
        retention_days: after how many days an event is deleted.
        repair: repeat every step, also those on record: something they made is missing.

    Returns:
        The names of the steps that were applied, in order.

    Raises:
        StoreUnavailable: a step failed; those before it are on record.
        ValueError: `database` is not a plain name or `retention_days` is not positive.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", database) or retention_days < 1:
        raise ValueError(f"cannot migrate database {database!r} with a retention of {retention_days} days")
    connection.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {database}.schema_migrations "
        "(name String, applied_at DateTime('UTC') DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY name"
    )
    names = connection.execute(f"SELECT name FROM {database}.schema_migrations")  # noqa: S608
    on_record = {name for (name,) in names}
    applied = []
    for name, script in _steps():
        if name in on_record and not repair:
            continue
        filled = script.replace("{database}", database).replace("{retention_days}", str(retention_days))
        for statement in re.split(r";\s*(?:\n|$)", filled):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"INSERT INTO {database}.schema_migrations (name) VALUES", [(name,)])
        applied.append(name)
    _keep_for(connection, database, retention_days)
    return applied


def _steps() -> Iterator[tuple[str, str]]:
    scripts = [script for script in files(__package__).iterdir() if script.name.endswith(".sql")]
    for script in sorted(scripts, key=lambda script: script.name):
        yield script.name.removesuffix(".sql"), script.read_text(encoding="utf-8")


def _keep_for(connection: Connection, database: str, days: int) -> None:
    engine = connection.execute(
        "SELECT engine_full FROM system.tables WHERE database = %(database)s AND name = 'vigil_events'",
        {"database": database},
    )
    if engine and f"toIntervalDay({days})" not in str(engine[0][0]):
        connection.execute(
            f"ALTER TABLE {database}.vigil_events MODIFY TTL toDateTime(accepted_at) + toIntervalDay({days})"
        )
