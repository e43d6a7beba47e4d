"""The language service: client against our server, and against answers recorded from the predecessor's."""

import json
from typing import Any

import httpx
import pytest

from app.errors import RemoteFailed
from app.pii.engine import PiiEngine
from app.pii.redaction import REPLACE_ALL
from app.remote.finder import Finder
from app.remote.language.client import LanguageClient
from app.remote.language.server import create_app
from app.remote.service import Service
from app.schemas.pii import Language

SERVER = create_app()
# The predecessor's answer to "Napisz wiersz o jesieni", without the fields of its `detailed` form.
RECORDED = {
    "language": "pl",
    "confidence": 0.999996,
    "method": "statistical",
    "language_name": "Polish",
    "processing_time_ms": 41,
}


def _client(transport: httpx.AsyncBaseTransport) -> LanguageClient:
    return LanguageClient(Service("LANGUAGE_DETECTOR_URL", "http://language", 1.5, transport))


def _answering(answer: Any, status: int = 200) -> LanguageClient:
    return _client(httpx.MockTransport(lambda _: httpx.Response(status, content=json.dumps(answer))))


async def _post(path: str, body: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(SERVER), base_url="http://language") as client:
        return await client.post(path, json=body)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Napisz wiersz o jesieni", Language.POLISH),
        ("Write a poem about autumn", Language.ENGLISH),
        ("Wie komme ich zum Bahnhof und was kostet das?", Language.OTHER),
        ("ok", Language.OTHER),
        ("słowo " * 20_000, Language.POLISH),
    ],
)
async def test_client_and_server(text: str, language: Language) -> None:
    assert await _client(httpx.ASGITransport(SERVER)).detect(text) is language


async def test_recorded_answers_are_read() -> None:
    assert await _answering(RECORDED).detect("Napisz wiersz") is Language.POLISH
    assert await _answering({**RECORDED, "language": "so"}).detect("Napisz wiersz") is Language.OTHER


async def test_the_server_answers_in_the_contract_s_shape() -> None:
    answer = (await _post("/detect", {"text": "Napisz wiersz o jesieni"})).json()
    assert answer.keys() == RECORDED.keys()
    assert answer["language"] == "pl"
    batch = (await _post("/batch", {"texts": ["Napisz wiersz o jesieni", "a"]})).json()
    assert (batch["total"], batch["failed"]) == (2, 1)


@pytest.mark.parametrize("body", [{}, {"text": "ab"}, {"text": "a" * 10_001}, {"text": None}])
async def test_refusals(body: Any) -> None:
    answer = await _post("/detect", body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}


async def test_a_failing_service_leaves_it_to_the_embedded_detector() -> None:
    client = _answering({}, 503)
    with pytest.raises(RemoteFailed):
        await client.detect("Napisz wiersz")
    findings = await Finder(PiiEngine(), REPLACE_ALL, client).analyze("Napisz wiersz o jesieni")
    assert findings.language is Language.POLISH
