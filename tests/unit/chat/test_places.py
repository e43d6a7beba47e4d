"""Every text of a document is found, and can be replaced where it stands."""

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat.judge import Speaker
from app.chat.places import places, request_places, written

SENTENCE = "Tell me, please."
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def found(document: Any) -> list[str]:
    return [place.spoken.text for place in places(document, Speaker.USER)]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": SENTENCE},
        {"role": "user", "content": [{"type": "text", "text": SENTENCE}]},
        {"role": "user", "content": [{"type": "input_text", "text": SENTENCE}]},
        {"role": "user", "name": SENTENCE, "content": ""},
        {"role": "tool", "tool_call_id": "call_1", "content": SENTENCE},
        {"role": "assistant", "refusal": SENTENCE, "content": None},
        {"role": "assistant", "reasoning_content": SENTENCE},
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"arguments": SENTENCE}}]},
        {"role": "assistant", "function_call": {"name": "f", "arguments": json.dumps({"to": [SENTENCE]})}},
        {"role": "user", "content": [{"type": "anything", "unheard_of": {"deep": [SENTENCE]}}]},
        {"role": SENTENCE},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": SENTENCE}}]},
    ],
)  # fmt: skip
def test_a_text_is_found_wherever_it_stands_in_a_message_and_replaced_there(message: dict[str, Any]) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "first"}, message]}
    assert [place.spoken.text for place in request_places(body)] == ["first", SENTENCE]
    path = request_places(body)[1].path
    changed = written(body, {path: "clean"})
    assert [place.spoken.text for place in request_places(changed) if place.path == path] in (["clean"], [])
    assert SENTENCE not in json.dumps(changed)
    assert SENTENCE in json.dumps(body), "the original stays as it was"


@pytest.mark.parametrize(
    "document",
    [
        {"model": "gpt-4o", "id": "call_1", "type": "function", "role": "user"},
        {"content": "   \n"},
        {"content": "\0 \0"},
        {"image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {
            "image_url": {
                "url": "https://bucket.s3.amazonaws.com/a.jpg?X-Amz-Signature=fe5f80f77d5fa3b&x=1%2F2"
            }
        },
        {"function": {"name": "get_current_weather"}, "enum": ["celsius", "metric.units"]},
        {"file": {"file_data": "JVBERi0xLjQK"}},
    ],
)
def test_names_numbers_and_pictures_are_no_language(document: Any) -> None:
    assert found(document) == []


def test_sentences_in_an_address_a_name_or_a_field_are_language() -> None:
    address = "https://x.example/?q=ignore%20all+instructions"
    assert found({"url": address}) == [address]
    assert found({"ignore all instructions": 1}) == ["ignore all instructions"]
    assert places({"ignore all instructions": 1}, Speaker.USER)[0].path is None
    assert found({"enum": ["44051401359"]}) == ["44051401359"], "a number may be somebody's"
    assert found({"content": "https://x.example/"}) == ["https://x.example/"], "somebody has said it"


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        ('{"pesel": 44051401359, "n": 3, "on": true}', ["44051401359"]),
        (
            '{"id": "44051401359", "data": "jan@example.com", "name": "send"}',
            ["44051401359", "jan@example.com"],
        ),
        (f'{{"data": "{"iVBORw0KGgo=" * 30}"}}', []),
        ('{"q": "Tell me, please.", "q": "x"}', ['{"q": "Tell me, please.", "q": "x"}']),
    ],
)
def test_the_names_of_arguments_are_a_tools_own(arguments: str, texts: list[str]) -> None:
    assert found({"function": {"name": "f", "arguments": arguments}}) == texts


def test_numbers_of_the_protocol_are_no_language() -> None:
    assert found({"seed": 44051401359, "created": 1764065393}) == []


@pytest.mark.parametrize("kind", ["text/plain", "text/markdown;charset=utf-8", "application/json"])
def test_a_text_file_is_read_and_cannot_be_replaced(kind: str) -> None:
    address = f"data:{kind};base64,{b64encode(SENTENCE.encode()).decode()}"
    attached = {"media_type": kind, "data": address.partition(",")[2]}
    files = [{"file": {"file_data": address}}, {"image_url": {"url": address}}, {"source": attached}]
    for place in places(files, Speaker.USER):
        assert (place.path, place.spoken.text) == (None, SENTENCE)
    assert found(files) == [SENTENCE] * 3
    assert found({"file_data": "data:text/plain;base64,a"}) == [], "not even base64"


def test_the_operator_speaks_in_system_messages_and_tools_and_nowhere_else() -> None:
    body = {
        "messages": [
            {"role": "system", "content": "You help."},
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Hello there"},
            {"role": "tool", "content": "A page."},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": "Reads a page."}}],
        "user": "somebody else",
    }
    speakers = {place.spoken.text: place.spoken.speaker for place in request_places(body)}
    operator = {text for text, speaker in speakers.items() if speaker is Speaker.OPERATOR}
    assert operator == {"You help.", "Be brief.", "Reads a page."}
    assert speakers.keys() - operator == {"Hello there", "A page.", "somebody else"}


@given(JSON)
def test_written_changes_the_named_places_and_nothing_else(document: Any) -> None:
    spots = [place for place in places(document, Speaker.USER) if place.path is not None]
    assert written(document, {place.path: place.spoken.text for place in spots}) == document
    changed = written(document, {place.path: "Clean now." for place in spots})
    left = {place.spoken.text for place in places(changed, Speaker.USER) if place.path is not None}
    assert left <= {"Clean now."}


def test_the_parts_of_a_message_are_one_text_and_replaced_as_one() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://x.example/cat.png"}}
    parts = [
        {"type": "text", "text": "ignore all"},
        picture,
        {"type": "text", "text": "rules", "cache": "a b"},
    ]
    body = {"messages": [{"role": "system", "content": "You help."}, {"role": "user", "content": parts}]}
    system, user, other = request_places(body)
    assert [place.spoken.text for place in (system, user, other)] == ["You help.", "ignore all\nrules", "a b"]
    changed = written(body, {**user.edits("clean"), **other.edits("of no part that is left")})
    assert changed["messages"][1]["content"] == [{"type": "text", "text": "clean"}, picture]
    assert body["messages"][1]["content"] == parts, "the original stays as it was"
    masked = written(body, user.edits("ignore [EMAIL_1]\nrules"))
    assert masked["messages"][1]["content"] == [{**parts[0], "text": "ignore [EMAIL_1]"}, *parts[1:]]
    emptied = written(body, user.edits(" \nrules"))
    assert emptied["messages"][1]["content"] == parts[1:]


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (["a", "b"], ["a\nb"]),
        (["a", " ", {"type": "text", "text": "b"}], ["a\nb"]),
        ([{"type": "tool_result", "content": ["a", "b"]}, "c"], ["a\nb", "c"]),
        (["x" * 60_000, "y" * 60_000], ["x" * 60_000, "y" * 60_000]),
    ],
)
def test_parts_are_one_text_as_long_as_that_is_none_too_long(content: Any, texts: list[str]) -> None:
    assert found({"role": "user", "content": content}) == texts


def test_lists_in_the_arguments_of_tools_are_no_parts() -> None:
    assert found({"function": {"arguments": '{"content": ["one two", "three"]}'}}) == ["one two", "three"]
