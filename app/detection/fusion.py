"""From the branches' scores to one weighted score, and to one that says what they mean together. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import blend, calibration
from app.schemas.detection import BranchName, BranchResult, Detection
from app.schemas.guard import Mode

WEIGHTS = {
    Mode.FULL: {BranchName.HEURISTICS: 0.30, BranchName.SEMANTIC: 0.35, BranchName.CLASSIFIER: 0.35},
    Mode.FAST: {BranchName.HEURISTICS: 0.462, BranchName.SEMANTIC: 0.538},
}
DEGRADED_FACTOR = 0.1
# Each window of a text is a chance of a false alarm. Ten that had nothing to do with each other would make a score ten
# times as common, 25 points; neighbours say much the same, and half of that ranks best
# (docs/decisions/0015-long-texts.md). No more is taken off, however much an attacker adds.
PER_TENFOLD, MOST_WINDOWS = 12.5, 24


def fuse(results: Sequence[BranchResult], mode: Mode) -> Detection:
    """Weigh the branches. A degraded one keeps a tenth of its weight and counts as 0; weights sum to 1."""
    raw = {
        result.branch: WEIGHTS[mode][result.branch] * (DEGRADED_FACTOR if result.degraded else 1.0)
        for result in results
    }
    total = sum(raw.values())
    weights = {branch: weight / total for branch, weight in raw.items()}
    score = sum(weights[result.branch] * (0.0 if result.degraded else result.score) for result in results)
    categories = (category for result in results if not result.degraded for category in result.categories)
    return Detection(
        branches=tuple(results),
        weights={branch: round(weight, 4) for branch, weight in weights.items()},
        weighted_score=round(min(score, 100.0), 1),
        combined_score=None if any(result.degraded for result in results) else combined(results, mode),
        categories=tuple(dict.fromkeys(categories)),
        degraded=tuple(result.branch for result in results if result.degraded),
    )


def combined(results: Sequence[BranchResult], mode: Mode) -> float:
    """The score of this combination, 0-100, on the scale of the arbiter's thresholds.

    The branches' scores are logarithms of how rare they are among benign texts, so evidence adds up: a sum with the
    weights of FUSIONS in app/detection/training/train.py, and the share of benign texts that reach it.
    """
    name = f"fusion-{mode.value}"
    *weights, bias = blend(name)
    scores = {result.branch: result.score for result in results}
    margin = (
        sum(weight * scores[branch] for weight, branch in zip(weights, WEIGHTS[mode], strict=True)) + bias
    )
    most = discount(np.array(max(result.windows for result in results)))
    return round(float(calibration(name)(margin - most)), 1)


def discount(windows: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the highest of so many windows is worth less than that of one, in points of a branch's score."""
    return np.asarray(PER_TENFOLD * np.log10(np.clip(windows, 1, MOST_WINDOWS)), dtype=np.float64)
