"""`vigil streams check` and `bury` against a real server on which each fault was made."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

import nats
import pytest
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig
from typer.testing import CliRunner

from app.commands import cli
from app.examples import REQUEST
from app.runtime.provisioning import apply
from app.settings import settings
from app.streams import ARBITER, DETECTION, GUARD_INPUT, PII, PII_DETECT, VIGIL, VIGIL_DLQ
from tests.wires import until

Step = Callable[[JetStreamContext], Awaitable[None]]


class Operator:
    """The command line on a provisioned server, and a hand that breaks it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.do(lambda js: apply(js, replicas=1))

    def do(self, step: Callable[[JetStreamContext], Awaitable[object]]) -> None:
        async def run() -> None:
            connection = await nats.connect(self.url)
            await step(connection.jetstream())
            await connection.close()

        asyncio.run(run())

    def vigil(self, *words: str):
        return CliRunner().invoke(cli, list(words))

    def check(self) -> list[dict]:
        result = self.vigil("streams", "check", "--wait", "0.1", "--json")
        found = [json.loads(line) for line in result.output.splitlines()]
        assert result.exit_code == int(any(finding["fault"] for finding in found)), result.output
        return found

    def kinds(self) -> set[str]:
        return {finding["kind"] for finding in self.check()}


@pytest.fixture
def operator(fresh_nats, monkeypatch, tmp_path) -> Operator:
    monkeypatch.setenv("NATS_SERVERS", fresh_nats.url)
    monkeypatch.setenv("VIGIL_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield Operator(fresh_nats.url)
    settings.cache_clear()


async def exhausted(js: JetStreamContext) -> None:
    """A worker dies in every delivery of one message, the burying one included."""
    await js.add_consumer(VIGIL.name, replace(DETECTION.config, ack_wait=0.2))
    await js.publish(GUARD_INPUT, REQUEST.model_dump_json().encode(), headers={"Nats-Msg-Id": "req_1:guard"})
    taken = await js.pull_subscribe_bind(DETECTION.durable, stream=VIGIL.name)
    for _ in range(DETECTION.attempts + 1):
        await taken.fetch(1, timeout=10)
    with pytest.raises(NatsTimeoutError):  # the server gives it up when it is asked once more
        await taken.fetch(1, timeout=0.5)
    await js.add_consumer(VIGIL.name, DETECTION.config)


def test_a_healthy_server_has_nothing_to_find(operator: Operator) -> None:
    result = operator.vigil("streams", "check", "--wait", "0.1")
    assert result.exit_code == 0, result.output
    assert result.output.strip() == "nothing is stuck, nothing is left over"


def test_a_message_whose_worker_died_in_the_burying_delivery_is_found_and_buried(operator: Operator) -> None:
    operator.do(exhausted)
    (orphaned,) = operator.check()
    assert orphaned["kind"] == "orphaned"
    assert orphaned["where"] == "detection-worker"
    assert orphaned["cure"][0] == "vigil streams bury --all"
    assert [one["number"] for one in orphaned["messages"]] == [1]
    assert "text" not in json.dumps(orphaned)

    assert operator.vigil("streams", "bury", "7").exit_code != 0
    buried = operator.vigil("streams", "bury", "--all")
    assert buried.exit_code == 0, buried.output
    assert buried.output.split() == ["1", "detection-worker", "req_1:guard"]
    assert operator.kinds() == {
        "dead_letters",
        "waiting",
    }  # the event of its end waits for the logging worker
    (letter,) = [json.loads(line) for line in operator.vigil("dlq", "list", "--json").output.splitlines()]
    assert letter["worker"] == "detection-worker"
    assert letter["error_type"] == "Orphaned"

    replayed = operator.vigil("dlq", "replay", "--all")
    assert replayed.exit_code == 0, replayed.output

    async def waits(js: JetStreamContext) -> None:
        async def pending() -> bool:
            return (await js.consumer_info(VIGIL.name, DETECTION.durable)).num_pending == 1

        assert await until(pending)

    operator.do(waits)
    assert "dead_letters" not in operator.kinds()


def test_subjects_that_no_consumer_takes(operator: Operator) -> None:
    operator.do(lambda js: js.publish("vigil.guard.a.b", b"{}"))
    (unclaimed,) = operator.check()
    assert unclaimed["kind"] == "unclaimed"
    assert "vigil.guard.a.b" in unclaimed["what"]
    assert operator.vigil("streams", "bury", "--all").exit_code == 0
    assert operator.kinds() == {"dead_letters"}
    listed = operator.vigil("dlq", "list", "--worker", "unclaimed", "--json")
    assert json.loads(listed.output)["error"] == "no consumer takes this subject"


def test_a_missing_consumer_one_with_other_settings_and_a_foreign_one(operator: Operator) -> None:
    async def change(js: JetStreamContext) -> None:
        await js.delete_consumer(VIGIL.name, PII.durable)
        await js.add_consumer(VIGIL.name, replace(ARBITER.config, max_deliver=9))
        await js.publish(PII_DETECT, b"{}")
        await js.add_consumer(
            VIGIL.name, ConsumerConfig(durable_name="mine", filter_subject="vigil.guard.a.>")
        )

    operator.do(change)
    found = {finding["where"]: finding for finding in operator.check()}
    assert found["consumer pii-worker"]["what"] == "missing"
    assert found["consumer arbiter-worker"]["what"] == "max_deliver is 9, should be 4"
    assert found["consumer mine"]["cure"] == ["nats consumer rm VIGIL mine --force"]
    assert operator.vigil("streams", "apply").exit_code == 0
    assert operator.kinds() == {"unknown_consumer", "waiting"}


def test_a_missing_stream(operator: Operator) -> None:
    operator.do(lambda js: js.delete_stream(VIGIL.name))
    operator.do(lambda js: js.delete_stream(VIGIL_DLQ.name))
    assert operator.kinds() == {"drift"}


def test_messages_that_no_worker_asks_for_name_the_worker_to_start(operator: Operator) -> None:
    operator.do(lambda js: js.publish(PII_DETECT, b"{}"))
    (waiting,) = operator.check()
    assert waiting["kind"] == "waiting"
    assert waiting["cure"][0] == "VIGIL_WORKERS=pii faststream run app:app"


def test_messages_under_way_for_too_long_are_stuck_and_those_tried_again_are_told(
    operator: Operator, monkeypatch
) -> None:
    async def hold(js: JetStreamContext) -> None:
        await js.publish(PII_DETECT, b"{}")
        taken = await js.pull_subscribe_bind(PII.durable, stream=VIGIL.name)
        (message,) = await taken.fetch(1, timeout=10)
        await message.nak()
        (message,) = await taken.fetch(1, timeout=10)
        await message.nak(delay=3600)

    operator.do(hold)
    assert operator.kinds() == {"retried"}
    monkeypatch.setattr("app.runtime.findings.allowed_s", lambda _: 0.0)
    assert operator.kinds() == {"retried", "stuck"}


def test_a_stream_that_is_nearly_full(operator: Operator) -> None:
    async def shrink(js: JetStreamContext) -> None:
        config = (await js.stream_info(VIGIL.name)).config
        await js.update_stream(config.evolve(max_bytes=200_000))
        await js.publish(PII_DETECT, bytes(180_000))

    operator.do(shrink)
    assert {"nearly_full", "drift"} <= operator.kinds()


def test_many_short_messages_fill_the_stream_as_well_as_many_bytes(operator: Operator) -> None:
    async def fill(js: JetStreamContext) -> None:
        config = (await js.stream_info(VIGIL.name)).config
        await js.update_stream(config.evolve(max_msgs=5))
        for _ in range(4):
            await js.publish(GUARD_INPUT, b"{}")

    operator.do(fill)
    assert "nearly_full" in operator.kinds()
