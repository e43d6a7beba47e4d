"""What hides a number vanishes, and every offset finds its way back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.pii.shadow import cast, fold

SIGNS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("\u200b\u0301\ufe0f\u00ad１٣ \u00a0ęe")
    ),
    max_size=60,
)


@given(SIGNS)
def test_spans_lead_back_into_the_text_in_order(text: str) -> None:
    shadow = cast(text)
    spans = [shadow.original(place, place + 1) for place in range(len(shadow.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


@given(SIGNS)
def test_folding_keeps_every_offset(text: str) -> None:
    shadow = cast(text).text
    assert len(fold(shadow)) == len(shadow)


def test_digits_of_every_script_and_invisible_signs() -> None:
    assert cast("４4\u200b0٥\u00a01").text == "4405 1"


def test_a_letter_and_its_mark_are_one() -> None:
    shadow = cast("Pani Kowalska-Wo\u0301jcik")
    assert shadow.text == "Pani Kowalska-Wójcik"
    assert shadow.original(14, 17) == (14, 18)
