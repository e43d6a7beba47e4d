"""What the window models share: margins of windows in, a branch's answer out."""

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from app.detection.artefacts import Calibration
from app.detection.ngrams import NgramModel
from app.detection.normalise import read
from app.detection.windows import Window, sentences, windows
from app.schemas.detection import BranchName, BranchResult, Evidence
from app.text import Span, overlaps, union

# From here on a window speaks for an attack; the arbiter sanitizes from 30.
ALARM = 30.0
# From here on a window's sentences are read one by one: a short order is diluted by what surrounds it.
# A quarter of benign windows get this far.
CLOSER = 15.0
# Windows of one text that an encoder reads. Of a longer text (about 25,000 characters) the n-gram model reads
# every window and picks the ones that look most like an attack.
MAX_WINDOWS = 96

Margins = Callable[[Sequence[Window]], NDArray[np.float64]]
Categories = Callable[[Sequence[Window]], list[str]]


def judge(
    branch: BranchName,
    text: str,
    *,
    margins: Margins,
    calibration: Calibration,
    categories: Categories,
    ranking: NgramModel | None = None,
) -> BranchResult:
    """Score every window, look closer at the sentences of those that stand out, and point at the loud ones."""
    started = perf_counter()
    found = windows(read(text))
    if ranking is not None and len(found) > MAX_WINDOWS:
        found = _suspicious(found, ranking)
    scored = look(found, lambda pieces: calibration(margins(pieces)), CLOSER)
    loud = [(window, score) for window, score in scored if score >= ALARM]
    named = categories([window for window, _ in loud]) if loud else []
    evidence = _evidence(branch, loud, named)
    return BranchResult(
        branch=branch,
        score=round(max((score for _, score in scored), default=0.0), 1),
        categories=tuple(dict.fromkeys(item.category for item in sorted(evidence, key=lambda e: -e.score))),
        evidence=evidence,
        latency_ms=round((perf_counter() - started) * 1000, 3),
    )


def look(found: Sequence[Window], score: Margins, closer: float) -> list[tuple[Window, float]]:
    """Windows with their scores; one from `closer` on gives way to its sentences, when one is louder than it."""
    if not found:
        return []
    scores = score(found)
    pieces = [
        (place, piece)
        for place, window in enumerate(found)
        if scores[place] >= closer
        for piece in sentences(window)
        if piece is not window
    ]
    louder: dict[int, list[tuple[Window, float]]] = {}
    own = score([piece for _, piece in pieces]) if pieces else np.zeros(0)
    for (place, piece), one in zip(pieces, own.tolist(), strict=True):
        if one >= scores[place]:
            louder.setdefault(place, []).append((piece, one))
    result: list[tuple[Window, float]] = []
    for place, window in enumerate(found):
        result += louder.get(place) or [(window, float(scores[place]))]
    return result


def _suspicious(found: list[Window], ranking: NgramModel) -> list[Window]:
    margins = np.empty(len(found))
    layers = {id(window.layer): window.layer for window in found}
    for key, layer in layers.items():
        places = [i for i, window in enumerate(found) if id(window.layer) == key]
        margins[places] = ranking.margins(layer.text, [found[i].inner for i in places])
    best = sorted(np.argsort(-margins, kind="stable")[:MAX_WINDOWS].tolist())
    return [found[i] for i in best]


def _evidence(
    branch: BranchName, loud: Sequence[tuple[Window, float]], named: Sequence[str]
) -> tuple[Evidence, ...]:
    """One piece of evidence for each stretch of text, with score and category of its loudest window."""
    return tuple(_strongest(branch, span, loud, named) for span in union(window.span for window, _ in loud))


def _strongest(
    branch: BranchName, span: Span, loud: Sequence[tuple[Window, float]], named: Sequence[str]
) -> Evidence:
    inside = [
        (score, name, window)
        for (window, score), name in zip(loud, named, strict=True)
        if overlaps(window.span, span)
    ]
    score, name, window = max(inside, key=lambda item: item[0])
    return Evidence(
        start=span.start,
        end=span.end,
        category=name,
        score=round(score, 1),
        branch=branch,
        rule=window.layer.name if window.decoded else None,
    )
