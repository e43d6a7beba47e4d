"""The personal data service: client against our server, and against answers recorded from the predecessor's."""

import json
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import RemoteFailed
from app.pii.engine import PiiEngine
from app.pii.redaction import REPLACE_ALL, redact
from app.remote.finder import Finder
from app.remote.pii.client import OVERLAP, PiiClient, chunks
from app.remote.pii.contract import MAX_CHARS
from app.remote.pii.server import create_app
from app.remote.service import Service

ENGINE = PiiEngine()
SERVER = create_app(ENGINE)
# An answer of the predecessor (release 2.1.0) as its source builds it.
RECORDED = {
    "entities": [
        {
            "type": "PL_PESEL",
            "start": 6,
            "end": 17,
            "score": 1.0,
            "text": "44051401359",
            "recognition_metadata": {
                "recognizer_name": "PL_PESEL_Enhanced",
                "recognizer_identifier": "PL_PESEL_Enhanced_140",
            },
        }
    ],
    "detection_method": "presidio",
    "processing_time_ms": 12,
    "language": "pl",
    "mode": "balanced",
    "mode_description": "Balanced detection",
    "entities_requested": ["PL_PESEL"],
}


def _client(transport: httpx.AsyncBaseTransport) -> PiiClient:
    return PiiClient(Service("PRESIDIO_URL", "http://presidio", 3.0, transport))


def _ours() -> PiiClient:
    return _client(httpx.ASGITransport(SERVER))


def _answering(answer: Any, status: int = 200, asked: list[Any] | None = None) -> PiiClient:
    def answer_with(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(json.loads(request.content))
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return httpx.Response(status, content=content)

    return _client(httpx.MockTransport(answer_with))


async def _post(body: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(SERVER), base_url="http://presidio") as client:
        return await client.post("/analyze", json=body)


async def test_client_and_server_find_what_the_engine_finds() -> None:
    text = "😀 PESEL 44051401359, Jan Kowalski, jan@example.pl"
    findings = await Finder(_ours(), REPLACE_ALL).analyze(text)
    embedded = ENGINE.analyze(text)
    assert findings.entities == embedded.entities
    assert redact(text, findings.masks) == redact(text, embedded.masks)


async def test_both_languages_are_asked_and_no_entities_are_named() -> None:
    asked: list[Any] = []
    await _answering(RECORDED, asked=asked).candidates("PESEL 44051401359")
    assert sorted(question["language"] for question in asked) == ["en", "pl"]
    # An empty list would mean all of them there, and naming a type that one language lacks is an error.
    assert not any("entities" in question for question in asked)


async def test_a_recorded_answer_is_read() -> None:
    found = await _answering(RECORDED).candidates("PESEL 44051401359")
    assert {(one.entity_type, one.start, one.end) for one in found} == {("PL_PESEL", 6, 17)}


async def test_a_long_text_is_sent_in_chunks_that_overlap() -> None:
    value = "jan.kowalski@example.pl"
    filler = "słowo " * 5000
    for place in (MAX_CHARS - 5, MAX_CHARS - OVERLAP, 2 * MAX_CHARS - OVERLAP - 8):
        text = f"{filler[:place]} {value} {filler[place:]}"
        findings = await Finder(_ours(), REPLACE_ALL).analyze(text)
        assert [text[e.start : e.end] for e in findings.entities] == [value]
        assert value[:5] not in redact(text, findings.masks)


async def test_a_blank_text_is_not_sent() -> None:
    assert await _answering({}, 500).candidates(" \n ") == []


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        ({"error": "ANALYZER_UNAVAILABLE"}, 503, "answered 503"),
        ({"error": "Invalid request", "message": "..."}, 400, "answered 400"),
        ({}, 200, "something else than agreed: entities"),
        (b"<html>", 200, "something else than agreed"),
        ({"entities": [{**RECORDED["entities"][0], "end": 18, "text": None}]}, 200, "code points"),  # type: ignore[index,dict-item]
        ({"entities": [{**RECORDED["entities"][0], "start": 5}]}, 200, "code points"),  # type: ignore[index,dict-item]
    ],
)
async def test_what_is_no_answer_fails_and_quotes_no_text(answer: Any, status: int, says: str) -> None:
    with pytest.raises(RemoteFailed) as caught:
        await _answering(answer, status).candidates("PESEL 44051401359")
    assert says in str(caught.value)
    assert "44051401359" not in str(caught.value)


async def test_no_server_and_a_slow_one_fail() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def slow(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    for handler in (refuse, slow):
        with pytest.raises(RemoteFailed, match="PRESIDIO_URL=http://presidio"):
            await _client(httpx.MockTransport(handler)).candidates("tekst")


async def test_the_server_answers_in_the_contract_s_shape() -> None:
    answer = (await _post({"text": "PESEL 44051401359", "language": "pl", "entities": ["PL_PESEL"]})).json()
    assert answer["entities"] == [
        {"type": "PL_PESEL", "start": 6, "end": 17, "score": 1.0, "text": "44051401359"}
    ]
    assert answer.keys() >= RECORDED.keys()
    assert {key: type(answer[key]) for key in RECORDED} == {key: type(RECORDED[key]) for key in RECORDED}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"text": "  "}, 400), ({"text": None}, 400), ({"text": "a" * 10_001}, 422),
        ({"text": "a" * 10_000}, 200), ({"text": "a", "language": "de"}, 200), ({"text": "a", "more": 1}, 200),
    ],
)  # fmt: skip
async def test_limits_of_the_server(body: Any, status: int) -> None:
    answer = await _post(body)
    assert answer.status_code == status
    assert (answer.status_code == 200) == ("entities" in answer.json())
    if status != 200:
        assert answer.json().keys() == {"error", "message"}


async def test_wanted_types_and_allowed_values() -> None:
    text = "PESEL 44051401359, jan@example.pl, ewa@example.pl"

    async def types(**options: Any) -> list[str]:
        return [one["text"] for one in (await _post({"text": text, **options})).json()["entities"]]

    assert len(await types()) == len(await types(entities=[])) == 3
    assert await types(entities=["PL_PESEL"]) == ["44051401359"]
    assert await types(entities=["PERSON"]) == []
    assert await types(allow_list=["jan@example.pl"]) == ["44051401359", "ewa@example.pl"]


@given(st.integers(0, 100_000))
def test_chunks_cover_the_text_and_overlap(length: int) -> None:
    spans = list(chunks(length))
    assert spans[0].start == 0
    assert spans[-1].end == length
    assert all(span.end - span.start <= MAX_CHARS for span in spans)
    assert all(two.start == one.end - OVERLAP for one, two in pairwise(spans))
