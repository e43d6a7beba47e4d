"""`/v1/events` and `/v1/feedback` against a real ClickHouse."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

import pytest
from httpx import AsyncClient

from app.access.client import Client, Scope
from app.events.feedback import FeedbackStore
from app.events.store import EventStore
from app.schemas.decision import Decision
from tests.servers import RestartableServer
from tests.services.test_answer_path import api
from tests.services.test_event_store import event, open_store
from tests.services.test_events_commands import NOW
from tests.wires import provisioned


@pytest.fixture
async def store(clickhouse: RestartableServer) -> AsyncIterator[EventStore]:
    store = open_store(clickhouse, f"t_{uuid4().hex}")
    store.migrate()
    store.insert(
        [
            event(
                f"e{n}",
                accepted_at=NOW - timedelta(minutes=n),
                client_id="shop" if n % 2 else "dev",
                total_ms=n,
            )
            for n in range(10)
        ]
    )
    store.insert(
        [event("evil", accepted_at=NOW, decision=Decision.BLOCK, categories=("leak",), threat_score=90.0)] * 2
    )
    store.insert([event("old", accepted_at=NOW - timedelta(days=3))])
    yield store
    store.connection.execute(f"DROP DATABASE {store.database}")
    store.close()


@pytest.fixture
async def client(
    store: EventStore, clickhouse: RestartableServer, fresh_nats: RestartableServer, tmp_path
) -> AsyncIterator[AsyncClient]:
    """An API process with the development key."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(provisioned(fresh_nats.url))
        yield await stack.enter_async_context(
            api(
                fresh_nats.url,
                tmp_path,
                clickhouse_host=clickhouse.host,
                clickhouse_port=clickhouse.port,
                clickhouse_database=store.database,
            )
        )


async def get(client: AsyncClient, path: str, status: int = 200, **question: object):
    answer = await client.get(f"/v1/events{path}", params=question)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_pages_hold_every_event_once_also_when_more_arrive(
    client: AsyncClient, store: EventStore
) -> None:
    found: list[str] = []
    page = await get(client, "", limit=5)
    while True:
        found += [row["event_id"] for row in page["events"]]
        if page["next_cursor"] is None:
            break
        await asyncio.to_thread(
            store.insert, [event(f"new{len(found)}", accepted_at=NOW + timedelta(minutes=1))]
        )
        page = await get(client, "", limit=5, cursor=page["next_cursor"])
    assert found == ["evil", "e0", *(f"e{n}" for n in range(1, 10)), "old"]


async def test_search_by_field(client: AsyncClient) -> None:
    async def names(**question: object) -> list[str]:
        return sorted(row["event_id"] for row in (await get(client, "", **question))["events"])

    assert (
        await names(decision="BLOCK") == await names(category="leak") == await names(min_score=50) == ["evil"]
    )
    assert await names(client_id="shop") == [f"e{n}" for n in (1, 3, 5, 7, 9)]
    assert await names(until="2d") == ["old"]
    since = (NOW - timedelta(minutes=1)).isoformat()
    assert await names(since=since) == ["e0", "e1", "evil"]
    assert len(await names(text="ZAŻÓŁĆ")) == 12
    assert await names(text="%") == await names(pii="true") == []


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"decision": "MAYBE"}, "decision"),
        ({"since": "yesterday"}, "since"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_question_without_sense_is_named(client: AsyncClient, question: dict, field: str) -> None:
    status = 404 if field == "cursor" else 422
    assert field in (await get(client, "", status, **question))["detail"]


async def test_one_request(client: AsyncClient) -> None:
    row = await get(client, "/req-evil")
    assert (row["arbiter_decision"], row["categories"], row["threat_score"]) == ("BLOCK", ["leak"], 90.0)
    assert "some seconds" in (await get(client, "/nobody", 404))["detail"]


async def test_numbers(client: AsyncClient) -> None:
    summary = await get(client, "/stats", by="client")
    assert (summary["events"], summary["allowed"], summary["blocked"]) == (11, 10, 1)
    assert {row["key"]: row["events"] for row in summary["rows"]} == {"dev": 6, "shop": 5}
    assert (await get(client, "/stats", since="30d"))["events"] == 12
    assert await get(client, "/categories") == [{"category": "leak", "events": 1}]
    (total,) = await get(client, "/latency")
    assert (total["stage"], total["p50_ms"]) == ("total_ms", 4.5)
    series = await get(client, "/series", step="minute")
    assert sum(row["events"] for row in series) == 11
    assert [row["key"] for row in series] == sorted(row["key"] for row in series)


async def test_scopes_are_asked_for(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.access.key_ring import KeyRing

    monkeypatch.setattr(KeyRing, "client", lambda *_: Client("shop", scopes=frozenset({Scope.GUARD})))
    for path in ("", "/stats", "/series", "/categories", "/latency", "/req-evil"):
        assert "events:read" in (await get(client, path, 403))["detail"]
    answer = await client.post("/v1/feedback", json={"request_id": "req-e1", "verdict": "missed_attack"})
    assert answer.status_code == 403


async def test_feedback(client: AsyncClient, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    async def report(request_id: str, verdict: str = "false_positive", **more: str) -> int:
        body = {"request_id": request_id, "verdict": verdict, **more}
        return (await client.post("/v1/feedback", json=body)).status_code

    assert await report("req-evil", reason="quoted", comment="My PESEL is 44051401359, call me") == 201
    assert await report("req-e2", "missed_attack") == 201
    assert await report("not-stored-yet") == 201
    assert await report("req-e1") == 404, "another client's"
    assert await report("req-evil", "nonsense") == 422
    first, second, third = await asyncio.to_thread(FeedbackStore(store.connection, store.database).reports)
    assert (first["reporter"], first["comment"]) == ("dev", "My PESEL is [PL_PESEL_1], call me")
    assert (second["verdict"], third["client_id"]) == ("missed_attack", "")


async def test_an_event_log_that_is_away_is_503_and_soon_said(
    fresh_nats: RestartableServer, fresh_clickhouse: RestartableServer, tmp_path
) -> None:
    away = {"clickhouse_host": fresh_clickhouse.host, "clickhouse_port": fresh_clickhouse.port}
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path, **away) as client:
        await get(client, "/stats", 503)  # it was never migrated
        await asyncio.to_thread(fresh_clickhouse.stop)
        started = time.monotonic()
        answer = await client.get("/v1/events")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert time.monotonic() - started < 10
