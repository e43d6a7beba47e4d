"""The event store against a real ClickHouse."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest
from clickhouse_driver import Client

from app.events.connection import Connection
from app.events.failures import StoreUnavailable
from app.events.filters import Filter
from app.events.migrations import Retention
from app.events.queries import EventQueries
from app.events.store import EventStore
from app.schemas.decision import Decision
from app.schemas.detection import BranchName
from app.schemas.event import Event, Outcome
from app.schemas.guard import Direction, Mode
from tests.servers import RestartableServer

ACCEPTED_AT = datetime.now(UTC).replace(microsecond=123_000)


def event(event_id: str = "e1", **fields: Any) -> Event:
    known = {
        "event_id": event_id,
        "request_id": f"req-{event_id}",
        "client_id": "dev",
        "direction": Direction.INPUT,
        "mode": Mode.FULL,
        "accepted_at": ACCEPTED_AT,
        "outcome": Outcome.ANSWERED,
        "decision": Decision.ALLOW,
        "redacted_text": "Zażółć gęślą jaźń 🙂\x00",
    }
    return Event(**(known | fields))


def unvalidated(event_id: str, **fields: Any) -> Event:
    return event(event_id).model_copy(update=fields)


def batch(size: int, prefix: str = "b") -> list[Event]:
    return [event(f"{prefix}{number}") for number in range(size)]


def open_store(server: RestartableServer, database: str, **options: Any) -> EventStore:
    retention = options.pop("retention", None)
    connection = Connection(host=server.host, port=server.port, timeout_s=3, **options)
    return EventStore(connection, database, retention)


@pytest.fixture
def store(clickhouse: RestartableServer) -> Iterator[EventStore]:
    store = open_store(clickhouse, f"t_{uuid4().hex}")
    store.migrate()
    yield store
    store.connection.execute(f"DROP DATABASE {store.database}")
    store.close()


@pytest.fixture
def fresh_store(fresh_clickhouse: RestartableServer) -> Iterator[EventStore]:
    store = open_store(fresh_clickhouse, "n8n_logs")
    yield store
    store.close()


def plain_count(server: RestartableServer, database: str, condition: str = "1") -> int:
    """As a reader sees it who knows nothing of FINAL."""
    client = Client(server.host, port=server.port)
    try:
        return int(client.execute(f"SELECT count() FROM {database}.vigil_events WHERE {condition}")[0][0])
    finally:
        client.disconnect()


def test_an_event_comes_back_as_it_went_in(store: EventStore) -> None:
    whole = event(
        branch_a_score=87.5,
        threat_score=90.25,
        floors=("certain_branch",),
        degraded=(BranchName.CLASSIFIER,),
        categories=("jailbreak", "prompt_leak"),
        pii_types=("PL_PESEL",),
        pii_count=2,
        language="pl",
        total_ms=12.5,
    )

    assert store.insert([whole]) == []

    (row,) = EventQueries(store.connection, store.database).find("req-e1")
    assert row["accepted_at"] == ACCEPTED_AT
    assert row["redacted_text"] == whole.redacted_text
    assert (row["outcome"], row["arbiter_decision"], row["mode"]) == ("answered", "ALLOW", "full")
    assert (row["branch_a_score"], row["branch_b_score"], row["total_ms"]) == (87.5, None, 12.5)
    assert (row["degraded"], row["categories"]) == (["classifier"], ["jailbreak", "prompt_leak"])


@pytest.mark.parametrize("regroup", [False, True])
def test_inserted_twice_is_counted_once(
    store: EventStore, clickhouse: RestartableServer, regroup: bool
) -> None:
    events = batch(100)
    store.insert(events)
    store.insert(events[30:] if regroup else events)

    assert plain_count(clickhouse, store.database) == 100


def test_an_answer_replaces_the_dead_letter_of_the_same_event(
    store: EventStore, clickhouse: RestartableServer
) -> None:
    ended = [Outcome.DEAD_LETTERED, Outcome.ANSWERED, Outcome.EXPIRED, Outcome.DEAD_LETTERED]
    for outcome in ended:
        store.insert(
            [event(outcome=outcome, decision=Decision.BLOCK if outcome is Outcome.ANSWERED else None)]
        )

    assert plain_count(clickhouse, store.database) == 1
    assert plain_count(clickhouse, store.database, "outcome = 'answered'") == 1
    store.connection.execute(f"OPTIMIZE TABLE {store.database}.vigil_events FINAL")
    assert plain_count(clickhouse, store.database, "outcome = 'answered'") == 1


def test_a_bad_row_costs_the_others_nothing(store: EventStore, clickhouse: RestartableServer) -> None:
    events = batch(100)
    events[3] = unvalidated("nan", threat_score=float("nan"))
    events[40] = unvalidated("negative", pii_count=-1)
    events[41] = unvalidated("surrogate", redacted_text="\ud800")
    events[77] = unvalidated("number", language=7)
    events[99] = unvalidated("text", branch_a_ms="slow")

    bad = store.insert(events)

    assert [index for index, _ in bad] == [3, 40, 41, 77, 99]
    assert "threat_score" in str(bad[0][1])
    assert plain_count(clickhouse, store.database) == 95


def test_a_batch_over_many_months_is_taken(store: EventStore) -> None:
    years = [event(f"m{n}", accepted_at=ACCEPTED_AT + timedelta(days=31 * n)) for n in range(150)]
    assert store.insert(years) == []
    assert EventQueries(store.connection, store.database).count(Filter(since=ACCEPTED_AT)) == 150


def test_the_latest_come_first(store: EventStore) -> None:
    store.insert([event(f"e{n}", accepted_at=ACCEPTED_AT + timedelta(seconds=n)) for n in range(10)])
    queries = EventQueries(store.connection, store.database)

    assert [row["event_id"] for row in queries.page(limit=3).events] == ["e9", "e8", "e7"]
    assert queries.count(Filter(since=ACCEPTED_AT + timedelta(seconds=4))) == 6
    assert queries.find("nobody's") == []


def test_migrating_again_changes_nothing(store: EventStore) -> None:
    store.insert([event()])
    assert store.migrate() == []
    assert EventQueries(store.connection, store.database).count(Filter(since=ACCEPTED_AT)) == 1


def test_retention_follows_the_setting(store: EventStore, clickhouse: RestartableServer) -> None:
    store.insert([event("old", accepted_at=ACCEPTED_AT - timedelta(days=10)), event("new")])
    shorter = open_store(clickhouse, store.database, retention=Retention(7, 3))
    shorter.migrate()
    shorter.close()
    store.connection.execute(f"OPTIMIZE TABLE {store.database}.vigil_events FINAL")
    assert EventQueries(store.connection, store.database).find("req-old") == []


def test_a_missing_table_is_made(fresh_store: EventStore, fresh_clickhouse: RestartableServer) -> None:
    fresh_store.insert([event("first")])
    fresh_store.connection.execute("DROP TABLE n8n_logs.vigil_events SYNC")
    fresh_store.insert([event("second")])
    assert plain_count(fresh_clickhouse, "n8n_logs") == 1


def test_an_outage_is_waited_out_with_the_same_object(
    fresh_store: EventStore, fresh_clickhouse: RestartableServer
) -> None:
    fresh_store.insert(batch(10, "before"))
    fresh_clickhouse.stop()
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="refused"):
            fresh_store.insert(batch(10, "after"))
    fresh_clickhouse.start()
    assert fresh_store.insert(batch(10, "after")) == []
    assert plain_count(fresh_clickhouse, "n8n_logs") == 20


def test_what_was_acknowledged_survives_kill_9(
    fresh_store: EventStore, fresh_clickhouse: RestartableServer
) -> None:
    fresh_store.migrate()
    acknowledged: list[int] = []

    def insert_until_down() -> None:
        for number in range(10_000):
            try:
                fresh_store.insert(batch(100, f"{number}-"))
            except StoreUnavailable:
                return
            acknowledged.append(number)

    writer = threading.Thread(target=insert_until_down)
    writer.start()
    time.sleep(1)
    fresh_clickhouse.kill()
    writer.join()
    fresh_clickhouse.start()

    assert acknowledged
    stored = plain_count(fresh_clickhouse, "n8n_logs")
    # The batch on its way when the server died may have arrived too.
    assert stored in {len(acknowledged) * 100, (len(acknowledged) + 1) * 100}
    last = acknowledged[-1] + 1
    fresh_store.insert(batch(100, f"{last}-"))
    assert plain_count(fresh_clickhouse, "n8n_logs") == (last + 1) * 100


def test_a_server_that_hangs_is_unavailable(
    fresh_store: EventStore, fresh_clickhouse: RestartableServer
) -> None:
    fresh_store.insert([event("before")])
    fresh_clickhouse.suspend()
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="no answer in time"):
        fresh_store.insert([event("after")])
    assert time.monotonic() - started < 10
    fresh_clickhouse.resume()
    assert fresh_store.insert([event("after")]) == []
    assert plain_count(fresh_clickhouse, "n8n_logs") == 2


def test_a_wrong_password_is_no_fault_of_the_events(clickhouse: RestartableServer) -> None:
    store = open_store(clickhouse, "n8n_logs", user="vigil", password="wrong")
    with pytest.raises(StoreUnavailable, match=r"Authentication failed.*\(code 516\)") as raised:
        store.insert([event()])
    assert "\n" not in str(raised.value)
    assert "Stack trace" not in str(raised.value)
    store.close()


def test_read_only_is_no_fault_of_the_events(store: EventStore, clickhouse: RestartableServer) -> None:
    store.connection.execute(f"RENAME TABLE {store.database}.vigil_events TO {store.database}.events")
    store.connection.execute(
        f"CREATE VIEW {store.database}.vigil_events AS SELECT * FROM {store.database}.events"
    )
    with pytest.raises(StoreUnavailable):
        store.insert([event()])


class _Http(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_the_http_port_is_named_as_such() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Http)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    store = EventStore(Connection(host="127.0.0.1", port=server.server_port, timeout_s=2))
    try:
        with pytest.raises(StoreUnavailable, match="this is the HTTP port; use the native port 9000"):
            store.insert([event()])
    finally:
        store.close()
        server.shutdown()
        thread.join()
        server.server_close()
