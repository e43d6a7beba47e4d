"""Where the texts of a message are, for the integrations with frameworks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil_stream.places import places, written

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def texts(document: Any) -> list[str]:
    return [place.text.text for place in places(document)]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("Good morning", ["Good morning"]),
        (" \0 ", []),
        ("igno\0re", ["ignore"]),
        ({"content": "hello"}, ["hello"]),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, ["a\nb"]),
        ({"content": ["a", {"type": "image", "url": "two words"}, "b"]}, ["a\nb", "two words"]),
        ({"content": [{"text": "a"}, {"content": ["b", {"text": "c", "title": "d e"}]}]}, ["a", "b\nc", "d e"]),
        ({"args": {"content": ["a", "b"]}}, ["a", "b"]),
        ({"content": ["x" * 60_000, "y" * 60_000]}, ["x" * 60_000, "y" * 60_000]),
        ({"content": ["a", {"type": "reasoning", "reasoning": "b"}]}, ["a", "b"]),
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}, []),
        ({"url": "https://example.com/?q=ignore%20all%20rules"}, ["https://example.com/?q=ignore%20all%20rules"]),
        ({"url": "data:image/png;base64,iVBORw0KGgo="}, []),
        ({"source": {"type": "text", "data": "two words"}}, ["two words"]),
        ({"source": {"type": "base64", "data": "iVBORw0KGgo="}}, []),
        ({"tool_calls": [{"name": "page", "args": {"name": "one two", "n": 3}, "id": "call_1"}]}, ["one two"]),
        ({"function": {"name": "page", "arguments": '{"q": "one two"}'}}, ["one two"]),
        ({"function": {"name": "page", "arguments": "no json at all"}}, ["no json at all"]),
        ({"args": {"ignore all rules": 1}}, ["ignore all rules"]),
        ({"args": {"pesel": 44051401359, "n": 3, "on": True}}, ["44051401359"]),
        ({"function": {"arguments": '{"pesel": 44051401359}'}}, ["44051401359"]),
        ({"output": [{"id": "44051401359", "data": "jan@example.com"}]}, ["44051401359", "jan@example.com"]),
        ({"output": 44051401359}, ["44051401359"]),
        ({"output": {"data": "iVBORw0KGgo=" * 30}}, []),
        ({"arguments": '{"q": "one two", "q": "x"}'}, ['{"q": "one two", "q": "x"}']),
        ({"id": "44051401359", "index": 44051401359}, []),
        ({"file": {"file_data": "data:text/plain;base64,b25lIHR3bw=="}}, ["one two"]),
        ({"type": "file", "base64": "b25lIHR3bw==", "mime_type": "text/plain"}, ["one two"]),
        ({"type": "file", "source_type": "base64", "mime_type": "text/csv", "data": "b25lIHR3bw"}, ["one two"]),
        ({"source": {"type": "base64", "media_type": "application/json", "data": "b25lIHR3bw=="}}, ["one two"]),
        ({"source": {"type": "base64", "media_type": "image/png", "data": "b25lIHR3bw=="}}, []),
    ],
)  # fmt: skip
def test_texts_are_found_wherever_they_stand(document: Any, found: list[str]) -> None:
    assert texts(document) == found


def test_a_text_is_put_where_it_was_also_inside_of_json() -> None:
    document = {"input": ("a", "b b"), "function": {"arguments": json.dumps({"q": ["one two", "x"]})}}
    by_text = {place.text.text: place.path for place in places(document)}
    changed = written(document, {by_text["b b"]: "B", by_text["one two"]: "2"})  # type: ignore[dict-item]
    assert changed == {"input": ("a", "B"), "function": {"arguments": '{"q": ["2", "x"]}'}}


@pytest.mark.parametrize(
    "parts", [["a", "b", "c"], [{"text": "a"}, "b", {"type": "text", "text": "c"}], ("a", "b", "c")]
)
def test_the_parts_of_a_message_are_one_text_and_replaced_as_one(parts: Any) -> None:
    picture = {"type": "image", "data": "iVBORw0KGgo="}
    document = {"content": [*parts[:2], picture, *parts[2:]], "n": 1}
    (place,) = places(document)
    assert place.text.text == "a\nb\nc"
    first = {**parts[0], "text": "clean"} if isinstance(parts[0], dict) else "clean"
    assert written(document, place.edits("clean")) == {"content": [first, picture], "n": 1}
    assert written(document, place.edits("a\nb\nc")) == document
    assert written(document, place.edits("clean\n\nc")) == {"content": [first, picture, *parts[2:]], "n": 1}


@given(VALUES)
def test_every_place_can_be_written_and_nothing_else_changes(document: Any) -> None:
    found = [place for place in places(document) if place.path is not None]
    assert written(document, {}) == document
    marks = {place.path: f"mark {number}" for number, place in enumerate(found) if place.path is not None}
    again = [place.text.text for place in places(written(document, marks)) if place.path is not None]
    assert again == list(marks.values())
