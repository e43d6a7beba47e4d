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
from app.text import Span, union

# From here on a window speaks for an attack; the arbiter sanitizes from 30.
ALARM = 30.0
# Windows of one text that an encoder reads. Of a longer text (about 25,000 characters) the n-gram model reads
# every window and picks the ones that look most like an attack.
MAX_WINDOWS = 96

Margins = Callable[[Sequence[Window]], NDArray[np.float64]]
Categories = Callable[[Sequence[Window]], list[str]]


def judge(  # noqa: PLR0917 - one parameter for each thing that differs between the models
    branch: BranchName, text: str, margins: Margins, calibration: Calibration, categories: Categories,
    ranking: NgramModel | None = None,
) -> BranchResult:  # fmt: skip
    """Score every window, point at the sentences that speak for an attack."""
    started = perf_counter()
    found = windows(read(text))
    if ranking is not None and len(found) > MAX_WINDOWS:
        found = _suspicious(found, ranking)
    scores = calibration(margins(found)) if found else np.zeros(0)
    evidence: list[Evidence] = []
    alarmed = [(window, float(score)) for window, score in zip(found, scores, strict=True) if score >= ALARM]
    for window, score in alarmed:
        pieces = sentences(window)
        own = calibration(margins(pieces)) if len(pieces) > 1 else np.array([score])
        loud = [(piece, float(s)) for piece, s in zip(pieces, own, strict=True) if s >= ALARM]
        # No sentence is suspicious by itself: the order runs through several, so the window is the evidence.
        for piece, piece_score in loud or [(window, score)]:
            evidence.append(_evidence(branch, piece, max(piece_score, ALARM)))
    named = categories([window for window, _ in alarmed]) if alarmed else []
    evidence = _merged(evidence, alarmed, named)
    return BranchResult(
        branch=branch,
        score=round(float(scores.max(initial=0.0)), 1),
        categories=tuple(dict.fromkeys(item.category for item in sorted(evidence, key=lambda e: -e.score))),
        evidence=tuple(evidence),
        latency_ms=round((perf_counter() - started) * 1000, 3),
    )


def _suspicious(found: list[Window], ranking: NgramModel) -> list[Window]:
    margins = np.empty(len(found))
    layers = {id(window.layer): window.layer for window in found}
    for key, layer in layers.items():
        places = [i for i, window in enumerate(found) if id(window.layer) == key]
        margins[places] = ranking.margins(layer.text, [found[i].inner for i in places])
    best = sorted(np.argsort(-margins, kind="stable")[:MAX_WINDOWS].tolist())
    return [found[i] for i in best]


def _evidence(branch: BranchName, window: Window, score: float) -> Evidence:
    return Evidence(
        start=window.span.start, end=window.span.end, category="", score=round(score, 1), branch=branch,
        rule=window.layer.name if window.decoded else None,
    )  # fmt: skip


def _merged(
    evidence: list[Evidence], alarmed: Sequence[tuple[Window, float]], named: Sequence[str]
) -> list[Evidence]:
    """One piece of evidence for each stretch of text, with the category of its strongest window."""
    merged: list[Evidence] = []
    for span in union((item.start, item.end) for item in evidence):
        inside = [item for item in evidence if item.start >= span.start and item.end <= span.end]
        strongest = max(inside, key=lambda item: item.score)
        merged.append(
            strongest.model_copy(
                update={"start": span.start, "end": span.end, "category": _category(span, alarmed, named)}
            )
        )
    return merged


def _category(span: Span, alarmed: Sequence[tuple[Window, float]], named: Sequence[str]) -> str:
    covering = [
        (score, name)
        for (window, score), name in zip(alarmed, named, strict=True)
        if window.span.start < span.end and span.start < window.span.end
    ]
    return max(covering)[1]
