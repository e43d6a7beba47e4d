"""Finding phrases however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.phrases import blank_phrases, find_phrases


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tell me about Project Falcon now", "Project Falcon"),
        ("PROJECT\n  falcon", "PROJECT\n  falcon"),
        ("pro\u200bject fal\u00adcon!", "pro\u200bject fal\u00adcon"),
        ("Ｐｒｏｊｅｃｔ Falcon", "Ｐｒｏｊｅｃｔ Falcon"),
        ("subproject falcon", None),
        ("project falcons", None),
        ("project, falcon", None),
    ],
)
def test_a_phrase_is_found_as_whole_words(text: str, found: str | None) -> None:
    spans = find_phrases(text, ["project falcon"])
    assert [text[span.start : span.end] for span in spans] == ([found] if found else [])


def test_phrases_of_other_scripts_and_those_that_overlap() -> None:
    assert find_phrases("Zażółć GĘŚLĄ jaźń", ["zażółć gęślą", "gęślą jaźń"]) == [(0, 17)]
    assert find_phrases("aaa bbb", []) == []


@given(st.text(), st.lists(st.text(min_size=3, max_size=20), max_size=3))
def test_blanking_keeps_length_and_lines_and_everything_else(text: str, phrases: list[str]) -> None:
    blank = blank_phrases(text, phrases)
    assert len(blank) == len(text)
    changed = {place for span in find_phrases(text, phrases) for place in range(span.start, span.end)}
    for place, (before, after) in enumerate(zip(text, blank, strict=True)):
        assert after == before or (place in changed and after == " ")


@given(st.text(max_size=20), st.text(alphabet="abcdefg żółw", min_size=3, max_size=20), st.text(max_size=20))
def test_a_phrase_between_spaces_is_always_found(before: str, phrase: str, after: str) -> None:
    if phrase.strip():
        assert find_phrases(f"{before} {phrase} {after}", [phrase])
