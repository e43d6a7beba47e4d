"""Server-sent events in any cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat.events import EventReader, event

STREAM = (
    b': ping\r\n\r\ndata: {"a": 1}\n\nevent: x\nid: 7\ndata: zaz\xc3\xb3\xc5\x82\xc4\x87\r\n\r\n'
    b"data:two\ndata: lines\n\ndata: [DONE]"
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_the_cut_makes_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    reader = EventReader()
    data = [item for start, end in itertools.pairwise(edges) for item in reader.feed(STREAM[start:end])]
    assert [*data, *reader.end()] == ['{"a": 1}', "zazółć", "two\nlines", "[DONE]"]


def test_an_event_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="no end"):
        list(EventReader(100).feed(b"data: " + b"x" * 200))


def test_an_event_is_read_as_it_is_written() -> None:
    assert list(EventReader().feed(event('{"text": "ź"}'))) == ['{"text": "ź"}']
