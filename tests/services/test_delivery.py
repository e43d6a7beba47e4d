"""Acknowledgement on a real server: retries, dead letters, deadlines, heartbeats, stops."""

import asyncio
import itertools
import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from faststream.nats import PullSub

from app.runtime.delivery import PartialFailure
from app.runtime.headers import DEADLINE, MESSAGE_ID
from app.schemas.dead_letter import DeadLetter
from app.schemas.event import Event, Outcome
from app.schemas.guard import GuardRequest
from app.streams import DETECTION, LOGGING, VIGIL, VIGIL_DLQ
from app.subscribers.logging import raw_payloads
from tests.wires import provisioned, stored, until, worker

TEXT = "What is the capital of France?"
ACCEPTED = datetime(2026, 11, 24, 8, tzinfo=UTC)


def request(name: str = "req_1") -> bytes:
    return GuardRequest(request_id=name, text=TEXT, accepted_at=ACCEPTED).model_dump_json().encode()


def deadline(seconds: float = 5.0) -> dict[str, str]:
    return {DEADLINE: str(time.time() + seconds)}


async def dead_letters(js) -> list[DeadLetter]:
    return [DeadLetter.model_validate_json(m.data) for m in await stored(js, VIGIL_DLQ.name, "vigil.dlq.>")]


async def events(js) -> list[Event]:
    return [Event.model_validate_json(m.data) for m in await stored(js, VIGIL.name, "vigil.logs.event")]


async def left(js, subject: str = "vigil.guard.>") -> int:
    return len(await stored(js, VIGIL.name, subject))


async def test_a_handled_message_is_acknowledged(fresh_nats) -> None:
    seen = []

    async def handler(message: GuardRequest) -> None:
        seen.append(message.request_id)

    async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, DETECTION, handler):
        await js.publish("vigil.guard.input", request())
        assert await until(lambda: _zero(left(js)))
    assert seen == ["req_1"]


async def _zero(count) -> bool:
    return (await count) == 0


async def test_three_failures_lead_to_the_dead_letters_and_an_event(fresh_nats) -> None:
    times = []

    async def handler(message: GuardRequest) -> None:
        times.append(time.monotonic())
        raise RuntimeError("no luck")

    async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, DETECTION, handler):
        await js.publish("vigil.guard.input", request(), headers=deadline())
        letters = await until(lambda: dead_letters(js))
        assert await until(lambda: _zero(left(js)))
        logged = await events(js)
    assert len(times) == 3
    assert times[2] - times[0] < 3, "a message somebody waits for is retried fast"
    (letter,) = letters
    assert letter.worker == "detection-worker"
    assert letter.original_subject == "vigil.guard.input"
    assert letter.original_data.encode() == request()
    assert letter.redelivery_count == 3
    assert letter.error == "no luck"
    assert letter.request_id == "req_1"
    (event,) = logged
    assert event.outcome is Outcome.DEAD_LETTERED
    assert event.event_id == "req_1"
    assert event.redacted_text == ""


async def test_a_message_without_a_waiting_caller_is_retried_with_the_delays_of_its_consumer(
    fresh_nats,
) -> None:
    times = []

    async def handler(message: GuardRequest) -> None:
        times.append(time.monotonic())
        raise RuntimeError

    quick = replace(DETECTION, delays=(0.6, 1.2, 2.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("app.streams", fromlist=["x"]).BY_DURABLE, quick.durable, quick)
        async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, quick, handler):
            await js.publish("vigil.detection.job", request())
            assert await until(lambda: dead_letters(js))
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) == 3
    assert gaps[0] >= 0.55
    assert gaps[1] >= 1.15


@pytest.mark.parametrize("payload", [b"{not json", b"\xff\xfe\x00", b'{"request_id": "req_1"}', b"[]", b""])
async def test_payloads_that_make_no_sense_are_dead_lettered_after_three_attempts(
    fresh_nats, payload
) -> None:
    called = []

    async def handler(message: GuardRequest) -> None:
        called.append(message)

    async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, DETECTION, handler):
        await js.publish("vigil.guard.input", payload, headers=deadline())
        letters = await until(lambda: dead_letters(js))
        assert await until(lambda: _zero(left(js)))
    assert not called
    (letter,) = letters
    assert letter.redelivery_count == 3
    assert letter.error
    assert "Traceback" not in letter.error


