"""The embedded engines of the three branches, loaded once for a process."""

from collections.abc import Mapping

from app.detection.classifier import Classifier
from app.detection.heuristics import Heuristics
from app.detection.parallel import Engine
from app.detection.semantic import Semantic, ngram_model
from app.schemas.detection import BranchName


def load() -> Mapping[BranchName, Engine]:
    """Load all three. Raises ModelError or RuleError with one clear line."""
    ngrams = ngram_model()
    return {
        BranchName.HEURISTICS: Heuristics(),
        BranchName.SEMANTIC: Semantic(ngrams=ngrams),
        BranchName.CLASSIFIER: Classifier(ngrams=ngrams),
    }
