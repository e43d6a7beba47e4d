from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import Span, overlaps, remove, sentence_spans, touched, union, window_spans

TEXT = st.text(alphabet=st.sampled_from("aB ł.!?\n„”…\r,1😀") | st.characters(), max_size=300)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


def test_sentences() -> None:
    assert sentences("Cześć. Jak się masz? Dobrze!\nNowa linia") == [
        "Cześć.",
        "Jak się masz?",
        "Dobrze!",
        "Nowa linia",
    ]


def test_abbreviations_do_not_end_a_sentence() -> None:
    assert sentences("Mieszka przy ul. Długiej, np. pod 5. Tak.") == [
        "Mieszka przy ul. Długiej, np. pod 5.",
        "Tak.",
    ]
    assert sentences("Ask Dr. Smith, e.g. today. Now.") == ["Ask Dr. Smith, e.g. today.", "Now."]


def test_hard_wrapped_prose_is_one_sentence() -> None:
    assert sentences("this goes\non here. And\nThis not") == ["this goes\non here.", "And", "This not"]


def test_long_sentence_is_cut_at_whitespace() -> None:
    pieces = sentences("word " * 300)
    assert all(len(piece) <= 400 and piece.startswith("word") and piece.endswith("word") for piece in pieces)
    assert sum(map(len, sentences("x" * 1000))) == 1000


@given(TEXT)
def test_sentences_cover_every_character_but_whitespace(text: str) -> None:
    spans = sentence_spans(text, 40)
    assert remove(text, spans).strip() == ""
    assert all(0 < end - start <= 40 for start, end in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@given(TEXT, st.integers(20, 100), st.integers(0, 15))
def test_windows_cover_every_unit_in_order(text: str, size: int, overlap: int) -> None:
    units = sentence_spans(text, 20)
    windows = window_spans(units, size, overlap)
    assert all(any(w.start <= u.start and u.end <= w.end for w in windows) for u in units)
    assert all(one.start < other.start for one, other in pairwise(windows))
    assert all(w.end - w.start <= size for w in windows)


@given(SPANS)
def test_union_keeps_the_points(spans: list[tuple[int, int]]) -> None:
    points = {point for start, end in spans for point in range(start, end)}
    merged = union(spans)
    assert {point for start, end in merged for point in range(start, end)} == points
    assert all(one.end < other.start for one, other in pairwise(merged))


def test_union_across_a_gap() -> None:
    assert union([(0, 2), (3, 5), (9, 9)], gap=1) == [Span(0, 5)]


@given(SPANS)
def test_touched_is_what_overlaps(spans: list[tuple[int, int]]) -> None:
    units = [Span(start, start + 3) for start in range(0, 60, 4)]
    merged = union(spans)
    assert touched(units, spans) == [unit for unit in units if any(overlaps(unit, span) for span in merged)]


@given(TEXT, SPANS)
def test_remove_takes_exactly_the_spans(text: str, spans: list[tuple[int, int]]) -> None:
    gone = {point for start, end in spans for point in range(start, end)}
    assert remove(text, spans) == "".join(char for place, char in enumerate(text) if place not in gone)


@pytest.mark.parametrize("piece", ["?!", ".", "a.)))", "?)", "x."])
def test_a_run_of_punctuation_is_read_once(piece: str) -> None:
    text = piece * 20_000  # took minutes when every place in the run was tried
    assert "".join(text[start:end] for start, end in sentence_spans(text)) == text
