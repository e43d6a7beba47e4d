"""Trained parts, each a small `.npz` without pickle, and the model card that vouches for them."""

import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.detection.files import ModelError, verified

FOLDER = Path(__file__).parent
CARD = FOLDER / "card.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """From a model's margin to a branch score, by straight lines between knots.

    A score says how rare such a margin is among benign texts: 25 times the negative decimal logarithm of
    the share that reaches it. 25 is reached by 10 % of them, 50 by 1 %, 75 by 0.1 %.
    """

    margins: tuple[float, ...]
    scores: tuple[float, ...]

    def __call__(self, margin: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scores from 0 to 100 for margins of any shape."""
        return np.asarray(np.interp(margin, self.margins, self.scores), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Head:
    """A small network on an embedding: standardized, one hidden layer of rectified units, one margin."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    out_bias: NDArray[np.float32]

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Margins of `rows` (n, dimensions): positive for an attack."""
        units = np.maximum((rows - self.mean) * self.scale @ self.hidden + self.hidden_bias, 0)
        return np.asarray(units @ self.out + self.out_bias, dtype=np.float64).reshape(len(rows))


@cache
def card() -> dict[str, Any]:
    """The model card. Raises ModelError when it is missing."""
    try:
        content: dict[str, Any] = json.loads(CARD.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{CARD.name}: {error.strerror}") from None
    return content


def load(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of one artefact. Raises ModelError when file and card disagree."""
    content = verified(FOLDER / f"{name}.npz", card()["artefacts"][name]["sha256"])
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}


def head(name: str) -> Head:
    """A head by the name of its artefact."""
    arrays = load(name)
    return Head(**{field: arrays[field].astype(np.float32) for field in Head.__dataclass_fields__})


def calibration(name: str) -> Calibration:
    """The calibration of one model."""
    entry = card()["calibration"][name]
    return Calibration(tuple(entry["margins"]), tuple(entry["scores"]))


def blend(name: str) -> tuple[float, ...]:
    """Weights of the margins that a branch adds up, and the bias last."""
    return tuple(card()["blend"][name])