async def test_the_error_of_a_dead_letter_does_not_quote_the_text(fresh_nats) -> None:
    async def handler(message: GuardRequest) -> None:
        """Never reached."""

    secret = {"request_id": "req_1", "text": ["44051401359"]}
    async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, DETECTION, handler):
        await js.publish("vigil.guard.input", json.dumps(secret).encode(), headers=deadline())
        (letter,) = await until(lambda: dead_letters(js))
    assert "44051401359" not in letter.error
    assert "text" in letter.error


async def test_past_its_deadline_a_message_is_not_worked_on_but_logged_as_expired(fresh_nats) -> None:
    called = []

    async def handler(message: GuardRequest) -> None:
        called.append(message)

    async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, DETECTION, handler):
        await js.publish("vigil.guard.input", request(), headers=deadline(-1))
        (event,) = await until(lambda: events(js))
        assert await until(lambda: _zero(left(js)))
        assert not await dead_letters(js)
    assert not called
    assert event.outcome is Outcome.EXPIRED


async def test_an_attempt_ends_at_the_deadline(fresh_nats) -> None:
    async def handler(message: GuardRequest) -> None:
        await asyncio.sleep(60)

    async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, DETECTION, handler):
        await js.publish("vigil.guard.input", request(), headers=deadline(1.0))
        (event,) = await until(lambda: events(js))
    assert event.outcome is Outcome.EXPIRED


async def test_heartbeats_keep_a_slow_message_from_being_delivered_twice(fresh_nats) -> None:
    calls = []

    async def handler(message: GuardRequest) -> None:
        calls.append(message)
        await asyncio.sleep(DETECTION.ack_wait * 2)

    async with provisioned(fresh_nats.url) as js, worker(fresh_nats.url, DETECTION, handler):
        await js.publish("vigil.guard.input", request())
        assert await until(lambda: _zero(left(js)))
    assert len(calls) == 1


async def test_stopping_finishes_what_runs_and_nothing_is_delivered_again(fresh_nats) -> None:
    started, finished = [], []

    async def handler(message: GuardRequest) -> None:
        started.append(message.request_id)
        await asyncio.sleep(0.3)
        finished.append(message.request_id)

    async with provisioned(fresh_nats.url) as js:
        async with worker(fresh_nats.url, DETECTION, handler):
            for number in range(40):
                await js.publish("vigil.guard.input", request(f"req_{number}"))
            await until(lambda: _truth(len(started) >= 15))
        assert started == finished
        info = await js.consumer_info(VIGIL.name, DETECTION.durable)
        assert info.num_ack_pending == 0
        async with worker(fresh_nats.url, DETECTION, handler):
            assert await until(lambda: _zero(left(js)))
        info = await js.consumer_info(VIGIL.name, DETECTION.durable)
    assert info.num_redelivered == 0
    assert sorted(finished) == sorted(f"req_{number}" for number in range(40))
    assert len(finished) == 40


async def _truth(value: bool) -> bool:
    return value


async def test_one_bad_member_does_not_cost_the_batch(fresh_nats) -> None:
    batches = []

    async def handler(payloads: list[bytes]) -> None:
        batches.append(payloads)
        bad = {index: ValueError("bad member") for index, payload in enumerate(payloads) if payload == b"bad"}
        if bad:
            raise PartialFailure(bad)

    quick = replace(LOGGING, delays=(0.1, 0.1, 0.1))
    pull = PullSub(batch_size=100, timeout=0.5, batch=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("app.streams", fromlist=["x"]).BY_DURABLE, quick.durable, quick)
        async with (
            provisioned(fresh_nats.url) as js,
            worker(fresh_nats.url, quick, handler, pull=pull, decoder=raw_payloads),
        ):
            for payload in (b"good 1", b"bad", b"good 2"):
                await js.publish("vigil.logs.event", payload)
            (letter,) = await until(lambda: dead_letters(js))
            assert await until(lambda: _zero(left(js, "vigil.logs.>")))
    assert letter.original_data == "bad"
    assert letter.redelivery_count == 3
    assert sum(payload == b"good 1" for batch in batches for payload in batch) == 1


async def test_a_hop_published_twice_is_stored_once_and_other_stages_are_not_confused_with_it(
    fresh_nats,
) -> None:
    async with provisioned(fresh_nats.url) as js:
        first = await js.publish("vigil.guard.input", request(), headers={MESSAGE_ID: "req_1:guard"})
        again = await js.publish("vigil.guard.input", request(), headers={MESSAGE_ID: "req_1:guard"})
        other = await js.publish("vigil.arbiter.decision", request(), headers={MESSAGE_ID: "req_1:decision"})
    assert not first.duplicate
    assert again.duplicate
    assert not other.duplicate
