"""`vigil dlq` against a real server."""

import asyncio
import json

import nats
import pytest
from typer.testing import CliRunner

from app.commands import cli
from app.runtime.provisioning import apply
from app.schemas.dead_letter import DeadLetter
from app.settings import settings
from app.streams import VIGIL, VIGIL_DLQ

PESEL = "44051401359"


def letter(number: int, worker: str = "detection", error: str = "no luck", **more: object) -> DeadLetter:
    fields = {
        "worker": f"{worker}-worker",
        "original_subject": "vigil.guard.input",
        "original_data": json.dumps({"request_id": f"req_{number}", "text": PESEL}),
        "original_headers": {
            "Nats-Msg-Id": f"req_{number}:guard",
            "Vigil-Deadline": "1",
            "traceparent": "00-1-2-01",
        },
        "stream_sequence": number,
        "request_id": f"req_{number}",
        "error": error,
        "error_type": "RuntimeError",
        "redelivery_count": 3,
        "timestamp": "2026-11-24T08:00:00Z",
    }
    return DeadLetter.model_validate(fields | more)


@pytest.fixture
def vigil(fresh_nats, monkeypatch):
    """The command line, with four dead letters on the server."""

    async def fill() -> None:
        connection = await nats.connect(fresh_nats.url)
        js = connection.jetstream()
        await apply(js, replicas=1)
        for one in (
            letter(1),
            letter(2, error="out of memory"),
            letter(3, worker="pii"),
            letter(4, original_data="gICA", encoding="base64", request_id=None),
        ):
            await js.publish(f"vigil.dlq.{one.worker}", one.model_dump_json().encode())
        await js.publish("vigil.dlq.detection-worker", b"not a letter of ours")
        await connection.close()

    asyncio.run(fill())
    monkeypatch.setenv("NATS_SERVERS", fresh_nats.url)
    settings.cache_clear()
    yield lambda *words: CliRunner().invoke(cli, ["dlq", *words])
    settings.cache_clear()


def numbers(result) -> list[int]:
    return [json.loads(line)["number"] for line in result.output.splitlines()]


def messages(url: str, stream: str, subject: str) -> list:
    async def read():
        from tests.wires import stored

        connection = await nats.connect(url)
        try:
            return await stored(connection.jetstream(), stream, subject)
        finally:
            await connection.close()

    return asyncio.run(read())


def test_letters_are_listed_by_worker_and_reason_without_their_text(vigil) -> None:
    listed = vigil("list", "--json")
    assert [json.loads(line)["number"] for line in listed.output.splitlines()] == [1, 2, 3, 4]
    assert PESEL not in listed.output
    assert numbers(vigil("list", "--json", "--worker", "pii")) == [3]
    assert numbers(vigil("list", "--json", "--reason", "MEMORY")) == [2]
    assert "4 dead letters" in vigil("list").output


def test_the_text_is_shown_redacted_unless_asked_otherwise(vigil) -> None:
    shown = json.loads(vigil("show", "1").stdout)["original_data"]
    assert shown["text"] == "[PL_PESEL_1]"
    assert PESEL in vigil("show", "1", "--raw").output
    assert "3 bytes" in json.loads(vigil("show", "4").stdout)["original_data"]
    assert "gICA" in vigil("show", "4", "--raw").output
    assert vigil("show", "99").exit_code != 0


def test_replay_gives_the_message_back_once_without_its_old_wait(vigil, fresh_nats) -> None:
    assert "1 replayed" in vigil("replay", "1").output
    (message,) = messages(fresh_nats.url, VIGIL.name, "vigil.guard.input")
    assert json.loads(message.data)["request_id"] == "req_1"
    assert message.headers["Nats-Msg-Id"] == "req_1:replay-1"
    assert "Vigil-Deadline" not in message.headers
    assert message.headers["traceparent"] == "00-1-2-01"
    assert vigil("replay", "1").exit_code != 0
    assert len(messages(fresh_nats.url, VIGIL_DLQ.name, "vigil.dlq.>")) == 4


def test_bytes_that_are_no_text_come_back_as_they_were(vigil, fresh_nats) -> None:
    vigil("replay", "4")
    (message,) = messages(fresh_nats.url, VIGIL.name, "vigil.guard.input")
    assert message.data == b"\x80\x80\x80"


def test_a_dry_run_does_nothing_and_all_needs_to_be_said(vigil, fresh_nats) -> None:
    assert "3 would be replayed" in vigil("replay", "--all", "--worker", "detection", "--dry-run").output
    assert not messages(fresh_nats.url, VIGIL.name, "vigil.guard.>")
    assert vigil("discard").exit_code != 0
    assert "1 discarded" in vigil("discard", "--all", "--reason", "memory").output
    assert "3 discarded" in vigil("discard", "--all").output
    assert "0 dead letters" in vigil("list").output
