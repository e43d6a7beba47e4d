"""Streams and consumers on a real server: created, compared, changed, and never by a worker."""

import dataclasses

import nats
import pytest
from nats.js.api import RetentionPolicy, StorageType, StoreCompression, StreamConfig
from typer.testing import CliRunner

from app.commands import cli
from app.errors import NotProvisioned
from app.runtime import provisioning
from app.schemas.guard import GuardRequest
from app.settings import settings
from app.streams import ARBITER, CONSUMERS, DETECTION, LOGGING, PII, VIGIL
from tests.wires import provisioned, until, worker

DAY = 24 * 3600


@pytest.fixture
def vigil(fresh_nats, monkeypatch):
    """The command line against an empty server."""
    monkeypatch.setenv("NATS_SERVERS", fresh_nats.url)
    settings.cache_clear()
    runner = CliRunner()
    yield lambda *words: runner.invoke(cli, list(words))
    settings.cache_clear()


async def test_everything_is_created_with_the_limits_of_the_design(fresh_nats) -> None:
    async with provisioned(fresh_nats.url) as js:
        config = (await js.stream_info("VIGIL")).config
        assert config.retention == RetentionPolicy.WORK_QUEUE
        assert config.storage == StorageType.FILE
        assert config.compression == StoreCompression.S2
        assert config.discard == "new"
        assert (config.max_age, config.max_bytes, config.max_msgs) == (7 * DAY, 10 * 1024**3, 10_000_000)
        assert config.duplicate_window == 120
        assert set(config.subjects) == {
            f"vigil.{part}.>" for part in ("guard", "detection", "pii", "arbiter", "logs")
        }
        dlq = (await js.stream_info("VIGIL_DLQ")).config
        assert (dlq.retention, dlq.max_age, dlq.max_bytes) == ("limits", 30 * DAY, 1024**3)
        for consumer in CONSUMERS:
            found = (await js.consumer_info("VIGIL", consumer.durable)).config
            assert found.max_deliver == 4
            assert found.deliver_policy == "all"
            assert not found.backoff
            assert found.ack_wait == consumer.ack_wait
        assert not await provisioning.diff(js, replicas=1)


async def test_every_captured_subject_has_exactly_one_consumer(fresh_nats) -> None:
    subjects = {
        "vigil.guard.input": DETECTION, "vigil.guard.output": DETECTION, "vigil.detection.job": DETECTION,
        "vigil.detection.cleaning": DETECTION, "vigil.arbiter.decision": ARBITER, "vigil.arbiter.cleaned": ARBITER,
        "vigil.pii.detect": PII, "vigil.pii.result": ARBITER, "vigil.logs.event": LOGGING,
    }  # fmt: skip
    expected = dict.fromkeys((consumer.durable for consumer in CONSUMERS), 0)
    async with provisioned(fresh_nats.url) as js:

        async def counted() -> bool:
            infos = [await js.consumer_info("VIGIL", consumer.durable) for consumer in CONSUMERS]
            return {info.name: info.num_pending for info in infos} == expected

        for subject, owner in subjects.items():
            await js.publish(subject, b"{}")
            expected[owner.durable] += 1
            assert await until(counted), subject


def test_diff_names_each_setting_that_drifted_and_apply_changes_it_back(vigil, fresh_nats) -> None:
    assert vigil("streams", "diff").exit_code == 1
    assert vigil("streams", "apply").exit_code == 0
    assert vigil("streams", "diff").exit_code == 0
    _change(fresh_nats.url, "max_msgs", 5)
    drifted = vigil("streams", "diff")
    assert drifted.exit_code == 1
    assert drifted.output.strip() == "stream VIGIL: max_msgs is 5, should be 10000000"
    assert "changed max_msgs" in vigil("streams", "apply").output
    assert vigil("streams", "diff").exit_code == 0
    assert vigil("streams", "info").exit_code == 0


def test_apply_refuses_what_the_server_cannot_change_with_the_reason(vigil, fresh_nats) -> None:
    wrong = StreamConfig(name="VIGIL", subjects=["vigil.guard.>"], retention=RetentionPolicy.LIMITS)
    _add(fresh_nats.url, wrong)
    result = vigil("streams", "apply")
    assert result.exit_code == 1
    assert "REFUSED stream VIGIL: retention is limits, should be workqueue" in result.output


def test_a_single_server_refuses_three_replicas_with_the_reason(vigil) -> None:
    result = vigil("streams", "apply", "--replicas", "3")
    assert result.exit_code == 1
    assert (
        "REFUSED stream VIGIL: not created: replicas > 1 not supported in non-clustered mode" in result.output
    )


async def test_running_a_worker_changes_no_stream_and_no_consumer(fresh_nats) -> None:
    async def handler(message: GuardRequest) -> None:
        """Nothing to do."""

    async with provisioned(fresh_nats.url) as js:
        # Settings that a declaring worker would put back.
        stream = (await js.stream_info("VIGIL")).config
        await js.update_stream(stream.evolve(max_msgs=777))
        await js.add_consumer("VIGIL", dataclasses.replace(DETECTION.config, max_deliver=9))
        before = await _settings(js)
        async with worker(fresh_nats.url, DETECTION, handler):
            pass
        assert await _settings(js) == before


async def test_a_worker_does_not_start_without_its_consumer_and_says_what_to_do(fresh_nats) -> None:
    async with provisioned(fresh_nats.url) as js:
        await js.delete_consumer(VIGIL.name, DETECTION.durable)
        with pytest.raises(NotProvisioned, match=r"detection-worker.*vigil streams apply"):
            await provisioning.require(js, (DETECTION,))
        await provisioning.require(js, (ARBITER,))


async def _settings(js):
    consumers = [(await js.consumer_info("VIGIL", consumer.durable)).config for consumer in CONSUMERS]
    return (await js.stream_info("VIGIL")).config, (await js.stream_info("VIGIL_DLQ")).config, consumers


def _change(url: str, setting: str, value: object) -> None:
    async def change() -> None:
        connection = await nats.connect(url)
        js = connection.jetstream()
        config = (await js.stream_info("VIGIL")).config
        await js.update_stream(config.evolve(**{setting: value}))
        await connection.close()

    _run(change())


def _add(url: str, config: StreamConfig) -> None:
    async def add() -> None:
        connection = await nats.connect(url)
        await connection.jetstream().add_stream(config)
        await connection.close()

    _run(add())


def _run(work) -> None:
    import asyncio

    asyncio.run(work)
