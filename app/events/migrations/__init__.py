"""The schema of the event log, as numbered steps: `NNNN_name.sql` beside this file.

A step stays as it is once it was released; a change is a new step. Every statement can be repeated (`IF NOT
EXISTS`), so a step that was interrupted is run again, and a table that somebody dropped can be made again. A statement
ends with a semicolon at the end of a line; `{database}`, `{retention_days}` and `{text_retention_days}` are filled in.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from app.events.connection import Connection
from app.events.schema_lock import schema_lock

_TTL_COLUMN = "toDateTime(accepted_at)"


@dataclass(frozen=True)
class Retention:
    """After how many days an event, and the original text of one, is deleted."""

    events_days: int = 90
    texts_days: int = 7

    def tables(self) -> dict[str, int]:
        """Days by table."""
        return {"vigil_events": self.events_days, "vigil_texts": self.texts_days}


def migrate(
    connection: Connection, database: str, *, retention: Retention | None = None, repair: bool = False
) -> list[str]:
    """Bring the database up to date and its tables to their retention. Any number of processes may call it at once.

    Args:
        connection: may create databases and tables; when nothing is to be done, reading is enough.
        database: created when missing.
        retention: of events and texts.
        repair: repeat every step, also those on record: something they made is missing.

    Returns:
        The names of the steps that were applied, in order, and the tables whose retention was changed.

    Raises:
        StoreUnavailable: a step failed; those before it are on record.
        ValueError: `database` is not a plain name or a retention is not positive.
    """
    retention = retention or Retention()
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", database) or min(retention.tables().values()) < 1:
        raise ValueError(f"cannot migrate database {database!r} with {retention}")
    if not repair and not pending(connection, database) and not _overdue(connection, database, retention):
        return []
    connection.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
    with schema_lock(connection, database):
        return _apply(connection, database, retention, repair=repair)


def pending(connection: Connection, database: str) -> list[str]:
    """The names of the steps that are not on record. Raises StoreUnavailable."""
    steps = [name for name, _ in _steps()]
    known = connection.execute(
        "SELECT 1 FROM system.tables WHERE database = %(database)s AND name = 'schema_migrations'",
        {"database": database},
    )
    if not known:
        return steps
    names = connection.execute(f"SELECT name FROM {database}.schema_migrations")  # noqa: S608
    on_record = {name for (name,) in names}
    return [name for name in steps if name not in on_record]


def _apply(connection: Connection, database: str, retention: Retention, *, repair: bool) -> list[str]:
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {database}.schema_migrations "
        "(name String, applied_at DateTime('UTC') DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY name"
    )
    due = pending(connection, database)
    applied = []
    for name, script in _steps():
        if name not in due and not repair:
            continue
        filled = (
            script.replace("{database}", database)
            .replace("{retention_days}", str(retention.events_days))
            .replace("{text_retention_days}", str(retention.texts_days))
        )
        for statement in re.split(r";\s*(?:\n|$)", filled):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"INSERT INTO {database}.schema_migrations (name) VALUES", [(name,)])
        applied.append(name)
    for table, days in _overdue(connection, database, retention).items():
        connection.execute(f"ALTER TABLE {database}.{table} MODIFY TTL {_TTL_COLUMN} + toIntervalDay({days})")
        applied.append(f"{table}: kept for {days} days")
    return applied


def _steps() -> Iterator[tuple[str, str]]:
    scripts = [script for script in files(__package__).iterdir() if script.name.endswith(".sql")]
    for script in sorted(scripts, key=lambda script: script.name):
        yield script.name.removesuffix(".sql"), script.read_text(encoding="utf-8")


def _overdue(connection: Connection, database: str, retention: Retention) -> dict[str, int]:
    """Tables whose retention is another, with the days that it should be."""
    rows = connection.execute(
        "SELECT name, engine_full FROM system.tables WHERE database = %(database)s AND name IN %(names)s",
        {"database": database, "names": tuple(retention.tables())},
    )
    engines: dict[str, str] = dict(rows)
    return {
        table: days
        for table, days in retention.tables().items()
        if table in engines and f"toIntervalDay({days})" not in engines[table]
    }
