"""From the branches' scores to one weighted score. Pure."""

from collections.abc import Sequence

from app.schemas.detection import BranchName, BranchResult, Detection
from app.schemas.guard import Mode

WEIGHTS = {
    Mode.FULL: {BranchName.HEURISTICS: 0.30, BranchName.SEMANTIC: 0.35, BranchName.CLASSIFIER: 0.35},
    Mode.FAST: {BranchName.HEURISTICS: 0.462, BranchName.SEMANTIC: 0.538},
}
DEGRADED_FACTOR = 0.1


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
        categories=tuple(dict.fromkeys(categories)),
        degraded=tuple(result.branch for result in results if result.degraded),
    )
