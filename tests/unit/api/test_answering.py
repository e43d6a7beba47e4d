"""What a batch may hold in place of texts when its answer is to be remembered."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request

from app.access.client import Client
from app.api.answering import answered
from app.api.batch import BatchVerdict, GuardBatch
from app.api.idempotency import Idempotency
from app.api.problems import Refusal


async def _nowhere() -> Any:
    raise AssertionError("without a key nothing is looked up")


async def _nothing() -> BatchVerdict:
    return BatchVerdict(request_id="req_1", items=())


async def ask(item: object) -> int:
    state = SimpleNamespace(idempotency=Idempotency([b"k" * 32], _nowhere, 5.0))
    scope = {"type": "http", "path": "/v1/guard/batch", "headers": [], "app": SimpleNamespace(state=state)}
    body = GuardBatch.model_construct(items=[item])
    return (await answered(Request(scope), Client("shop"), None, body, _nothing)).status_code


@pytest.mark.parametrize("item", [r'{"text": "\ud800"}', r'{"\udfff": 1}', "[" * 300 + "]" * 300, "1e999"])
async def test_what_is_no_text_is_answered_with_its_batch(item: str) -> None:
    assert await ask(json.loads(item)) == 200


async def test_what_cannot_be_written_down_again_is_refused() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(Refusal) as refused:
        await ask(deep)
    assert refused.value.status_code == 422
