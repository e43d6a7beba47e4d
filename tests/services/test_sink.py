"""The patient store, its lines in the log and its metrics, against a real ClickHouse."""

import asyncio
import logging

import pytest
from prometheus_client import REGISTRY

from app.events.sink import Sink
from tests.servers import RestartableServer, eventually
from tests.services.test_event_store import batch, open_store, unvalidated


def value(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


async def test_an_outage_is_counted_and_said_once(
    fresh_clickhouse: RestartableServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vigil.events")
    names = ("vigil_events_stored_total", "vigil_events_rejected_total", "vigil_event_store_outages_total")
    before = [value(name) for name in names]
    sink = Sink(open_store(fresh_clickhouse, "n8n_logs"))
    try:
        await sink.prepare()
        assert value("vigil_event_store_available") == 1
        assert await sink.write([]) == {}
        bad = unvalidated("nan", threat_score=float("nan"))
        assert list(await sink.write([*batch(4), bad])) == [4]

        await asyncio.to_thread(fresh_clickhouse.stop)
        writing = asyncio.create_task(sink.write(batch(10, "late")))
        await eventually(lambda: value("vigil_event_store_available") == 0)
        await asyncio.sleep(1)
        assert not writing.done()
        await asyncio.to_thread(fresh_clickhouse.start)
        assert await asyncio.wait_for(writing, 20) == {}
    finally:
        sink.close()
    assert value("vigil_event_store_available") == 1
    assert [value(name) - was for name, was in zip(names, before, strict=True)] == [14, 1, 1]
    said = [record.getMessage() for record in caplog.records if record.name == "vigil.events"]
    assert len([line for line in said if "do not" in line or "does not take" in line]) == 1
    assert len([line for line in said if "takes events again" in line]) == 1


async def test_events_are_stored_also_where_somebody_else_makes_the_tables(
    clickhouse: RestartableServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who may not migrate: said once, and what is there is used."""
    owner = open_store(clickhouse, "made_by_the_owner")
    owner.migrate()
    store = open_store(clickhouse, owner.database)
    store.connection._client.settings["allow_ddl"] = 0
    owner.connection.execute(
        f"ALTER TABLE {owner.database}.vigil_events MODIFY TTL toDateTime(accepted_at) + toIntervalDay(5)"
    )
    sink = Sink(store)
    try:
        assert await sink.write(batch(3)) == {}
        assert await sink.write(batch(5)) == {}
        assert owner.connection.execute(f"SELECT count() FROM {owner.database}.vigil_events") == [(5,)]
    finally:
        sink.close()
        owner.connection.execute(f"DROP DATABASE {owner.database}")
        owner.close()
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "vigil events migrate" in line]) == 1
