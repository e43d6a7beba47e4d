"""`/v1/guard/output/stream` over a real socket: pieces in, judged sentences out, at the same time."""

import asyncio
import json
from contextlib import asynccontextmanager

from app.publishers import verdict
from app.schemas.decision import Decision
from app.schemas.guard import GuardRequest
from tests.services.test_answer_path import answer, detection
from tests.services.test_door import served
from tests.wires import provisioned, until

seen: list[GuardRequest] = []


async def by_words(request: GuardRequest) -> None:
    """BLOCK for a text with `bomb`, SANITIZE for one with `secret`."""
    seen.append(request)
    found = answer(request).model_copy(update={"categories": ()})
    if "bomb" in request.text:
        found = found.model_copy(update={"decision": Decision.BLOCK, "threat_score": 90.0})
    elif "secret" in request.text:
        clean = request.text.replace("secret", "[X_1]")
        found = found.model_copy(update={"decision": Decision.SANITIZE, "sanitized_text": clean})
    await verdict.publish(found)


class Conversation:
    """A client that writes and reads at the same time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, text: str | None = None, **more: object) -> None:
        line = json.dumps({**({} if text is None else {"text": text}), **more}).encode() + b"\n"
        await self.send(line)

    async def send(self, line: bytes) -> None:
        self._writer.write(b"%x\r\n%b\r\n" % (len(line), line))
        await self._writer.drain()

    async def end(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def leave(self) -> None:
        self._writer.close()

    async def head(self) -> str:
        return (await self._reader.readuntil(b"\r\n\r\n")).decode()

    async def hear(self) -> dict[str, object] | None:
        """The next line; None at the end."""
        async with asyncio.timeout(20):
            size = int(await self._reader.readline(), 16)
            chunk = await self._reader.readexactly(size + 2)
        return json.loads(chunk.decode().removeprefix("data: ")) if size else None

    async def hear_all(self) -> list[dict[str, object]]:
        lines = []
        while (line := await self.hear()) is not None:
            lines.append(line)
        return lines


@asynccontextmanager
async def conversation(url: str, folder, accept: str = "*/*", kind: str = "application/x-ndjson"):
    seen.clear()
    async with provisioned(url), detection(url, by_words), served(url, folder) as (port, key):

        async def ready() -> bool:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: vigil\r\nConnection: close\r\n\r\n")
            try:
                return b" 200 " in await reader.readline()
            finally:
                writer.close()

        assert await until(ready)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST /v1/guard/output/stream HTTP/1.1\r\nHost: vigil\r\nContent-Type: {kind}\r\n"
            f"Accept: {accept}\r\nX-API-Key: {key}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        try:
            yield Conversation(reader, writer)
        finally:
            writer.close()


async def test_sentences_are_released_while_the_answer_is_still_being_written(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path) as talk:
        await talk.say("Paris is the ", prompt="What is the capital?")
        await talk.say("capital. It lies")
        assert "200 OK" in await talk.head()
        assert await talk.hear() == {"type": "text", "text": "Paris is the capital. "}
        await talk.say(" on the Seine.")
        await talk.end()
        text, last = await talk.hear_all()
    assert text == {"type": "text", "text": "It lies on the Seine."}
    assert last["type"] == "verdict"
    assert last["verdict"]["decision"] == "ALLOW"
    logged = [request for request in seen if not request.probe]
    assert [request.text for request in logged if request.direction == "output"] == [
        "Paris is the capital. It lies on the Seine."
    ]
    assert logged[-1].prompt == "What is the capital?"
    assert last["verdict"]["request_id"] == logged[-1].request_id


async def test_an_answer_that_breaks_off_is_logged_as_far_as_it_came(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path) as talk:
        await talk.say("Paris is the capital. It lies")
        await talk.head()
        await talk.hear()
        talk.leave()

        async def logged() -> bool:
            texts = [request.text for request in seen if not request.probe and request.direction == "output"]
            return texts == ["Paris is the capital. "]

        assert await until(logged)


async def test_nothing_is_released_from_the_window_of_a_block_on(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path) as talk:
        await talk.say("First the tools. Then the bo")
        await talk.head()
        assert (await talk.hear())["text"] == "First the tools. "
        await talk.say("mb. And the rest. And more. ")
        last = await talk.hear()
        assert last["type"] == "verdict"
        assert last["verdict"]["decision"] == "BLOCK"
        assert await talk.hear() is None
    assert [request.text for request in seen if request.direction == "output" and not request.probe] == [
        "First the tools. Then the bomb. And the rest. And more. "
    ]


async def test_a_block_that_only_the_whole_shows_holds_the_last_window_back(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path) as talk:
        await talk.say("Then the bomb")
        await talk.end()
        await talk.head()
        (last,) = await talk.hear_all()
    assert last["verdict"]["decision"] == "BLOCK"


async def test_a_window_to_be_sanitized_is_released_clean_and_its_space_stays(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path) as talk:
        await talk.say("Hello there. ")
        await talk.head()
        assert (await talk.hear())["text"] == "Hello there. "
        await talk.say("The secret is out.\n\nGo")
        assert (await talk.hear())["text"] == "The [X_1] is out.\n\n"
        await talk.end()
        text, last = await talk.hear_all()
    assert text["text"] == "Go"
    assert last["verdict"]["decision"] == "SANITIZE"


async def test_lines_that_make_no_sense(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path) as talk:
        await talk.say("Fine so far. And")
        await talk.head()
        await talk.hear()
        await talk.send(b"{not json\n")
        (last,) = await talk.hear_all()
        assert (last["type"], last["status"], last["detail"]) == ("error", 422, "a line is not valid JSON")
    async with conversation(fresh_nats.url, tmp_path) as talk:
        await talk.say("a", txet="b")
        await talk.end()
        assert " 422 " in await talk.head()


async def test_events_where_they_are_wanted(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path, accept="text/event-stream") as talk:
        await talk.say("Good morning.")
        await talk.end()
        assert "content-type: text/event-stream" in await talk.head()
        lines = await talk.hear_all()
    assert [line["type"] for line in lines] == ["text", "verdict"]


def delta(text: str) -> bytes:
    chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


async def test_the_stream_of_a_model_server_goes_in_as_it_is_and_comes_back_as_events(
    fresh_nats, tmp_path
) -> None:
    async with conversation(fresh_nats.url, tmp_path, kind="text/event-stream") as talk:
        await talk.send(b'data: {"prompt": "What is it?"}\r\n\r\n: a comment\n\n')
        await talk.send(delta("Paris is the capital. ") + delta("It")[:20])
        assert "content-type: text/event-stream" in await talk.head()
        assert (await talk.hear())["text"] == "Paris is the capital. "
        await talk.send(delta("It")[20:] + delta(" is old.") + b"data: [DONE]\n\n")
        await talk.end()
        lines = await talk.hear_all()
    assert [line.get("text") for line in lines] == ["It is old.", None]
    assert lines[-1]["verdict"]["decision"] == "ALLOW"
    logged = [request for request in seen if not request.probe and request.direction == "output"]
    assert [(request.text, request.prompt) for request in logged] == [
        ("Paris is the capital. It is old.", "What is it?")
    ]


async def test_events_go_in_and_lines_come_back_where_they_are_wanted(fresh_nats, tmp_path) -> None:
    async with conversation(
        fresh_nats.url, tmp_path, accept="application/x-ndjson", kind="text/event-stream"
    ) as talk:
        await talk.send(delta("First this. ") + delta("Now the bomb. "))
        await talk.end()
        assert "content-type: application/x-ndjson" in await talk.head()
        lines = await talk.hear_all()
    assert lines[-1]["verdict"]["decision"] == "BLOCK"


async def test_a_call_in_the_stream_of_a_model_server_ends_it(fresh_nats, tmp_path) -> None:
    async with conversation(fresh_nats.url, tmp_path, kind="text/event-stream") as talk:
        await talk.send(delta("Let me see. ") + delta("One"))
        await talk.head()
        assert (await talk.hear())["text"] == "Let me see. "
        call = {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}}]}
        await talk.send(b"data: " + json.dumps(call).encode() + b"\n\n")
        (last,) = await talk.hear_all()
    assert (last["type"], last["status"]) == ("error", 422)
    assert "/openai/v1/chat/completions" in last["detail"]
