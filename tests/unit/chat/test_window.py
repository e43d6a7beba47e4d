"""Sentence windows of a text that arrives in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from app.chat.window import Window


def windows(*pieces: str) -> list[str]:
    gathered, found = Window(), []
    for piece in pieces:
        gathered.add(piece)
        if window := gathered.ready():
            found.append(window)
    return [*found, gathered.rest()]


def test_whole_sentences_come_out_as_soon_as_they_are_whole() -> None:
    assert windows("Par", "is is it. Ask", " Dr. ", "Smith! ", "Or not") == [
        "Paris is it. ",
        "Ask Dr. Smith! ",
        "Or not",
    ]


def test_a_sentence_without_end_is_cut() -> None:
    found = windows("word " * 200)
    assert all(len(window) <= 1000 for window in found)
    assert len(found[0]) > 300


@given(st.lists(st.text(max_size=60), max_size=20))
def test_nothing_is_lost_or_invented(pieces: list[str]) -> None:
    assert "".join(windows(*pieces)) == "".join(pieces)
