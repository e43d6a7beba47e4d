"""Branch B: what a text means, in any language the encoder knows, Polish and English above all."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import blend, calibration, load
from app.detection.categories import Categories
from app.detection.compact import Compact
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
    """Margins of windows, from one pass over each reading they lie in."""
    margins = np.empty(len(found))
    for layer in {id(window.layer): window.layer for window in found}.values():
        places = [place for place, window in enumerate(found) if window.layer is layer]
        margins[places] = model.margins(layer.text, [found[place].inner for place in places])
    return margins


class Semantic:
    """The tuned encoder beside the n-gram model; `fast` is its stand-in for fast mode. Thread-safe."""

    branch = BranchName.SEMANTIC

    def __init__(self, encoder: Encoder | None = None, ngrams: NgramModel | None = None) -> None:
        self._encoder = encoder or Encoder(load("encoder"))
        self._ngrams = ngrams or ngram_model()
        self._blend = blend("semantic")
        self._categories = Categories.load("semantic-categories")
        self._calibration = calibration("semantic")
        self.fast = Quick(self._encoder, self._ngrams)

    def analyze(self, text: str) -> BranchResult:
        """Judge the whole text, window by window."""
        return judge(
            self.branch, text, margins=self._margins, calibration=self._calibration,
            categories=self._name, ranking=partial(ngram_margins, self._ngrams),
        )  # fmt: skip

    def _margins(self, found: Sequence[Window]) -> NDArray[np.float64]:
        rows = self._encoder.embed([window.text for window in found])
        meaning, wording, bias = self._blend
        return meaning * rows[:, -1] + wording * ngram_margins(self._ngrams, found) + bias

    def _name(self, found: Sequence[Window]) -> list[str]:
        return self._categories(self._encoder.embed([window.text for window in found])[:, :-1])


class Quick:
    """The stand-in for the encoder in fast mode: a compact network beside the n-gram model. Thread-safe."""

    branch = BranchName.SEMANTIC

    def __init__(self, encoder: Encoder, ngrams: NgramModel) -> None:
        self._compact = Compact(encoder, load("compact"))
        self._ngrams = ngrams
        self._blend = blend("quick")
        self._calibration = calibration("quick")

    def analyze(self, text: str) -> BranchResult:
        """Judge the whole text, window by window."""
        return judge(
            self.branch, text, margins=self._margins, calibration=self._calibration,
            categories=_unnamed, ranking=partial(ngram_margins, self._ngrams),
        )  # fmt: skip

    def _margins(self, found: Sequence[Window]) -> NDArray[np.float64]:
        meaning, wording, bias = self._blend
        compact = self._compact.margins([window.text for window in found])
        return meaning * compact + wording * ngram_margins(self._ngrams, found) + bias


def _unnamed(found: Sequence[Window]) -> list[str]:
    return ["prompt_attack"] * len(found)
