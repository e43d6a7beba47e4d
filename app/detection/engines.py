"""The embedded engines of the three branches, loaded once for a process."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from threadpoolctl import threadpool_limits

from app.detection.classifier import Classifier
from app.detection.heuristics import Heuristics
from app.detection.parallel import Engine
from app.detection.rules.live import LiveRules
from app.detection.semantic import Semantic, ngram_model
from app.schemas.detection import BranchName


def load(
    wanted: Collection[BranchName] = tuple(BranchName), rules: Path | None = None
) -> dict[BranchName, Engine]:
    """Load those that are wanted; `rules` is a folder of the user's own, which is followed.

    Raises:
        ModelError, RuleError: with one clear line.
    """
    # The matrices of a window are too small to share. OpenBLAS's threads, waiting for each other, took 20 ms of
    # processor time for 200 characters; one thread takes 0.9 ms.
    threadpool_limits(limits=1, user_api="blas")
    ngrams = ngram_model()
    makers: Mapping[BranchName, Callable[[], Engine]] = {
        BranchName.HEURISTICS: lambda: Heuristics(LiveRules(rules) if rules else None),
        BranchName.SEMANTIC: lambda: Semantic(ngrams=ngrams),
        BranchName.CLASSIFIER: lambda: Classifier(ngrams=ngrams),
    }
    return {name: makers[name]() for name in BranchName if name in wanted}
