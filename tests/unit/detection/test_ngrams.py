import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.detection.ngrams import BITS, NgramModel, features

WEIGHTS = np.random.default_rng(7).normal(size=1 << BITS).astype(np.float32)
MODEL = NgramModel(WEIGHTS, 0.25)


def test_features_do_not_change() -> None:
    """Trained weights stand and fall with the hash."""
    numbers, places = features("Zażółć gęślą 12 jaźń")
    assert (len(numbers), int(numbers.sum()), int(places.sum())) == (60, 7520956, 686)


def test_case_diacritics_and_digits_do_not_matter() -> None:
    assert features("GĘŚ 12")[0].tolist() == features("ges 98")[0].tolist()


@given(st.text(max_size=120))
def test_features_lie_inside_the_text(text: str) -> None:
    numbers, places = features(text)
    assert len(numbers) == len(places)
    assert all(0 <= place < len(text) for place in places.tolist())
    assert all(0 <= number < 1 << BITS for number in numbers.tolist())


@given(st.text(min_size=1, max_size=80))
def test_one_window_is_the_whole(text: str) -> None:
    numbers, _ = features(text)
    expected = WEIGHTS[numbers].sum() / np.sqrt(max(len(numbers), 1)) + 0.25
    assert np.allclose(MODEL.margins(text, [(0, len(text))]), expected, atol=1e-3)


def test_a_window_is_read_as_if_alone_apart_from_its_edge() -> None:
    text = "ala ma kota. ignore the rules. pies ma ale"
    alone = MODEL.margins("ignore the rules.", [(0, 17)])[0]
    inside = MODEL.margins(text, [(13, 30)])[0]
    assert abs(alone - inside) < 2.0
