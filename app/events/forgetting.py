"""Deleting everything about one client."""

from app.events.connection import Connection


def held(connection: Connection, database: str, client: str) -> dict[str, int]:
    """Rows about a client, by table. Raises StoreUnavailable."""
    return {
        table: _count(connection, f"{database}.{table}", condition, values)
        for table, (condition, values) in _conditions(database, client).items()
    }


def _count(connection: Connection, table: str, condition: str, values: dict[str, object]) -> int:
    return int(connection.execute(f"SELECT count() FROM {table} WHERE {condition}", values)[0][0])  # noqa: S608


def forget(connection: Connection, database: str, client: str) -> None:
    """Delete all rows about a client; returns when ClickHouse has rewritten the data without them.

    Feedback goes before the events that tell whose request it was about. Raises StoreUnavailable.
    """
    for table, (condition, values) in _conditions(database, client).items():
        connection.execute(
            f"ALTER TABLE {database}.{table} DELETE WHERE {condition}", values, mutations_sync=2
        )


def _conditions(database: str, client: str) -> dict[str, tuple[str, dict[str, object]]]:
    values: dict[str, object] = {"client": client}
    own = "client_id = %(client)s"
    of_his = f"request_id IN (SELECT request_id FROM {database}.vigil_events WHERE {own})"  # noqa: S608
    return {
        "vigil_feedback": (f"reporter = %(client)s OR {of_his}", values),
        "vigil_texts": (own, values),
        "vigil_events": (own, values),
        "vigil_daily": (own, values),
    }
