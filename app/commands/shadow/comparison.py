"""What two sides said of the same texts, side by side. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from app.commands.shadow.cases import Case, Judgement
from app.schemas.decision import Decision

STRICTNESS = (Decision.ALLOW, Decision.SANITIZE, Decision.BLOCK)


@dataclass(frozen=True)
class Compared:
    """One text under both, or why there are not two verdicts."""

    case: Case
    ours: Judgement | None
    failure: str | None = None

    @property
    def both(self) -> tuple[Judgement, Judgement] | None:
        """The predecessor's judgement and Vigil's."""
        if self.failure or self.ours is None or self.case.theirs is None:
            return None
        return self.case.theirs, self.ours

    @property
    def change(self) -> str:
        """`ALLOW -> BLOCK`; empty where they agree."""
        if self.both is None or self.both[0].decision is self.both[1].decision:
            return ""
        return f"{self.both[0].decision.value} -> {self.both[1].decision.value}"

    def fields(self, *, texts: bool = False) -> dict[str, Any]:
        """A line of `--out`, and of the differences in the report."""
        found: dict[str, Any] = {"id": self.case.name}
        if self.case.label:
            found["label"] = self.case.label
        for side, judged in (("predecessor", self.case.theirs), ("vigil", self.ours)):
            if judged is not None:
                found[side] = {
                    "decision": judged.decision.value, "score": judged.score, "reasons": list(judged.reasons),
                    "ms": None if judged.took_ms is None else round(judged.took_ms, 1),
                }  # fmt: skip
        if self.ours is not None:
            found["request_id"] = self.ours.request_id
        if self.failure:
            found["failure"] = self.failure
        if texts:
            found["text"] = self.case.text
        return found


def report(compared: Sequence[Compared], *, texts: bool = False) -> dict[str, Any]:
    """The whole report; `texts` adds the texts of those that differ."""
    pairs = [one for one in compared if one.both]
    different = [one for one in pairs if one.change]
    return {
        "compared": len(pairs),
        "failed": dict(Counter(one.failure for one in compared if one.failure).most_common()),
        "agreement": share(len(pairs) - len(different), len(pairs)),
        "matrix": {
            theirs.value: {ours.value: _count(pairs, theirs, ours) for ours in STRICTNESS}
            for theirs in STRICTNESS
        },
        "stricter": sum(_step(one) > 0 for one in different),
        "looser": sum(_step(one) < 0 for one in different),
        "by_category": _by(different, lambda one: one.ours.reasons if one.ours else ()),
        "by_language": _by(different, lambda one: [one.case.language] if one.case.language else ()),
        "labelled": _labelled(pairs),
        "latency_ms": {
            "predecessor": quantiles(one.case.theirs.took_ms for one in pairs if one.case.theirs),
            "vigil": quantiles(one.ours.took_ms for one in pairs if one.ours),
        },
        "differences": [
            {"change": one.change, **one.fields(texts=texts)} for one in sorted(different, key=_step)
        ],
    }


def share(part: int, whole: int) -> float | None:
    """A share with four digits; None of nothing."""
    return round(part / whole, 4) if whole else None


def quantiles(values: Iterable[float | None]) -> dict[str, float] | None:
    """Median and 95th percentile, by nearest rank; None without a value."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return {
        name: round(known[ceil(len(known) * percent / 100) - 1], 1)
        for name, percent in (("p50", 50), ("p95", 95))
    }


def _step(one: Compared) -> int:
    """Positive: Vigil is stricter."""
    if one.both is None:
        return 0
    theirs, ours = one.both
    return STRICTNESS.index(ours.decision) - STRICTNESS.index(theirs.decision)


def _count(pairs: Iterable[Compared], theirs: Decision, ours: Decision) -> int:
    return sum(
        one.both is not None and (one.both[0].decision, one.both[1].decision) == (theirs, ours)
        for one in pairs
    )


def _by(different: Iterable[Compared], names: Any) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for one in different:
        for name in names(one) or ["none"]:
            found.setdefault(name, Counter())[one.change] += 1
    return {
        name: dict(found[name].most_common()) for name in sorted(found, key=lambda name: -found[name].total())
    }


def _labelled(pairs: Sequence[Compared]) -> dict[str, Any] | None:
    """Of texts whose truth is known: what each side stops, that is, does not let through as it was."""
    figures = {}
    for label in ("attack", "benign"):
        some = [one.both for one in pairs if one.case.label == label and one.both]
        if some:
            figures[label] = {
                "texts": len(some),
                "stopped_by_predecessor": share(
                    sum(t.decision is not Decision.ALLOW for t, _ in some), len(some)
                ),
                "stopped_by_vigil": share(sum(o.decision is not Decision.ALLOW for _, o in some), len(some)),
            }
    return figures or None
