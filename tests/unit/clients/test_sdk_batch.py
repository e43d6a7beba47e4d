"""Batches: what is sent, how any number of texts is cut into them, and how long they may take."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.door.body_limit import SPECIAL
from tests.sdk import Double
from vigil_stream import ServerError, Text
from vigil_stream.calls import BATCH_CHARS, BATCH_TEXTS, ITEM_CHARS, batches

BODY_BYTES = SPECIAL["/v1/guard/batch"].max_bytes
TEXTS = st.lists(st.builds(lambda length, prompt: Text("😀" * length, prompt=prompt and "ł" * prompt),
                           st.integers(1, 100_000), st.none() | st.integers(1, 100_000)), max_size=30)  # fmt: skip


def _answer(request: httpx.Request) -> httpx.Response:
    """Every text that is no number is refused."""
    items: list[dict[str, Any]] = []
    for index, item in enumerate(json.loads(request.content)["items"]):
        if item["text"].isdigit():
            verdict = {"request_id": item["text"], "decision": "ALLOW", "threat_score": 0}
            items.append({"index": index, "ok": True, "verdict": verdict})
        else:
            items.append({"index": index, "ok": False, "error": {"status": 422, "detail": "text: no number"}})
    return httpx.Response(200, json={"request_id": "req_1", "items": items})


def test_a_bad_text_does_not_fail_the_rest(double: Double) -> None:
    double.handler = _answer
    batch = double.do(double.client().guard_batch(["1", "two", Text("3", direction="output", prompt="p")]))
    assert [item.ok for item in batch.items] == [True, False, True]
    assert batch.items[0].verdict.allowed
    assert (batch.items[1].verdict, batch.items[1].error.status) == (None, 422)
    assert json.loads(double.requests[0].content) == {
        "items": [{"text": "1"}, {"text": "two"}, {"text": "3", "direction": "output", "prompt": "p"}]
    }


def test_any_number_of_texts_is_judged_in_order_as_outcomes_are_taken(double: Double) -> None:
    double.handler = _answer
    numbers = [str(number) for number in range(250)]
    outcomes = double.client().guard_many(numbers)

    async def everything() -> list[Any]:
        return [item async for item in outcomes]

    items = double.do(everything()) if double.asynchronous else list(outcomes)
    assert [item.index for item in items] == list(range(250))
    assert [item.verdict.request_id for item in items] == numbers
    assert [len(json.loads(request.content)["items"]) for request in double.requests] == [100, 100, 50]


def test_nothing_is_asked_before_an_outcome_is_taken() -> None:
    double = Double("sync")
    double.handler = _answer
    outcomes = double.client().guard_many(str(number) for number in range(250))
    assert double.requests == []
    next(outcomes)
    assert len(double.requests) == 1


@given(TEXTS)
def test_cutting_loses_nothing_and_fits_the_server(texts: list[Text]) -> None:
    sent: list[dict[str, Any]] = []
    for first, call in batches(texts):
        assert call.body is not None
        items = call.body["items"]
        assert first == len(sent)
        assert 0 < len(items) <= BATCH_TEXTS
        size = sum(len(item["text"]) + len(item.get("prompt", "")) + ITEM_CHARS for item in items)
        assert size <= BATCH_CHARS
        assert len(json.dumps(call.body)) <= BODY_BYTES
        sent += items
    assert sent == [text.body for text in texts]


@pytest.mark.parametrize(("texts", "timeout"), [(1, 4.0), (10, 4.0), (11, 8.0), (100, 40.0)])
def test_a_batch_may_take_as_long_as_its_texts(double: Double, texts: int, timeout: float) -> None:
    double.answers(httpx.Response(500))
    with pytest.raises(ServerError):
        double.do(double.client(timeout=4.0, retry_budget=100.0).guard_batch(["a"] * texts))
    assert double.requests[0].extensions["timeout"]["read"] == timeout
