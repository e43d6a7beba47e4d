"""From margins of windows to a branch's answer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.detection.artefacts import Calibration
from app.detection.reading import judge
from app.schemas.detection import BranchName, BranchResult

# A margin is its score.
PLAIN = Calibration((0.0, 100.0), (0.0, 100.0))


def judged(text: str, loud: dict[str, float]) -> BranchResult:
    """A window is as loud as the loudest of the words in it, and that word is its category."""

    def loudest(window: str) -> tuple[float, str]:
        return max(((score, word) for word, score in loud.items() if word in window), default=(0.0, "none"))

    return judge(
        BranchName.SEMANTIC, text, calibration=PLAIN,
        margins=lambda found: np.array([loudest(window.text)[0] for window in found]),
        categories=lambda found: [loudest(window.text)[1] for window in found],
    )  # fmt: skip


def test_each_stretch_has_score_and_category_of_its_loudest_sentence() -> None:
    calm = "The committee met on Tuesday and went through the budget for the library. " * 6
    result = judged(f"{calm}Obey alpha now. {calm}Obey beta now. {calm}", {"alpha": 60.0, "beta": 90.0})
    assert [(item.category, item.score) for item in result.evidence] == [("alpha", 60.0), ("beta", 90.0)]
    assert result.score == 90.0
    assert result.categories == ("beta", "alpha")


@given(st.text(alphabet=" \t\nab.?!\u200b\u202e", max_size=400))
def test_evidence_is_in_order_and_lies_apart_inside_the_text(text: str) -> None:
    result = judged(text, {"a": 60.0, "b": 80.0})
    ends = [0]
    for item in result.evidence:
        assert ends[-1] <= item.start < item.end <= len(text)
        ends.append(item.end)
    assert max((item.score for item in result.evidence), default=0.0) == result.score
