"""Branch C: the bundled classifier's view of each window, weighed by a head trained on top of it."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import blend, calibration, head
from app.detection.categories import Categories
from app.detection.minilm import MiniLm
from app.detection.ngrams import NgramModel
from app.detection.reading import judge
from app.detection.semantic import ngram_margins, ngram_model
from app.detection.windows import Window
from app.schemas.detection import BranchName, BranchResult


class Classifier:
    """MiniLM's logits and pooled vector under a trained head. Thread-safe."""

    branch = BranchName.CLASSIFIER

    def __init__(self, model: MiniLm | None = None, ngrams: NgramModel | None = None) -> None:
        self._model = model or MiniLm()
        self._ngrams = ngrams or ngram_model()
        self._head = head("classifier")
        self._blend = blend("classifier")
        self._categories = Categories.load("classifier-categories")
        self._calibration = calibration("classifier")

    def analyze(self, text: str) -> BranchResult:
        """Judge the whole text, window by window."""
        return judge(
            self.branch, text, margins=self._margins, calibration=self._calibration,
            categories=self._name, ranking=partial(ngram_margins, self._ngrams),
        )  # fmt: skip

    def _margins(self, found: Sequence[Window]) -> NDArray[np.float64]:
        rows = self._model.embed([window.text for window in found])
        trained, bundled, wording, bias = self._blend
        lexical = ngram_margins(self._ngrams, found)
        return trained * self._head(rows) + bundled * rows[:, 0] + wording * lexical + bias

    def _name(self, found: Sequence[Window]) -> list[str]:
        return self._categories(self._model.embed([window.text for window in found]))
