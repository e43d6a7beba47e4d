"""The schema of the event log against a real ClickHouse: migrations, retention, the daily counts."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

import pytest

from app.events import migrations, schema_lock
from app.events.connection import Connection
from app.events.failures import StoreUnavailable
from app.events.migrations import Retention, migrate, pending
from app.events.store import EventStore
from app.schemas.decision import Decision
from app.schemas.event import Outcome
from tests.servers import RestartableServer
from tests.services.test_event_store import ACCEPTED_AT, batch, event, open_store

STEPS = sorted(Path(script.name).stem for script in files(migrations).iterdir() if ".sql" in script.name)


@pytest.fixture
def connection(clickhouse: RestartableServer) -> Iterator[Connection]:
    connection = Connection(host=clickhouse.host, port=clickhouse.port, timeout_s=10)
    yield connection
    connection.close()


@pytest.fixture
def database(connection: Connection) -> Iterator[str]:
    name = f"t_{uuid4().hex}"
    yield name
    connection.execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def store(clickhouse: RestartableServer, database: str) -> Iterator[EventStore]:
    store = open_store(clickhouse, database)
    store.migrate()
    yield store
    store.close()


def engine(connection: Connection, database: str, table: str) -> str:
    query = f"SELECT engine_full FROM system.tables WHERE database = '{database}' AND name = '{table}'"
    return str(connection.execute(query)[0][0])


def test_steps_are_applied_once_and_recorded(connection: Connection, database: str) -> None:
    assert pending(connection, database) == STEPS
    assert migrate(connection, database) == STEPS
    assert migrate(connection, database) == []
    assert pending(connection, database) == []


def test_ten_that_start_at_once_apply_each_step_once(clickhouse: RestartableServer, database: str) -> None:
    together = threading.Barrier(10)

    def start(_: int) -> list[str]:
        mine = Connection(host=clickhouse.host, port=clickhouse.port, timeout_s=10)
        together.wait()
        try:
            return migrate(mine, database)
        finally:
            mine.close()

    with ThreadPoolExecutor(10) as pool:
        applied = list(pool.map(start, range(10)))
    assert sorted(step for steps in applied for step in steps) == STEPS


def test_an_abandoned_lock_is_not_waited_for(
    connection: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_lock, "ABANDONED_AFTER_S", 0)
    connection.execute(f"CREATE DATABASE {database}")
    connection.execute(f"CREATE TABLE {database}.schema_lock (nothing UInt8) ENGINE = Memory")
    assert migrate(connection, database) == STEPS
    assert connection.execute(f"EXISTS {database}.schema_lock") == [(0,)]


def test_a_failed_migration_leaves_no_lock(connection: Connection, database: str) -> None:
    connection.execute(f"CREATE DATABASE {database}")
    with pytest.raises(StoreUnavailable), schema_lock.schema_lock(connection, database):
        connection.execute("SELECT nonsense")
    assert connection.execute(f"EXISTS {database}.schema_lock") == [(0,)]


def test_retention_of_events_and_texts_follows_the_settings(connection: Connection, database: str) -> None:
    migrate(connection, database, retention=Retention(30, 2))
    assert "toIntervalDay(30)" in engine(connection, database, "vigil_events")
    assert "toIntervalDay(2)" in engine(connection, database, "vigil_texts")
    assert migrate(connection, database, retention=Retention(30, 1)) == ["vigil_texts: kept for 1 days"]
    assert migrate(connection, database, retention=Retention(30, 1)) == []


def test_sealed_texts_have_a_table_of_their_own(store: EventStore) -> None:
    store.insert([event("e1", sealed_text="c2VhbGVk"), event("e2")])
    store.insert([event("e1", sealed_text="c2VhbGVk"), event("e2")])
    rows = store.connection.execute(f"SELECT event_id, client_id, sealed FROM {store.database}.vigil_texts")
    assert rows == [("e1", "dev", "c2VhbGVk")]


def refresh(store: EventStore) -> None:
    store.connection.execute(f"SYSTEM REFRESH VIEW {store.database}.vigil_daily_refresh")
    store.connection.execute(f"SYSTEM WAIT VIEW {store.database}.vigil_daily_refresh")


def daily(store: EventStore) -> list[tuple[object, ...]]:
    return store.connection.execute(
        "SELECT day, client_id, events, allowed, blocked, expired, dead_lettered, categories "
        f"FROM {store.database}.vigil_daily ORDER BY day, client_id"
    )


def test_the_daily_counts_never_count_twice(store: EventStore) -> None:
    today, before = ACCEPTED_AT.date(), (ACCEPTED_AT - timedelta(days=1)).date()
    events = [
        *batch(50),
        *(event(f"y{n}", accepted_at=ACCEPTED_AT - timedelta(days=1), client_id="other") for n in range(7)),
        event("late", outcome=Outcome.DEAD_LETTERED, decision=None),
    ]
    expected = [(before, "other", 7, 7, 0, 0, 0, {}), (today, "dev", 51, 50, 0, 0, 1, {})]
    store.insert(events)
    refresh(store)
    assert daily(store) == expected

    for part in (
        events,
        events[20:],
        events[:40],
    ):  # redelivered, grouped otherwise, counted again in between
        store.insert(part)
        refresh(store)
        refresh(store)
        assert daily(store) == expected
    store.connection.execute(f"OPTIMIZE TABLE {store.database}.vigil_daily FINAL")
    assert daily(store) == expected

    store.insert(
        [event("late", decision=Decision.BLOCK, categories=("jailbreak",))]
    )  # its dead letter was replayed
    refresh(store)
    assert daily(store)[1] == (today, "dev", 51, 50, 1, 0, 0, {"jailbreak": 1})


def test_the_daily_counts_outlive_the_events(store: EventStore) -> None:
    store.insert(batch(50))
    refresh(store)
    store.connection.execute(
        f"ALTER TABLE {store.database}.vigil_events DELETE WHERE event_id LIKE 'b1%' SETTINGS mutations_sync = 1"
    )
    store.insert([event("b2")])
    refresh(store)
    assert daily(store)[0][2] == 50
