"""Branch B: what a text means, in any language the encoder knows, Polish and English above all."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import blend, calibration, head, load
from app.detection.categories import Categories
from app.detection.encoder import Encoder
from app.detection.ngrams import NgramModel
from app.detection.reading import judge
from app.detection.windows import Window
from app.schemas.detection import BranchName, BranchResult


def ngram_model() -> NgramModel:
    """The shipped n-gram model. Raises ModelError when artefact and card disagree."""
    arrays = load("ngrams")
    return NgramModel(arrays["weights"], float(arrays["bias"]))


def ngram_margins(model: NgramModel, found: Sequence[Window]) -> NDArray[np.float64]:
    """Margins of windows, one by one."""
    return np.array([model.margins(window.text, [(0, len(window.text))])[0] for window in found])


class Semantic:
    """Sentence embeddings under a trained head; `fast` is its stand-in for fast mode. Thread-safe."""

    branch = BranchName.SEMANTIC

    def __init__(self, encoder: Encoder | None = None, ngrams: NgramModel | None = None) -> None:
        self._encoder = encoder or Encoder()
        self._ngrams = ngrams or ngram_model()
        self._head = head("semantic")
        self._blend = blend("semantic")
        self._categories = Categories.load("semantic-categories")
        self._calibration = calibration("semantic")
        self.fast = Lexical(self._ngrams)

    def analyze(self, text: str) -> BranchResult:
        """Judge the whole text, window by window."""
        return judge(
            self.branch, text, margins=self._margins, calibration=self._calibration,
            categories=self._name, ranking=self._ngrams,
        )  # fmt: skip

    def _margins(self, found: Sequence[Window]) -> NDArray[np.float64]:
        rows = self._encoder.embed([window.text for window in found])
        meaning, wording, bias = self._blend
        return meaning * self._head(rows) + wording * ngram_margins(self._ngrams, found) + bias

    def _name(self, found: Sequence[Window]) -> list[str]:
        return self._categories(self._encoder.embed([window.text for window in found]))


class Lexical:
    """The stand-in for the encoder in fast mode: words and letter groups, a fifteenth of the cost. Thread-safe."""

    branch = BranchName.SEMANTIC

    def __init__(self, ngrams: NgramModel | None = None) -> None:
        self._ngrams = ngrams or ngram_model()
        self._blend = blend("ngrams")
        self._calibration = calibration("ngrams")

    def analyze(self, text: str) -> BranchResult:
        """Judge the whole text, window by window."""
        return judge(
            self.branch, text, margins=self._margins, calibration=self._calibration, categories=_unnamed
        )

    def _margins(self, found: Sequence[Window]) -> NDArray[np.float64]:
        weight, bias = self._blend
        return weight * ngram_margins(self._ngrams, found) + bias


def _unnamed(found: Sequence[Window]) -> list[str]:
    return ["prompt_attack"] * len(found)
