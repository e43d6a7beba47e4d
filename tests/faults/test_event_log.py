"""The logging worker as its own process, on real servers, through every trouble that ClickHouse can give it."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import nats
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error as ClickHouseError
from faststream.nats import PullSub

from app import streams
from app.runtime import clickhouse_server, dlq
from app.runtime.headers import MESSAGE_ID
from app.runtime.ports import free_port
from app.runtime.provisioning import apply
from app.settings import settings
from app.streams import LOGS_EVENT, VIGIL
from app.subscribers import logging as logging_worker
from tests.running import CLEAN
from tests.servers import RestartableServer
from tests.services.test_event_store import event
from tests.wires import until, worker

USERS = clickhouse_server._USERS
PASSWORD = "right"
WAITS, GOES_ON = "does not take events", "takes events again"


def users(password: str = PASSWORD, profile: str = "default") -> str:
    """users.xml with a second user, `vigil`."""
    user = (
        f"<vigil><password>{password}</password><networks><ip>127.0.0.1</ip></networks>"
        f"<profile>{profile}</profile><quota>default</quota></vigil>"
    )
    readonly = "<reader><readonly>1</readonly></reader></profiles>"
    return USERS.replace("</users>", f"{user}</users>").replace("</profiles>", readonly)


class Log:
    """An event log: both servers and a worker process of its own."""

    def __init__(self, nats_server: RestartableServer, clickhouse: RestartableServer, folder: Path) -> None:
        self.nats, self.clickhouse = nats_server, clickhouse
        self._output = folder / "worker.log"
        self._metrics_port = free_port()
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in CLEAN},
            "NATS_SERVERS": nats_server.url,
            "CLICKHOUSE_HOST": clickhouse.host,
            "CLICKHOUSE_PORT": str(clickhouse.port),
            "CLICKHOUSE_USER": "vigil",
            "CLICKHOUSE_PASSWORD": PASSWORD,
            "VIGIL_WORKERS": "logging",
            "VIGIL_DATA_DIR": str(folder / "data"),
            "FLUSH_INTERVAL_MS": "200",
            "VIGIL_METRICS_PORT": str(self._metrics_port),
        }
        self._worker: subprocess.Popen[bytes] | None = None
        self._sent = itertools.count()
        self._begin = datetime.now(UTC)

    def start_worker(self) -> None:
        command = [sys.executable, "-m", "faststream", "run", "app:app"]
        with self._output.open("ab") as output:
            self._worker = subprocess.Popen(command, env=self._environment, stdout=output, stderr=output)

    def stop_worker(self, number: int = signal.SIGTERM) -> None:
        if self._worker is not None and self._worker.poll() is None:
            self._worker.send_signal(number)
            self._worker.wait(30)

    def metric(self, name: str) -> float:
        """As Prometheus would read it from the worker."""
        text = httpx.get(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=10).text
        (line,) = (line for line in text.splitlines() if line.startswith(f"{name} "))
        return float(line.split()[1])

    def said(self) -> str:
        return self._output.read_text() if self._output.exists() else ""

    async def publish(self, count: int) -> None:
        """The next `count` events, in order."""
        async with jetstream(self.nats.url) as js:
            for number in itertools.islice(self._sent, count):
                one = event(f"e{number}", accepted_at=self._begin + timedelta(milliseconds=number))
                await js.publish(
                    LOGS_EVENT,
                    one.model_dump_json().encode(),
                    stream=VIGIL.name,
                    headers={MESSAGE_ID: f"e{number}"},
                )

    def ask(self, query: str) -> list[tuple]:
        client = Client(self.clickhouse.host, self.clickhouse.port, connect_timeout=2, send_receive_timeout=5)
        try:
            return client.execute(query)
        finally:
            client.disconnect()

    async def stored(self, count: int, within_s: float = 40) -> None:
        """Return when `count` distinct events are stored; fail when they are not in time."""
        found, end = None, time.monotonic() + within_s
        while found != (count, count):
            assert time.monotonic() < end, f"{found} instead of {count}: {self.said()[-2000:]}"
            await asyncio.sleep(0.1)
            with suppress(ClickHouseError, OSError, EOFError):
                (found,) = await asyncio.to_thread(
                    self.ask, "SELECT count(), uniqExact(event_id) FROM n8n_logs.vigil_events FINAL"
                )

    async def heard(self, text: str, times: int, within_s: float = 30) -> None:
        """Return when the worker has said `text` so often; fail when it does not, or says it more often."""
        end = time.monotonic() + within_s
        while self.said().count(text) < times:
            assert time.monotonic() < end, self.said()[-2000:]
            await asyncio.sleep(0.05)
        assert self.said().count(text) == times, self.said()


@asynccontextmanager
async def jetstream(url: str) -> AsyncIterator[nats.js.JetStreamContext]:
    connection = await nats.connect(url)
    try:
        yield connection.jetstream()
    finally:
        await connection.close()


@pytest.fixture
def log(fresh_nats, fresh_clickhouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    async def provision() -> None:
        async with jetstream(fresh_nats.url) as js:
            await apply(js, replicas=1)

    asyncio.run(provision())
    fresh_clickhouse.stop()
    monkeypatch.setattr(clickhouse_server, "_USERS", users())
    fresh_clickhouse.start()
    log = Log(fresh_nats, fresh_clickhouse, tmp_path)
    yield log
    log.stop_worker()


async def restart(log: Log, monkeypatch: pytest.MonkeyPatch, settings: str) -> None:
    await asyncio.to_thread(log.clickhouse.stop)
    monkeypatch.setattr(clickhouse_server, "_USERS", settings)
    await asyncio.to_thread(log.clickhouse.start)


async def test_events_wait_out_every_trouble_and_are_stored_in_order(log: Log, monkeypatch) -> None:
    log.start_worker()
    await log.publish(20)
    await log.stored(20)
    troubles = outages = 0

    async def trouble(reason: str) -> None:
        """Events are published into the trouble: the worker says so once, with its reason, and they wait."""
        nonlocal troubles, outages
        troubles, outages = troubles + 20, outages + 1
        await log.publish(20)
        await log.heard(WAITS, outages)
        assert reason in log.said().splitlines()[-1], log.said()
        assert log.metric("vigil_event_store_available") == 0
        await asyncio.sleep(1.5)  # several more tries
        await log.heard(WAITS, outages)

    async def cured() -> None:
        await log.stored(20 + troubles)
        await log.heard(GOES_ON, outages)
        assert log.metric("vigil_event_store_available") == 1
        assert log.metric("vigil_event_store_outages_total") == outages

    await asyncio.to_thread(log.clickhouse.kill)  # down
    await trouble("refused")
    await asyncio.to_thread(log.clickhouse.start)
    await cured()

    log.clickhouse.suspend()  # hanging
    await trouble("no answer in time")
    log.clickhouse.resume()
    await cured()

    full = "ALTER TABLE n8n_logs.vigil_events MODIFY SETTING min_free_disk_bytes_to_perform_insert = {}"
    await asyncio.to_thread(log.ask, full.format(10**17))  # disk full
    await trouble("(code 243)")
    await asyncio.to_thread(log.ask, full.format(0))
    await cured()

    await restart(log, monkeypatch, users(profile="reader"))  # read-only
    await trouble("(code 164)")
    await restart(log, monkeypatch, users())
    await cured()

    await restart(log, monkeypatch, users(password="wrong"))  # wrong password
    await trouble("(code 516)")
    await restart(log, monkeypatch, users())
    await cured()

    arrived = await asyncio.to_thread(
        log.ask,
        "SELECT toUInt32(substring(event_id, 2)) FROM n8n_logs.vigil_events ORDER BY ingested_at, accepted_at",
    )
    assert [number for (number,) in arrived] == list(range(20 + troubles))


async def test_a_dropped_table_is_made_again(log: Log) -> None:
    log.start_worker()
    await log.publish(20)
    await log.stored(20)
    await asyncio.to_thread(log.ask, "DROP DATABASE n8n_logs SYNC")
    await log.publish(20)
    await log.stored(20)
    assert "creating what is missing" in log.said()


async def test_the_schema_is_there_before_the_first_event(log: Log) -> None:
    await asyncio.to_thread(log.clickhouse.stop)
    log.start_worker()
    await log.heard(WAITS, 1)
    await asyncio.to_thread(log.clickhouse.start)
    await log.heard(GOES_ON, 1)
    assert await asyncio.to_thread(log.ask, "SELECT count() FROM n8n_logs.vigil_events") == [(0,)]


async def test_each_event_once_while_worker_and_clickhouse_are_killed_in_turn(log: Log) -> None:
    """The full size of this is `python -m bench events_kill`."""
    log.start_worker()
    publishing = asyncio.create_task(log.publish(4000))
    kills = 0
    while kills < 6 or not publishing.done():
        await asyncio.sleep(1)
        if kills % 2 == 0:
            await asyncio.to_thread(log.stop_worker, signal.SIGKILL)
            log.start_worker()
        else:
            await asyncio.to_thread(log.clickhouse.kill)
            await asyncio.to_thread(log.clickhouse.start)
        kills += 1
    await publishing
    await log.stored(4000, within_s=60)


BAD = {
    10: (b"\x80\x81 not JSON", "JSON"),
    50: (
        event("long").model_copy(update={"redacted_text": "x" * 500_000}).model_dump_json().encode(),
        "redacted_text",
    ),
    90: (
        event("typed").model_dump_json().replace('"pii_count":0', '"pii_count":"many"').encode(),
        "pii_count",
    ),
}


async def test_three_bad_events_in_every_hundred_cost_the_other_97_nothing(log: Log, monkeypatch) -> None:
    for name, value in log._environment.items():
        if name.startswith("CLICKHOUSE"):
            monkeypatch.setenv(name, value)
    settings.cache_clear()
    logging_worker.sink.cache_clear()
    quick = replace(streams.LOGGING, delays=(0.1, 0.1, 0.1))  # else the third attempt comes after 35 s
    monkeypatch.setitem(streams.BY_DURABLE, quick.durable, quick)
    pull = PullSub(batch_size=100, timeout=0.5, batch=True)
    try:
        async with (
            jetstream(log.nats.url) as js,
            worker(
                log.nats.url,
                quick,
                logging_worker.store_events,
                pull=pull,
                decoder=logging_worker.raw_payloads,
            ),
        ):
            for number in range(300):
                payload = event(f"g{number}").model_dump_json().encode()
                await js.publish(LOGS_EVENT, BAD.get(number % 100, (payload,))[0])

            async def letters() -> list[dlq.Filed]:
                found = [filed async for filed in dlq.letters(js)]
                return found if len(found) == 9 else []

            filed = await until(letters, 30)
            await log.stored(291)
    finally:
        logging_worker.sink().close()
        logging_worker.sink.cache_clear()
        settings.cache_clear()
    for _, word in BAD.values():
        assert sum(word in one.letter.error for one in filed) == 3, [one.letter.error for one in filed]
    assert all(len(one.letter.error) < 200 and "\n" not in one.letter.error for one in filed)
