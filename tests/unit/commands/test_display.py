import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.commands.events.display import printable, to_json


@given(st.text())
def test_nothing_that_a_terminal_would_obey_is_printed(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(printable(text, 10).encode("unicode_escape")) <= 100
    if text.isprintable():
        assert shown == text


def test_what_is_hidden_or_moves_the_cursor_is_shown_as_an_escape() -> None:
    assert printable("a\x1b[2J\u202eb\u200b\nc") == "a\\x1b[2J\\u202eb\\u200b c"
    assert printable("abcdef", 4) == "abc…"


def test_times_are_in_utc() -> None:
    at = datetime(2026, 11, 24, 8, 0, 0, 123_000, tzinfo=UTC)
    assert json.loads(to_json({"at": at})) == {"at": "2026-11-24T08:00:00.123Z"}
