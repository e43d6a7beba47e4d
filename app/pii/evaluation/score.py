"""Span scores: precision, recall, F1 of matches with equal type and enough overlap."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.pii.evaluation.corpus import Sample, Span

MIN_OVERLAP = 0.5  # intersection over union


class Score(NamedTuple):
    """Counts of a type, or of all of them."""

    found: int
    spurious: int
    missed: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 when there was nothing to find and nothing was."""
        total = 2 * self.found + self.spurious + self.missed
        return 2 * self.found / total if total else 1.0


def overlap(one: Span, other: Span) -> float:
    """Intersection over union of two spans."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(0, shared) / (max(one.end, other.end) - min(one.start, other.start))


def match(gold: Sequence[Span], predicted: Sequence[Span]) -> tuple[list[Span], list[Span], list[Span]]:
    """The gold spans that were found, the predictions that match none, the gold spans that were missed."""
    left = list(predicted)
    found, missed = [], []
    for span in gold:
        hit = next((p for p in left if p.type == span.type and overlap(p, span) >= MIN_OVERLAP), None)
        if hit is None:
            missed.append(span)
        else:
            left.remove(hit)
            found.append(span)
    return found, left, missed


def scores(pairs: Iterable[tuple[Sample, Sequence[Span]]]) -> dict[str, Score]:
    """The score of each type."""
    counts: dict[str, Counter[str]] = {}
    for sample, predicted in pairs:
        for outcome, spans in zip(
            ("found", "spurious", "missed"), match(sample.spans, predicted), strict=True
        ):
            for span in spans:
                counts.setdefault(span.type, Counter())[outcome] += 1
    return {kind: Score(c["found"], c["spurious"], c["missed"]) for kind, c in sorted(counts.items())}


def total(by_type: dict[str, Score], without: Sequence[str] = ()) -> Score:
    """The sum over all types but those in `without`."""
    kept = [score for kind, score in by_type.items() if kind not in without]
    return Score(sum(s.found for s in kept), sum(s.spurious for s in kept), sum(s.missed for s in kept))
