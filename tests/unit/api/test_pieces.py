"""Bodies of `/v1/guard/output/stream`, cut anywhere."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.lines import JSON, NDJSON, SSE, Stopped
from app.api.pieces import KINDS, MAX_LINE_BYTES


def text_of(kind: str, *chunks: bytes) -> str:
    reader = KINDS[kind]()
    found = [piece for chunk in chunks for piece in reader.feed(chunk)]
    return "".join(piece.text for piece in [*found, *([] if reader.ended else reader.end())])


def written(kind: str, texts: list[str]) -> bytes:
    lines = [json.dumps({"text": text}).encode() for text in texts]
    if kind == NDJSON:
        return b"\n".join(lines)
    return b"".join(b"data: " + line + b"\n\n" for line in lines)


@given(
    st.sampled_from([NDJSON, SSE]),
    st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=6),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_where_a_body_is_cut_makes_no_difference(kind: str, texts: list[str], cuts: list[int]) -> None:
    body = written(kind, texts)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    assert text_of(kind, *(body[a:b] for a, b in itertools.pairwise(edges))) == "".join(texts)


def chunks(*choices: object) -> bytes:
    return b"data: " + json.dumps({"choices": list(choices)}).encode() + b"\n\n"


def test_of_the_chunks_of_a_completion_what_the_reader_sees_is_the_text() -> None:
    body = (
        chunks({"index": 0, "delta": {"role": "assistant", "content": ""}})
        + chunks({"delta": {"content": "Hello"}}, {"index": 0, "delta": {"content": " there"}})
        + chunks({"delta": {"content": None, "refusal": "."}, "finish_reason": "stop"})
        + chunks()
        + b"data: [DONE]\n\ndata: whatever\n\n"
    )
    assert text_of(SSE, body) == "Hello there."


def test_a_document_may_be_broken_into_lines() -> None:
    assert text_of(JSON, b'{\n"text":', b'\n"Paris"\n}\n') == "Paris"
    assert text_of(JSON, b" \n") == ""


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (NDJSON, b"{not json\n", 422),
        (NDJSON, b'{"txet": "a"}', 422),
        (NDJSON, b'{"text": "\\ud800"}', 422),
        (NDJSON, b"x" * (MAX_LINE_BYTES + 1), 413),
        (JSON, b"[", 422),
        (JSON, b"x" * (MAX_LINE_BYTES + 1), 413),
        (SSE, b"data: {\n\n", 422),
        (SSE, b"data: 7\n\n", 422),
        (SSE, b"data: \xff\n\n", 422),
        (SSE, b"data: " + b"[" * 100_000 + b"\n\n", 422),
        (SSE, b"data: " + b"x" * (MAX_LINE_BYTES + 1), 413),
        (SSE, b'data: {"error": {"message": "overloaded"}}\n\n', 422),
        (SSE, chunks(7), 422),
        (SSE, b'data: {"choices": 7}\n\n', 422),
        (SSE, chunks({"delta": "text"}), 422),
        (SSE, chunks({"delta": {"content": 7}}), 422),
        (SSE, chunks({"index": 1, "delta": {"content": "another"}}), 422),
        (SSE, chunks({"delta": {"function_call": {"name": "send"}}}), 422),
    ],
)
def test_what_makes_no_sense_ends_the_stream(kind: str, body: bytes, status: int) -> None:
    with pytest.raises(Stopped) as end:
        text_of(kind, body)
    assert end.value.line.status == status
