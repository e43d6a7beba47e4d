"""A streamed answer: all of it arrives, judged, in its order; nothing of what was cut does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat.guarding import Blocked
from app.chat.stream import ChatStream, StreamBroken
from app.chat.window import BY_PASSAGE, Window, unfinished
from tests.unit.chat.judges import ATTACK, SECRET, ListeningJudge, verdict

TEXTS = st.lists(
    st.sampled_from(["One. ", "Two words", "! ", "\n", "a", "ź", " ", "e.g. ", "So it is? "]), max_size=60
)


def chunk(delta: dict, finish_reason: str | None = None, index: int = 0) -> str:
    choice = {
        "index": index,
        "delta": delta,
        "finish_reason": finish_reason,
        "logprobs": {"content": [SECRET]},
    }
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})


async def streamed(*events: str) -> tuple[list[dict], ListeningJudge]:
    judge = ListeningJudge()
    stream = ChatStream(judge)
    out = [event for data in events for event in await stream.take(data)]
    out += await stream.finish()
    return [json.loads(event) for event in out if event != "[DONE]"], judge


def text(chunks: list[dict], name: str = "content", index: int = 0) -> str:
    choices = [choice for item in chunks for choice in item["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get(name) or "" for choice in choices)


def pieces(said: str, size: int = 3) -> list[str]:
    return [chunk({"content": said[start : start + size]}) for start in range(0, len(said), size)]


@given(TEXTS)
def test_a_window_gives_out_all_of_a_text_in_its_order(parts: list[str]) -> None:
    window, out = Window(BY_PASSAGE), []
    for part in parts:
        window.add(part)
        if ready := window.ready():
            out.append(ready)
            window.released(ready)
    assert "".join(out) + window.rest() == "".join(parts)


async def test_a_clean_answer_passes_unchanged_and_early() -> None:
    said = "Paris is old. It lies on a river. " * 20
    chunks, _ = await streamed(
        chunk({"role": "assistant", "content": ""}), *pieces(said), chunk({}, "stop"), "[DONE]"
    )
    assert text(chunks) == said
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant"}
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert chunks[1]["choices"][0]["delta"]["content"] == "Paris is old. "
    assert SECRET not in json.dumps(chunks), "no log probabilities"


async def test_a_number_is_replaced_although_it_comes_in_pieces() -> None:
    said = f"Of course. Her number is {SECRET}, as you know. Anything else?"
    chunks, _ = await streamed(*pieces(said), chunk({}, "stop"), "[DONE]")
    assert text(chunks) == said.replace(SECRET, "[PL_PESEL_1]")


async def test_nothing_of_the_window_of_a_block_or_after_it_gets_out() -> None:
    judge = ListeningJudge()
    stream = ChatStream(judge)
    out: list[str] = []

    async def answer() -> None:
        for data in (*pieces(f"A first sentence. Now {ATTACK}. More."), chunk({}, "stop")):
            out.extend(await stream.take(data))

    with pytest.raises(Blocked):
        await answer()
    assert text([json.loads(event) for event in out]) == "A first sentence. "


async def test_an_order_across_the_edge_of_two_windows_is_seen() -> None:
    """The first half is out; the second cannot be told from harmless text without it."""
    first, second = ATTACK.split()
    window = f"{first}. "  # a sentence of its own, released at once

    async def across(texts):
        return {spoken: verdict(spoken.text.replace(". ", " ")) for spoken in texts}

    stream = ChatStream(across)
    out = await stream.take(chunk({"content": window + second}))
    assert text([json.loads(event) for event in out]) == window
    with pytest.raises(Blocked):
        await stream.take(chunk({}, "stop"))


async def test_calls_are_held_until_they_are_whole() -> None:
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "send", "arguments": ""}}
    parts = [
        {"index": 0, "function": {"arguments": part}} for part in ('{"to": "', SECRET[:5], SECRET[5:], '"}')
    ]
    events = [chunk({"tool_calls": [part]}) for part in (first, *parts)]
    chunks, _ = await streamed(*events, chunk({}, "tool_calls"), "[DONE]")
    calls = [
        call
        for item in chunks
        for choice in item["choices"]
        for call in choice["delta"].get("tool_calls", [])
    ]
    assert [call["function"] for call in calls] == [{"name": "send", "arguments": '{"to": "[PL_PESEL_1]"}'}]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_every_choice_and_every_field_is_a_text_of_its_own() -> None:
    events = [
        chunk({"content": "One. "}),
        chunk({"content": f"Two {SECRET}. "}, index=1),
        chunk({"reasoning_content": f"Hm, {SECRET}. "}),
        chunk({"content": "Three."}),
    ]
    chunks, _ = await streamed(*events, "[DONE]")
    assert text(chunks) == "One. Three."
    assert text(chunks, index=1) == "Two [PL_PESEL_1]. "
    assert text(chunks, "reasoning_content") == "Hm, [PL_PESEL_1]. "


async def test_usage_and_errors_pass() -> None:
    usage = json.dumps({"id": "c", "choices": [], "usage": {"total_tokens": 3}})
    failed = json.dumps({"error": {"message": "overloaded"}})
    chunks, _ = await streamed(usage, failed)
    assert chunks == [json.loads(usage), json.loads(failed)]


async def test_an_error_beside_an_answer_lets_nothing_of_it_through() -> None:
    said = json.loads(chunk({"content": f"One. {ATTACK}. "}))
    chunks, _ = await streamed(json.dumps({**said, "error": {"message": "overloaded"}}))
    assert chunks == [{"error": {"message": "overloaded"}}]
    with pytest.raises(Blocked):
        await streamed(json.dumps({**said, "error": None}))


@pytest.mark.parametrize(
    "data",
    [
        "{",
        "[]",
        '"text"',
        '{"choices": ["text"]}',
        '{"choices": [{"index": "x"}]}',
        '{"choices": [{"delta": "text"}]}',
        '{"choices": [{"delta": {"tool_calls": ["x"]}}]}',
    ],
)
async def test_what_cannot_be_read_cannot_pass(data: str) -> None:
    with pytest.raises(StreamBroken):
        await ChatStream(ListeningJudge()).take(data)


@pytest.mark.parametrize(
    ("said", "length"), [("Done. ", 0), ("Done.", 5), ("Done. And", 3), ("", 0), ("No end", 6), ("Line\n", 0)]
)
def test_what_is_no_whole_sentence_yet(said: str, length: int) -> None:
    assert unfinished(said) == length
